"""Whether the metrics show the incident at all, held against fault-free times of the same data."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.series import FloatArray
from sre.incidents.suspects.gathering import Gathering

# Added to the most that a service ever showed, so that a service that never stirred is not judged by nothing.
_GRACE: Final = 0.5
# Set on the development data, by false alarms in fault-free windows: see the table in `ranking`.
_LEAST_STRENGTH: Final = 1.0
_LEAST_TIMES: Final = 1.25
# This far beyond anything that a service ever showed, it does not matter that others had incidents of their own before.
_CERTAIN_TIMES: Final = 3.0
_MOST_CHANCE: Final = 0.12
_LEAST_WINDOWS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """How much evidence each service gathers when nothing is wrong.

    Attributes:
        most: shape (services,), the most that any fault-free window gathers.
        times: shape (windows,), for each fault-free window, how many times the most of all other windows its strangest
            service reached.
    """

    most: FloatArray
    times: FloatArray

    def times_most(self, strengths: FloatArray) -> FloatArray:
        """Return how many times the most it ever showed each service shows now, shape (services,)."""
        times: FloatArray = strengths / (_GRACE + self.most)
        return times

    def chance(self, times: float) -> float | None:
        """Return the share of fault-free windows that are at least this strange; None where they are too few."""
        count = len(self.times)
        return float(np.sum(self.times >= times) + 1) / (count + 1) if count >= _LEAST_WINDOWS else None


@dataclass(frozen=True, slots=True)
class Visibility:
    """The verdict, with its reason."""

    is_visible: bool
    reason: str
    chance_ratio: float | None


def calibration(gathering: Gathering, references: FloatArray) -> Calibration:
    """Gather the evidence of fault-free windows as that of the incident is gathered.

    A service with hundreds of series has one that strays at any time, so it is held against what it showed itself.

    Args:
        references: shape (series, windows), evidence in fault-free windows.
    """
    count = len(gathering.services)
    if references.shape[1] < 2:
        return Calibration(np.zeros(count), np.zeros(0))
    scores = gathering.scores(references)
    ordered = np.sort(scores, axis=1)
    most, second = ordered[:, -1], ordered[:, -2]
    most_of_others = np.where(scores >= most[:, None], second[:, None], most[:, None])
    times = np.max(scores / (_GRACE + most_of_others), axis=0)
    return Calibration(most, times)


def visibility(strengths: FloatArray, *, calibrated: Calibration, gathering: Gathering) -> Visibility:
    """Judge the service that is furthest beyond anything it showed in fault-free windows.

    Args:
        strengths: shape (services,), evidence of the incident, nothing taken off.
    """
    times = calibrated.times_most(strengths)
    index = int(np.argmax(times))
    service, most = gathering.services[index], float(times[index])
    chance, count = calibrated.chance(most), len(calibrated.times)
    is_beyond = most >= _LEAST_TIMES and float(strengths[index]) >= _LEAST_STRENGTH
    is_visible = is_beyond and (most >= _CERTAIN_TIMES or chance is None or chance <= _MOST_CHANCE)
    return Visibility(is_visible, _reason(service, most, chance, count, is_visible=is_visible), chance)


def _reason(service: str, times: float, chance: float | None, count: int, *, is_visible: bool) -> str:
    if chance is None:
        seen = "there is too little normal time to say how often that happens by chance"
    else:
        seen = f"{round(chance * (count + 1)) - 1} of {count} such windows are as strange"
    if is_visible or times >= _LEAST_TIMES:
        shows = f'"{service}" shows {times:.2g} times the most it showed in any fault-free window'
    else:
        shows = f'nothing strays further than in fault-free windows; nearest is "{service}", at {times:.2g} of its most'
    return f"{'' if is_visible else 'not visible in metrics: '}{shows}; {seen}"
