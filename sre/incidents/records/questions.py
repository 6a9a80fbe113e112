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


def action_questions(incident: Incident, *, today: date) -> tuple[str, ...]:
    """Return what is missing or late among the actions."""
    questions = []
    kept = [action for action in incident.actions if action.status != "dropped"]
    if incident.severity in NEEDS_POSTMORTEM and not any(action.kind == "prevent" for action in kept):
        questions.append(f"actions: a {incident.severity} without one that prevents a repetition (kind prevent)")
    questions += [f"actions: #{action.number} has no {_and(_lacks(action))}" for action in kept if _lacks(action)]
    overdue = [f"#{action.number}" for action in kept if action.is_overdue(today)]
    if overdue:
        questions.append(f"actions: overdue {', '.join(overdue)}")
    return tuple(questions)


def _lacks(action: TrackedAction) -> list[str]:
    if not action.is_open():
        return []
    return [name for name, given in (("kind", action.kind), ("owner", action.owner), ("due", action.due)) if not given]


def _and(names: list[str]) -> str:
    return " or ".join(names)
