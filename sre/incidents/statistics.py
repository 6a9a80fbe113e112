"""Few, skewed numbers told honestly: medians with intervals that hold without assuming a shape, and comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist, fmean, median, stdev
from typing import Final, Literal, TypeAlias

# Fewer times say nothing about the next one (our choice).
LEAST_FOR_VERDICT: Final = 5
_TAIL: Final = 0.025
_Z: Final = NormalDist().inv_cdf(1 - _TAIL)
# The exact distribution is counted up to here; beyond, the normal form is right to the rank.
_EXACT_UP_TO: Final = 25
# Of more values a sample with evenly spread ranks is compared; their pairs have the same quantiles.
_MOST_PAIRED: Final = 500
# Times are noted to the minute; below half of one, none is shorter than another.
_LEAST_MINUTES: Final = 0.5

Change: TypeAlias = Literal["shorter", "longer", "no_clear_change", "too_few"]
RateChange: TypeAlias = Literal["fewer", "more", "no_clear_change", "too_few"]


@dataclass(frozen=True, slots=True)
class Spread:
    """Numbers of one kind in short, in their own unit.

    Attributes:
        count: How many.
        p90: Nine of ten are not larger; linear between ranks, so of fewer than ten it is close to the largest.
        deviation: Standard deviation of the sample; None of a single number.
        low, high: Interval of the median; None where fewer than six leave no such interval.
        confidence: With which the interval holds the median, 0.95 or a little more.
    """

    count: int
    median: float
    p90: float
    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How times of one period compare with those of another.

    Attributes:
        ratio: Of the typical time after to that before; None where there are too few.
        low, high: Its 95 % interval.
    """

    change: Change
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class RateComparison:
    """How often something came up in one period against another; `low`, `high` as of `Comparison`."""

    change: RateChange
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


def spread_of(values: Sequence[float]) -> Spread | None:
    """Return numbers in short; None where there are none."""
    if not values:
        return None
    ordered = sorted(values)
    bounds = median_interval(ordered)
    low, high, confidence = bounds or (None, None, None)
    deviation = stdev(ordered) if len(ordered) > 1 else None
    return Spread(
        len(ordered), median(ordered), percentile(ordered, 0.9), fmean(ordered), deviation, low, high, confidence
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of the numbers lies, linear between ranks.

    Args:
        ordered: Ascending, not empty.

    Source:
        Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996), type 7.
    """
    place = (len(ordered) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median_interval(ordered: Sequence[float]) -> tuple[float, float, float] | None:
    """Return bounds of the median behind a sample and their confidence, at least 95 %; None of fewer than six.

    Source:
        Order statistics, distribution-free: Conover, Practical Nonparametric Statistics (3rd ed., 1999), sec. 3.2.
    """
    count = len(ordered)
    rank, outside = 0, 0.0
    while rank < count // 2 and (more := outside + math.comb(count, rank) / 2**count) <= _TAIL:
        outside, rank = more, rank + 1
    return (ordered[rank - 1], ordered[count - rank], 1 - 2 * outside) if rank else None


def compared(after: Sequence[float], before: Sequence[float]) -> Comparison:
    """Return by which factor the typical time changed, and whether that is more than chance.

    Times are skewed, so factors are compared, not differences: the median of all ratios between the two periods, with
    the interval that the rank-sum test does not reject.

    Source:
        Hodges and Lehmann (1963), interval by Moses; Hollander, Wolfe and Chicken, Nonparametric Statistical Methods
        (3rd ed., 2014), sec. 4.2 and 4.3, on logarithms.
    """
    if min(len(after), len(before)) < LEAST_FOR_VERDICT:
        return Comparison("too_few")
    logs = [_thinned(sorted(math.log(max(value, _LEAST_MINUTES)) for value in side)) for side in (after, before)]
    steps = sorted(one - other for one in logs[0] for other in logs[1])
    share = _rank_sum_rank(len(after), len(before)) / (len(after) * len(before))
    rank = max(1, round(share * len(steps)))
    ratio, low, high = (math.exp(step) for step in (median(steps), steps[rank - 1], steps[-rank]))
    change: Change = "shorter" if high < 1 else "longer" if low > 1 else "no_clear_change"
    return Comparison(change, ratio, low, high)


def _thinned(ordered: list[float]) -> list[float]:
    """Return values whose ranks are evenly spread, where there are so many that all pairs would take long."""
    count = len(ordered)
    if count <= _MOST_PAIRED:
        return ordered
    return [ordered[(2 * place + 1) * count // (2 * _MOST_PAIRED)] for place in range(_MOST_PAIRED)]


def compared_rates(after: int, before: int) -> RateComparison:
    """Return by which factor events became more or fewer in a period as long as the one before.

    Source:
        Given their sum, the later count is binomial; bounds of Clopper and Pearson, Biometrika 26 (1934). As a test of
        two Poisson counts: Przyborowski and Wilenski, Biometrika 31 (1940).
    """
    total = after + before
    if total < LEAST_FOR_VERDICT:
        return RateComparison("too_few")
    low_share = _share_bound(after, total, is_low=True)
    high_share = _share_bound(after, total, is_low=False)
    low = low_share / (1 - low_share)
    high = high_share / (1 - high_share) if high_share < 1 else None
    change: RateChange = "more" if low > 1 else "fewer" if high is not None and high < 1 else "no_clear_change"
    return RateComparison(change, after / before if before else None, low, high)


def _rank_sum_rank(first: int, second: int) -> int:
    """Return the rank from either end of all differences at which their 95 % interval is bounded, >= 1."""
    if max(first, second) > _EXACT_UP_TO:
        pairs = first * second
        return max(1, math.floor(pairs / 2 - _Z * math.sqrt(pairs * (first + second + 1) / 12)))
    counts = _rank_sum_counts(first, second)
    allowed, rank = _TAIL * sum(counts), 0
    while counts[rank] <= allowed:
        allowed -= counts[rank]
        rank += 1
    return max(1, rank)


@cache
def _rank_sum_counts(first: int, second: int) -> tuple[int, ...]:
    """Return in how many orders of two samples the Mann-Whitney statistic is 0, 1, 2 ...: a Gaussian binomial."""
    counts = [1]
    for part in range(1, second + 1):
        counts = _divided(_multiplied(counts, first + part), part)
    return tuple(counts)


def _multiplied(counts: list[int], power: int) -> list[int]:
    """Return the polynomial times `1 - x^power`."""
    longer = counts + [0] * power
    return [one - (longer[place - power] if place >= power else 0) for place, one in enumerate(longer)]


def _divided(counts: list[int], power: int) -> list[int]:
    """Return the polynomial over `1 - x^power`, which divides it."""
    found = list(counts)
    for place in range(power, len(found)):
        found[place] += found[place - power]
    return found[: len(found) - power]


def _share_bound(count: int, total: int, *, is_low: bool) -> float:
    if count == (0 if is_low else total):
        return 0.0 if is_low else 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        # The chance of as many or more rises with the share, that of as few or fewer falls.
        chance = _tail(count, total, middle) if is_low else 1 - _tail(count + 1, total, middle)
        if (chance < _TAIL) == is_low:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _tail(least: int, total: int, share: float) -> float:
    """Return the chance of at least so many of `total`."""
    logs = (math.log(share), math.log1p(-share))
    terms = (math.exp(_log_choose(total, k) + k * logs[0] + (total - k) * logs[1]) for k in range(least, total + 1))
    return math.fsum(terms)


def _log_choose(total: int, count: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
