"""How surprising a stretch of a series is, on a scale on which a wild value counts little more than a clear one."""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from sre.core.series import FloatArray, IntArray
from sre.incidents.suspects.rows import row_quantile

# Our choice: the change must last for half of the window, so a window twice as long as the incident still shows it.
_LASTING_RATIO: Final = 0.5
_MOST_REFERENCE_WINDOWS: Final = 64
_REFERENCE_QUANTILE: Final = 0.95


def surprise(deviations: FloatArray) -> FloatArray:
    """Return how surprising each row is, >= 0, the larger of its surprise upward and downward.

    A step z standard deviations away counts log(1 + z^2), the deviance of a Cauchy variable: heavy tails are the rule
    in telemetry, so 100 deviations are twice as surprising as 10, not a hundred times. Of all stretches of half the
    window, the one with the largest mean counts, its most extreme step left out: one blip is no change.

    Args:
        deviations: shape (series, steps), NaN where no sample.

    Returns:
        shape (series,); 0 where fewer than two steps have samples.
    """
    upward = _lasting(np.log1p(np.square(np.maximum(deviations, 0.0))))
    downward = _lasting(np.log1p(np.square(np.minimum(deviations, 0.0))))
    return np.maximum(upward, downward)


def reference_windows(step_count: int, *, length: int) -> IntArray:
    """Return the first steps of at most 64 windows of `length` steps, evenly spread; half overlapping at most."""
    last = step_count - length
    if last < 0:
        return np.zeros(0, dtype=np.int64)
    stride = max(1, length // 2, -(-last // _MOST_REFERENCE_WINDOWS))
    return np.arange(0, last + 1, stride, dtype=np.int64)


def reference_surprises(deviations: FloatArray, *, length: int) -> FloatArray:
    """Return the surprise of every series in fault-free windows as long as the incident, shape (series, windows)."""
    starts = reference_windows(deviations.shape[1], length=length)
    if not len(starts):
        return np.zeros((len(deviations), 0))
    return np.stack([surprise(deviations[:, start : start + length]) for start in starts], axis=1)


def usual_surprise(references: FloatArray) -> FloatArray:
    """Return the surprise that one fault-free window in twenty reaches by itself, shape (series,)."""
    return row_quantile(references, _REFERENCE_QUANTILE) if references.shape[1] else np.zeros(len(references))


def _lasting(steps: FloatArray) -> FloatArray:
    """Return the largest mean over a stretch of half the window, without its most extreme step."""
    length = steps.shape[1]
    if length == 0:
        return np.zeros(len(steps))
    stretch = max(min(2, length), int(np.ceil(length * _LASTING_RATIO)))
    windows = sliding_window_view(np.nan_to_num(steps), stretch, axis=1)
    counts = sliding_window_view(np.isfinite(steps), stretch, axis=1).sum(axis=2)
    kept = np.maximum(counts - 1, 1)
    totals = windows.sum(axis=2) - np.where(counts > 1, windows.max(axis=2), 0.0)
    means = np.where(2 * counts >= stretch, totals / kept, 0.0)
    best: FloatArray = means.max(axis=1)
    return best
