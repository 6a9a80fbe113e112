"""From splits of stretches to the changes of a series: the strongest first, then each is tried again alone."""

from dataclasses import dataclass

import numpy as np

from sre.core.changes.scan import SIDE_MIN, Splits, best_split, best_splits
from sre.core.series import FloatArray

# Evidence that independent or autocorrelated noise without a change reaches in one of a hundred series: simulated over
# lengths 24 to 1,000 and autoregressions up to 0.95 (docs/concepts/changes.md).
CHANCE_EVIDENCE = 15.0
# What is reported is beyond that.
EVIDENCE_MIN = 16.0


@dataclass(frozen=True, slots=True)
class Step:
    """A change between two levels, tried within the stretch that holds no other.

    Attributes:
        start, stop: The stretch is start <= step < stop.
        at: First step of the new level.
        evidence, memory: As in the scan.
    """

    start: int
    stop: int
    at: int
    evidence: float
    memory: float


def steps_of(values: FloatArray) -> list[Step]:
    """Return the steps of a series in their order; `values` has shape (steps,), all finite."""
    count = len(values)
    if count < 2 * SIDE_MIN:
        return []
    return _proven(values, _strongest_first(best_splits(values), count))


def _strongest_first(splits: Splits, count: int) -> list[int]:
    """Return the places of the strongest splits, each of a stretch that holds none of the stronger ones."""
    evidence = np.where(splits.evidence(count) > EVIDENCE_MIN, splits.evidence(count), -np.inf)
    places: list[int] = []
    while len(evidence) and np.isfinite(evidence.max()):
        place = int(splits.at[evidence.argmax()])
        places.append(place)
        evidence[(splits.start < place - 1) & (place + 1 < splits.stop)] = -np.inf
    return sorted(places)


def _proven(values: FloatArray, places: list[int]) -> list[Step]:
    """Return the steps that stand when each is tried between its neighbours; the weakest falls first."""
    while True:
        steps = _tried(values, places)
        if not steps:
            return []
        weakest = min(range(len(steps)), key=lambda index: steps[index].evidence)
        if steps[weakest].evidence > EVIDENCE_MIN:
            return steps
        places = [step.at for index, step in enumerate(steps) if index != weakest]


def _tried(values: FloatArray, places: list[int]) -> list[Step]:
    count = len(values)
    edges = [0, *places, count]
    return [_step(values, edges[index], edges[index + 2], count) for index in range(len(places))]


def _step(values: FloatArray, start: int, stop: int, count: int) -> Step:
    if stop - start < 2 * SIDE_MIN:
        return Step(start, stop, (start + stop) // 2, -np.inf, 1.0)
    found = best_split(values[start:stop])
    return Step(start, stop, start + int(found.at[0]), float(found.evidence(count)[0]), float(found.memory[0]))
