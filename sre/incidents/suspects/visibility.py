"""Whether the metrics show the incident at all, held against fault-free times of the same data."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.series import FloatArray
from sre.incidents.suspects.gathering import Gathering

_USUAL_QUANTILE: Final = 0.95
# Chosen on the development data: see the table in `ranking`.
_LEAST_STRENGTH: Final = 1.0
_MOST_CHANCE: Final = 0.1
_LEAST_WINDOWS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """How much evidence each service gathers when nothing is wrong.

    Attributes:
        usual: shape (services,), evidence that one fault-free window in twenty gathers against the service.
        highest: shape (windows,), the highest excess over `usual` of any service, in each fault-free window.
    """

    usual: FloatArray
    highest: FloatArray

    def chance(self, strength: float) -> float | None:
        """Return the share of fault-free windows with at least this much excess against some service."""
        count = len(self.highest)
        return float(np.sum(self.highest >= strength) + 1) / (count + 1) if count >= _LEAST_WINDOWS else None


@dataclass(frozen=True, slots=True)
class Visibility:
    """The verdict, with its reason."""

    is_visible: bool
    reason: str
    chance_ratio: float | None


def calibration(gathering: Gathering, references: FloatArray) -> Calibration:
    """Gather the evidence of fault-free windows as that of the incident is gathered.

    A service with hundreds of series will show one that strays at any time; what it usually shows is taken off its
    evidence, so that services are compared by their excess.

    Args:
        references: shape (series, windows), evidence in fault-free windows.
    """
    if references.shape[1] == 0:
        return Calibration(np.zeros(len(gathering.services)), np.zeros(0))
    scores = gathering.scores(references)
    usual = np.quantile(scores, _USUAL_QUANTILE, axis=1)
    return Calibration(usual, np.max(scores - usual[:, None], axis=0))


def visibility(strength: float, *, calibrated: Calibration, service: str) -> Visibility:
    """Judge the strongest excess of any service."""
    chance = calibrated.chance(strength)
    count = len(calibrated.highest)
    if strength < _LEAST_STRENGTH:
        reason = (
            f"no service strays further than at fault-free times: strongest evidence {strength:.2g}, visible from 1"
        )
        return Visibility(False, f"not visible in metrics: {reason}", chance)
    if chance is None:
        reason = f'"{service}" stands out, but there is too little normal time to say how often that happens by chance'
        return Visibility(True, reason, None)
    seen = f"evidence of {strength:.2g} is reached in {round(chance * (count + 1)) - 1} of {count} fault-free windows"
    if chance > _MOST_CHANCE:
        return Visibility(False, f"not visible in metrics: {seen}", chance)
    return Visibility(True, f'"{service}" stands out: {seen}', chance)
