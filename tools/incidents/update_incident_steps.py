"""The steps of `update_incident`: read all of the call, decide on the record as it is then, say what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sre.core.text import cleaned, listed, nearest_names, quoted
from sre.core.times import format_instant
from sre.incidents.records.changing import Addition, Decided, Wishes, decided
from sre.incidents.records.deadlines import deadlines
from sre.incidents.records.entries import incident_of
from sre.incidents.records.history import told
from sre.incidents.records.milestones import odd_times
from sre.incidents.records.model import STATUSES, Status
from sre.incidents.records.questions import open_questions
from sre.incidents.records.severity_words import severity_said
from sre.incidents.records.transitions import next_statuses
from tools.incidents.records import named, read_incident, stream_of
from tools.incidents.records_answer import late_words, record_of, shortened_note, update_rows
from tools.incidents.records_reading import MAX_TITLE_CHARS, RecordReader, names_told, recorded_text
from tools.incidents.update_incident import UpdateIncidentAnswer
from tools.recording import Scribe, record_time, scribe_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from server.deps import Deps
    from sre.core.journal import Entries, NewEntry
    from sre.incidents.model import Severity
    from sre.incidents.records.model import Incident
    from tools.context import ToolContext
    from tools.recording import RecordTime

_MAX_CHANGED = 20
_MAX_CHANGE_CHARS = 200


@dataclass(frozen=True, slots=True)
class Update:
    """The arguments of the call."""

    incident: str
    status: str
    severity: str
    note: str
    title: str
    roles: dict[str, Any]
    times: dict[str, Any]
    events: Sequence[Any]
    facts: dict[str, Any]
    at: str
    author: str


async def updated_answer(ctx: ToolContext, deps: Deps, wanted: Update) -> UpdateIncidentAnswer:
    """Record the wishes in one step and answer with the record.

    Raises:
        InputError: Nothing to change, wrong arguments, a status that cannot follow, or times that cannot be.
    """
    before = await read_incident(deps, wanted.incident)
    time = await record_time(deps)
    wishes, is_unsure = _wishes(wanted, time, latest=max(time.now, deps.clock.now()))
    scribe = scribe_of(ctx, "update_incident", author=wanted.author)
    outcome: list[Decided] = []

    def decide(entries: Entries) -> Sequence[NewEntry]:
        found = decided(incident_of(entries), wishes, _writer(scribe, wishes.at))
        outcome[:] = [found]
        return found.entries

    kept = await deps.records().record(stream_of(before.number), decide)
    after = incident_of(kept)
    answer = _answer(after, outcome[0], time)
    if is_unsure:
        answer.warnings.append("The severity is not sure, so the higher one is taken.")
    return answer


def _writer(scribe: Scribe, at: datetime) -> Any:
    def write(addition: Addition) -> NewEntry:
        author = Scribe(addition.who, scribe.source) if addition.who else scribe
        return author.entry(addition.kind, addition.at or at, **addition.data)

    return write


def _wishes(wanted: Update, time: RecordTime, *, latest: datetime) -> tuple[Wishes, bool]:
    reader = RecordReader(time)
    facts = reader.facts(wanted.facts)
    severity, is_unsure = _severity(wanted.severity, reader)
    wishes = Wishes(
        at=reader.at(wanted.at.strip(), "at") or time.now,
        latest=latest,
        status=_status(wanted.status, reader),
        severity=severity,
        note=recorded_text(wanted.note),
        evidence=recorded_text(facts.evidence),
        title=cleaned(wanted.title, limit=MAX_TITLE_CHARS),
        impact=recorded_text(facts.impact),
        services=None if facts.services is None else names_told(facts.services),
        slos=None if facts.slos is None else names_told(facts.slos),
        roles=reader.roles(wanted.roles),
        times=reader.times(wanted.times),
        additions=(*reader.events(wanted.events), *reader.additions(facts)),
    )
    if wishes.evidence and not wishes.note:
        reader.wrong("facts", "facts.evidence belongs to a note, and there is none")
    if not reader.problems and not _says_something(wishes):
        reader.wrong("status", "the call says nothing to record; give a status, note, severity, roles, times or facts")
    reader.check()
    return wishes, is_unsure


def _says_something(wishes: Wishes) -> bool:
    texts = (wishes.status, wishes.severity, wishes.note, wishes.title, wishes.impact)
    lists = (wishes.services is not None, wishes.slos is not None)
    return any((*texts, *lists, wishes.roles, wishes.times, wishes.additions))


def _severity(said: str, reader: RecordReader) -> tuple[Severity | None, bool]:
    if not said.strip():
        return None, False
    found = reader.kept("severity", lambda: severity_said(said))
    return (found.severity, found.is_unsure) if found else (None, False)


def _status(said: str, reader: RecordReader) -> Status | None:
    status = said.strip().casefold()
    if not status or status in STATUSES:
        return status or None
    near = nearest_names(status, STATUSES, count=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    reader.wrong("status", f"there is no status {quoted(said, limit=80)}{hint}", valid=STATUSES)
    return None


def _answer(incident: Incident, found: Decided, time: RecordTime) -> UpdateIncidentAnswer:
    record = record_of(incident, now=time.now)
    changes = [f"{one.kind}: {cleaned(_told(one), limit=_MAX_CHANGE_CHARS)}" for one in found.entries]
    answer = UpdateIncidentAnswer(
        summary="",
        changed=changes[:_MAX_CHANGED],
        unchanged=list(found.unchanged),
        incident=record,
        next_statuses=list(next_statuses(incident.status)),
        now=time.now,
    )
    if len(changes) > _MAX_CHANGED:
        answer.left_out.append(f"changed: {len(changes) - _MAX_CHANGED} more entries; get_incidents shows them.")
    answer.left_out += shortened_note(record, incident)
    answer.warnings = [*time.notes, *_warnings(incident, found, now=time.now)]
    answer.summary = _summary(incident, found, now=time.now)
    return answer


def _told(new: NewEntry) -> str:
    from sre.core.journal import Entry, StreamRef

    return told(Entry(StreamRef("incident", 1), 1, new.at, new))


def _warnings(incident: Incident, found: Decided, *, now: datetime) -> list[str]:
    warnings = list(odd_times(incident.times, is_over=incident.is_over()))
    is_closing = any(one.kind == "status" and one.data.get("status") == "closed" for one in found.entries)
    questions = open_questions(incident, today=now.date()) if is_closing else ()
    return warnings + [f"Closed with an open question: {question}." for question in questions]


def _summary(incident: Incident, found: Decided, *, now: datetime) -> str:
    kinds = list(dict.fromkeys(_words(one) for one in found.entries))
    what = f"recorded {listed(kinds)}" if kinds else "nothing changed"
    so = f" ({'; '.join(found.unchanged)})" if found.unchanged else ""
    head = f"{named(incident)}, {incident.severity}, {incident.status}: {what}{so}."
    late = late_words(incident, now=now)
    return f"{head} {_limits(incident, now=now)}{_update(incident, now=now)}" + (
        f" Late: {listed(late)}." if late else ""
    )


def _words(new: NewEntry) -> str:
    if new.kind in ("status", "severity"):
        return f"{new.kind} {new.data.get(new.kind)}"
    name = new.data.get({"time": "milestone", "role": "role", "lesson": "lesson"}.get(new.kind, ""))
    return f"{new.kind} {name}" if name else {"update": "sent update"}.get(new.kind, new.kind)


def _limits(incident: Incident, *, now: datetime) -> str:
    words = []
    for one in deadlines(incident, now=now):
        if one.due is not None and one.state in ("met", "missed"):
            words.append(f"{one.kind} target ({one.target}) {one.state}")
        elif one.due is not None and one.state == "running" and not incident.is_over():
            words.append(f"{one.kind} due {format_instant(one.due)}")
    sentence = "; ".join(words)
    return f"{sentence[:1].upper()}{sentence[1:]}." if words else ""


def _update(incident: Incident, *, now: datetime) -> str:
    soonest = next((row for row in update_rows(incident, now=now) if not row.is_late), None)
    if soonest is None or soonest.due is None:
        return ""
    return f" Next update ({soonest.audience}) due {format_instant(soonest.due)}."
