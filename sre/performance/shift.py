"""By how much one sample lies above another, with an interval and a probability.

The estimate is the shift that makes the two look alike to a rank test; with Wilcoxon's scores that is the median of
all pairwise differences (Hodges & Lehmann, Annals of Mathematical Statistics 34, 1963). The interval holds every shift
the test does not reject. Its standard error is taken from the samples themselves, one by one, so unequal spreads and
lengths do not fool it (Brunner & Munzel, Biometrical Journal 42, 2000), with Welch's degrees of freedom, and widened
by the dependence of neighbouring values (`sre.performance.dependence`).
"""

import math
from dataclasses import dataclass

import numpy as np

from sre.core.series import FloatArray
from sre.performance.dependence import dependence_factor, uncertainty_of
from sre.performance.model import Shift
from sre.performance.pairs import Pair, places
from sre.performance.scores import shape_of
from sre.performance.student import critical_value, two_sided_p


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
    before: FloatArray, after: FloatArray, *, confidence_ratio: float, error_factor: float = 1.0
) -> tuple[Shift, Spread]:
    """Return the shift of `after` against `before` by ranks, on the scale of the values.

    Ranks of a few independent values cannot tell ten times as much from twice as much, and have no interval: these
    are compared by means.

    Args:
        before, after: shape (values,), finite, in order of time.
        error_factor: By how much the standard error is to grow, for what was estimated beforehand.
    """
    pair = Pair.of(before, after)
    (middle,) = pair.roots((0.0,), "even")
    shape = shape_of(np.concatenate([before, after - middle]))
    if shape != "even":
        (middle,) = pair.roots((0.0,), shape)
    spread = _spread(*pair.scored(middle, shape), error_factor=error_factor, is_ranks=True)
    reach = critical_value(confidence_ratio, degrees=spread.degrees) * spread.error
    lower, upper = pair.roots((reach, -reach), shape)
    if math.isinf(lower) or math.isinf(upper):
        return mean_shift(before, after, confidence_ratio=confidence_ratio, error_factor=error_factor)
    p_value = _p_value(pair.statistic(0.0, shape), spread)
    return Shift(middle, lower, upper, p_value, is_by_ranks=True), spread


def mean_shift(
    before: FloatArray, after: FloatArray, *, confidence_ratio: float, error_factor: float = 1.0
) -> tuple[Shift, Spread]:
    """Return the difference of the means by Welch's test, its degrees of freedom those of independent values."""
    difference = float(after.mean() - before.mean())
    spread = _spread(before, after, error_factor=error_factor, is_ranks=False)
    reach = critical_value(confidence_ratio, degrees=spread.degrees) * spread.error
    p_value = _p_value(difference, spread)
    return Shift(difference, difference - reach, difference + reach, p_value, is_by_ranks=False), spread


def typical_shift(before: FloatArray, after: FloatArray) -> float:
    """Return the median of all pairwise differences (Hodges-Lehmann), nothing more."""
    return Pair.of(before, after).roots((0.0,), "even")[0]


def shift_beyond_before(before: FloatArray, after: FloatArray, *, confidence_ratio: float) -> tuple[Shift, Spread]:
    """Return the shift of `after`, judged by nothing but how the values moved before.

    Where nothing changed, both sides are alike, and one tells how sure the difference is. It finds what the other test
    takes for noise: a fall into an outage, a slow ramp, where the values after the change are no longer one level.
    """
    pair = Pair.of(before, after)
    ranks = places(before, pair.sorted_before) / before.size
    factor = dependence_factor([ranks - ranks.mean()])
    # The variance of a uniform rank is 1/12.
    error = math.sqrt(factor / 12 * (1 / before.size + 1 / after.size))
    spread = Spread(error, max(1.0, before.size / factor - 1), factor)
    reach = critical_value(confidence_ratio, degrees=spread.degrees) * error
    p_value = _p_value(pair.statistic(0.0, "even"), spread)
    middle, lower, upper = pair.roots((0.0, reach, -reach), "even")
    return Shift(middle, lower, upper, p_value, is_by_ranks=True), spread


def least_p_value(first: int, second: int) -> float:
    """Return the smallest two-sided probability that samples of these sizes can give without assumptions, 0..1.

    Of all orders of so many values, two are the most extreme.
    """
    orders = math.lgamma(first + second + 1) - math.lgamma(first + 1) - math.lgamma(second + 1)
    return min(1.0, 2 * math.exp(-orders))


def _p_value(statistic: float, spread: Spread) -> float:
    if statistic == 0:
        return 1.0
    # Values that never move and then lie elsewhere leave no room for chance.
    return two_sided_p(statistic / spread.error, degrees=spread.degrees) if spread.error > 0 else 0.0


def _spread(old: FloatArray, new: FloatArray, *, error_factor: float, is_ranks: bool) -> Spread:
    """Return the standard error of mean(new) - mean(old).

    How dependent values are is itself an estimate, and costs degrees of freedom. Means pay in full, as many as there
    are independent values; ranks, bounded and nearly normal in sum, only for the dependence (delta method, see there).
    """
    sides = [(one, float(one.var(ddof=1)) if one.size > 1 else 0.0) for one in (old, new)]
    count = old.size + new.size
    if not any(variance > 0 for _, variance in sides):
        return Spread(0.0, float(max(1, count - 2)), 1.0)
    factor = dependence_factor([(one - one.mean()) / math.sqrt(variance) for one, variance in sides if variance > 0])
    worth = 1.0 if is_ranks else factor
    parts = [(variance / one.size, max(1.0, one.size / worth - 1)) for one, variance in sides]
    total = sum(part for part, _ in parts)
    unsure = sum(part * part / independent for part, independent in parts) / total**2
    if is_ranks:
        unsure += uncertainty_of(factor, count)
    return Spread(math.sqrt(factor * total) * error_factor, 1 / unsure, factor)
