"""By how much one sample lies above another, with an interval and a probability.

The estimate is the shift that makes the two look alike to a rank test; with Wilcoxon's scores that is the median of
all pairwise differences (Hodges & Lehmann, Annals of Mathematical Statistics 34, 1963). The interval holds every shift
the test does not reject. Its standard error is taken from the samples themselves, one by one, so unequal spreads and
lengths do not fool it (Brunner & Munzel, Biometrical Journal 42, 2000), with Welch's degrees of freedom, and widened
by the dependence of neighbouring values (`sre.performance.dependence`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sre.core.series import FloatArray
from sre.performance.dependence import dependence_factor, split_like
from sre.performance.model import Shift, Stretches
from sre.performance.scores import Shape, scores, shape_of
from sre.performance.student import critical_value, two_sided_p

# Of a bracket as wide as the data: to a millionth of a millionth of it.
_HALVINGS = 40
# From so many stretches on, how they differ from each other can be told.
_LEAST_STRETCHES = 3


@dataclass(frozen=True, slots=True)
class Spread:
    """How sure the difference of two means is.

    Attributes:
        error: Standard error of the difference, >= 0.
        degrees: Degrees of freedom.
        factor: How many values are worth one independent one.
    """

    error: float
    degrees: float
    factor: float


def rank_shift(
    before: Stretches, after: Stretches, *, confidence_ratio: float, error_factor: float = 1.0
) -> tuple[Shift, Spread]:
    """Return the shift of `after` against `before` by ranks, on the scale of the values.

    Ranks of a few independent values cannot tell ten times as much from twice as much, and have no interval: these
    are compared by means.

    Args:
        before, after: At least two values each in all, finite.
        error_factor: By how much the standard error is to grow, for what was estimated beforehand.
    """
    pair = _Pair.of(before, after)
    middle = pair.root(0.0, "even")
    shape = shape_of(np.concatenate([pair.before, pair.after - middle]))
    if shape != "even":
        middle = pair.root(0.0, shape)
    spread = _spread(before, after, *pair.scored(middle, shape), error_factor=error_factor, is_ranks=True)
    reach = critical_value(confidence_ratio, degrees=spread.degrees) * spread.error
    statistic = pair.statistic(0.0, shape)
    lower, upper = pair.root(reach, shape), pair.root(-reach, shape)
    if math.isinf(lower) or math.isinf(upper):
        return mean_shift(before, after, confidence_ratio=confidence_ratio, error_factor=error_factor)
    p_value = _p_value(statistic, spread, before=pair.before.size, after=pair.after.size)
    return Shift(middle, lower, upper, p_value, is_by_ranks=True), spread


def mean_shift(
    before: Stretches, after: Stretches, *, confidence_ratio: float, error_factor: float = 1.0
) -> tuple[Shift, Spread]:
    """Return the difference of the means by Welch's test, its degrees of freedom those of independent values."""
    old, new = np.concatenate(list(before)), np.concatenate(list(after))
    difference = float(new.mean() - old.mean())
    spread = _spread(before, after, old, new, error_factor=error_factor, is_ranks=False)
    reach = critical_value(confidence_ratio, degrees=spread.degrees) * spread.error
    p_value = _p_value(difference, spread, before=old.size, after=new.size)
    return Shift(difference, difference - reach, difference + reach, p_value, is_by_ranks=False), spread


def typical_shift(before: FloatArray, after: FloatArray) -> float:
    """Return the median of all pairwise differences (Hodges-Lehmann), nothing more."""
    return _Pair.of([before], [after]).root(0.0, "even")


def shift_beyond_before(before: Stretches, after: Stretches, *, confidence_ratio: float) -> tuple[Shift, Spread]:
    """Return the shift of `after`, judged by nothing but how the values moved before.

    Where nothing changed, both sides are alike, and one tells how sure the difference is. It finds what the other test
    takes for noise: a fall into an outage, a slow ramp, where the values after the change are no longer one level.
    """
    pair = _Pair.of(before, after)
    ranks = split_like(_places(pair.before, pair.sorted_before) / pair.before.size - 0.5, before)
    factor = dependence_factor([one - one.mean() for one in ranks])
    # The variance of a uniform rank is 1/12.
    error = math.sqrt(factor / 12 * (1 / pair.before.size + 1 / pair.after.size))
    spread = Spread(error, max(1.0, pair.before.size / factor - 1), factor)
    reach = critical_value(confidence_ratio, degrees=spread.degrees) * error
    p_value = _p_value(pair.statistic(0.0, "even"), spread, before=pair.before.size, after=pair.after.size)
    lower, upper = pair.root(reach, "even"), pair.root(-reach, "even")
    return Shift(pair.root(0.0, "even"), lower, upper, p_value, is_by_ranks=True), spread


def least_p_value(first: int, second: int) -> float:
    """Return the smallest two-sided probability that samples of these sizes can give without assumptions, 0..1.

    Of all orders of so many values, two are the most extreme.
    """
    orders = math.lgamma(first + second + 1) - math.lgamma(first + 1) - math.lgamma(second + 1)
    return min(1.0, 2 * math.exp(-orders))


