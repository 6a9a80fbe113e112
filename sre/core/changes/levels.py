"""The levels between changes, and how large a step is beside the noise around them."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sre.core.changes.model import Change
from sre.core.changes.segments import CHANCE_EVIDENCE, Step
from sre.core.changes.spread import noise_spread
from sre.core.series import FloatArray, IntArray

# How much more evidence makes chance ten times rarer: simulated.
_TENFOLD = 6.0


def level_line(values: FloatArray, steps: Sequence[Step]) -> FloatArray:
    """Return the median of its stretch at each step, shape (steps,)."""
    out = np.empty(len(values))
    for start, stop in _stretches(steps, len(values)):
        out[start:stop] = np.median(values[start:stop])
    return out


def changes_between(values: FloatArray, steps: Sequence[Step], known: IntArray) -> list[Change]:
    """Return the steps as changes; `known` has the index of each value in the series as it was given."""
    stretches = _stretches(steps, len(values))
    noise = noise_spread(values - level_line(values, steps))
    return [
        _change(step, values[slice(*first)], values[slice(*second)], known, noise)
        for step, first, second in zip(steps, stretches, stretches[1:], strict=False)
    ]


def confidence_of(evidence: float) -> float:
    """Return the share of unchanged series with less evidence; one in a hundred has the evidence of chance."""
    return 1 - 0.01 * 10 ** min(0.0, (CHANCE_EVIDENCE - evidence) / _TENFOLD)


def _stretches(steps: Sequence[Step], count: int) -> list[tuple[int, int]]:
    edges = [0, *(step.place.at for step in steps), count]
    return list(pairwise(edges))


def _change(step: Step, first: FloatArray, second: FloatArray, known: IntArray, noise: float) -> Change:
    place = step.place
    before, after = _two_levels(first, second, is_up=place.is_up)
    return Change(
        index=int(known[place.at]),
        earliest_index=int(known[place.earliest]),
        latest_index=int(known[place.latest]),
        before=before,
        after=after,
        direction="up" if place.is_up else "down",
        effect=abs(after - before) / noise,
        ratio=after / before if before * after > 0 and math.isfinite(after / before) else None,
        confidence=confidence_of(step.evidence),
    )


def _two_levels(first: FloatArray, second: FloatArray, *, is_up: bool) -> tuple[float, float]:
    """Return the medians, or the means where the medians do not show what the order of the values does."""
    before, after = float(np.median(first)), float(np.median(second))
    if before != after and (after > before) == is_up:
        return before, after
    return float(first.mean()), float(second.mean())
