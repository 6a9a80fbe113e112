"""Functions that read a window as a counter or as a slope: rate, increase, delta, irate, idelta, resets, changes."""

import numpy as np

from sre.core.promql.windows import Batch, Kernel, reduced
from sre.core.series import BoolArray, FloatArray, IntArray

# How much wider than the mean sample distance a gap at the window's edge may be and still be bridged in full.
EXTRAPOLATION_REACH = 1.1


def extrapolated(*, is_counter: bool, is_rate: bool) -> Kernel:
    """Return the kernel of rate, increase or delta.

    Source:
        The rules of `rate()` as Prometheus documents and carries them out: the change between first and last sample,
        resets added back, stretched to the window's edges where samples can be expected there.
    """

    def kernel(batch: Batch) -> tuple[FloatArray, BoolArray]:
        exists = batch.counts >= 2
        pairs = batch.part(exists)
        values = np.zeros(len(exists))
        if len(pairs.first):
            values[exists] = _extrapolated_change(pairs, is_counter=is_counter, is_rate=is_rate)
        return values, exists

    return kernel


def _extrapolated_change(batch: Batch, *, is_counter: bool, is_rate: bool) -> FloatArray:
    times, last = batch.timestamps_ms, batch.stop - 1
    first_value = batch.values[batch.first]
    change = batch.values[last] - first_value
    if is_counter:
        change = change + _lost_in_resets(batch)
    to_start = (times[batch.first] - (batch.end_ms - batch.range_ms)) / 1000
    to_end = (batch.end_ms - times[last]) / 1000
    sampled = (times[last] - times[batch.first]) / 1000
    distance = sampled / (batch.counts - 1)
    # A counter starts at zero: never stretch it back to where it would have been negative.
    to_zero = np.full(len(change), np.inf)
    if is_counter:
        rising = (change > 0) & (first_value >= 0)
        to_zero[rising] = sampled[rising] * (first_value[rising] / change[rising])
    if batch.left_open:
        before = np.minimum(to_zero, _bridged(to_start, distance))
    else:
        before = _bridged(np.minimum(to_zero, to_start), distance)
    factor = (sampled + before + _bridged(to_end, distance)) / sampled
    if is_rate:
        factor = factor / (batch.range_ms / 1000)
    return np.asarray(change * factor)


def _bridged(gap: FloatArray, distance: FloatArray) -> FloatArray:
    """Return how far to stretch into a gap at the edge, seconds: all of it, or half a sample distance."""
    return np.where(gap < distance * EXTRAPOLATION_REACH, gap, distance / 2)


def _lost_in_resets(batch: Batch) -> FloatArray:
    """Return what each window's counter had reached before each reset, added up; shape (windows,)."""
    falls = _falls(batch.values)
    counted = _counted_before(falls)
    first_fall, last_fall = counted[batch.first + 1], counted[batch.stop]
    lost = np.zeros(len(batch.first))
    affected = last_fall > first_fall
    if affected.any():
        heights = np.append(batch.values[np.flatnonzero(falls) - 1], 0.0)
        lost[affected] = reduced(np.add, heights, first_fall[affected], last_fall[affected])
    return lost


def _falls(values: FloatArray) -> BoolArray:
    """Return where a value is below the one before it (also across series, which no window spans)."""
    falls = np.zeros(len(values), dtype=np.bool_)
    falls[1:] = values[1:] < values[:-1]
    return falls


def _counted_before(flags: BoolArray) -> IntArray:
    """Return how many flags are set before each index; shape (samples + 1,)."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(flags)])


def resets(batch: Batch) -> tuple[FloatArray, None]:
    """Count values below the one before."""
    counted = _counted_before(_falls(batch.values))
    return (counted[batch.stop] - counted[batch.first + 1]).astype(float), None


def changes(batch: Batch) -> tuple[FloatArray, None]:
    """Count values unlike the one before; NaN after NaN is no change."""
    values = batch.values
    differs = np.zeros(len(values), dtype=np.bool_)
    differs[1:] = (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
    counted = _counted_before(differs)
    return (counted[batch.stop] - counted[batch.first + 1]).astype(float), None


def last_change(*, is_rate: bool) -> Kernel:
    """Return the kernel of irate or idelta: the last two samples alone."""

    def kernel(batch: Batch) -> tuple[FloatArray, BoolArray]:
        last = batch.stop - 1
        before = np.maximum(last - 1, batch.first)
        now, then = batch.values[last], batch.values[before]
        change = now - then
        if is_rate:
            change = np.where(now < then, now, change)
            change = change / ((batch.timestamps_ms[last] - batch.timestamps_ms[before]) / 1000)
        return change, batch.counts >= 2

    return kernel
