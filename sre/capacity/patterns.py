"""The seasonal patterns that compete: of each cycle several readings, and of a short and a long one together."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from sre.capacity.profiles import flat_profile, season_profile, seen_before
from sre.core.series import BoolArray, FloatArray, IntArray

MAX_CYCLES = 12
# How fast older cycles are forgotten: the last one alone, the last few, many.
_LAST, _FEW, _MANY = 1e-4, 0.6, 0.9
# Neighbouring phases of a pattern with at least this many are alike: they are averaged over a share of the cycle.
_FINE_PHASES, _SMOOTH_SHARES = 24, (24, 8)
_VERY_FINE_PHASES = 96
# A cycle this many times as long as another is read off few turns of it: a year of weeks. Its pattern is averaged over
# about one and two of the short cycles.
_MUCH_LONGER = 20
# Of the way a long cycle differs from the short one, this share is believed: it was seen once or twice.
_BELIEVED = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A seasonal profile at each origin.

    Attributes:
        period: Steps of the longest cycle in it, 1 for none.
        reading: How it was read off the past.
        profile: shape (origins, period), index 0 the phase of the origin.
    """

    period: int
    reading: str
    profile: FloatArray


def patterns(values: FloatArray, origins: IntArray, *, periods: tuple[int, ...]) -> list[Pattern]:
    """Return the patterns to try, the flat one first.

    Args:
        values: shape (steps,), no NaN.
        periods: Steps of the cycles, shortest first.
    """
    out = [Pattern(1, "flat", flat_profile(origins))]
    for period in periods:
        out += _of_one(values, origins, period=period, is_fine=not _divides(periods, period))
    for short, long in combinations(periods, 2):
        if long % short == 0:
            out += _of_two(values, origins, short=short, long=long)
    return out


def plain_patterns(values: FloatArray, origins: IntArray, *, periods: tuple[int, ...]) -> list[Pattern]:
    """Return the flat pattern and of each cycle the means over the last turn, few turns and many."""
    out = [Pattern(1, "flat", flat_profile(origins))]
    for period in periods:
        out += _means(values, origins, period)
    return out


def smoothed(profile: FloatArray, width: int) -> FloatArray:
    """Return the profile averaged over neighbouring phases with triangular weights.

    Args:
        profile: shape (origins, period).
        width: Odd number of phases, at most the period; 1 changes nothing.
    """
    if width <= 1:
        return profile
    period, half = profile.shape[1], width // 2
    kernel = np.zeros(period)
    np.add.at(kernel, np.arange(-half, half + 1) % period, half + 1.0 - np.abs(np.arange(-half, half + 1)))
    spectrum = np.fft.rfft(profile, axis=1) * np.fft.rfft(kernel / kernel.sum())
    return np.asarray(np.fft.irfft(spectrum, period, axis=1))


def _divides(periods: tuple[int, ...], period: int) -> bool:
    """Return whether a shorter cycle fits into this one: then its phases are not alike."""
    return any(period % short == 0 for short in periods if short < period)


