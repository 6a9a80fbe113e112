"""What really happened in the demo world, counted from what was generated and not through PromQL."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeAlias

import numpy as np

from connectors.demo import disk
from connectors.demo.flow import Outcomes
from connectors.demo.incident import CAUSE, POOL_SIZE, PoolLaw
from connectors.demo.regression import RAMP_MINUTES, SLOWER_RATIO
from connectors.demo.schedule import (
    CHECKOUT_ROLLBACK,
    DEPLOYS,
    LEAKY_CHECKOUT,
    MINUTES,
    SLOW_CATALOG,
    WINDOW,
    Deploy,
    minute_of,
    minute_start,
)
from connectors.demo.services import Timed
from connectors.demo.shop import BUCKET_BOUNDS_SECONDS, SERVICES, Route, service_named
from connectors.demo.traffic import GROWTH_RATIO_PER_WEEK
from sre.core.series import FloatArray, IntArray
from sre.core.times import Window, format_instant

OBJECTIVE_RATIO = 0.999
# A minute belongs to the incident when more than this share of checkout's requests failed in it.
INCIDENT_ERROR_RATIO = 0.01
_DAY_MINUTES = 24 * 60
JsonValue: TypeAlias = "str | float | int | bool | list[JsonValue] | dict[str, JsonValue] | None"


@dataclass(frozen=True, slots=True)
class Incident:
    """The hour in which customers could not pay.

    Attributes:
        start: Begin of the first minute in which over 1 % of the service's requests failed.
        end: End of the last such minute.
        pool_full_at: When the first pool had no connection left.
        failed_requests: Requests of the service that failed between start and end.
        requests: All its requests between start and end.
        web_failed_requests: Page views that failed in the same time.
        peak_error_ratio: Worst share of failures in one minute, 0..1.
    """

    service: str
    cause: str
    version: str
    deployed_at: datetime
    pool_full_at: datetime
    start: datetime
    end: datetime
    rolled_back_at: datetime
    minutes: int
    requests: int
    failed_requests: int
    web_failed_requests: int
    peak_error_ratio: float
    peak_at: datetime
    pool_size: int


@dataclass(frozen=True, slots=True)
class Budget:
    """The error budget of a service over all recorded increments, for an objective of 99.9 %.

    Attributes:
        total_events: Requests between the first and the last scrape.
        bad_events: Those that failed by the service's fault; "not found" is not one.
        consumed_ratio: Bad events as a share of the bad events allowed; over 1 is overspent.
    """

    service: str
    objective_ratio: float
    total_events: int
    bad_events: int
    consumed_ratio: float


@dataclass(frozen=True, slots=True)
class Regression:
    """The release that made a service slower.

    Attributes:
        settled_at: When durations reached their new law.
        p95_before_seconds: 95th percentile by linear interpolation in the buckets, over the 24 h before the release.
        p95_after_seconds: The same over the 24 h from `settled_at`.
        slower_ratio: By how much the law itself slowed down, 0.4 is two fifths slower.
    """

    service: str
    version: str
    deployed_at: datetime
    settled_at: datetime
    p95_before_seconds: float
    p95_after_seconds: float
    slower_ratio: float


@dataclass(frozen=True, slots=True)
class FillingDisk:
    """The volume that runs full after the recording ends, if nobody acts.

    Attributes:
        free_bytes_at_end: By the law, before noise.
        full_at: The first minute in which the law leaves nothing.
    """

    instance: str
    mountpoint: str
    size_bytes: float
    free_bytes_at_end: float
    lost_bytes_per_day: float
    full_at: datetime


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything there is to find in the demo world."""

    seed: int
    window: Window
    services: tuple[str, ...]
    deploys: tuple[Deploy, ...]
    incident: Incident
    budgets: tuple[Budget, ...]
    regression: Regression
    disk: FillingDisk
    growth_ratio_per_week: float

    def budget_of(self, service: str) -> Budget:
        """Return the budget of a service; KeyError for one the shop does not have."""
        return {budget.service: budget for budget in self.budgets}[service]

    def as_json(self) -> "dict[str, JsonValue]":
        """Return the truth as JSON values; instants are RFC 3339."""
        plain = _plain(asdict(self))
        if not isinstance(plain, dict):
            raise TypeError("a dataclass becomes a mapping")
        return plain


