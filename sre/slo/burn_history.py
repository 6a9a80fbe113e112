"""What an SLO counted, window by window: base counts at even steps, and from them the counts over any longer window.

The count over a long window is the sum of the base counts that lie end to end in it: those at t, t - base, t - 2 base
and so on. So one pair of series gives every window of every burn-rate tier.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sre.core.labels import Labels
from sre.core.series import BoolArray, FloatArray, Grid

# A window of which less is known says nothing: a burst before a gap would read as the rate of the whole window
# (our choice; Prometheus itself extrapolates from what there is).
LEAST_KNOWN_RATIO = 0.5


@dataclass(frozen=True, eq=False)
class BaseHistory:
    """Counts of one SLO over its base window, by group and step.

    Attributes:
        groups: One label set a group; a single empty one where the SLO has no groups.
        grid: The instants at which the base windows end; a base window is a whole number of steps.
        bad: shape (groups, steps), bad events in the base window, NaN where unknown.
        total: shape (groups, steps), all events in the base window, NaN where unknown.
    """

    groups: tuple[Labels, ...]
    grid: Grid
    base_seconds: float
    bad: FloatArray
    total: FloatArray

    def __post_init__(self) -> None:
        shape = (len(self.groups), self.grid.count)
        if self.bad.shape != shape or self.total.shape != shape:
            raise ValueError(f"counts must have the shape {shape}")
        if self.base_ms % self.grid.step_ms:
            raise ValueError("a base window is a whole number of steps")

    @property
    def base_ms(self) -> int:
        """Length of the base window in milliseconds."""
        return round(self.base_seconds * 1000)

    @property
    def known_ratio(self) -> float:
        """Share of the base counts that are known, 0..1."""
        return float(np.isfinite(self.total).mean()) if self.total.size else 0.0

    @classmethod
    def ungrouped(cls, grid: Grid, *, base_seconds: float, bad: FloatArray, total: FloatArray) -> "BaseHistory":
        """Return the history of an SLO without groups.

        Args:
            bad, total: shape (steps,).
        """
        return cls((Labels(),), grid, base_seconds, bad[np.newaxis], total[np.newaxis])

    def group(self, index: int) -> "GroupHistory":
        """Return one group on its own."""
        bad, total, known = self._sums
        return GroupHistory(self.grid, self.base_ms, bad=bad[index], total=total[index], known=known[index])

    def bad_between(self, start_ms: int, end_ms: int) -> FloatArray:
        """Return the bad events of each group in the base windows from `end_ms` back to the one that holds `start_ms`.

        Returns:
            Shape (groups,); what is unknown counts nothing.
        """
        bases = max(1, -(-(end_ms - start_ms) // self.base_ms))
        at = min(max((end_ms - self.grid.start_ms) // self.grid.step_ms, 0), self.grid.count - 1)
        before = at - bases * self._stride
        sums = self._sums[0]
        counted: FloatArray = sums[:, at] - sums[:, before] if before >= 0 else sums[:, at]
        return np.maximum(counted, 0.0)

    @cached_property
    def events_per_second(self) -> FloatArray:
        """Shape (groups,), mean rate of all events where it is known; 0 where nothing is."""
        known = np.isfinite(self.total)
        counted: FloatArray = np.where(known, self.total, 0.0).sum(axis=1)
        rate: FloatArray = counted / np.maximum(known.sum(axis=1), 1) / self.base_seconds
        return rate

    @property
    def _stride(self) -> int:
        return self.base_ms // self.grid.step_ms

    @cached_property
    def _sums(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        known = np.isfinite(self.bad) & np.isfinite(self.total)
        counts = (np.where(known, self.bad, 0.0), np.where(known, self.total, 0.0), known.astype(np.float64))
        bad, total, seen = (_end_to_end(values, stride=self._stride) for values in counts)
        return bad, total, seen


@dataclass(frozen=True, eq=False)
class WindowCounts:
    """Counts over windows of one length, one window ending at each step.

    Attributes:
        bad: shape (steps,), bad events.
        total: shape (steps,), all events.
        is_known: shape (steps,), whether enough base counts are known to say anything.
    """

    bad: FloatArray
    total: FloatArray
    is_known: BoolArray

    @cached_property
    def error_ratio(self) -> FloatArray:
        """Shape (steps,), share of bad events, 0..1; NaN without events or knowledge."""
        has_ratio = self.is_known & (self.total > 0)
        ratio: FloatArray = np.full(self.bad.shape, np.nan)
        np.divide(self.bad, self.total, out=ratio, where=has_ratio)
        return ratio


class GroupHistory:
    """The counts of one group, over any window that is a multiple of the base window.

    Args:
        bad, total, known: shape (steps,), running sums over base windows that lie end to end, of the events and of how
            many base counts are known.
    """

    def __init__(self, grid: Grid, base_ms: int, *, bad: FloatArray, total: FloatArray, known: FloatArray) -> None:
        self.grid = grid
        self.base_ms = base_ms
        self._bad, self._total, self._known = bad, total, known
        self._windows: dict[int, WindowCounts] = {}

    def over(self, window_seconds: float) -> WindowCounts:
        """Return the counts over a window, which is widened to whole base windows."""
        bases = max(1, -(-round(window_seconds * 1000) // self.base_ms))
        if bases not in self._windows:
            self._windows[bases] = self._counted(bases)
        return self._windows[bases]

    def _counted(self, bases: int) -> WindowCounts:
        reach = bases * self.base_ms // self.grid.step_ms
        bad, total, known = (_reaching_back(sums, reach) for sums in (self._bad, self._total, self._known))
        # What is left of large sums after subtraction may be a hair below zero.
        return WindowCounts(np.maximum(bad, 0.0), np.maximum(total, 0.0), known >= LEAST_KNOWN_RATIO * bases)


def _reaching_back(sums: FloatArray, reach: int) -> FloatArray:
    counted = sums.copy()
    if reach < sums.size:
        counted[reach:] -= sums[:-reach]
    return counted


def _end_to_end(values: FloatArray, *, stride: int) -> FloatArray:
    """Return the running sums over windows that lie end to end: sums[:, i] = values[:, i] + sums[:, i - stride]."""
    groups, steps = values.shape
    padding = -steps % stride
    rows = np.concatenate([np.zeros((groups, padding)), values], axis=1).reshape(groups, -1, stride)
    sums: FloatArray = rows.cumsum(axis=1).reshape(groups, -1)[:, padding:]
    return sums
