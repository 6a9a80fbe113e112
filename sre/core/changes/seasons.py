"""What repeats every day or week is taken out before changes are sought: robustly, and only where it really repeats."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre.core.changes.spread import ranks
from sre.core.series import BoolArray, FloatArray

CYCLES_MIN = 2
# A profile learnt from the other cycles must foretell a cycle better than its level alone does by this much: noise that
# repeats nothing makes it worse.
_ERROR_RATIO_MAX = 0.9
# Where the season was not named: how much like itself a series must be one period later, and the periods looked at.
_LIKENESS_MIN = 0.3
_PERIOD_MIN, _UNNAMED_CYCLES_MIN = 4, 4
# With fewer cycles than this the profile is smoothed over this share of the period.
_ENOUGH_CYCLES, _SMOOTHED_SHARE = 4, 48


@dataclass(frozen=True, slots=True, eq=False)
class Deseasoned:
    """A series without its seasons.

    Attributes:
        values: shape (steps,), in the unit of the series, at its level; NaN where there was none.
        periods: The seasons that were there and were taken out, in steps.
        is_ratio: Whether the seasons were taken out as factors, not as sums.
    """

    values: FloatArray
    periods: tuple[int, ...]
    is_ratio: bool = False


def deseasoned(values: FloatArray, periods: Sequence[int]) -> Deseasoned:
    """Return the series without the seasons that it shows.

    Args:
        values: shape (steps,), NaN where there is none.
        periods: In steps; where none is named, one is sought.
    """
    wanted = sorted({int(period) for period in periods if 2 <= period <= len(values) / CYCLES_MIN})
    if not periods:
        wanted = _likely_periods(values)
    summed = _without(values, wanted)
    known = values[np.isfinite(values)]
    if not summed.periods or known.min() <= 0:
        return summed
    factors = _without(np.log(values), summed.periods)
    if factors.periods == summed.periods and _left(np.log(values), factors.values) < _left(values, summed.values):
        return Deseasoned(np.exp(factors.values), factors.periods, is_ratio=True)
    return summed


def _without(values: FloatArray, periods: Sequence[int]) -> Deseasoned:
    shown = []
    for period in periods:
        table = _cycles(values, period)
        around = table - _levels(table)
        if _is_foretold(around):
            values = values - _repeated(_profile(around), len(values))
            shown.append(period)
    return Deseasoned(values, tuple(shown))


def _left(before: FloatArray, after: FloatArray) -> float:
    """Return the share of the spread that is left."""
    return _spread(after) / max(_spread(before), 1e-300)


def _spread(values: FloatArray) -> float:
    low, high = np.quantile(values[np.isfinite(values)], [0.1, 0.9])
    return float(high - low)


def _cycles(values: FloatArray, period: int) -> FloatArray:
    """Return the series as shape (cycles, period), the last cycle whole, NaN before the start."""
    missing = -len(values) % period
    return np.concatenate([np.full(missing, np.nan), values]).reshape(-1, period)


def _levels(table: FloatArray) -> FloatArray:
    """Return the level at each step: between the medians of the cycles in straight lines, shape (cycles, period)."""
    medians = nan_median(table.T)
    centres = (np.arange(len(table)) + 0.5) * table.shape[1]
    is_known = np.isfinite(medians)
    at = np.arange(table.size)
    return np.interp(at, centres[is_known], medians[is_known]).reshape(table.shape)


def _is_foretold(around: FloatArray) -> bool:
    """Return whether the median of the other cycles foretells each cycle better than none does."""
    cycles = [row for row in range(len(around)) if np.isfinite(around[row]).sum() > around.shape[1] / 2]
    if len(cycles) < CYCLES_MIN:
        return False
    told, untold = [], []
    for cycle in cycles[:: max(1, len(cycles) // 8)]:
        others = nan_median(around[[row for row in cycles if row != cycle]])
        known = np.isfinite(around[cycle]) & np.isfinite(others)
        told.append(np.abs(around[cycle] - others)[known])
        untold.append(np.abs(around[cycle])[known])
    return float(np.concatenate(told).mean()) < _ERROR_RATIO_MAX * float(np.concatenate(untold).mean())


def _profile(around: FloatArray) -> FloatArray:
    """Return the median of each phase about their median, shape (period,), zero where nothing is known."""
    profile = nan_median(around)
    if len(around) < _ENOUGH_CYCLES:
        profile = _smoothed(profile, max(1, len(profile) // _SMOOTHED_SHARE))
    profile = profile - np.median(profile[np.isfinite(profile)])
    return np.where(np.isfinite(profile), profile, 0.0)


def _smoothed(profile: FloatArray, width: int) -> FloatArray:
    """Return running medians around the clock."""
    around = np.arange(len(profile))[:, None] + np.arange(-width, width + 1)
    return nan_median(profile[around % len(profile)].T)


def _repeated(profile: FloatArray, count: int) -> FloatArray:
    missing = -count % len(profile)
    return np.tile(profile, (count + missing) // len(profile))[missing:]


def nan_median(table: FloatArray) -> FloatArray:
    """Return the median of each column of what is finite; NaN where nothing is."""
    ordered = np.sort(np.where(np.isfinite(table), table, np.inf), axis=0)
    counts = np.isfinite(table).sum(axis=0)
    columns = np.arange(table.shape[1])
    low, high = ordered[np.maximum((counts - 1) // 2, 0), columns], ordered[counts // 2 % len(table), columns]
    return np.where(counts > 0, (np.where(counts > 0, low, 0.0) + np.where(counts > 0, high, 0.0)) / 2, np.nan)


def _likely_periods(values: FloatArray) -> list[int]:
    """Return the period after which the series is most like itself, if it is; none or one."""
    known = np.isfinite(values)
    count = len(values)
    longest = count // _UNNAMED_CYCLES_MIN
    if longest < _PERIOD_MIN or known.sum() < count / 2:
        return []
    filled = np.interp(np.arange(count), np.flatnonzero(known), values[known])
    likeness = _likeness(ranks(filled - _trend(filled, longest)), longest)
    is_peak: BoolArray = np.zeros(len(likeness), dtype=np.bool_)
    is_peak[1:-1] = (likeness[1:-1] >= likeness[:-2]) & (likeness[1:-1] > likeness[2:])
    is_peak[:_PERIOD_MIN] = False
    # The peak must stand above a valley before it: what merely fades slowly has none.
    valleys = np.minimum.accumulate(likeness)
    likely = np.flatnonzero(is_peak & (likeness > _LIKENESS_MIN) & (valleys < likeness / 2))
    return [int(likely[likeness[likely].argmax()])] if len(likely) else []


def _trend(values: FloatArray, width: int) -> FloatArray:
    """Return running means over about `width` steps."""
    half = max(1, width // 2)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low))


def _likeness(values: FloatArray, longest: int) -> FloatArray:
    """Return the autocorrelations of lags 0 to `longest`."""
    spectrum = np.fft.rfft(values, 2 * len(values))
    products = np.fft.irfft(np.abs(spectrum) ** 2, 2 * len(values))[: longest + 2]
    return np.asarray(products / (products[0] + 1e-12))
