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

A journal may have been imported, or written by a later version. What is not understood changes nothing: it stays among
the entries for people to read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TypeVar, cast

from sre.core.journal import Entries, Entry, JsonValue
from sre.incidents.model import ACTION_KINDS, SEVERITIES, Cause, TimelineEvent
from sre.incidents.records.model import (
    ACTION_STATUSES,
    LESSONS,
    MILESTONES,
    ROLES,
    STATUSES,
    Incident,
    Link,
    SentUpdate,
    TrackedAction,
)
from sre.incidents.records.transitions import milestones_after

_Word = TypeVar("_Word", bound=str)
# An incident whose severity cannot be read: unsure means the higher one.
_UNREADABLE = SEVERITIES[0]


def incident_of(entries: Entries) -> Incident:
    """Return what the entries of a stream add up to.

    Entries of a kind that this version does not know are kept and change nothing, so that an older server can read
    what a newer one wrote.

    Raises:
        ValueError: The first entry does not declare an incident.
    """
    if not is_declared(entries):
        raise ValueError("a stream of an incident begins with its declaration")
    incident = _declared(entries[0])
    for entry in entries[1:]:
        applied = _APPLIED.get(entry.new.kind)
        incident = incident if applied is None else applied(incident, entry)
    return replace(incident, entries=entries)


def is_declared(entries: Entries) -> bool:
    """Whether a stream begins as an incident does; one that was imported in pieces may not."""
    return bool(entries) and entries[0].new.kind == "declared"


def _declared(entry: Entry) -> Incident:
    data = entry.new.data
    return Incident(
        number=entry.stream.number,
        title=_text(data, "title"),
        severity=_one_of(SEVERITIES, data, "severity") or _UNREADABLE,
        status="declared",
        declared_at=entry.new.at,
        declared_by=entry.new.author,
        services=_texts(data, "services"),
        slos=_texts(data, "slos"),
        impact=_text(data, "impact"),
    )


def _status(incident: Incident, entry: Entry) -> Incident:
    after, at = _one_of(STATUSES, entry.new.data, "status"), entry.new.at
    if after is None:
        return incident
    times = milestones_after(incident.times, before=incident.status, after=after, at=at)
    noted = _noted(incident, entry, f"Status: {after}." + _spaced(_text(entry.new.data, "note")))
    return replace(noted, status=after, times=times, closed_at=at if after == "closed" else None)


def _severity(incident: Incident, entry: Entry) -> Incident:
    severity = _one_of(SEVERITIES, entry.new.data, "severity")
    if severity is None:
        return incident
    text = f"Severity: {incident.severity} to {severity}." + _spaced(_text(entry.new.data, "reason"))
    return replace(_noted(incident, entry, text), severity=severity)


def _role(incident: Incident, entry: Entry) -> Incident:
    role, person = _one_of(ROLES, entry.new.data, "role"), _text(entry.new.data, "person")
    if role is None:
        return incident
    roles = {name: who for name, who in incident.roles.items() if name != role}
    return replace(incident, roles={**roles, role: person} if person else roles)


def _time(incident: Incident, entry: Entry) -> Incident:
    milestone, value = _one_of(MILESTONES, entry.new.data, "milestone"), entry.new.data.get("value")
    at = _instant(value)
    if milestone is None or (at is None and value is not None):
        return incident
    times = {name: known for name, known in incident.times.items() if name != milestone}
    if at is not None:
        times[milestone] = at
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
    lesson = _one_of(LESSONS, entry.new.data, "lesson")
    if lesson is None:
        return incident
    known = (*incident.lessons.get(lesson, ()), _text(entry.new.data, "text"))
    return replace(incident, lessons={**incident.lessons, lesson: known})


def _link(incident: Incident, entry: Entry) -> Incident:
    link = Link(_text(entry.new.data, "url"), _text(entry.new.data, "title"))
    return replace(incident, links=(*(one for one in incident.links if one.url != link.url), link))


def _update(incident: Incident, entry: Entry) -> Incident:
    sent = SentUpdate(entry.new.at, _text(entry.new.data, "audience"), _text(entry.new.data, "text"))
    return replace(incident, updates=(*incident.updates, sent))


def _action(incident: Incident, entry: Entry) -> Incident:
    number = entry.new.data.get("number")
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        return incident
    known = {action.number: action for action in incident.actions}
    action = _changed(known.get(number, TrackedAction(number, "")), entry)
    return replace(incident, actions=tuple(one for _, one in sorted({**known, number: action}.items())))


def _changed(action: TrackedAction, entry: Entry) -> TrackedAction:
    data = entry.new.data
    kind, status = _one_of(ACTION_KINDS, data, "kind"), _one_of(ACTION_STATUSES, data, "status")
    due = _day(data.get("due"))
    action = replace(
        action,
        title=_text(data, "title") if "title" in data else action.title,
        owner=_text(data, "owner") if "owner" in data else action.owner,
        link=_text(data, "link") if "link" in data else action.link,
        note=_text(data, "note") if "note" in data else action.note,
        kind=kind if kind or data.get("kind", "") is None else action.kind,
        due=due if due or ("due" in data and not data["due"]) else action.due,
    )
    if status is None:
        return action
    is_finished = status in ("done", "dropped")
    return replace(action, status=status, done_at=entry.new.at if is_finished else None)


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


def _one_of(words: Sequence[_Word], data: Mapping[str, JsonValue], name: str) -> _Word | None:
    value = data.get(name)
    return cast("_Word", value) if isinstance(value, str) and value in words else None


def _instant(value: JsonValue) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)


def _day(value: JsonValue) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and value else None
    except ValueError:
        return None


def _texts(data: Mapping[str, JsonValue], name: str) -> tuple[str, ...]:
    value = data.get(name, ())
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()


def _spaced(text: str) -> str:
    return f" {text}" if text else ""
