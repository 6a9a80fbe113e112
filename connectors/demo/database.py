"""Connections to the database: each pod's pool, and what postgres itself sees of them."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from connectors.demo.disk import SIZE_BYTES, expected_free_bytes
from connectors.demo.exposition import Target, scrape_times_ms
from connectors.demo.flow import Outcomes
from connectors.demo.incident import POOL_SIZE, POOL_TIMEOUT_SECONDS, PoolLaw
from connectors.demo.noise import stream
from connectors.demo.resources import requests_to_database, services_with_database
from connectors.demo.schedule import EXPORTER_OUTAGE, MINUTE_SECONDS, MINUTES, minute_end_seconds, minute_of
from connectors.demo.services import Handled
from connectors.demo.shop import NAMESPACE, REPLICAS, Service
from sre.core.labels import Labels
from sre.core.series import FloatArray, Samples

_POOL_NAMES: Final = {"catalog": "catalogue", "checkout": "orders", "inventory": "stock"}
_HELD_SECONDS: Final = {"catalog": 0.12, "checkout": 0.30, "inventory": 0.06}
_ALWAYS_BUSY: Final = 1.2
_USUAL_WAIT_SECONDS: Final = 0.0004
_CROWDED_WAIT_SECONDS: Final = 1.1
_MAX_CONNECTIONS: Final = 200.0
_EXPORTER_OFFSET_SECONDS: Final = 54.608


def database_series(
    handled: Handled, targets: Mapping[tuple[str, int], Target], *, pool: PoolLaw, seed: int
) -> list[Samples]:
    """Return the pools of all pods and the postgres exporter."""
    generator = stream(seed, "pools")
    series: list[Samples] = []
    in_use = np.zeros(MINUTES)
    pods = [(service, replica) for service in services_with_database() for replica in range(REPLICAS)]
    for service, replica in pods:
        requests = _of_replica(service, replica, handled)
        used = _connections(service, requests, generator)
        if service.name == "checkout":
            used = np.where(pool.is_full, POOL_SIZE, np.minimum(POOL_SIZE, used + np.rint(pool.leaked)))
        in_use += used
        series += _pool(service, targets[service.name, replica], used, requests, pool=pool)
    leaked_rows = np.rint(pool.leaked) * REPLICAS
    return series + _postgres(in_use, leaked_rows, len(pods) * POOL_SIZE, handled)


def _of_replica(service: Service, replica: int, handled: Handled) -> Outcomes:
    parts = [handled[route, replica] for route in service.routes]
    none = np.zeros(MINUTES, dtype=np.int64)
    return Outcomes(
        served=sum((part.served for part in parts), none),
        missing=sum((part.missing for part in parts), none),
        failed=sum((part.failed for part in parts), none),
        refused=sum((part.refused for part in parts), none),
        timed_out=sum((part.timed_out for part in parts), none),
    )


def _connections(service: Service, requests: Outcomes, generator: np.random.Generator) -> FloatArray:
    """Return the connections at work at the moment of each scrape."""
    demand = _ALWAYS_BUSY + _HELD_SECONDS[service.name] * requests.total / MINUTE_SECONDS
    return np.asarray(np.minimum(POOL_SIZE, generator.poisson(demand)), dtype=np.float64)


def _pool(service: Service, target: Target, in_use: FloatArray, requests: Outcomes, *, pool: PoolLaw) -> list[Samples]:
    is_crowded = service.name == "checkout"
    crowded = requests.at_usual_pace * pool.wait_ratio if is_crowded else np.zeros(MINUTES)
    waited = (
        requests.at_usual_pace * _USUAL_WAIT_SECONDS
        + crowded * _CROWDED_WAIT_SECONDS
        + requests.timed_out * POOL_TIMEOUT_SECONDS
    )
    name = _POOL_NAMES[service.name]
    return [
        target.gauge("db_pool_connections_in_use", in_use, pool=name),
        target.constant("db_pool_connections_max", float(POOL_SIZE), pool=name),
        target.counter("db_pool_wait_seconds_sum", waited, pool=name),
        target.counter("db_pool_wait_seconds_count", requests.at_usual_pace + requests.timed_out, pool=name),
        target.counter("db_pool_timeouts_total", requests.timed_out, pool=name),
    ]


def _postgres(in_use: FloatArray, leaked: FloatArray, pooled: int, handled: Handled) -> list[Samples]:
    target = Target(
        Labels({"job": "postgres", "namespace": NAMESPACE, "instance": "db-1:9187"}),
        scrape_times_ms(offset_seconds=_EXPORTER_OFFSET_SECONDS),
    )
    outage = slice(*(minute_of(at) for at in EXPORTER_OUTAGE))
    is_up = np.ones(MINUTES, dtype=np.bool_)
    is_up[outage] = False
    stuck = np.minimum(leaked, in_use)
    states = {"active": in_use - stuck, "idle in transaction": stuck, "idle": pooled - in_use}
    # Data is four fifths of what fills the volume; the rest is write-ahead log and backups.
    size = np.rint(0.8 * (SIZE_BYTES - expected_free_bytes(minute_end_seconds())))
    seen = [
        target.constant("pg_up", 1.0),
        target.constant("pg_settings_max_connections", _MAX_CONNECTIONS),
        *(
            target.gauge("pg_stat_activity_count", count, datname="shop", state=state)
            for state, count in states.items()
        ),
        target.gauge("pg_database_size_bytes", size, datname="shop"),
        target.counter("pg_stat_database_xact_commit", requests_to_database(handled), datname="shop"),
    ]
    return [target.reachable(is_up), *(_where(samples, is_up) for samples in seen)]


def _where(samples: Samples, is_up: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Samples:
    return Samples(samples.labels, samples.timestamps_ms[is_up], samples.values[is_up])
