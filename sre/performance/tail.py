"""Values far from the typical one: a service that is as fast as ever, but every third minute ten times as slow.

The typical value hardly moves then. What moves is the share of values beyond what one in twenty was beyond before.
"""

import numpy as np

from sre.core.series import FloatArray
from sre.performance.model import BadDirection, Tail
from sre.performance.shift import mean_shift

# Of the values before, this share lies beyond the bound, on the side that is looked at.
_FAR_SHARE = 0.05
# So many times as often, and so far beyond the typical value that nobody would shrug: our choices.
_MANY_TIMES = 3.0
_FAR_RATIO = 1.25
# A second look at what was called no change: one in a thousand, so that it adds next to no false alarms.
_BEYOND_DOUBT = 0.001
_LEAST_VALUES = 20


def heavier_tail(before: FloatArray, after: FloatArray, *, side: BadDirection) -> Tail | None:
    """Return how much more often values are far on one side, where that is beyond doubt; else None.

    Args:
        before, after: shape (values,) each, all positive, in order of time.
    """
    if min(before.size, after.size) < _LEAST_VALUES:
        return None
    is_up = side == "up"
    bound = float(np.quantile(before, 1 - _FAR_SHARE if is_up else _FAR_SHARE))
    old, new = (((one > bound) if is_up else (one < bound)).astype(np.float64) for one in (before, after))
    share, was = float(new.mean()), float(old.mean())
    if share < _MANY_TIMES * max(was, _FAR_SHARE):
        return None
    typical, far = float(np.median(before)), float(np.median(after[new > 0]))
    if (far / typical if is_up else typical / far) < _FAR_RATIO:
        return None
    shift, _ = mean_shift(old, new, confidence_ratio=1 - _BEYOND_DOUBT)
    if shift.p_value > _BEYOND_DOUBT:
        return None
    return Tail(side, bound, was, share, far, shift.p_value)
