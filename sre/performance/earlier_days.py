"""What the same two windows did on days on which nothing was changed.

Metrics move with the hours of the day and the day of the week. The same two windows, some days earlier, tell by how
much "after" usually differs from "before" at these hours, and how much that differs from day to day: the first is
taken out, and a change must stand out from the second. The day is then the unit that repeats, whatever goes on within
it (Kalibera & Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013: compare at the highest level that varies).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre.core.series import FloatArray, IntArray
from sre.performance.shift import typical_shift

# Fewer earlier days say nothing about how days differ: with three, only a change of ten times that would count.
LEAST_DAYS = 4
MOST_DAYS = 14
# One earlier day may have had its own incident or deploy, so of many the one that differs most is left out. The
# deviation of the rest is then too small by these factors, chosen so that 1 % of unchanged normal days pass Student's
# 99 % (400,000 simulated weeks each).
_LEFT_OUT_FACTORS = {6: 1.71, 7: 1.52, 8: 1.43, 9: 1.37, 10: 1.31, 11: 1.28, 12: 1.26, 13: 1.24, 14: 1.22}
_LEAST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class UsualDifference:
    """How the two windows usually differ, on the scale they are compared on.

    Attributes:
        shift: Usual difference of after and before.
        error: Standard error of a difference about it on one more day.
        degrees: Degrees of freedom of that error.
        days: Earlier days it was read from.
    """

    shift: float
    error: float
    degrees: float
    days: int


@dataclass(frozen=True, slots=True, eq=False)
class DayPair:
    """The two windows on an earlier day, values in the unit of the metric, NaN where missing."""

    before: FloatArray
    after: FloatArray


def usual_difference(pairs: Sequence[DayPair], *, is_ratio: bool, is_mean: bool) -> UsualDifference | None:
    """Return how the windows usually differ; None where too few earlier days are known.

    Args:
        is_ratio: On logarithms of the values.
        is_mean: Means are compared, not typical values.
    """
    differences = [one for pair in pairs if (one := _difference(pair, is_ratio=is_ratio, is_mean=is_mean)) is not None]
    count = len(differences)
    if count < LEAST_DAYS:
        return None
    values = np.array(differences)
    kept, factor = values, 1.0
    if count in _LEFT_OUT_FACTORS:
        kept = np.delete(values, np.argmax(np.abs(values - np.median(values))))
        factor = _LEFT_OUT_FACTORS[count]
    error = float(kept.std(ddof=1)) * factor * math.sqrt(1 + 1 / count)
    return UsualDifference(float(np.median(values)), error, count - 1.0, count)


def earlier_pairs(
    times_ms: IntArray, values: FloatArray, *, before_ms: tuple[int, int], after_ms: tuple[int, int], period_ms: int
) -> list[DayPair]:
    """Return the same two windows one period earlier, two, and so on, as far as the data reach.

    Their "after" never reaches past the real "before"; with windows of a day it is that day.

    Args:
        times_ms: shape (steps,), epoch milliseconds, ascending; values alike.
        before_ms, after_ms: First and last instant of each window.
        period_ms: Usually a day.
    """
    # The pair of windows nearest to the change that lies wholly before it.
    length = after_ms[1] - before_ms[0]
    first = max(1, -(-(length - (before_ms[1] - before_ms[0])) // period_ms))
    pairs = []
    for back in range(first, first + MOST_DAYS):
        old, new = (_between(times_ms, values, window, back * period_ms) for window in (before_ms, after_ms))
        if old is None or new is None:
            break
        pairs.append(DayPair(old, new))
    return pairs


def _between(times_ms: IntArray, values: FloatArray, window_ms: tuple[int, int], back_ms: int) -> FloatArray | None:
    first, last = window_ms[0] - back_ms, window_ms[1] - back_ms
    start, end = int(np.searchsorted(times_ms, first, "left")), int(np.searchsorted(times_ms, last, "right"))
    reaches_back = times_ms.size > 0 and times_ms[0] <= first
    return values[start:end] if reaches_back and end > start else None


def _difference(pair: DayPair, *, is_ratio: bool, is_mean: bool) -> float | None:
    sides = []
    for side in (pair.before, pair.after):
        usable = side[np.isfinite(side) & ((side > 0) | (not is_ratio))]
        if usable.size == 0 or usable.size < _LEAST_SHARE * side.size:
            return None
        sides.append(np.log(usable) if is_ratio else usable)
    first, second = sides
    return float(second.mean() - first.mean()) if is_mean else typical_shift(first, second)
