"""Samples held in memory, for tests of PromQL: written short, one value a step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre.core.labels import Labels
from sre.core.promql import Matcher, parse_selector, selects
from sre.core.series import Samples

# The bit pattern Prometheus writes when a series ends.
STALE = np.array([0x7FF0000000000002], dtype=np.int64).view(np.float64)[0]


@dataclass(frozen=True, slots=True)
class MemoryStore:
    """Series held in memory; it hands out whole series, as a store may."""

    series: Sequence[Samples]

    def select(self, matchers: Sequence[Matcher], *, start_ms: int, end_ms: int) -> Sequence[Samples]:
        return [one for one in self.series if selects(tuple(matchers), one.labels)]


def labelled(selector: str) -> Labels:
    """Return the labels that a selector of plain equalities spells."""
    return Labels({matcher.name: matcher.value for matcher in parse_selector(selector)})


def samples(selector: str, values: str, *, every_ms: int = 60_000, start_ms: int = 0) -> Samples:
    """Return a series with one value a step: numbers, `_` for no sample, `stale` for the end of the series.

    `samples('up{job="api"}', "1 _ 0 stale")` has samples at 0, 2 and 3 minutes.
    """
    spelt = values.split()
    kept = [index for index, text in enumerate(spelt) if text != "_"]
    numbers = np.array([STALE if spelt[index] == "stale" else 0.0 for index in kept])
    for place, index in enumerate(kept):
        if spelt[index] != "stale":
            numbers[place] = float(spelt[index])
    times = np.array(kept, dtype=np.int64) * every_ms + start_ms
    return Samples(labelled(selector), times, numbers)
