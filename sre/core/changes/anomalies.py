"""Passing stretches that are unlike the rest: what is beyond what the series itself does now and then.

The series, less its season and levels, is averaged over spans of several lengths and cut into blocks. The largest
average of each block has an extreme-value distribution, whose place and scale are told by the calmer half of the
blocks: a series that often bursts has to burst harder to be remarkable (block maxima; Coles, An Introduction to
Statistical Modeling of Extreme Values, 2001, ch. 3).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sre.core.changes.model import AnomalyWindow
from sre.core.changes.seasons import Deseasoned, nan_median
from sre.core.changes.spread import noise_spread
from sre.core.series import FloatArray, IntArray

# Chosen where the labelled series agree best over a range of each (docs/concepts/changes.md says how much).
_BLOCKS = 20
_SPANS = (1, 2, 4, 8, 16, 32, 64, 128)
_SURPRISE_MIN, _SPREADS_MIN = 7.5, 5.0
WINDOWS_MAX = 4
# Windows nearer to each other than this share of the series are one.
_GAP_SHARE = 100
_BLOCK_MIN, _BLOCKS_MIN = 8, 8
# Quantiles of the standard Gumbel distribution: the median less the quartile.
_GUMBEL_HALF = 0.693
_STEEPEST = 0.03
_PHASE_SHARE, _CALMEST_PHASE = 12, 0.5
_SCORE_MAX = 1000.0
# In a series that hardly ever moves, this many blocks with movement, of more than so many quanta, are remarkable.
_RARE, _RARE_QUANTA = 2, 3


@dataclass(frozen=True, slots=True)
class _Peak:
    """A span that stands out; `surprise` is on the scale of a standard Gumbel variable."""

    start: int
    stop: int
    sign: int
    surprise: float


def anomalies_of(values: FloatArray, season: Deseasoned, level: FloatArray) -> list[AnomalyWindow]:
    """Return the most remarkable windows in the order of time.

    Args:
        values: shape (steps,), NaN where there is none.
        level: shape (steps,), the level of the series without its season.
    """
    around = season.values - level
    even = around / _phase_spread(around, season.periods[0]) if season.periods else around
    peaks = sorted(_peaks(even), key=lambda peak: (-peak.surprise, peak.start))
    spread = noise_spread(even[np.isfinite(even)])
    usual = values * level / season.values if season.is_ratio else values - around
    return [window(values, usual, even, each, spread) for each in _merged(peaks, len(values))]


def window(values: FloatArray, usual: FloatArray, even: FloatArray, peak: _Peak, spread: float) -> AnomalyWindow:
    """Return the window of a peak, without its ends that do not stand out."""
    inside = np.nan_to_num(peak.sign * even[peak.start : peak.stop], nan=-np.inf)
    worst = int(inside.argmax())
    loud = np.flatnonzero(inside >= inside[worst] / 2) if inside[worst] > 0 else np.array([worst])
    first, last = peak.start + int(loud[0]), peak.start + int(loud[-1])
    expected = usual[first : last + 1]
    return AnomalyWindow(
        start_index=first,
        end_index=last,
        expected=float(np.median(expected[np.isfinite(expected)])),
        worst=float(values[peak.start + worst]),
        direction="up" if peak.sign > 0 else "down",
        score=min(float(inside[worst]) / spread, _SCORE_MAX),
    )


def _phase_spread(around: FloatArray, period: int) -> FloatArray:
    """Return how much wider than usual the noise is at each step's phase, shape (steps,)."""
    missing = -len(around) % period
    table = np.abs(np.concatenate([np.full(missing, np.nan), around])).reshape(-1, period)
    wide = np.arange(-max(1, period // _PHASE_SHARE), max(1, period // _PHASE_SHARE) + 1)
    by_phase = nan_median(nan_median(table)[(np.arange(period)[:, None] + wide) % period].T)
    typical = float(np.median(by_phase[np.isfinite(by_phase)]))
    if typical <= 0:
        return np.ones(len(around))
    relative = np.where(np.isfinite(by_phase), np.maximum(by_phase / typical, _CALMEST_PHASE), 1.0)
    return np.resize(np.roll(relative, -missing), len(around))


def _quartiles(values: FloatArray) -> tuple[float, float]:
    low, high = np.quantile(values[np.isfinite(values)], [0.25, 0.75])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class _Search:
    """What is sought at one span: averages beyond `least`, in blocks of `width` steps, of values `quantum` apart."""

    span: int
    width: int
    least: float
    quantum: float


def _peaks(around: FloatArray) -> Iterator[_Peak]:
    width, quantum = max(_BLOCK_MIN, len(around) // _BLOCKS), _quantum(around)
    for span in _SPANS:
        means = _running_means(around, span) if span <= width else np.empty(0)
        if not np.isfinite(means).any():
            return
        low, high = _quartiles(means)
        centred = means - float(np.median(means[np.isfinite(means)]))
        search = _Search(span, width, _SPREADS_MIN * (high - low) / 1.349, quantum / span)
        for sign in (1, -1):
            yield from _peaks_above(sign * centred, search, sign=sign)


def _quantum(values: FloatArray) -> float:
    """Return the least distance of two different values: that of counts is 1, that of measurements about 0."""
    distinct = np.unique(values[np.isfinite(values)])
    gaps = np.diff(distinct)
    gaps = gaps[gaps > 1e-9 * (distinct[-1] - distinct[0])] if len(gaps) else gaps
    return float(gaps.min()) if len(gaps) else 0.0


def _running_means(around: FloatArray, span: int) -> FloatArray:
    """Return the means of the spans that start at each step; NaN where more than two fifths are missing."""
    known = np.isfinite(around)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, around, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    number = counts[span:] - counts[:-span]
    return np.where(number >= 0.6 * span, (sums[span:] - sums[:-span]) / np.maximum(number, 1), np.nan)


def _peaks_above(heights: FloatArray, search: _Search, *, sign: int) -> Iterator[_Peak]:
    skipped = len(heights) % search.width
    blocks = heights[skipped:].reshape(-1, search.width)
    full = np.flatnonzero(np.isfinite(blocks).sum(axis=1) > search.width / 2)
    if len(full) < _BLOCKS_MIN:
        return
    filled = np.where(np.isfinite(blocks[full]), blocks[full], -np.inf)
    tops, places = filled.max(axis=1), filled.argmax(axis=1) + skipped + full * search.width
    surprises = _surprises(tops, search.quantum)
    for index in np.flatnonzero((surprises > _SURPRISE_MIN) & (tops > search.least)):
        start = int(places[index])
        yield _Peak(start, start + search.span, sign, float(surprises[index]))


def _surprises(tops: FloatArray, quantum: float) -> FloatArray:
    """Return the heights of the blocks as standard Gumbel variables, by the calmer half of them."""
    quarter, middle = np.quantile(tops, [0.25, 0.5])
    if middle <= 0:
        is_rare = 0 < (tops > 0).sum() <= _RARE
        return np.where((tops > _RARE_QUANTA * quantum) & is_rare, _SCORE_MAX, 0.0)
    scale = max(float(middle - quarter) / _GUMBEL_HALF, _STEEPEST * float(middle), quantum)
    return np.asarray((tops - middle) / scale)


def _merged(peaks: list[_Peak], count: int) -> list[_Peak]:
    """Return the strongest peaks, each with those near it, in the order of time."""
    gap = max(_BLOCK_MIN, count // _GAP_SHARE)
    kept: list[_Peak] = []
    for peak in peaks:
        near = next((index for index, each in enumerate(kept) if _is_near(peak, each, gap)), None)
        if near is None and len(kept) < WINDOWS_MAX:
            kept.append(peak)
        elif near is not None and kept[near].sign == peak.sign:
            strong = kept[near]
            ends = min(strong.start, peak.start), max(strong.stop, peak.stop)
            kept[near] = _Peak(*ends, strong.sign, strong.surprise)
    return sorted(kept, key=lambda peak: peak.start)


def _is_near(one: _Peak, other: _Peak, gap: int) -> bool:
    return one.start <= other.stop + gap and one.stop >= other.start - gap


def touched(windows: list[AnomalyWindow], start: int, stop: int) -> IntArray:
    """Return the places in `windows` of those that touch the stretch."""
    return np.flatnonzero([each.start_index < stop and each.end_index >= start for each in windows])