def _p_value(statistic: float, spread: Spread, *, before: int, after: int) -> float:
    if statistic == 0:
        return 1.0
    at_least = least_p_value(before, after)
    if spread.error <= 0:
        return at_least
    return max(at_least, two_sided_p(statistic / spread.error, degrees=spread.degrees))


def _spread(
    before: Stretches, after: Stretches, old: FloatArray, new: FloatArray, *, error_factor: float, is_ranks: bool
) -> Spread:
    """Return the standard error of mean(new) - mean(old), values in the order of the stretches.

    Ranks are bounded and nearly normal in sum, so dependence costs them no degrees of freedom; means are not.
    """
    variances = [float(values.var(ddof=1)) if values.size > 1 else 0.0 for values in (old, new)]
    if variances[0] + variances[1] <= 0:
        return Spread(0.0, float(max(1, old.size + new.size - 2)), 1.0)
    sides = ((old, variances[0], before), (new, variances[1], after))
    factor = dependence_factor(
        [
            one
            for values, variance, like in sides
            if variance > 0
            for one in split_like((values - values.mean()) / math.sqrt(variance), like)
        ]
    )
    parts = [variance / values.size for values, variance, _ in sides]
    worth = 1.0 if is_ranks else factor
    independent = [max(1.0, values.size / worth - 1) for values in (old, new)]
    below = sum(part * part / count for part, count in zip(parts, independent, strict=True))
    spread = Spread(math.sqrt(factor * sum(parts)) * error_factor, sum(parts) ** 2 / below, factor)
    return _at_least_between(spread, split_like(old, before), split_like(new, after))


def _at_least_between(spread: Spread, before: Stretches, after: Stretches) -> Spread:
    """Return the spread, or that between whole stretches where it is wider: days that differ as days.

    The unit that repeats is then the day and not the minute (Kalibera & Jones, "Rigorous Benchmarking in Reasonable
    Time", ISMM 2013: repeat, and compare, at the highest level that varies).
    """
    means = [np.array([one.mean() for one in side if one.size]) for side in (before, after)]
    degrees = sum(max(0, one.size - 1) for one in means)
    if degrees < _LEAST_STRETCHES - 1:
        return spread
    squares = sum(float(((one - one.mean()) ** 2).sum()) for one in means)
    error = math.sqrt(squares / degrees * sum(1 / one.size for one in means))
    if error <= spread.error:
        return spread
    return Spread(error, float(degrees), spread.factor * (error / spread.error) ** 2)


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """Two samples, sorted beside their own order so that a shift is tried without sorting again."""

    before: FloatArray
    after: FloatArray
    sorted_before: FloatArray
    sorted_after: FloatArray
    own_before: FloatArray
    own_after: FloatArray

    @classmethod
    def of(cls, before: Stretches, after: Stretches) -> "_Pair":
        old, new = np.concatenate(list(before)), np.concatenate(list(after))
        first, second = np.sort(old), np.sort(new)
        return cls(old, new, first, second, _places(first, first), _places(second, second))

    def statistic(self, shift: float, shape: Shape) -> float:
        """Return mean score of `after - shift` minus mean score of `before`; falls as the shift grows."""
        total = self.before.size + self.after.size
        old = self.own_before + _places(self.sorted_before + shift, self.sorted_after)
        new = self.own_after + _places(self.sorted_after - shift, self.sorted_before)
        return float(scores(new / total, shape).mean() - scores(old / total, shape).mean())

    def scored(self, shift: float, shape: Shape) -> tuple[FloatArray, FloatArray]:
        """Return the scores of `before` and of `after - shift`, in the order they came."""
        moved = self.after - shift
        total = self.before.size + self.after.size
        ordered = np.sort(np.concatenate([self.before, moved]))
        return scores(_places(self.before, ordered) / total, shape), scores(_places(moved, ordered) / total, shape)

    def root(self, level: float, shape: Shape) -> float:
        """Return the shift at which the statistic passes a level; infinite where it never gets there."""
        high = _beyond(float(self.sorted_after[-1] - self.sorted_before[0]), 1)
        low = _beyond(float(self.sorted_after[0] - self.sorted_before[-1]), -1)
        if self.statistic(low, shape) <= level:
            return -math.inf
        if self.statistic(high, shape) >= level:
            return math.inf
        first, last = _bisected(lambda shift: self.statistic(shift, shape) > level, low, high)
        if self.statistic(last, shape) < level:
            return (first + last) / 2
        # The statistic stays on the level for a while, as between the two middle values of an even number.
        return (first + _bisected(lambda shift: self.statistic(shift, shape) >= level, last, high)[1]) / 2


def _beyond(value: float, side: int) -> float:
    return value + side * (1e-9 + 1e-9 * abs(value))


def _bisected(is_left: Callable[[float], bool], low: float, high: float) -> tuple[float, float]:
    """Return the two ends between which a claim stops being true."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_left(middle) else (low, middle)
    return low, high


def _places(values: FloatArray, ordered: FloatArray) -> FloatArray:
    """Return how many of `ordered` lie below each value, ties by half."""
    left, right = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return (left + right) / 2
