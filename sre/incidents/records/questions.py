"""What a record still leaves open."""

from datetime import date

from sre.incidents.model import Severity
from sre.incidents.records.model import Incident, Milestone, TrackedAction

# A postmortem is asked for by the handbook: incident-management.
NEEDS_POSTMORTEM: tuple[Severity, ...] = ("P0", "P1")
_NAMED: tuple[tuple[Milestone, str], ...] = (
    ("start", "when the harm began"),
    ("detected", "when it was noticed"),
    ("end", "when it ended"),
)


def open_questions(incident: Incident, *, today: date) -> tuple[str, ...]:
    """Return what should be known before a record is closed, as words to list; empty when nothing is missing."""
    missing = [f"{name}: {words}" for name, words in _NAMED if name not in incident.times]
    if not incident.impact:
        missing.append("impact: what users felt")
    if not incident.causes:
        missing.append("causes: none is recorded")
    if not incident.services:
        missing.append("services: none is named")
    return (*missing, *action_questions(incident, today=today))


def action_gaps(incident: Incident) -> tuple[str, ...]:
    """Return what is missing among the actions; whether one prevents a repetition is asked once it is over."""
    kept = [action for action in incident.actions if action.status != "dropped"]
    gaps = [f"actions: #{action.number} has no {' or '.join(_lacks(action))}" for action in kept if _lacks(action)]
    is_learnt = any(action.kind == "prevent" for action in kept)
    if incident.severity in NEEDS_POSTMORTEM and incident.is_over() and not is_learnt:
        gaps.insert(0, f"actions: a {incident.severity} without one that prevents a repetition (kind prevent)")
    return tuple(gaps)


def action_questions(incident: Incident, *, today: date) -> tuple[str, ...]:
    """Return what is missing or late among the actions."""
    overdue = [f"#{action.number}" for action in incident.actions if action.is_overdue(today)]
    return (*action_gaps(incident), *([f"actions: overdue {', '.join(overdue)}"] if overdue else []))


def _lacks(action: TrackedAction) -> list[str]:
    if not action.is_open():
        return []
    return [name for name, given in (("kind", action.kind), ("owner", action.owner), ("due", action.due)) if not given]
