"""The demo world, put together: a shop of five services over two weeks, and the truth about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from connectors.demo.database import database_series
from connectors.demo.exposition import pods
from connectors.demo.flow import Outcomes, outcomes_of_all, split_between_replicas
from connectors.demo.incident import PoolLaw, pool_law
from connectors.demo.metadata import METADATA
from connectors.demo.noise import stream
from connectors.demo.resources import container_series, cores_used, node_series, queue_series
from connectors.demo.seed import DEFAULT_SEED
from connectors.demo.services import Handled, Timed, service_series, timed
from connectors.demo.shop import ORDER, SERVICES, Route
from connectors.demo.traffic import page_views
from connectors.demo.truth import Truth, truth_of
from sre.core.series import Samples
from sre.core.telemetry import MetricMetadata


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Two weeks of the shop.

    Attributes:
        samples: Every series, as Prometheus would have scraped it.
        metadata: Type and help by metric family.
        truth: What happened, to compare answers with.
    """

    samples: tuple[Samples, ...]
    metadata: Mapping[str, MetricMetadata]
    truth: Truth


def build_world(seed: int = DEFAULT_SEED) -> World:
    """Return the world of a seed; the last one is kept, since it takes long to make and nobody may change it."""
    return _kept(seed)


@lru_cache(maxsize=1)
def _kept(seed: int) -> World:
    world = new_world(seed)
    for one in world.samples:
        one.timestamps_ms.setflags(write=False)
        one.values.setflags(write=False)
    return world


def new_world(seed: int) -> World:
    """Return the world of a seed, made anew; the same seed gives the same world."""
    pool = pool_law(stream(seed, "pool"))
    outcomes = outcomes_of_all(page_views(stream(seed, "traffic")), pool=pool, seed=seed)
    handled = _handled(outcomes, seed=seed)
    durations = timed(handled, pool=pool, seed=seed)
    samples = _all_series(outcomes, handled, durations, pool=pool, seed=seed)
    return World(tuple(samples), METADATA, truth_of(outcomes, durations, pool=pool, seed=seed))


def _handled(outcomes: Mapping[Route, Outcomes], *, seed: int) -> Handled:
    handled: dict[tuple[Route, int], Outcomes] = {}
    for route, whole in outcomes.items():
        generator = stream(seed, f"replicas of {route.service} {route.method} {route.path}")
        for replica, part in enumerate(split_between_replicas(whole, generator=generator)):
            handled[route, replica] = part
    return handled


def _all_series(
    outcomes: Mapping[Route, Outcomes], handled: Handled, durations: Timed, *, pool: PoolLaw, seed: int
) -> list[Samples]:
    targets = pods()
    cores = cores_used(handled, seed=seed)
    of_services = [samples for service in SERVICES for samples in service_series(service, targets, handled, durations)]
    return [
        *of_services,
        *database_series(handled, targets, pool=pool, seed=seed),
        *container_series(cores, targets, seed=seed),
        *node_series(cores, handled, seed=seed),
        *queue_series(outcomes[ORDER]),
    ]