def truth_of(outcomes: Mapping[Route, Outcomes], durations: Timed, *, pool: PoolLaw, seed: int) -> Truth:
    """Return the truth of a generated world."""
    return Truth(
        seed=seed,
        window=WINDOW,
        services=tuple(service.name for service in SERVICES),
        deploys=DEPLOYS,
        incident=_incident(outcomes, pool),
        budgets=tuple(_budget(service.name, outcomes) for service in SERVICES),
        regression=_regression(durations),
        disk=_disk(),
        growth_ratio_per_week=GROWTH_RATIO_PER_WEEK,
    )


def _counts(service: str, outcomes: Mapping[Route, Outcomes]) -> tuple[IntArray, IntArray]:
    mine = [part for route, part in outcomes.items() if route.service == service]
    none = np.zeros(MINUTES, dtype=np.int64)
    return sum((part.total for part in mine), none), sum((part.bad for part in mine), none)


def _incident(outcomes: Mapping[Route, Outcomes], pool: PoolLaw) -> Incident:
    total, bad = _counts("checkout", outcomes)
    ratio = bad / np.maximum(total, 1)
    near = slice(minute_of(LEAKY_CHECKOUT.at), minute_of(CHECKOUT_ROLLBACK.at) + 10)
    over = near.start + np.flatnonzero(ratio[near] > INCIDENT_ERROR_RATIO)
    span = slice(int(over[0]), int(over[-1]) + 1)
    peak = int(span.start + np.argmax(ratio[span]))
    return Incident(
        service="checkout",
        cause=CAUSE,
        version=LEAKY_CHECKOUT.version,
        deployed_at=LEAKY_CHECKOUT.at,
        pool_full_at=minute_start(pool.full_minute),
        start=minute_start(span.start),
        end=minute_start(span.stop),
        rolled_back_at=CHECKOUT_ROLLBACK.at,
        minutes=span.stop - span.start,
        requests=int(total[span].sum()),
        failed_requests=int(bad[span].sum()),
        web_failed_requests=int(_counts("web", outcomes)[1][span].sum()),
        peak_error_ratio=float(ratio[peak]),
        peak_at=minute_start(peak),
        pool_size=POOL_SIZE,
    )


def _budget(service: str, outcomes: Mapping[Route, Outcomes]) -> Budget:
    total, bad = _counts(service, outcomes)
    # What happened before the first scrape is in its value and in no difference.
    total_events, bad_events = int(total[1:].sum()), int(bad[1:].sum())
    allowed = (1.0 - OBJECTIVE_RATIO) * total_events
    return Budget(service, OBJECTIVE_RATIO, total_events, bad_events, bad_events / allowed)


def _regression(durations: Timed) -> Regression:
    mine = [
        counts for (route, _), parts in durations.items() if route.service == "catalog" for counts in parts.values()
    ]
    buckets = np.sum(mine, axis=0)
    bounds = np.array(BUCKET_BOUNDS_SECONDS[service_named("catalog").convention])
    deployed = minute_of(SLOW_CATALOG.at)
    settled = deployed + RAMP_MINUTES
    return Regression(
        service=SLOW_CATALOG.service,
        version=SLOW_CATALOG.version,
        deployed_at=SLOW_CATALOG.at,
        settled_at=minute_start(settled),
        p95_before_seconds=_p95(buckets[:, deployed - _DAY_MINUTES : deployed].sum(axis=1), bounds),
        p95_after_seconds=_p95(buckets[:, settled : settled + _DAY_MINUTES].sum(axis=1), bounds),
        slower_ratio=SLOWER_RATIO,
    )


def _p95(counts: IntArray, bounds: FloatArray) -> float:
    below = np.concatenate([[0], np.cumsum(counts[:-1])])
    return float(np.interp(0.95 * counts.sum(), below, np.concatenate([[0.0], bounds])))


def _disk() -> FillingDisk:
    return FillingDisk(
        instance=disk.INSTANCE,
        mountpoint=disk.MOUNTPOINT,
        size_bytes=disk.SIZE_BYTES,
        free_bytes_at_end=float(disk.expected_free_bytes(np.array([WINDOW.end.timestamp()]))[0]),
        lost_bytes_per_day=disk.LOST_BYTES_PER_DAY,
        full_at=disk.full_at(),
    )


def _plain(value: object) -> JsonValue:
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise TypeError(f"no JSON for {type(value).__name__}")
