"""Two samples, and what a rank test says of them as one is shifted against the other."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sre.core.series import FloatArray
from sre.performance.scores import Shape, scores

# Of a bracket as wide as the data: to a millionth of a millionth of it.
_HALVINGS = 40
# Means of ranks that are equal differ by so much in the last digits, and the least step of a statistic is larger.
_ROUNDING = 1e-12
# So many pairwise differences are looked through in a few milliseconds; beyond, the shift is searched for.
_MOST_PAIRS = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two samples, sorted beside their own order so that a shift is tried without sorting again.

    Attributes:
        before, after: shape (values,) each, finite, in the order they came.
        own_before, own_after: How many values of its own side lie below each of the sorted ones, ties by half.
    """

    before: FloatArray
    after: FloatArray
    sorted_before: FloatArray
    sorted_after: FloatArray
    own_before: FloatArray
    own_after: FloatArray

    @classmethod
    def of(cls, before: FloatArray, after: FloatArray) -> "Pair":
        """Return the pair of two samples of at least one value each."""
        first, second = np.sort(before), np.sort(after)
        return cls(before, after, first, second, places(first, first), places(second, second))

    def statistic(self, shift: float, shape: Shape) -> float:
        """Return mean score of `after - shift` minus mean score of `before`; falls as the shift grows."""
        total = self.before.size + self.after.size
        old = self.own_before + places(self.sorted_before + shift, self.sorted_after)
        new = self.own_after + places(self.sorted_after - shift, self.sorted_before)
        return float(scores(new / total, shape).mean() - scores(old / total, shape).mean())

    def scored(self, shift: float, shape: Shape) -> tuple[FloatArray, FloatArray]:
        """Return the scores of `before` and of `after - shift`, in the order they came."""
        moved = self.after - shift
        total = self.before.size + self.after.size
        ordered = np.sort(np.concatenate([self.before, moved]))
        return scores(places(self.before, ordered) / total, shape), scores(places(moved, ordered) / total, shape)

    def roots(self, levels: tuple[float, ...], shape: Shape) -> tuple[float, ...]:
        """Return the shifts at which the statistic passes these levels; infinite where it never gets there."""
        if shape == "even" and self.before.size * self.after.size <= _MOST_PAIRS:
            return self._even_roots(levels)
        return tuple(self._searched_root(level, shape) for level in levels)

    def _even_roots(self, levels: tuple[float, ...]) -> tuple[float, ...]:
        """Return the roots for Wilcoxon's scores, which are order statistics of the pairwise differences.

        The statistic is the share of differences above the shift less one half.
        """
        differences = (self.after[:, None] - self.before[None, :]).ravel()
        count = differences.size
        # Rounding must not move a level that lies between two differences onto one of them.
        below = [round(count * (0.5 - level), 6) for level in levels]
        lasts = [math.ceil(one) - 1 for one in below]
        firsts = [math.floor(one) for one in below]
        wanted = sorted({index for index in (*lasts, *firsts) if 0 <= index < count})
        ordered = np.partition(differences, wanted) if wanted else differences
        return tuple(_between(ordered, last, first) for last, first in zip(lasts, firsts, strict=True))

    def _searched_root(self, level: float, shape: Shape) -> float:
        high = _beyond(float(self.sorted_after[-1] - self.sorted_before[0]), 1)
        low = _beyond(float(self.sorted_after[0] - self.sorted_before[-1]), -1)
        if self.statistic(low, shape) <= level + _ROUNDING:
            return -math.inf
        if self.statistic(high, shape) >= level - _ROUNDING:
            return math.inf
        first, last = _bisected(lambda shift: self.statistic(shift, shape) > level + _ROUNDING, low, high)
        if self.statistic(last, shape) < level - _ROUNDING:
            return (first + last) / 2
        # The statistic stays on the level for a while, as between the two middle values of an even number.
        end = _bisected(lambda shift: self.statistic(shift, shape) >= level - _ROUNDING, last, high)[1]
        return (first + end) / 2


def places(values: FloatArray, ordered: FloatArray) -> FloatArray:
    """Return how many of `ordered` lie below each value, ties by half."""
    left, right = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return (left + right) / 2


def _between(ordered: FloatArray, last: int, first: int) -> float:
    """Return the middle of two neighbouring order statistics, or the one that both are."""
    if last < 0:
        return -math.inf
    if first >= ordered.size:
        return math.inf
    return float((ordered[last] + ordered[first]) / 2)


def _beyond(value: float, side: int) -> float:
    return value + side * (1e-9 + 1e-9 * abs(value))


def _bisected(is_left: Callable[[float], bool], low: float, high: float) -> tuple[float, float]:
    """Return the two ends between which a claim stops being true."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_left(middle) else (low, middle)
    return low, high
