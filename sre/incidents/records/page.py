"""A record as a Markdown page for people; every text from outside is shown as it is and can do nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sre.core.markdown import escaped
from sre.core.times import format_instant
from sre.incidents.cadence import AUDIENCES, next_update
from sre.incidents.records.deadlines import deadlines
from sre.incidents.records.history import told
from sre.incidents.records.listing import by_urgency
from sre.incidents.records.model import Incident, TrackedAction
from sre.incidents.timeline import merged_timeline

_NAME = 200
_STATES = {"met": "met", "missed": "missed", "running": "running", "overdue": "**overdue**", "not_judged": "not judged"}
_LESSONS = {"went_well": "What went well", "went_badly": "What went badly", "lucky": "Where we were lucky"}


def incident_page(incident: Incident, *, now: datetime) -> str:
    """Return one record in full: facts, deadlines, times, notes, causes, lessons, actions, history."""
    sections = [
        [f"# {incident.reference}: {escaped(incident.title, limit=_NAME)}"],
        _facts(incident),
        ["## Deadlines", "", *_deadlines(incident, now)],
        _listed("Times", [f"{name}: {format_instant(at)}" for name, at in _in_order(incident)]),
        _listed("What happened", [_line(note.at, note.text, note.who) for note in merged_timeline(incident.notes)]),
        _listed("Contributing causes", [_with_evidence(one.text, one.evidence) for one in incident.causes]),
        *(_listed(_LESSONS[name], [escaped(text) for text in texts]) for name, texts in incident.lessons.items()),
        _actions(incident, now),
        _listed("Updates given", [_line(one.at, one.text, f"to {one.audience}") for one in incident.updates]),
        _listed("Links", [_with_title(one.url, one.title) for one in incident.links]),
        ["## History", "", *_history(incident)],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def incidents_page(incidents: Sequence[Incident], *, now: datetime, limit: int) -> str:
    """Return a table of incidents, the most urgent first, at most `limit` of them."""
    if not incidents:
        return "# Incidents\n\nNone is recorded yet; `declare_incident` begins one.\n"
    ordered = by_urgency(incidents)
    rows = [_row(incident, now) for incident in ordered[:limit]]
    more = ["", f"And {len(ordered) - limit} more: call `get_incidents`."] if len(ordered) > limit else []
    head = [
        "| Incident | Severity | Status | Title | Services | Open actions | Overdue |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join(["# Incidents", "", *head, *rows, *more, "", "One in full: `sre://incidents/INC-1`.", ""])


def _facts(incident: Incident) -> list[str]:
    roles = [f"- {role.replace('_', ' ')}: {escaped(who, limit=_NAME)}" for role, who in incident.roles.items()]
    return [
        f"- severity {incident.severity}, {incident.status}",
        f"- declared {format_instant(incident.declared_at)} by {escaped(incident.declared_by, limit=_NAME)}",
        f"- services: {_names(incident.services)}",
        f"- SLOs: {_names(incident.slos)}",
        f"- impact: {escaped(incident.impact) or 'not said'}",
        *roles,
    ]


def _deadlines(incident: Incident, now: datetime) -> list[str]:
    limits = [
        f"- {one.kind} ({one.target}): {f'by {format_instant(one.due)}, ' if one.due else ''}{_STATES[one.state]}"
        for one in deadlines(incident, now=now)
    ]
    updates = [next_update(incident, audience) for audience in AUDIENCES]
    return limits + [
        f"- update for {one.audience}: due {format_instant(one.at)}{', **late**' if one.is_late(now) else ''}"
        for one in updates
        if one.at is not None
    ]


def _in_order(incident: Incident) -> Iterable[tuple[str, datetime]]:
    return sorted(incident.times.items(), key=lambda pair: pair[1])


def _actions(incident: Incident, now: datetime) -> list[str]:
    if not incident.actions:
        return []
    head = ["| # | Action | Kind | Owner | Due | Status | Link |", "|---|---|---|---|---|---|---|"]
    return ["## Actions", "", *head, *(_action(action, now) for action in incident.actions)]


def _action(action: TrackedAction, now: datetime) -> str:
    due = action.due.isoformat() if action.due else ""
    state = "**overdue**" if action.is_overdue(now.date()) else action.status.replace("_", " ")
    title, owner, link = (escaped(text, limit=_NAME) for text in (action.title, action.owner, action.link))
    return f"| {action.number} | {title} | {action.kind or ''} | {owner} | {due} | {state} | {link} |"


def _history(incident: Incident) -> list[str]:
    head = ["| # | Time | Kind | What | Author | Source |", "|---|---|---|---|---|---|"]
    rows = []
    for entry in incident.entries:
        new = entry.new
        what, kind, author, source = (escaped(text) for text in (told(entry), new.kind, new.author, new.source))
        rows.append(f"| {entry.number} | {_second(new.at)} | {kind} | {what} | {author} | {source} |")
    return [*head, *rows]


def _row(incident: Incident, now: datetime) -> str:
    still_open = sum(action.is_open() for action in incident.actions)
    overdue = sum(action.is_overdue(now.date()) for action in incident.actions)
    title, services = escaped(incident.title, limit=_NAME), _names(incident.services[:5])
    return (
        f"| {incident.reference} | {incident.severity} | {incident.status} | {title} | {services} | "
        f"{still_open} | {overdue} |"
    )


def _listed(title: str, lines: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *(f"- {line}" for line in lines)] if lines else []


def _line(at: datetime, text: str, who: str) -> str:
    return f"{_second(at)} {escaped(text)}" + (f" ({escaped(who, limit=_NAME)})" if who else "")


def _with_evidence(text: str, evidence: str) -> str:
    return escaped(text) + (f" (evidence: {escaped(evidence)})" if evidence else " (evidence: none given)")


def _with_title(url: str, title: str) -> str:
    return f"{escaped(title, limit=_NAME)}: {escaped(url)}" if title else escaped(url)


def _names(names: Sequence[str]) -> str:
    return ", ".join(escaped(name, limit=_NAME) for name in names) or "not said"


def _second(at: datetime) -> str:
    return format_instant(at.replace(microsecond=0))
