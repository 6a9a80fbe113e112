"""Which of the changes that were found are worth telling: not what is slight, nor what comes back every day or week."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sre.core.changes.model import AnomalyWindow, Change, Found
from sre.core.series import FloatArray

# A change of less than a twentieth that also hides in the noise moves nobody (our choice).
_SLIGHT_SHARE: Final = 0.05
_SLIGHT_EFFECT: Final = 3.0
# What is smaller than the noise and may have been at any time of seven hours in two weeks helps nobody (our choice).
_VAGUE_SHARE, _DROWNED_EFFECT = 1 / 50, 1.0
# What came a period before or after is the same if both levels are, to less than this share of the step (our choice).
_SAME_SHARE: Final = 0.5
# Levels are told over this share of the period on each side, or as little as a quarter of that near an end.
_SIDE_SHARE, _LEAST_SIDE_SHARE = 1 / 7, 1 / 28
_LEAST_SIDE: Final = 4
# A stretch stands out by its distance and its length: so many robust standard deviations times the root of its steps.
# In planted noise of seven kinds (even, with memory, seasonal, skewed, counts) nothing reached this but what was
# planted, where without it up to four of ten series had a stretch of few steps.
_FAINT: Final = 12.0
# How likely it may be that rare events come so close together somewhere by chance.
_CHANCE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Untold:
    """How much was found and is not told: slight changes, changes that come every day or week, faint anomalies."""

    slight: int = 0
    recurring: int = 0
    faint: int = 0

    def __add__(self, other: "Untold") -> "Untold":
        """Return both together."""
        return Untold(self.slight + other.slight, self.recurring + other.recurring, self.faint + other.faint)


def relevant(found: Found, values: FloatArray, *, periods: Sequence[int]) -> tuple[Found, Untold]:
    """Return what was found without what is slight, faint or comes again, and how many were each.

    Args:
        values: shape (steps,), the series as it was searched, NaN where there is none.
        periods: Steps of a day and a week. Those that were taken out before the search are no reason any more; those
            that hide in the noise were not.
    """
    hidden = [period for period in periods if period not in found.periods]
    recurring = [one for one in found.changes if any(_recurs(one, values, period) for period in hidden)]
    slight = [one for one in found.changes if one not in recurring and is_slight(one, steps=values.size)]
    kept = tuple(one for one in found.changes if one not in recurring and one not in slight)
    clear = tuple(odd for odd in found.anomalies if not is_faint(odd))
    untold = Untold(len(slight), len(recurring), len(found.anomalies) - len(clear))
    return replace(found, changes=kept, anomalies=clear), untold


def is_faint(odd: AnomalyWindow) -> bool:
    """Whether an anomaly is so short and so near to what is usual that noise has its like now and then."""
    return odd.score * math.sqrt(odd.end_index + 1 - odd.start_index) < _FAINT


def without_chance_events(found: Found, values: FloatArray, *, step_seconds: float, series_count: int) -> Found:
    """Return what was found without anomalies that are a few rare events which came close together by chance.

    Where next to nothing happens, three failures in ten minutes stand out from all the rest, and yet somewhere in two
    weeks of many series that is to be expected.

    Args:
        values: shape (steps,), events a second, NaN where there is none.
        series_count: Series in which the same could have been found.
    """
    events = np.where(np.isfinite(values), values, 0.0) * step_seconds
    known, chances = int(np.isfinite(values).sum()), series_count * values.size
    kept = []
    for odd in found.anomalies:
        inside, steps = float(events[odd.start_index : odd.end_index + 1].sum()), odd.end_index + 1 - odd.start_index
        # Half an event more, because none so far does not mean never.
        expected = (max(0.0, float(events.sum()) - inside) + 0.5) / max(known - steps, 1) * steps
        if odd.direction == "down" or _log_chance(inside, expected) + math.log(chances) < math.log(_CHANCE):
            kept.append(odd)
    return replace(found, anomalies=tuple(kept))


def _log_chance(count: float, expected: float) -> float:
    """Return a bound on the logarithm of the chance of so many independent events or more.

    Source:
        Chernoff's bound for the Poisson distribution (Mitzenmacher and Upfal, Probability and Computing, 2005, 5.3).
    """
    return 0.0 if count <= expected else count - expected - count * math.log(count / expected)


def is_slight(change: Change, *, steps: int) -> bool:
    """Whether a change is small beside its level and beside the noise, or drowns in the noise and cannot be dated."""
    is_small_share = change.ratio is not None and abs(change.ratio - 1) < _SLIGHT_SHARE
    is_vague = change.latest_index - change.earliest_index > _VAGUE_SHARE * steps
    return (is_small_share and change.effect < _SLIGHT_EFFECT) or (is_vague and change.effect < _DROWNED_EFFECT)


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
