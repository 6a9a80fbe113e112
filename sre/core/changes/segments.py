"""From splits of stretches to the changes of a series: the strongest first, then each is tried again alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sre.core.changes.drift import beyond_slope
from sre.core.changes.placing import Place, placed
from sre.core.changes.scan import SIDE_MIN, Splits, best_split, best_splits
from sre.core.series import FloatArray

# Evidence that noise without a change reaches in one of a hundred series: simulated over lengths 24 to 1,000 and
# autoregressions up to 0.95 (docs/concepts/changes.md).
CHANCE_EVIDENCE = 24.0
# A split is tried in earnest from here on, the strongest first and no more of them than this.
_WORTH_TRYING = 9.0
_TRIED_MAX = 40
# What a step must tell beyond a slope, and what of two in the same direction each must.
_BEYOND_SLOPE, _BEYOND_STAIRS = 2.0, 10.0
# More than any series needs: each round drops a step or moves some, and a series of many could move for ever.
_ROUNDS_MAX = 60


@dataclass(frozen=True, slots=True)
class Step:
    """A change between two levels, tried within the stretch that holds no other.

    Attributes:
        start, stop: The stretch is start <= step < stop.
        place: Indices of the whole series.
        evidence: The mean of two: that of the order of the values (scan), and that of their likelihood (placing).
        beyond_slope: How much more it tells than a straight line.
    """

    start: int
    stop: int
    place: Place
    evidence: float
    beyond_slope: float


def steps_of(values: FloatArray) -> list[Step]:
    """Return the steps of a series in their order; `values` has shape (steps,), all finite."""
    count = len(values)
    if count < 2 * SIDE_MIN or values.min() == values.max():
        return []
    return _proven(values, _strongest_first(best_splits(values), count))


def _strongest_first(splits: Splits, count: int) -> list[int]:
    """Return the places of the strongest splits, each of a stretch that holds none of the stronger ones."""
    evidence = splits.evidence(count)
    places: list[int] = []
    while len(places) < _TRIED_MAX and evidence.max() > _WORTH_TRYING:
        place = int(splits.at[evidence.argmax()])
        places.append(place)
        evidence[(splits.start < place - 1) & (place + 1 < splits.stop)] = -np.inf
        evidence[splits.at == place] = -np.inf
    return sorted(set(places))


def _proven(values: FloatArray, places: list[int]) -> list[Step]:
    """Return the steps that stand when each is tried between its neighbours; the weakest falls first."""
    known: dict[tuple[int, int], Step | None] = {}
    for _ in range(_ROUNDS_MAX):
        edges = [0, *places, len(values)]
        tried = []
        for start, stop in zip(edges, edges[2:], strict=False):
            if (start, stop) not in known:
                known[start, stop] = _step(values, start, stop)
            tried.append(known[start, stop])
        steps = [step for step in tried if step is not None]
        fallen = _fallen(tried)
        moved = [step.place.at for step in steps]
        if fallen:
            places = [place for index, place in enumerate(places) if index not in fallen]
        elif places == moved:
            return steps
        else:
            places = moved
    return []


def _fallen(tried: Sequence[Step | None]) -> set[int]:
    """Return which steps do not stand, or stand in the way of a stronger one; of neighbours the weaker alone."""
    evidence = [-np.inf if step is None else step.evidence for step in tried]
    fallen: set[int] = set()
    for index in sorted(range(len(tried)), key=lambda each: evidence[each]):
        if evidence[index] < CHANCE_EVIDENCE and not fallen & {index - 1, index + 1}:
            fallen.add(index)
    if fallen:
        return fallen
    for index, (one, other) in enumerate(pairwise(tried)):
        if one is not None and other is not None and _are_at_odds(one, other):
            return {index if evidence[index] < evidence[index + 1] else index + 1}
    return set()


def _are_at_odds(one: Step, other: Step) -> bool:
    """Return whether two neighbours are too near to be two, or are stairs on a slope."""
    is_stair = one.place.is_up == other.place.is_up and min(one.beyond_slope, other.beyond_slope) < _BEYOND_STAIRS
    return other.place.at - one.place.at < SIDE_MIN or is_stair


def _step(values: FloatArray, start: int, stop: int) -> Step | None:
    """Return the step between two neighbours; None where there is no room or nothing like one."""
    part = values[start:stop]
    if len(part) < 2 * SIDE_MIN or part.min() == part.max():
        return None
    split = best_split(part)
    order, first = float(split.evidence(len(values))[0]), int(split.at[0])
    if order < _WORTH_TRYING:
        return None
    memory = float(split.memory[0])
    beyond = beyond_slope(part, first, memory=memory)
    if beyond < _BEYOND_SLOPE:
        return None
    place = placed(part, first, memory=memory)
    moved = Place(start + place.at, start + place.earliest, start + place.latest, place.is_up, place.gain)
    return Step(start, stop, moved, (order + place.gain) / 2, beyond)
