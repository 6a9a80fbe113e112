"""Which of the changes that were found are worth telling: not what is slight, nor what comes back every day or week."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sre.core.changes.model import Change, Found
from sre.core.series import FloatArray

# A change of less than a twentieth that also hides in the noise moves nobody (our choice).
_SLIGHT_SHARE: Final = 0.05
_SLIGHT_EFFECT: Final = 3.0
# What came a period before or after is the same if both levels are, to less than this share of the step (our choice).
_SAME_SHARE: Final = 0.5
# Levels are told over this share of the period on each side, or as little as a quarter of that near an end.
_SIDE_SHARE, _LEAST_SIDE_SHARE = 1 / 7, 1 / 28
_LEAST_SIDE: Final = 4


def relevant(found: Found, values: FloatArray, *, periods: Sequence[int]) -> tuple[Found, int, int]:
    """Return what was found without what is slight and what recurs, and how many changes were each.

    Args:
        values: shape (steps,), the series as it was searched, NaN where there is none.
        periods: Steps of a day and a week. Those that were taken out before the search are no reason any more; those
            that hide in the noise were not.
    """
    hidden = [period for period in periods if period not in found.periods]
    recurring = [one for one in found.changes if any(_recurs(one, values, period) for period in hidden)]
    slight = [one for one in found.changes if one not in recurring and is_slight(one)]
    kept = tuple(one for one in found.changes if one not in recurring and one not in slight)
    return replace(found, changes=kept), len(slight), len(recurring)


def is_slight(change: Change) -> bool:
    """Whether a change is small both beside its level and beside the noise."""
    is_small_share = change.ratio is not None and abs(change.ratio - 1) < _SLIGHT_SHARE
    return is_small_share and change.effect < _SLIGHT_EFFECT


def _recurs(change: Change, values: FloatArray, period: int) -> bool:
    """Whether the same step, between the same levels, was there one period before or after."""
    size = abs(change.after - change.before)
    return any(_is_same(change.index, change.index + shift, values, period, size) for shift in (-period, period))


def _is_same(here: int, there: int, values: FloatArray, period: int, size: float) -> bool:
    room = min(here, there, values.size - here, values.size - there)
    side = min(round(_SIDE_SHARE * period), room)
    if side < max(_LEAST_SIDE, _LEAST_SIDE_SHARE * period):
        return False
    before, after = _levels(values, here, side)
    before_there, after_there = _levels(values, there, side)
    # NaN, where a level is not known, is the same as nothing.
    allowed = _SAME_SHARE * max(size, abs(after - before))
    is_same_way = (after - before) * (after_there - before_there) > 0
    return bool(is_same_way and abs(before - before_there) < allowed and abs(after - after_there) < allowed)


def _levels(values: FloatArray, index: int, side: int) -> tuple[float, float]:
    return _middle(values[index - side : index]), _middle(values[index : index + side])


def _middle(part: FloatArray) -> float:
    """Return the mean without the tenth at each end: counts of few have the same median on either side of a step."""
    known = np.sort(part[np.isfinite(part)])
    cut = known.size // 10
    return float(known[cut : known.size - cut].mean()) if known.size >= _LEAST_SIDE else float("nan")
