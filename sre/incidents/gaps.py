"""What a postmortem still lacks."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sre.incidents.model import ActionItem, IncidentFacts, ServiceImpact, SloImpact
from sre.incidents.naming import as_name

_MAX_NAMED = 5
_NO_HINTS: Mapping[str, str] = MappingProxyType({})


def postmortem_gaps(
    facts: IncidentFacts,
    impacts: Sequence[ServiceImpact],
    slo_impacts: Sequence[SloImpact] = (),
    *,
    hints: Mapping[str, str] = _NO_HINTS,
) -> tuple[str, ...]:
    """Return what has to be filled in, in the order of the document; empty when nothing is missing.

    Args:
        hints: What data say about a time that nobody told, by its name; for a person to judge.
    """
    return (
        *_summary_gaps(facts, impacts),
        *_budget_gaps(facts, slo_impacts),
        *_timeline_gaps(facts, hints),
        *_learning_gaps(facts),
        *_action_gaps(facts),
    )


def _summary_gaps(facts: IncidentFacts, impacts: Sequence[ServiceImpact]) -> list[str]:
    gaps = [] if facts.severity else ["severity: P0, P1, P2 or P3"]
    if not facts.services:
        gaps.append("services: which services were affected")
    if not facts.impact:
        gaps.append("impact: what users experienced, in their words")
    measured = {impact.service for impact in impacts if impact.failed_requests.value is not None}
    unmeasured = [service for service in facts.services if service not in measured]
    if unmeasured or not facts.services:
        whose = f" of {', '.join(as_name(service) for service in unmeasured)}" if unmeasured else ""
        gaps.append(f"impact numbers{whose}: requests, failed requests, budget burnt")
    if not facts.users:
        gaps.append("users: how many people were affected")
    return gaps


def _budget_gaps(facts: IncidentFacts, slo_impacts: Sequence[SloImpact]) -> list[str]:
    """Return the SLOs that are known to be hit and could not be measured."""
    measured = {impact.slo for impact in slo_impacts if impact.burnt_ratio.value is not None}
    return [f"slos: budget that {as_name(name)} lost" for name in facts.slos if name not in measured][:_MAX_NAMED]


def _timeline_gaps(facts: IncidentFacts, hints: Mapping[str, str]) -> list[str]:
    times = (
        ("start", None if facts.is_start_assumed else facts.start, "when users began to be hurt"),
        ("end", facts.end, "when users were no longer affected"),
        ("detected_at", facts.detected_at, "when somebody or something noticed"),
        ("acknowledged_at", facts.acknowledged_at, "when somebody took it on"),
        ("mitigated_at", facts.mitigated_at, "when the harm stopped"),
    )
    gaps = [
        f"{name}: {meaning}" + (f" ({hints[name]})" if name in hints else "")
        for name, at, meaning in times
        if at is None
    ]
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
    kept = [item for item in facts.action_items if item.status != "dropped"]
    if not kept:
        return ["action_items: what will change, with kind, owner and due date"]
    gaps = [
        f"action_items: {', '.join(_lacks(item))} of {item.id or f'item {number}'}"
        for number, item in enumerate(kept, 1)
        if _lacks(item)
    ]
    if not any(item.kind == "prevent" for item in kept):
        gaps.append("action_items: none prevents a repetition (kind prevent)")
    return gaps


def _lacks(item: ActionItem) -> list[str]:
    """Return what is missing of an action; of one that is done, nothing matters any more."""
    if item.status == "done":
        return []
    return [name for name, given in (("kind", item.kind), ("owner", item.owner), ("due", item.due)) if not given]
