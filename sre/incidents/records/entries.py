"""The entries of an incident: how each is written, and what they add up to.

Kinds and their data (all optional but the first word of each):
    declared   title, severity, services, slos, impact, reasons
    status     status, note
    severity   severity, reason
    role       role, person (empty: nobody any more)
    time       milestone, value (RFC 3339, or null: not known after all)
    note       text, evidence
    services   names; `slos` alike: the whole list as it is from now on
    title      text; `impact` alike
    cause      text, evidence
    lesson     lesson (went_well, went_badly, lucky), text
    link       url, title
    update     audience, text: a status update that was given
    action     number, and of title, kind, owner, due, status, link, note what is set from now on
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import cast

from sre.core.journal import Entries, Entry, JsonValue
from sre.incidents.model import ActionKind, Cause, Severity, TimelineEvent
from sre.incidents.records.model import (
    ActionStatus,
    Incident,
    Lesson,
    Link,
    Milestone,
    Role,
    SentUpdate,
    Status,
    TrackedAction,
)
from sre.incidents.records.transitions import milestones_after


def incident_of(entries: Entries) -> Incident:
    """Return what the entries of a stream add up to.

    Entries of a kind that this version does not know are kept and change nothing, so that an older server can read
    what a newer one wrote.

    Raises:
        ValueError: The first entry does not declare an incident.
    """
    if not entries or entries[0].new.kind != "declared":
        raise ValueError("a stream of an incident begins with its declaration")
    incident = _declared(entries[0])
    for entry in entries[1:]:
        applied = _APPLIED.get(entry.new.kind)
        incident = incident if applied is None else applied(incident, entry)
    return replace(incident, entries=entries)


def _declared(entry: Entry) -> Incident:
    data = entry.new.data
    return Incident(
        number=entry.stream.number,
        title=_text(data, "title"),
        severity=cast("Severity", _text(data, "severity")),
        status="declared",
        declared_at=entry.new.at,
        declared_by=entry.new.author,
        services=_texts(data, "services"),
        slos=_texts(data, "slos"),
        impact=_text(data, "impact"),
    )


def _status(incident: Incident, entry: Entry) -> Incident:
    after, at = cast("Status", _text(entry.new.data, "status")), entry.new.at
    times = milestones_after(incident.times, before=incident.status, after=after, at=at)
    noted = _noted(incident, entry, f"Status: {after}." + _spaced(_text(entry.new.data, "note")))
    return replace(noted, status=after, times=times, closed_at=at if after == "closed" else None)


def _severity(incident: Incident, entry: Entry) -> Incident:
    severity = cast("Severity", _text(entry.new.data, "severity"))
    text = f"Severity: {incident.severity} to {severity}." + _spaced(_text(entry.new.data, "reason"))
    return replace(_noted(incident, entry, text), severity=severity)


def _role(incident: Incident, entry: Entry) -> Incident:
    role, person = cast("Role", _text(entry.new.data, "role")), _text(entry.new.data, "person")
    roles = {name: who for name, who in incident.roles.items() if name != role}
    return replace(incident, roles={**roles, role: person} if person else roles)


def _time(incident: Incident, entry: Entry) -> Incident:
    milestone, value = cast("Milestone", _text(entry.new.data, "milestone")), entry.new.data.get("value")
    times = {name: at for name, at in incident.times.items() if name != milestone}
    if isinstance(value, str):
        times[milestone] = datetime.fromisoformat(value)
    return replace(incident, times=times)


def _note(incident: Incident, entry: Entry) -> Incident:
    evidence = _text(entry.new.data, "evidence")
    return _noted(incident, entry, _text(entry.new.data, "text") + (f" [{evidence}]" if evidence else ""))


def _noted(incident: Incident, entry: Entry, text: str) -> Incident:
    return replace(incident, notes=(*incident.notes, TimelineEvent(entry.new.at, text, entry.new.author)))


def _cause(incident: Incident, entry: Entry) -> Incident:
    cause = Cause(_text(entry.new.data, "text"), _text(entry.new.data, "evidence"))
    return replace(incident, causes=(*incident.causes, cause))


def _lesson(incident: Incident, entry: Entry) -> Incident:
    lesson = cast("Lesson", _text(entry.new.data, "lesson"))
    known = (*incident.lessons.get(lesson, ()), _text(entry.new.data, "text"))
    return replace(incident, lessons={**incident.lessons, lesson: known})


def _link(incident: Incident, entry: Entry) -> Incident:
    link = Link(_text(entry.new.data, "url"), _text(entry.new.data, "title"))
    return replace(incident, links=(*(one for one in incident.links if one.url != link.url), link))


def _update(incident: Incident, entry: Entry) -> Incident:
    sent = SentUpdate(entry.new.at, _text(entry.new.data, "audience"), _text(entry.new.data, "text"))
    return replace(incident, updates=(*incident.updates, sent))


def _action(incident: Incident, entry: Entry) -> Incident:
    data = entry.new.data
    number = int(str(data["number"]))
    known = {action.number: action for action in incident.actions}
    action = known.get(number, TrackedAction(number, ""))
    if "title" in data:
        action = replace(action, title=_text(data, "title"))
    if "kind" in data:
        action = replace(action, kind=cast("ActionKind | None", data["kind"]))
    if "owner" in data:
        action = replace(action, owner=_text(data, "owner"))
    if "due" in data:
        action = replace(action, due=date.fromisoformat(_text(data, "due")) if data["due"] else None)
    if "link" in data:
        action = replace(action, link=_text(data, "link"))
    if "note" in data:
        action = replace(action, note=_text(data, "note"))
    if "status" in data:
        action = replace(action, status=cast("ActionStatus", _text(data, "status")))
        action = replace(action, done_at=None if action.is_open() else entry.new.at)
    return replace(incident, actions=tuple(one for _, one in sorted({**known, number: action}.items())))


_APPLIED: Mapping[str, Callable[[Incident, Entry], Incident]] = {
    "status": _status,
    "severity": _severity,
    "role": _role,
    "time": _time,
    "note": _note,
    "services": lambda incident, entry: replace(incident, services=_texts(entry.new.data, "names")),
    "slos": lambda incident, entry: replace(incident, slos=_texts(entry.new.data, "names")),
    "title": lambda incident, entry: replace(incident, title=_text(entry.new.data, "text")),
    "impact": lambda incident, entry: replace(incident, impact=_text(entry.new.data, "text")),
    "cause": _cause,
    "lesson": _lesson,
    "link": _link,
    "update": _update,
    "action": _action,
}


def _text(data: Mapping[str, JsonValue], name: str) -> str:
    value = data.get(name, "")
    return value if isinstance(value, str) else ""


def _texts(data: Mapping[str, JsonValue], name: str) -> tuple[str, ...]:
    value = data.get(name, ())
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()


def _spaced(text: str) -> str:
    return f" {text}" if text else ""
