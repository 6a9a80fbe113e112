"""Series that came or went with the incident."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.series import BoolArray, FloatArray
from sre.incidents.suspects.model import Behaviour, Kind, Timeline

# Our choice: a counter of errors that nobody had seen before speaks like a move of five deviations (log(1 + 5^2)), all
# else that appears or vanishes like half of it.
_STRENGTHS: Final[Mapping[Kind, float]] = {"errors": 3.26}
_OTHER_STRENGTH: Final = 1.63
_PRESENT_RATIO: Final = 0.9
_ABSENT_RATIO: Final = 0.02
_LEAST_STEPS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """Which series appeared or vanished with the incident; shape (series,) each."""

    appeared: BoolArray
    vanished: BoolArray

    def strengths(self, behaviours: Sequence[Behaviour]) -> FloatArray:
        """Return what coming or going alone says against each series, 0 for all others."""
        kinds = np.array([_STRENGTHS.get(behaviour.kind, _OTHER_STRENGTH) for behaviour in behaviours])
        return np.where(self.appeared, kinds, np.where(self.vanished, _OTHER_STRENGTH, 0.0))


def presence(behaviours: Sequence[Behaviour], values: FloatArray, timeline: Timeline) -> Presence:
    """Find series seen in at most 2 % of normal steps that now have samples, and the reverse.

    Where a series of a metric vanished while a sibling of the same service appeared, a process was replaced, or a label
    renamed: neither counts.
    """
    finite = np.isfinite(values)
    normally = finite[:, timeline.is_normal].mean(axis=1)
    steps = finite[:, timeline.is_incident].sum(axis=1)
    length = int(timeline.is_incident.sum())
    appeared = (normally <= _ABSENT_RATIO) & (steps >= max(_LEAST_STEPS, length / 2))
    vanished = (normally >= _PRESENT_RATIO) & (steps == 0) & (length >= _LEAST_STEPS)
    replaced = _families(behaviours, appeared) & _families(behaviours, vanished)
    kept = np.array([(behaviour.service, behaviour.metric) not in replaced for behaviour in behaviours])
    return Presence(appeared & kept, vanished & kept)


def _families(behaviours: Sequence[Behaviour], chosen: BoolArray) -> set[tuple[str, str]]:
    return {(behaviours[index].service, behaviours[index].metric) for index in np.flatnonzero(chosen).tolist()}
