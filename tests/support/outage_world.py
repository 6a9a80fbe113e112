"""The demo shop in the middle of its incident, as if that were now: for live rules on a real Prometheus."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from connectors.demo.world import build_world
from connectors.snapshot.export import write_openmetrics
from sre.core.series import Samples
from sre.core.times import epoch_ms

# The incident's first minute of harm and the last before its rollback, in the demo's own time.
_HARM_MINUTES = 38
# promtool reads a file once for every two hours it spans.
_KEPT = timedelta(hours=12)


@dataclass(frozen=True)
class OutageWorld:
    """Where the shop's samples lie, and what is true of them, counted from the samples themselves.

    Attributes:
        shift: What was added to the demo's times.
        start: When users began to be hurt.
        now: The last sample.
        requests, failed: Of checkout, between the two.
    """

    path: Path
    shift: timedelta
    start: datetime
    now: datetime
    requests: float
    failed: float


def outage_world(path: Path, *, now: datetime) -> OutageWorld:
    """Write the shop's last 12 hours up to 38 minutes into its incident, moved so that this is `now`."""
    world = build_world()
    began = world.truth.incident.start
    until = began + timedelta(minutes=_HARM_MINUTES)
    shift = now - until
    kept = [_part(series, until - _KEPT, until, shift) for series in world.samples]
    write_openmetrics(path, [series for series in kept if len(series.values)], metadata=world.metadata)
    checkout = [
        series
        for series in world.samples
        if series.labels.metric == "http_requests_total" and series.labels.get("service") == "checkout"
    ]
    grown = {id(series): _grown(series, began, until) for series in checkout}
    failed = sum(grown[id(series)] for series in checkout if series.labels.get("code", "").startswith("5"))
    return OutageWorld(path, shift, began + shift, now, sum(grown.values()), failed)


def _part(series: Samples, since: datetime, until: datetime, shift: timedelta) -> Samples:
    times = series.timestamps_ms
    keep = (times >= epoch_ms(since)) & (times <= epoch_ms(until)) & ~np.isnan(series.values)
    moved = times[keep] + round(shift.total_seconds() * 1000)
    return Samples(series.labels, moved, series.values[keep])


def _grown(series: Samples, since: datetime, until: datetime) -> float:
    """Return how much a counter grew; no process restarts in the middle of the incident."""

    def at(instant: datetime) -> float:
        known = series.values[(series.timestamps_ms <= epoch_ms(instant)) & ~np.isnan(series.values)]
        return float(known[-1]) if len(known) else 0.0

    return max(0.0, at(until) - at(since))
