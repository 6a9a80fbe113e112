"""Histories of counts with outages planted in them: even traffic, error ratios as told, counted by plain addition."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre.core.series import FloatArray, Grid
from sre.slo.burn_history import BaseHistory

START_MS = 1_790_000_000_000 // 300_000 * 300_000


@dataclass(frozen=True)
class Outage:
    """A share of failures between two times, in seconds after the start."""

    start: float
    end: float
    error_ratio: float = 1.0


def outage_history(
    *outages: Outage,
    length_seconds: float,
    step_seconds: float = 60.0,
    base_seconds: float = 300.0,
    events_per_second: float = 100.0,
) -> BaseHistory:
    """Return base counts at every step; before the start there was good traffic for ever."""
    grid = Grid(START_MS, round(step_seconds * 1000), round(length_seconds / step_seconds) + 1)
    ends = step_seconds * np.arange(grid.count, dtype=np.float64)
    bad = sum((_overlap(ends, base_seconds, outage) * outage.error_ratio for outage in outages), np.zeros(grid.count))
    total = np.full(grid.count, base_seconds * events_per_second)
    return BaseHistory.ungrouped(grid, base_seconds=base_seconds, bad=bad * events_per_second, total=total)


def counted_history(bad: Sequence[float], total: Sequence[float], *, base_steps: int = 5) -> BaseHistory:
    """Return base counts from events a minute; the first `base_steps` - 1 base windows hold what there is."""
    grid = Grid(START_MS, 60_000, len(bad))
    return BaseHistory.ungrouped(
        grid, base_seconds=60.0 * base_steps, bad=_rolling(bad, base_steps), total=_rolling(total, base_steps)
    )


def seconds_after_start(at_ms: int | None) -> float:
    """Return an instant of such a history as seconds after its start; infinite for never."""
    return float("inf") if at_ms is None else (at_ms - START_MS) / 1000


def _overlap(ends: FloatArray, base_seconds: float, outage: Outage) -> FloatArray:
    shared: FloatArray = np.minimum(ends, outage.end) - np.maximum(ends - base_seconds, outage.start)
    return np.maximum(shared, 0.0)


def _rolling(values: Sequence[float], steps: int) -> FloatArray:
    return np.array([sum(values[max(0, index + 1 - steps) : index + 1]) for index in range(len(values))], dtype=float)
