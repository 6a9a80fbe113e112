"""Two weeks teach a weekly pattern that holds half of what changed in them: the echo of a change a week away is undone.

A pattern learnt from two weeks is their mean. What is new in the second week is half in it, so the change keeps half of
its size, the other half appears with the other sign one week before, and between the two weeks the level steps back.
Which of the two was real is told by that step: it has the sign of the real one. With three weeks and more the pattern
is a median.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from sre.core.changes.model import Change, Found
from sre.core.series import FloatArray

# Two changes a week apart by no more than this and by what is known of their places echo each other (our choice).
_SLACK_STEPS: Final = 6
# The size is told from the day before and the day after, as far as there are data, against those a week away.
_SIDES_A_WEEK, _LEAST_SIDES_A_WEEK = 7, 56
_LEAST_SIDE: Final = 4
# How near the step between the weeks is to where they meet: the level is told by days (our choice).
_SEAMS_A_WEEK: Final = 28
# What the two weeks do not tell apart by this share of its size is left over from the pattern (our choice).
_LEAST_SUPPORT: Final = 0.5


def without_echoes(found: Found, values: FloatArray, *, week: int) -> Found:
    """Return what was found with each change once and in full size, where two weeks taught the weekly pattern.

    Args:
        values: shape (steps,), the series as it was searched, NaN where there is none.
        week: Steps of a week.
    """
    if week not in found.periods or values.size >= 3 * week:
        return found
    seam = values.size - week
    echoes: set[int] = set()
    for first, early in enumerate(found.changes):
        for second, late in enumerate(found.changes):
            if _is_echo(early, late, week):
                between = [
                    n for n, one in enumerate(found.changes) if n not in (first, second) and _is_at(one, seam, week)
                ]
                is_early_real = any(found.changes[n].direction == early.direction for n in between)
                echoes.update([second if is_early_real else first, *between])
    real = (_full_size(one, values, week) for n, one in enumerate(found.changes) if n not in echoes)
    return replace(found, changes=tuple(one for one in real if one is not None))


def _is_echo(early: Change, late: Change, week: int) -> bool:
    apart = abs(late.index - early.index - week)
    return early.direction != late.direction and apart <= _SLACK_STEPS + _doubt(early) + _doubt(late)


def _is_at(change: Change, seam: int, week: int) -> bool:
    return abs(change.index - seam) <= week // _SEAMS_A_WEEK + _doubt(change)


def _doubt(change: Change) -> int:
    return max(change.latest_index - change.index, change.index - change.earliest_index)


def _full_size(change: Change, values: FloatArray, week: int) -> Change | None:
    """Return the change in the size that a comparison with the other week shows, or None where it shows none."""
    told = change.after - change.before
    size = _against_the_other_week(change.index, values, week)
    if size is None or told == 0:
        return change
    if size / told < _LEAST_SUPPORT:
        return None
    if abs(size) <= abs(told):
        return change
    after = change.before + size
    ratio = after / change.before if after * change.before > 0 and change.ratio is not None else None
    return replace(change, after=after, ratio=ratio, effect=change.effect * size / told)


def _against_the_other_week(index: int, values: FloatArray, week: int) -> float | None:
    """Return how much more the level steps here than one week away; None where that cannot be told."""
    other = index - week if index >= week else index + week
    side = min(week // _SIDES_A_WEEK, index, other, values.size - index, values.size - other)
    if side < max(_LEAST_SIDE, week // _LEAST_SIDES_A_WEEK):
        return None
    here, there = values[index - side : index + side], values[other - side : other + side]
    apart = here - there
    before, after = (part[np.isfinite(part)] for part in (apart[:side], apart[side:]))
    if min(before.size, after.size) < _LEAST_SIDE:
        return None
    return float(np.median(after) - np.median(before))
