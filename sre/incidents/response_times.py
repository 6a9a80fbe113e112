"""How long it took to notice, to answer, to stop the harm and to repair."""

from dataclasses import dataclass
from datetime import datetime

from sre.incidents.model import IncidentFacts


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """Minutes between the milestones of an incident; None where one of the two is not known.

    Attributes:
        detect_minutes: From start to detection.
        acknowledge_minutes: From detection to acknowledgement.
        mitigate_minutes: From start until users no longer suffered.
        resolve_minutes: From start to end: the duration.
    """

    detect_minutes: float | None
    acknowledge_minutes: float | None
    mitigate_minutes: float | None
    resolve_minutes: float | None


def response_times(facts: IncidentFacts) -> ResponseTimes:
    """Return the times between milestones; milestones out of order give None (see `order_problems`).

    A start that is only assumed gives None too: the time users waited before anybody noticed is not known.
    """
    start = None if facts.is_start_assumed else facts.start
    return ResponseTimes(
        detect_minutes=_minutes(start, facts.detected_at),
        acknowledge_minutes=_minutes(facts.detected_at, facts.acknowledged_at),
        mitigate_minutes=_minutes(start, facts.mitigated_at),
        resolve_minutes=_minutes(start, facts.end),
    )


def order_problems(facts: IncidentFacts) -> tuple[str, ...]:
    """Return a sentence for each milestone that comes before the one it has to follow."""
    pairs = (
        ("detected_at", facts.detected_at, "start", facts.start),
        ("acknowledged_at", facts.acknowledged_at, "detected_at", facts.detected_at),
        ("mitigated_at", facts.mitigated_at, "start", facts.start),
        ("end", facts.end, "mitigated_at", facts.mitigated_at),
    )
    return tuple(
        f"{later} lies before {earlier}; one of the two is wrong."
        for later, later_at, earlier, earlier_at in pairs
        if later_at is not None and earlier_at is not None and later_at < earlier_at
    )


def _minutes(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None or end < start:
        return None
    return (end - start).total_seconds() / 60.0
