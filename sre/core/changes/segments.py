"""From splits of stretches to the changes of a series: the strongest first, then each is tried again alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from sre.core.changes.drift import beyond_slope
from sre.core.changes.placing import Place, placed
from sre.core.changes.scan import SIDE_MIN, Splits, best_split, best_splits
from sre.core.series import FloatArray

# Evidence that noise without a change reaches in one of a hundred series: simulated over lengths 24 to 1,000 and
# autoregressions up to 0.95 (docs/concepts/changes.md).
CHANCE_EVIDENCE = 24.0
# A split is tried in earnest from here on, the strongest first and no more of them than this, or one in so many steps.
_WORTH_TRYING = 9.0
_TRIED_MAX, _TRIED_SHARE = 40, 100
# What is enough in the stretch a step was seen in, where it does not stand between its neighbours: chance does not
# reach it, nor does a burst.
_EVIDENCE_SEEN, _SIDE_SEEN = 4 * CHANCE_EVIDENCE, 24
# What a step must tell beyond a slope, and what of two in the same direction each must.
_BEYOND_SLOPE, _BEYOND_STAIRS = 2.0, 10.0
# More than any series needs: each round drops a step or moves some, and a series of many could move for ever.
_ROUNDS_MAX = 200


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A split, and the stretch start <= step < stop in which it was seen."""

    at: int
    start: int
    stop: int


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


def _strongest_first(splits: Splits, count: int) -> list[_Candidate]:
    """Return the strongest splits in their order, each of a stretch that holds none of the stronger ones."""
    evidence = splits.evidence(count)
    found: dict[int, _Candidate] = {}
    while len(found) < max(_TRIED_MAX, count // _TRIED_SHARE) and evidence.max() > _WORTH_TRYING:
        best = int(evidence.argmax())
        place = int(splits.at[best])
        found.setdefault(place, _Candidate(place, int(splits.start[best]), int(splits.stop[best])))
        evidence[(splits.start < place - 1) & (place + 1 < splits.stop)] = -np.inf
        evidence[splits.at == place] = -np.inf
    return [found[place] for place in sorted(found)]


def _proven(values: FloatArray, candidates: list[_Candidate]) -> list[Step]:
    """Return the steps that stand when each is tried between its neighbours; the weakest falls first."""
    known: dict[tuple[int, int, _Candidate], Step | None] = {}
    for _ in range(_ROUNDS_MAX):
        edges = [0, *(each.at for each in candidates), len(values)]
        tried = []
        for start, stop, each in zip(edges, edges[2:], candidates, strict=False):
            key = (start, stop, each)
            if key not in known:
                known[key] = _tried(values, start, stop, each)
            tried.append(known[key])
        steps = [step for step in tried if step is not None]
        fallen = _fallen(tried)
        moved = [replace(each, at=step.place.at) for each, step in zip(candidates, steps, strict=False)]
        if fallen:
            candidates = [each for index, each in enumerate(candidates) if index not in fallen]
        elif candidates == moved:
            return steps
        else:
            candidates = moved
    return []


def _tried(values: FloatArray, start: int, stop: int, candidate: _Candidate) -> Step | None:
    """Return the step between two neighbours, or else in the stretch it was seen in, should others be unseen there."""
    step = _step(values, start, stop)
    low, high = max(start, candidate.start), min(stop, candidate.stop)
    if (step is not None and step.evidence >= CHANCE_EVIDENCE) or (low, high) == (start, stop):
        return step
    if min(candidate.at - low, high - candidate.at) < _SIDE_SEEN:
        return step
    seen = _step(values, low, high)
    return seen if seen is not None and seen.evidence > _EVIDENCE_SEEN else step


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
