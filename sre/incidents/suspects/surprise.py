"""How surprising a stretch of a series is, on a scale on which a wild value counts little more than a clear one."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from sre.core.series import FloatArray, IntArray
from sre.incidents.suspects.rows import row_quantile

# Our choice: the change must last for half of the window, so a window twice as long as the incident still shows it.
_LASTING_RATIO: Final = 0.5
_MOST_REFERENCE_WINDOWS: Final = 64
# Beyond a billion deviations nothing becomes more surprising, and nothing overflows.
_LARGEST: Final = 1e9
_ROWS_AT_ONCE: Final = 256
_REFERENCE_QUANTILE: Final = 0.95
_LEAST_WINDOWS: Final = 8
# log(1 + 3^2): a lasting move by three deviations.
_MOVED: Final = 2.3
# Our choice: a third of the series of a service is an incident of it; a service is not in trouble most of the time.
_INCIDENT_SHARE: Final = 0.3
_MOST_INCIDENTS: Final = 0.25


def surprise(deviations: FloatArray) -> FloatArray:
    """Return how surprising each row is, >= 0, the larger of its surprise upward and downward.

    A step z standard deviations away counts log(1 + z^2), the deviance of a Cauchy variable: heavy tails are the rule
    in telemetry, so 100 deviations are twice as surprising as 10, not a hundred times. Of all stretches of half the
    window, the one with the largest mean counts, its most extreme step left out: one blip is no change.

    Args:
        deviations: shape (series, steps), NaN where no sample.

    Returns:
        shape (series,); 0 where fewer than half the steps of every stretch have samples.
    """
    length = deviations.shape[1]
    return _by_parts(deviations, lambda part: _stretches(part, length=length).max(axis=1, initial=0.0))


def reference_surprises(deviations: FloatArray, *, length: int) -> FloatArray:
    """Return the surprise of every series in fault-free windows as long as the incident, shape (series, windows).

    At most 64 windows, evenly spread, overlapping by half at most; none where there are fewer than `length` steps.

    Args:
        deviations: shape (series, normal steps).
        length: Steps of the incident.
    """
    starts = _starts(deviations.shape[1], length=length)
    if not len(starts):
        return np.zeros((len(deviations), 0))
    width = length - _stretch(length) + 1

    def of_windows(part: FloatArray) -> FloatArray:
        means = _stretches(part, length=length)
        return np.stack([means[:, start : start + width].max(axis=1) for start in starts], axis=1)

    return _by_parts(deviations, of_windows)


def without_earlier_incidents(references: FloatArray, services: Sequence[IntArray]) -> FloatArray:
    """Return the surprises of fault-free windows with NaN where a service seems to have had an incident after all.

    That is where a lasting move by three deviations shows in a third of its series, two at least: what many series of a
    service do together now and then is no noise. What one of them does alone is, and is taken for usual from then on.

    Args:
        references: shape (series, windows).
        services: The rows of each service.
    """
    if references.shape[1] < _LEAST_WINDOWS:
        return references
    ordinary = references.copy()
    for rows in services:
        moved = references[rows] > _MOVED
        share = moved.mean(axis=0)
        strange = (share >= _INCIDENT_SHARE) & (moved.sum(axis=0) >= 2)
        if strange.mean() > _MOST_INCIDENTS:
            strange = share > np.quantile(share, 1 - _MOST_INCIDENTS)
        ordinary[np.ix_(rows, np.flatnonzero(strange))] = np.nan
    return ordinary


def most_surprising(references: FloatArray) -> FloatArray:
    """Return the most that a fault-free window shows by itself, shape (series,); 0 where there is none."""
    most: FloatArray = np.nan_to_num(references).max(axis=1, initial=0.0)
    return most


def usual_surprise(references: FloatArray) -> FloatArray:
    """Return the surprise that one fault-free window in twenty reaches by itself, shape (series,)."""
    return row_quantile(references, _REFERENCE_QUANTILE) if references.shape[1] else np.zeros(len(references))


def _by_parts(deviations: FloatArray, measure: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Return what is measured of each row, some hundred rows at a time, which fit a processor's cache."""
    parts = range(0, max(len(deviations), 1), _ROWS_AT_ONCE)
    return np.concatenate([measure(deviations[start : start + _ROWS_AT_ONCE]) for start in parts])


def _starts(step_count: int, *, length: int) -> IntArray:
    last = step_count - length
    if last < 0:
        return np.zeros(0, dtype=np.int64)
    stride = max(1, length // 2, -(-last // _MOST_REFERENCE_WINDOWS))
    return np.arange(0, last + 1, stride, dtype=np.int64)


def _stretch(length: int) -> int:
    return max(min(2, length), int(np.ceil(length * _LASTING_RATIO)))


def _stretches(deviations: FloatArray, *, length: int) -> FloatArray:
    """Return the trimmed mean of each stretch of half of `length`, in its worse direction, (series, stretches)."""
    if deviations.shape[1] == 0:
        return np.zeros((len(deviations), 0))
    stretch = _stretch(length)
    counts = _sums(np.isfinite(deviations).astype(np.float64), stretch)
    clean = np.clip(np.nan_to_num(deviations), -_LARGEST, _LARGEST)
    upward = _trimmed_means(np.log1p(np.square(np.maximum(clean, 0.0))), counts, stretch)
    return np.maximum(upward, _trimmed_means(np.log1p(np.square(np.minimum(clean, 0.0))), counts, stretch))


def _trimmed_means(steps: FloatArray, counts: FloatArray, stretch: int) -> FloatArray:
    extreme = _maxima(steps, stretch)
    totals = _sums(steps, stretch) - np.where(counts > 1, extreme, 0.0)
    # Sums are differences of running totals: what is left of rounding is no evidence.
    return np.where(2 * counts >= stretch, np.maximum(totals, 0.0) / np.maximum(counts - 1, 1), 0.0)


def _maxima(steps: FloatArray, stretch: int) -> FloatArray:
    """Return the largest value (of values >= 0) of every stretch, in time that does not grow with its length.

    Source:
        Van Herk, Pattern Recognition Letters 13 (1992): running maxima of blocks, forwards and backwards.
    """
    rows, count = steps.shape
    blocks = np.pad(steps, ((0, 0), (0, -count % stretch))).reshape(rows, -1, stretch)
    forwards = np.maximum.accumulate(blocks, axis=2).reshape(rows, -1)
    backwards = np.maximum.accumulate(blocks[:, :, ::-1], axis=2)[:, :, ::-1].reshape(rows, -1)
    last = count - stretch + 1
    maxima: FloatArray = np.maximum(backwards[:, :last], forwards[:, stretch - 1 : stretch - 1 + last])
    return maxima


def _sums(steps: FloatArray, stretch: int) -> FloatArray:
    """Return the sum of every stretch, shape (series, columns - stretch + 1)."""
    running = np.cumsum(np.pad(steps, ((0, 0), (1, 0))), axis=1)
    sums: FloatArray = running[:, stretch:] - running[:, :-stretch]
    return sums
