"""From the evidence of series to the evidence of their services."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.series import FloatArray, IntArray
from sre.incidents.suspects.model import Behaviour, Kind

# Our choice: of series of one kind (five percentiles of one latency) the strongest speaks almost alone; different kinds
# (latency and CPU) corroborate each other.
_WITHIN_KIND_DECAY: Final = 0.2
_BETWEEN_KINDS_DECAY: Final = 0.4
_MOST_PER_KIND: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Gathering:
    """Which series belong together: `groups[i]` are the kinds of service `services[i]`, as indices of series."""

    services: tuple[str, ...]
    groups: tuple[tuple[IntArray, ...], ...]

    def scores(self, evidence: FloatArray) -> FloatArray:
        """Return the evidence against every service, shape (services, columns), of shape (series, columns)."""
        scores = np.zeros((len(self.services), evidence.shape[1]))
        for index, kinds in enumerate(self.groups):
            each = np.stack([_decayed(evidence[rows], _WITHIN_KIND_DECAY) for rows in kinds])
            scores[index] = _decayed(each, _BETWEEN_KINDS_DECAY)
        return scores

    def rows_of(self, index: int) -> IntArray:
        """Return the indices of all series of a service."""
        return np.concatenate(self.groups[index])


def gather(behaviours: Sequence[Behaviour]) -> Gathering:
    """Group series by service and kind, services by name."""
    found: dict[str, dict[Kind, list[int]]] = {}
    for index, behaviour in enumerate(behaviours):
        found.setdefault(behaviour.service, {}).setdefault(behaviour.kind, []).append(index)
    services = tuple(sorted(found))
    return Gathering(
        services,
        tuple(tuple(np.array(rows, dtype=np.int64) for rows in found[name].values()) for name in services),
    )


def _decayed(evidence: FloatArray, decay: float) -> FloatArray:
    """Return the weighted sum over the strongest rows, shape (columns,); the weights of endless rows add up to 1."""
    kept = min(len(evidence), _MOST_PER_KIND)
    strongest = np.sort(evidence, axis=0)[::-1][:kept]
    weights = (1 - decay) * decay ** np.arange(kept)
    total: FloatArray = weights @ strongest
    return total
