"""What a postmortem still lacks."""

from collections.abc import Sequence

from sre.incidents.model import IncidentFacts, ServiceImpact


def postmortem_gaps(facts: IncidentFacts, impacts: Sequence[ServiceImpact]) -> tuple[str, ...]:
    """Return what has to be filled in, in the order of the document; empty when nothing is missing."""
    return (*_summary_gaps(facts, impacts), *_timeline_gaps(facts), *_learning_gaps(facts), *_action_gaps(facts))


def _summary_gaps(facts: IncidentFacts, impacts: Sequence[ServiceImpact]) -> list[str]:
    gaps = [] if facts.severity else ["severity: P0, P1, P2 or P3"]
    if not facts.services:
        gaps.append("services: which services were affected")
    if not facts.impact:
        gaps.append("impact: what users experienced, in their words")
    measured = {impact.service for impact in impacts if impact.failed_requests.value is not None}
    unmeasured = [service for service in facts.services if service not in measured]
    if unmeasured or not facts.services:
        whose = f" of {', '.join(unmeasured)}" if unmeasured else ""
        gaps.append(f"impact numbers{whose}: requests, failed requests, budget burnt")
    return gaps


def _timeline_gaps(facts: IncidentFacts) -> list[str]:
    times = (
        ("end", facts.end, "when users were no longer affected"),
        ("detected_at", facts.detected_at, "when somebody or something noticed"),
        ("acknowledged_at", facts.acknowledged_at, "when somebody took it on"),
        ("mitigated_at", facts.mitigated_at, "when the harm stopped"),
    )
    gaps = [f"{name}: {meaning}" for name, at, meaning in times if at is None]
    if not facts.events:
        gaps.append("events: what was seen, tried and decided, and when")
    return gaps


def _learning_gaps(facts: IncidentFacts) -> list[str]:
    if not facts.causes:
        gaps = ["causes: contributing causes, each with what shows it"]
    else:
        gaps = [f"causes: evidence for cause {n}" for n, cause in enumerate(facts.causes, 1) if not cause.evidence]
        if len(facts.causes) == 1:
            gaps.append("causes: only one is given; what else had to be true for this to happen, or to last so long?")
    lists = (("went_well", facts.went_well), ("went_badly", facts.went_badly), ("lucky", facts.lucky))
    return [*gaps, *(f"{name}: nothing given" for name, given in lists if not given)]


def _action_gaps(facts: IncidentFacts) -> list[str]:
    if not facts.action_items:
        return ["action_items: what will change, with kind, owner and due date"]
    gaps = []
    for number, item in enumerate(facts.action_items, 1):
        missing = [name for name, given in (("kind", item.kind), ("owner", item.owner), ("due", item.due)) if not given]
        if missing:
            gaps.append(f"action_items: {', '.join(missing)} of item {number}")
    if not any(item.kind == "prevent" for item in facts.action_items):
        gaps.append("action_items: none prevents a repetition (kind prevent)")
    return gaps
