"""Rank services by how much speaks for the incident having started in them."""

from collections.abc import Sequence

from sre.incidents.suspects.model import Behaviour, CallEdges, Ranking, Symptom, Timeline


def rank_suspects(
    behaviours: Sequence[Behaviour],
    timeline: Timeline,
    *,
    callers: CallEdges = (),
    symptom: Symptom | None = None,
    suspects_limit: int = 50,
) -> Ranking:
    """Rank services and their series by how suspect they are.

    Args:
        behaviours: All series of the system, aligned on `timeline`; any number a service.
        timeline: When things were normal, and when the incident was.
        callers: (caller, callee) pairs where known; empty where not.
        symptom: What was seen; its service is judged like any other, but what merely is the symptom is no cause.
        suspects_limit: How many series to describe at most (all are judged).

    Raises:
        NoDataError: No series has samples in both the normal time and the incident.
    """
    raise NotImplementedError