def _cycles(origins: IntArray, period: int) -> int:
    return int(np.clip(origins[-1] // period, 1, MAX_CYCLES))


def _means(values: FloatArray, origins: IntArray, period: int) -> list[Pattern]:
    cycles = _cycles(origins, period)
    readings = (("last", _LAST), ("few", _FEW), ("many", _MANY)) if cycles > 1 else (("last", _LAST),)
    return [
        Pattern(
            period,
            reading,
            season_profile(
                values, origins, period=period, cycles=1 if keep_ratio == _LAST else cycles, keep_ratio=keep_ratio
            ),
        )
        for reading, keep_ratio in readings
    ]


def _of_one(values: FloatArray, origins: IntArray, *, period: int, is_fine: bool) -> list[Pattern]:
    out = _means(values, origins, period)
    if len(out) == 1:
        return out
    mean = out[-1].profile
    share, typical = _share_and_typical(values, origins, period)
    widths = [_width(period, part) for part in _SMOOTH_SHARES] if is_fine and period >= _FINE_PHASES else [1]
    if widths[0] > 1:
        out.append(Pattern(period, "smooth", smoothed(mean, widths[0])))
    if period >= _VERY_FINE_PHASES and is_fine:
        out.append(Pattern(period, "very smooth", smoothed(mean, widths[1])))
    else:
        out.append(Pattern(period, "shrunk", mean * share[:, None]))
    out.append(Pattern(period, "typical", smoothed(typical, widths[0])))
    return out


def _width(period: int, part: int) -> int:
    return max(3, (period // part) | 1)


def _share_and_typical(values: FloatArray, origins: IntArray, period: int) -> tuple[FloatArray, FloatArray]:
    """Return how much of the mean pattern is no chance, shape (origins,), and the median pattern.

    The share is that of James and Stein: the variance of the mean pattern less what noise adds to it.

    Source:
        Efron and Morris, "Stein's estimation rule and its competitors", JASA 68 (1973).
    """
    cycles = _cycles(origins, period)
    offsets = np.arange(period) - period * np.arange(1, cycles + 1)[:, None]
    blocks = seen_before(values, origins[:, None, None] + offsets[None])
    known = np.isfinite(blocks[:, :, 0])
    count = np.maximum(known.sum(axis=1), 1)
    around = blocks - blocks.mean(axis=2, keepdims=True)
    kept = np.where(known[:, :, None], around, 0.0)
    mean = kept.sum(axis=1) / count[:, None]
    rest = np.where(known[:, :, None], kept - mean[:, None], 0.0)
    noise = (rest**2).mean(axis=2).sum(axis=1) / np.maximum(count - 1, 0.5) / count
    signal = (mean**2).mean(axis=1)
    share = np.clip(1 - noise / np.maximum(signal, 1e-300), 0.0, 1.0)
    return np.asarray(share), _median_pattern(blocks, known)


def _median_pattern(blocks: FloatArray, known: BoolArray) -> FloatArray:
    """Return the median over the known cycles of the departures from each cycle's median, shape (origins, period)."""
    around = blocks - np.median(blocks, axis=2, keepdims=True)
    out = np.zeros((blocks.shape[0], blocks.shape[2]))
    counts = known.sum(axis=1)
    # Cycles before the start are unknown, and they are the oldest: the known ones of an origin come first.
    for count in np.unique(counts[counts > 0]):
        rows = counts == count
        out[rows] = np.median(around[rows, :count], axis=1)
    return np.asarray(out - out.mean(axis=1, keepdims=True))


def _of_two(values: FloatArray, origins: IntArray, *, short: int, long: int) -> list[Pattern]:
    base = season_profile(values, origins, period=short, cycles=_cycles(origins, short), keep_ratio=_MANY)
    tiled = np.tile(base, (1, long // short))
    whole, is_known = _long_profile(values, origins, long)
    apart = np.where(is_known[:, None], whole - tiled, 0.0)
    if long // short < _MUCH_LONGER:
        return [Pattern(long, "half", tiled + _BELIEVED * apart)]
    return [
        Pattern(long, f"half over {width}", tiled + _BELIEVED * smoothed(apart, width))
        for width in (short | 1, (2 * short) | 1)
    ]


def _long_profile(values: FloatArray, origins: IntArray, period: int) -> tuple[FloatArray, BoolArray]:
    """Return the mean pattern of a cycle seen at least once, and where it was.

    With a single turn its trend is taken from what is known of the turn before, so that growth over a year is not
    taken for the season of its end.
    """
    cycles = _cycles(origins, period)
    offsets = np.arange(period) - period * np.arange(1, cycles + 1)[:, None]
    blocks = seen_before(values, origins[:, None, None] + offsets[None])
    means = blocks.mean(axis=2, keepdims=True)
    known = np.isfinite(means[:, :, 0])
    ramp = (np.arange(period) - (period - 1) / 2) * _slope(values, origins, period)[:, None]
    weights = _MANY ** np.arange(cycles) * known
    total = np.maximum(weights.sum(axis=1), 1e-12)[:, None]
    around = np.where(known[:, :, None], blocks - means - ramp[:, None, :], 0.0)
    return np.asarray(np.einsum("oc,ocp->op", weights, around) / total), np.asarray(known[:, 0])


def _slope(values: FloatArray, origins: IntArray, period: int) -> FloatArray:
    """Return the movement a step, from values one period apart, zero where there are too few, shape (origins,)."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    overlap = np.clip(origins - period, 0, period)
    usable = overlap >= period // 8
    width = np.maximum(overlap, 1)
    late = (sums[origins] - sums[origins - width]) / width
    before = np.maximum(origins - period, width)
    early = (sums[before] - sums[before - width]) / width
    return np.where(usable, (late - early) / period, 0.0)
