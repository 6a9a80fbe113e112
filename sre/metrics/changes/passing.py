"""Changes that belong together: steps of one stair, and those that undo each other."""

from dataclasses import replace
from typing import Final

import numpy as np

from sre.core.changes.model import AnomalyWindow, Change, Found
from sre.core.series import FloatArray

# Back is a level that is nearer to the old one than this share of the way there (our choice).
_BACK_SHARE: Final = 0.25
# What lasts longer than this share of all that is known was a level of its own (our choice).
_PASSING_SHARE: Final = 0.1
# Steps the same way with no more points between them are one change that takes its time (our choice): on so few no
# level can be seen.
_STAIR_STEPS: Final = 5


def with_stairs_joined(found: Found) -> Found:
    """Return what was found, with steps the same way that follow each other at once as one change."""
    joined: list[Change] = []
    for change in found.changes:
        last = joined[-1] if joined else None
        if last is not None and last.direction == change.direction and _is_at_once(last, change):
            joined[-1] = _joined(last, change)
        else:
            joined.append(change)
    stairs = [one for one in joined if one not in found.changes]
    anomalies = tuple(odd for odd in found.anomalies if not any(_is_part(odd, stair) for stair in stairs))
    return replace(found, changes=tuple(joined), anomalies=anomalies)


def _is_part(odd: AnomalyWindow, stair: Change) -> bool:
    """Whether what was taken for an anomaly lies on the way from one level to the other."""
    first, last = stair.earliest_index - _STAIR_STEPS, stair.latest_index + _STAIR_STEPS
    slack = _BACK_SHARE * abs(stair.after - stair.before)
    low, high = min(stair.before, stair.after) - slack, max(stair.before, stair.after) + slack
    return first <= odd.start_index and odd.end_index <= last and low <= odd.worst <= high


def _is_at_once(first: Change, second: Change) -> bool:
    return second.index - max(first.index, first.latest_index) <= _STAIR_STEPS


def _joined(first: Change, second: Change) -> Change:
    larger = max(first, second, key=lambda one: abs(one.after - one.before))
    step = abs(larger.after - larger.before)
    before, after = first.before, second.after
    return replace(
        larger,
        earliest_index=first.earliest_index,
        latest_index=second.latest_index,
        before=before,
        after=after,
        effect=larger.effect * abs(after - before) / step if step else larger.effect,
        ratio=after / before if before * after > 0 and larger.ratio is not None else None,
        confidence=max(first.confidence, second.confidence),
    )


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
