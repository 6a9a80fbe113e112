"""What is normal for each series: its level, how far it usually strays, and where it stood just before the incident."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.series import BoolArray, FloatArray
from sre.incidents.suspects.model import Timeline
from sre.incidents.suspects.rows import quantile_of_sorted, row_median, sorted_rows

# 1.4826 and 0.6080 = 1 / 1.6449: the median absolute deviation, and the 90th percentile of deviations, of a standard
# normal variable are 1 when multiplied by these (Rousseeuw and Croux, JASA 88, 1993, for the first).
_MAD_FACTOR: Final = 1.4826
_P90_FACTOR: Final = 0.6080
# Our choice: a change of a thousandth of the level is never worth a standard deviation.
_LEAST_RELATIVE_SCALE: Final = 0.001
# Our choice: whole numbers are known to half a unit.
_WHOLE_NUMBER_SCALE: Final = 0.5
_MOVED_DEVIATIONS: Final = 3.0
_LEAST_SAMPLES: Final = 8
_LEAST_RECENT_STEPS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Normal:
    """The normal behaviour of every series; all arrays have shape (series,).

    Attributes:
        median: Median of the normal steps.
        scale: One robust standard deviation, > 0.
        recent: Median of the last steps before the incident; the median where these are missing.
        is_usable: Whether there are enough normal samples to judge.
        is_flat: Whether the series never moved, in normal times or in the incident.
        coverage: Share of normal steps with a sample, 0..1.
    """

    median: FloatArray
    scale: FloatArray
    recent: FloatArray
    is_usable: BoolArray
    is_flat: BoolArray
    coverage: FloatArray

    def beyond(self, values: FloatArray, *, expected: FloatArray | None = None) -> FloatArray:
        """Return how far `values` lie beyond normal and recent level, and beyond what is expected at this time.

        A value between these levels is not beyond them: whatever had moved before the incident is measured from where
        it had moved to, and whatever moves so every day has not moved. shape (series, steps); NaN where `values` is.

        Args:
            values: shape (series, steps).
            expected: shape (series, steps), the level at this time on earlier days; NaN where unknown.
        """
        low = np.minimum(self.median, self.recent)[:, None]
        high = np.maximum(self.median, self.recent)[:, None]
        if expected is not None:
            low, high = np.fmin(low, expected), np.fmax(high, expected)
        outside: FloatArray = values - np.clip(values, low, high)
        return outside

    def deviations(self, values: FloatArray, *, expected: FloatArray | None = None) -> FloatArray:
        """Return `beyond` in standard deviations."""
        return self.beyond(values, expected=expected) / self.scale[:, None]

    def plain_deviations(self, values: FloatArray) -> FloatArray:
        """Return how many standard deviations `values` lie from the normal level, shape (series, steps)."""
        return (values - self.median[:, None]) / self.scale[:, None]

    @property
    def drift(self) -> FloatArray:
        """How many standard deviations the recent level lies from the normal one, signed."""
        return (self.recent - self.median) / self.scale


def recent_steps(timeline: Timeline) -> BoolArray:
    """Return which steps come just before the incident: half as many as it has, at least two; shape (steps,)."""
    first = int(np.argmax(timeline.is_incident)) if timeline.is_incident.any() else len(timeline.times_ms)
    count = max(_LEAST_RECENT_STEPS, -(-int(timeline.is_incident.sum()) // 2))
    chosen = np.zeros(len(timeline.times_ms), dtype=np.bool_)
    chosen[max(0, first - count) : first] = True
    return chosen


def normal_behaviour(values: FloatArray, timeline: Timeline, *, least_scale: FloatArray) -> Normal:
    """Learn what is normal from the normal steps.

    The scale is the larger of two robust estimates, so that a series that often strays is not called calm, and at most
    a tenth of the normal steps may be disturbed (by earlier incidents) without harm.

    Args:
        values: shape (series, steps), NaN where no sample.
        timeline: Which steps are normal.
        least_scale: shape (series,), the noise that is known from elsewhere, in the units of `values`; 0 where none.
    """
    usual = values[:, timeline.is_normal]
    rows, counts = sorted_rows(usual)
    median = quantile_of_sorted(rows, counts, 0.5)
    recent = row_median(values[:, recent_steps(timeline)])
    recent = np.where(np.isnan(recent), median, recent)
    middle, tail = _spreads(usual, median)
    spread = np.maximum(middle, tail)
    # What changed its level within the normal time strays little from either level.
    has_moved = np.abs(recent - median) > _MOVED_DEVIATIONS * middle
    if has_moved.any():
        nearest = _nearest(usual[has_moved], median[has_moved], recent[has_moved])
        spread[has_moved] = np.fmin(spread[has_moved], np.maximum(*_spreads(usual[has_moved], nearest)))
    span = _span(values)
    scale = np.maximum.reduce([np.nan_to_num(spread), least_scale, _least_scale(values, median, span)])
    return Normal(
        median=median,
        scale=scale,
        recent=recent,
        is_usable=counts >= min(_LEAST_SAMPLES, max(1, usual.shape[1] // 2)),
        is_flat=span <= 0,
        coverage=counts / max(1, usual.shape[1]),
    )


def _spreads(values: FloatArray, level: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two robust estimates of a standard deviation around a level (one a row, or one a value).

    By the median of the deviations, and by their 90th percentile.
    """
    rows, counts = sorted_rows(np.abs(values - (level[:, None] if level.ndim == 1 else level)))
    middle, tail = (quantile_of_sorted(rows, counts, ratio) for ratio in (0.5, 0.9))
    return _MAD_FACTOR * middle, _P90_FACTOR * tail


def _nearest(values: FloatArray, one: FloatArray, other: FloatArray) -> FloatArray:
    """Return whichever of two levels a row is nearer to, for each value."""
    is_nearer = np.abs(values - one[:, None]) <= np.abs(values - other[:, None])
    nearest: FloatArray = np.where(is_nearer, one[:, None], other[:, None])
    return nearest


def _span(values: FloatArray) -> FloatArray:
    finite = np.isfinite(values)
    highest = np.where(finite, values, -np.inf).max(axis=1, initial=-np.inf)
    lowest = np.where(finite, values, np.inf).min(axis=1, initial=np.inf)
    return np.where(finite.any(axis=1), highest - lowest, 0.0)


def _least_scale(values: FloatArray, median: FloatArray, span: FloatArray) -> FloatArray:
    """Return a floor under the scale: of the level, of the largest move, of the resolution of whole numbers."""
    finite = np.where(np.isfinite(values), values, 0.0)
    is_whole = (finite == np.rint(finite)).all(axis=1)
    relative = _LEAST_RELATIVE_SCALE * np.maximum(np.abs(np.nan_to_num(median)), span)
    return np.maximum(np.where(is_whole, np.maximum(relative, _WHOLE_NUMBER_SCALE), relative), np.finfo(float).tiny)
