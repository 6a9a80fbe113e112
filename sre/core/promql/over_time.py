"""Functions that summarise the samples of a window: the `..._over_time` family, regression and smoothing."""

from collections.abc import Callable

import numpy as np

from sre.core.errors import InputError
from sre.core.promql.windows import Batch, Kernel, reduced, window_means, window_sums
from sre.core.series import BoolArray, FloatArray, IntArray


def sum_over_time(batch: Batch) -> tuple[FloatArray, None]:
    """Sum."""
    return window_sums(batch), None


def avg_over_time(batch: Batch) -> tuple[FloatArray, None]:
    """Mean."""
    return window_means(batch), None


def count_over_time(batch: Batch) -> tuple[FloatArray, None]:
    """Number of samples."""
    return batch.counts.astype(float), None


def present_over_time(batch: Batch) -> tuple[FloatArray, None]:
    """1 wherever there is a sample."""
    return np.ones(len(batch.first)), None


def last_over_time(batch: Batch) -> tuple[FloatArray, None]:
    """Newest value."""
    return batch.values[batch.stop - 1], None


def max_over_time(batch: Batch) -> tuple[FloatArray, None]:
    """Largest value; NaN only where all are NaN."""
    return reduced(np.fmax, batch.values, batch.first, batch.stop), None


def min_over_time(batch: Batch) -> tuple[FloatArray, None]:
    """Smallest value; NaN only where all are NaN."""
    return reduced(np.fmin, batch.values, batch.first, batch.stop), None


def stdvar_over_time(batch: Batch) -> tuple[FloatArray, None]:
    """Population variance in two passes, measured from the first sample so that a constant gives exactly 0."""

    def variance(part: Batch) -> FloatArray:
        shifted = part.padded_values() - part.values[part.first][:, np.newaxis]
        mean = shifted.sum(axis=1) / part.counts
        shifted -= mean[:, np.newaxis]
        # What fills short windows up was 0 before the mean was taken off.
        filling = (shifted.shape[1] - part.counts) * mean * mean
        return np.asarray((np.einsum("ij,ij->i", shifted, shifted) - filling) / part.counts)

    return _by_parts(batch, variance), None


def stddev_over_time(batch: Batch) -> tuple[FloatArray, None]:
    """Population standard deviation."""
    return np.sqrt(stdvar_over_time(batch)[0]), None


def quantile_over_time(quantile: FloatArray) -> Kernel:
    """Return the kernel for quantiles of shape (steps,)."""

    def one_part(part: Batch) -> FloatArray:
        return quantiles(part.padded_values(), part.inside(), quantile[part.step])

    return lambda batch: (_by_parts(batch, one_part), None)


def quantiles(values: FloatArray, inside: BoolArray, quantile: FloatArray) -> FloatArray:
    """Return the quantile of each row, interpolated between neighbours; NaN sorts below everything.

    Args:
        values: shape (rows, width).
        inside: shape (rows, width), which values count; at least one a row.
        quantile: shape (rows,).
    """
    is_nan = np.isnan(values) & inside
    keys = np.where(is_nan, -np.inf, np.where(inside, values, np.inf))
    keys.sort(axis=1)
    counts, nan_counts = inside.sum(axis=1), is_nan.sum(axis=1)
    usable = (quantile >= 0) & (quantile <= 1)
    rank = np.where(usable, quantile, 0.0) * (counts - 1)
    lower = np.floor(rank).astype(np.int64)
    upper = np.minimum(counts - 1, lower + 1)
    weight = rank - np.floor(rank)
    rows = np.arange(len(values))
    low = np.where(lower < nan_counts, np.nan, keys[rows, lower])
    high = np.where(upper < nan_counts, np.nan, keys[rows, upper])
    result = low * (1 - weight) + high * weight
    outside = np.where(quantile < 0, -np.inf, np.where(quantile > 1, np.inf, np.nan))
    return np.where(usable, result, outside)


def deriv(batch: Batch) -> tuple[FloatArray, BoolArray]:
    """Slope of the least-squares line, per second."""
    return _by_parts(batch, lambda part: _regression(part)[0]), batch.counts >= 2


def predict_linear(ahead_seconds: FloatArray, times_ms: IntArray) -> Kernel:
    """Return the kernel that follows the least-squares line `ahead_seconds` past the step.

    Args:
        ahead_seconds: shape (steps,).
        times_ms: shape (steps,), the steps themselves (not the window's end, which an offset moves).
    """

    def one_part(part: Batch) -> FloatArray:
        slope, level, centre_seconds = _regression(part)
        since_first = (times_ms[part.step] - part.timestamps_ms[part.first]) / 1000
        return np.asarray(level + slope * (since_first - centre_seconds + ahead_seconds[part.step]))

    return lambda batch: (_by_parts(batch, one_part), batch.counts >= 2)


def _regression(part: Batch) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return slope per second, level at the mean time, and seconds from first sample to that; each shape (windows,).

    Measured from the first sample, so it stays exact far from the epoch and gives a constant the slope 0.
    """
    base, seconds = part.values[part.first], part.padded_seconds()
    rises = part.padded_values() - base[:, np.newaxis]
    # What fills short windows up is 0 in both, so it adds nothing to any sum.
    total_seconds, total_rise = seconds.sum(axis=1), rises.sum(axis=1)
    covariance = np.einsum("ij,ij->i", seconds, rises) - total_seconds * total_rise / part.counts
    spread = np.einsum("ij,ij->i", seconds, seconds) - total_seconds * total_seconds / part.counts
    slope = covariance / spread
    return slope, base + total_rise / part.counts, total_seconds / part.counts


def holt_winters(smoothing: FloatArray, trend: FloatArray) -> Kernel:
    """Return the kernel of double exponential smoothing; both factors have shape (steps,).

    Raises:
        InputError: A factor is outside 0 < x < 1.
    """

    def one_part(part: Batch) -> FloatArray:
        return _smoothed(part, smoothing[part.step], trend[part.step])

    def kernel(batch: Batch) -> tuple[FloatArray, BoolArray]:
        for name, factor in (("smoothing", smoothing[batch.step]), ("trend", trend[batch.step])):
            if ((factor <= 0) | (factor >= 1)).any():
                raise InputError(f"the {name} factor of holt_winters must be between 0 and 1.", field="query")
        return _by_parts(batch, one_part), batch.counts >= 2

    return kernel


def _smoothed(part: Batch, smoothing: FloatArray, trend: FloatArray) -> FloatArray:
    """Follow the recurrence for all windows side by side, one place in the window after the other.

    Source:
        Double exponential smoothing (Holt 1957), started from the first value and the first difference.
    """
    counts, last = part.counts, part.stop - 1
    level, before = part.values[part.first], np.zeros(len(counts))
    slope = part.values[np.minimum(part.first + 1, last)] - level
    for place in range(1, int(counts.max())):
        going = place < counts
        value = part.values[np.minimum(part.first + place, last)]
        if place > 1:
            slope = np.where(going, trend * (level - before) + (1 - trend) * slope, slope)
        following = smoothing * value + (1 - smoothing) * (level + slope)
        before, level = np.where(going, level, before), np.where(going, following, level)
    return level


def _by_parts(batch: Batch, function: Callable[[Batch], FloatArray]) -> FloatArray:
    result = np.empty(len(batch.first))
    for chosen, part in batch.parts():
        result[chosen] = function(part)
    return result
