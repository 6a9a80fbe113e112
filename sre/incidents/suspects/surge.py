"""More requests everywhere: load as the cause, and what it explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.series import BoolArray, FloatArray
from sre.incidents.suspects.evidence import TRAFFIC_WEIGHT, Evidence
from sre.incidents.suspects.model import Behaviour, CallEdges, Kind

# Work grows with the requests that cause it.
_GROWING_KINDS: Final[frozenset[Kind]] = frozenset({"latency", "resource"})
# Our choices: a fifth more requests, at half of the services (two at least), lasting by more than two deviations.
_LEAST_GROWTH: Final = 0.2
_LEAST_SHARE: Final = 0.5
_LEAST_SERVICES: Final = 2
_CREDIBLE_STRENGTH: Final = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Surge:
    """A rise of traffic that many services share.

    Attributes:
        explained: shape (series,), 0..1, how far each is explained by the growth of its service's own traffic.
        is_entry: shape (series,), the traffic of the services where it came in.
    """

    explained: FloatArray
    is_entry: BoolArray

    def weighed(self, strengths: FloatArray, *, discount: float) -> FloatArray:
        """Return strengths with what load explains taken off, and the load itself at full weight."""
        return np.where(self.is_entry, strengths / TRAFFIC_WEIGHT, strengths * (1 - discount * self.explained))


def find_surge(behaviours: Sequence[Behaviour], evidence: Evidence, *, callers: CallEdges) -> Surge | None:
    """Return the rise of traffic that at least half of the services share; None where there is none.

    CPU that grows by half when requests grow by half needs no other explanation; latency that trebles does. Where calls
    are known, the load came in at the services that no other risen service calls.
    """
    growth = _growth(behaviours, evidence)
    risen = {service: (row, share) for service, (row, share) in growth.items() if share >= _LEAST_GROWTH}
    if len(risen) < max(_LEAST_SERVICES, _LEAST_SHARE * len(growth)):
        return None
    called = {callee for caller, callee in callers if caller in risen and caller != callee}
    is_entry = np.zeros(len(behaviours), dtype=np.bool_)
    is_entry[[row for service, (row, _) in risen.items() if service not in called]] = True
    return Surge(_explained(behaviours, evidence, {service: share for service, (_, share) in risen.items()}), is_entry)


def _growth(behaviours: Sequence[Behaviour], evidence: Evidence) -> dict[str, tuple[int, float]]:
    """Return, for each service, its largest traffic and by what share that grew; 0 where it did not credibly grow."""
    largest: dict[str, int] = {}
    level = np.nan_to_num(evidence.raw.median)
    for row, behaviour in enumerate(behaviours):
        if behaviour.kind != "traffic" or level[row] <= 0:
            continue
        if behaviour.service not in largest or level[row] > level[largest[behaviour.service]]:
            largest[behaviour.service] = row
    is_credible = evidence.strength >= _CREDIBLE_STRENGTH * TRAFFIC_WEIGHT
    return {
        service: (row, float(evidence.change[row] / level[row]) if is_credible[row] else 0.0)
        for service, row in largest.items()
    }


def _explained(behaviours: Sequence[Behaviour], evidence: Evidence, risen: Mapping[str, float]) -> FloatArray:
    explained = np.zeros(len(behaviours))
    level = np.nan_to_num(evidence.raw.median)
    for row, behaviour in enumerate(behaviours):
        if behaviour.kind in _GROWING_KINDS and behaviour.service in risen and level[row] > 0:
            own = float(evidence.change[row] / level[row])
            explained[row] = min(1.0, risen[behaviour.service] / own) if own > 0 else 0.0
    return explained
