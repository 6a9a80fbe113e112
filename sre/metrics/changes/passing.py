"""Two changes that undo each other are one thing that passed."""

from dataclasses import replace
from typing import Final

import numpy as np

from sre.core.changes.model import AnomalyWindow, Change, Found
from sre.core.series import FloatArray

# Back is a level that is nearer to the old one than this share of the way there (our choice).
_BACK_SHARE: Final = 0.25
# What lasts longer than this share of all that is known was a level of its own (our choice).
_PASSING_SHARE: Final = 0.1


def with_passing(found: Found, values: FloatArray) -> Found:
    """Return what was found, with changes that were taken back soon as anomalies.

    Args:
        values: shape (steps,), the series that was searched.
    """
    kept: list[Change] = []
    passed: list[AnomalyWindow] = []
    changes = list(found.changes)
    place = 0
    while place < len(changes):
        pair = changes[place : place + 2]
        if len(pair) == 2 and _is_passing(pair[0], pair[1], steps=values.size):
            passed.append(_window(pair[0], pair[1], values))
            place += 2
        else:
            kept.append(changes[place])
            place += 1
    if not passed:
        return found
    others = [one for one in found.anomalies if not any(_overlap(one, other) for other in passed)]
    ordered = sorted([*passed, *others], key=lambda one: one.start_index)
    return replace(found, changes=tuple(kept), anomalies=tuple(ordered))


def _is_passing(there: Change, back: Change, *, steps: int) -> bool:
    way = there.after - there.before
    is_short = back.index - there.index <= _PASSING_SHARE * steps
    return is_short and there.direction != back.direction and abs(back.after - there.before) <= _BACK_SHARE * abs(way)


def _window(there: Change, back: Change, values: FloatArray) -> AnomalyWindow:
    inside = values[there.index : back.index]
    known = inside[np.isfinite(inside)]
    worst = float(known.max() if there.direction == "up" else known.min()) if known.size else there.after
    return AnomalyWindow(there.index, back.index - 1, there.before, worst, there.direction, there.effect)


def _overlap(one: AnomalyWindow, other: AnomalyWindow) -> bool:
    return one.start_index <= other.end_index + 1 and other.start_index <= one.end_index + 1
