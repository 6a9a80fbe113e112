"""Values far from the typical one: a service that is as fast as ever, but every third minute ten times as slow.

The typical value hardly moves then. What moves is the share of values that lie far from it.
"""

from dataclasses import replace

import numpy as np

from sre.core.series import FloatArray
from sre.performance.model import BadDirection, Tail
from sre.performance.shift import mean_shift

# Far is what lies beyond all but this share of the values of the calmer side ...
_FAR_SHARE = 0.05
# ... and so far beyond its typical value that nobody would shrug; and it counts when it is so many times as common,
# and one in ten at least. All our choices.
_FAR_RATIO = 1.25
_MANY_TIMES = 3.0
_LEAST_SHARE = 0.1
# A second look at what was called no change: one in a thousand, so that it adds next to no false alarms.
_BEYOND_DOUBT = 0.001
_LEAST_VALUES = 20


def changed_tail(before: FloatArray, after: FloatArray, *, side: BadDirection) -> Tail | None:
    """Return how much more, or less, often values are far on one side, where that is beyond doubt; else None.

    Args:
        before, after: shape (values,) each, all positive, in order of time.
    """
    if min(before.size, after.size) < _LEAST_VALUES:
        return None
    return _heavier(before, after, side) or _swapped(_heavier(after, before, side))


def _heavier(calm: FloatArray, wild: FloatArray, side: BadDirection) -> Tail | None:
    is_up = side == "up"
    typical = float(np.median(calm))
    if is_up:
        bound = max(float(np.quantile(calm, 1 - _FAR_SHARE)), _FAR_RATIO * typical)
    else:
        bound = min(float(np.quantile(calm, _FAR_SHARE)), typical / _FAR_RATIO)
    few, many = (((one > bound) if is_up else (one < bound)).astype(np.float64) for one in (calm, wild))
    share, was = float(many.mean()), float(few.mean())
    if share < max(_MANY_TIMES * was, _LEAST_SHARE):
        return None
    shift, _ = mean_shift(few, many, confidence_ratio=1 - _BEYOND_DOUBT)
    if shift.p_value > _BEYOND_DOUBT:
        return None
    return Tail(side, bound, was, share, float(np.median(wild[many > 0])), shift.p_value)


def _swapped(tail: Tail | None) -> Tail | None:
    return None if tail is None else replace(tail, before_ratio=tail.after_ratio, after_ratio=tail.before_ratio)
