"""How processes of the demo world show what they counted: targets, scrape times, counters that begin anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from connectors.demo.schedule import (
    DEPLOYS,
    FIRST_VERSIONS,
    MINUTE_SECONDS,
    MINUTES,
    minute_end_seconds,
    minute_of,
    restarts_of,
)
from connectors.demo.shop import NAMESPACE, REPLICAS, SERVICES, Service
from sre.core.labels import METRIC_NAME, Labels
from sre.core.series import FloatArray, IntArray, Samples

# Pods of one service are scraped this far apart; Prometheus spreads its targets over the interval.
_REPLICA_SPREAD_SECONDS: Final = 7.3
_UPTIME_MINUTES: Final = 4_000


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One scraped process.

    Attributes:
        labels: Labels that the scrape adds to every series.
        timestamps_ms: shape (minutes,), when the scrape at the end of each minute takes place.
        restarts: Minutes in which the process starts anew, its counters at 0.
        uptime_minutes: How long the first process has been up when the world begins.
    """

    labels: Labels
    timestamps_ms: IntArray
    restarts: tuple[int, ...] = ()
    uptime_minutes: int = _UPTIME_MINUTES

    def gauge(self, metric: str, values: NDArray[np.number], **labels: str) -> Samples:
        """Return a gauge with one value a minute."""
        named = self.labels.replaced(**{METRIC_NAME: metric}, **labels)
        return Samples(named, self.timestamps_ms, np.asarray(values, dtype=np.float64))

    def constant(self, metric: str, value: float, **labels: str) -> Samples:
        """Return a gauge that never moves."""
        return self.gauge(metric, np.full(MINUTES, value), **labels)

    def counter(self, metric: str, increments: NDArray[np.number], **labels: str) -> Samples:
        """Return a counter that grew by `increments` in each minute, shape (minutes,)."""
        return self.gauge(metric, self.counted(increments), **labels)

    def counted(self, increments: NDArray[np.number]) -> FloatArray:
        """Return running totals along the last axis that fall to 0 at each restart.

        The process counted before the world began: as much as it will count in its first `uptime_minutes`.
        """
        running = np.cumsum(increments, axis=-1, dtype=np.float64)
        running += running[..., self.uptime_minutes - 1 : self.uptime_minutes].copy()
        for restart in self.restarts:
            running[..., restart:] -= running[..., restart - 1 : restart].copy()
        return running

    def histogram(
        self, metric: str, counts: IntArray, sums: FloatArray, *, bounds: Sequence[float], **labels: str
    ) -> list[Samples]:
        """Return the series of a classic histogram.

        Args:
            counts: shape (bounds + 1, minutes), observations by bucket, not yet cumulative.
            sums: shape (minutes,), sum of what was observed in each minute.
        """
        running = self.counted(np.cumsum(counts, axis=0))
        names = [*(f"{bound:g}" for bound in bounds), "+Inf"]
        series = [self.gauge(f"{metric}_bucket", row, le=le, **labels) for le, row in zip(names, running, strict=True)]
        return [
            *series,
            self.gauge(f"{metric}_count", running[-1], **labels),
            self.counter(f"{metric}_sum", sums, **labels),
        ]

    def reachable(self, is_up: NDArray[np.bool_] | None = None) -> Samples:
        """Return the `up` series."""
        return self.gauge("up", np.ones(MINUTES) if is_up is None else is_up.astype(np.float64))


def scrape_times_ms(*, offset_seconds: float = 0.0) -> IntArray:
    """Return scrape times `offset_seconds` before the end of each minute, shape (minutes,)."""
    return np.rint((minute_end_seconds() - offset_seconds) * 1000.0).astype(np.int64)


def pod_name(service: Service, replica: int) -> str:
    """Return the name of one replica."""
    return f"{service.name}-{replica}"


def pods() -> dict[tuple[str, int], Target]:
    """Return the target of each pod by service name and replica."""
    return {(service.name, replica): _pod(service, replica) for service in SERVICES for replica in range(REPLICAS)}


def _pod(service: Service, replica: int) -> Target:
    pod = pod_name(service, replica)
    labels = {
        "job": service.name,
        "service": service.name,
        "namespace": NAMESPACE,
        "pod": pod,
        "instance": f"{pod}:{service.port}",
    }
    return Target(
        labels=Labels(labels),
        timestamps_ms=scrape_times_ms(offset_seconds=service.scrape_offset_seconds + replica * _REPLICA_SPREAD_SECONDS),
        restarts=restarts_of(service.name, replica=replica),
        uptime_minutes=_UPTIME_MINUTES + 61 * replica,
    )


def identity_series(service: Service, target: Target, *, replica: int) -> list[Samples]:
    """Return what a process says of itself: up, its start, and its version."""
    starts = np.full(MINUTES, target.timestamps_ms[0] / 1000.0 - target.uptime_minutes * MINUTE_SECONDS)
    for restart in target.restarts:
        # Half a minute before the first scrape of the new process.
        starts[restart:] = target.timestamps_ms[restart] / 1000.0 - MINUTE_SECONDS / 2
    return [
        target.reachable(),
        target.gauge("process_start_time_seconds", np.round(starts, 3)),
        *_versions(service, target, replica=replica),
    ]


def _versions(service: Service, target: Target, *, replica: int) -> list[Samples]:
    deploys = [(minute_of(deploy.at) + replica, deploy.version) for deploy in DEPLOYS if deploy.service == service.name]
    changes = [(0, FIRST_VERSIONS[service.name]), *deploys]
    ends = [*(minute for minute, _ in deploys), MINUTES]
    whole: dict[str, list[slice]] = {}
    for (begin, version), end in zip(changes, ends, strict=True):
        whole.setdefault(version, []).append(slice(begin, end))
    return [_version(target, version, parts) for version, parts in whole.items()]


def _version(target: Target, version: str, parts: list[slice]) -> Samples:
    # A version that comes back after a rollback is one series with a hole.
    times = np.concatenate([target.timestamps_ms[part] for part in parts])
    return Samples(target.labels.replaced(**{METRIC_NAME: "build_info"}, version=version), times, np.ones(times.size))
