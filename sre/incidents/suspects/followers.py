"""What moved only because something that it calls moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.series import FloatArray
from sre.incidents.suspects.model import Behaviour, CallEdges, Kind

# Time and failures travel from callee to caller; CPU, memory and traffic do not.
TRAVELLING_KINDS: Final[frozenset[Kind]] = frozenset({"latency", "errors"})
# Our choice: a callee that moved by half as much explains its caller.
_EXPLAINING_RATIO: Final = 0.5
_CREDIBLE_EVIDENCE: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """How far each series is explained by a callee.

    Attributes:
        ratio: shape (series,), 0..1; 1 is wholly explained.
        by: For each series the callee that explains it, or an empty string.
    """

    ratio: FloatArray
    by: tuple[str, ...]


def explained_by_callees(
    behaviours: Sequence[Behaviour], *, evidence: FloatArray, change: FloatArray, callers: CallEdges
) -> Explained:
    """Compare the latency and failures of each caller with the same metric of its callees.

    A second that a callee loses is a second that its caller waits: where both changed the same way, the callee explains
    the caller by the ratio of their changes, in the metric's own unit. What holds for most of a caller's latency (by
    evidence) holds for all of it: of five percentiles of one wait, no two need to have the same counterpart.

    Args:
        evidence: shape (series,), 0 where nothing changed.
        change: shape (series,), during minus before.
        callers: (caller, callee) pairs.
    """
    strongest = _strongest(behaviours, evidence, change)
    callees: dict[str, list[str]] = {}
    for caller, callee in callers:
        if caller != callee:
            callees.setdefault(caller, []).append(callee)
    ratio = np.zeros(len(behaviours))
    by = [""] * len(behaviours)
    for index, behaviour in enumerate(behaviours):
        if behaviour.kind not in TRAVELLING_KINDS or evidence[index] <= 0 or change[index] == 0:
            continue
        for callee in callees.get(behaviour.service, ()):
            other = strongest.get((callee, behaviour.metric))
            share = change[other] / change[index] if other is not None else 0.0
            if share > ratio[index]:
                ratio[index], by[index] = share, callee
    return _spread(behaviours, evidence, Explained(np.minimum(1.0, ratio / _EXPLAINING_RATIO), tuple(by)))


def _strongest(behaviours: Sequence[Behaviour], evidence: FloatArray, change: FloatArray) -> dict[tuple[str, str], int]:
    """Return, for each service and metric, its series that changed most; only what credibly changed."""
    found: dict[tuple[str, str], int] = {}
    for index, behaviour in enumerate(behaviours):
        if evidence[index] < _CREDIBLE_EVIDENCE or behaviour.kind not in TRAVELLING_KINDS:
            continue
        key = (behaviour.service, behaviour.metric)
        if key not in found or abs(change[index]) > abs(change[found[key]]):
            found[key] = index
    return found


def _spread(behaviours: Sequence[Behaviour], evidence: FloatArray, each: Explained) -> Explained:
    """Return what is explained, each series at least as far as its kind within its service is on the whole."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index in np.flatnonzero(evidence > 0).tolist():
        groups.setdefault((behaviours[index].service, behaviours[index].kind), []).append(index)
    ratio, by = each.ratio.copy(), list(each.by)
    for rows in groups.values():
        whole = float(np.average(each.ratio[rows], weights=evidence[rows]))
        leader = max(rows, key=lambda row: each.ratio[row] * evidence[row])
        for row in rows:
            if whole > ratio[row]:
                ratio[row], by[row] = whole, each.by[leader]
    return Explained(ratio, tuple(by))
