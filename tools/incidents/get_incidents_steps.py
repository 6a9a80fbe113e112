"""The steps of `get_incidents`: which incidents are asked for, and how each stands."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sre.core.errors import InputError
from sre.core.text import cleaned, listed, nearest_names, quoted
from sre.core.times import format_instant
from sre.incidents.cadence import next_update
from sre.incidents.model import SEVERITIES
from sre.incidents.records.facts import began_at
from sre.incidents.records.history import told
from sre.incidents.records.listing import IncidentFilter, by_urgency
from sre.incidents.records.milestones import odd_times
from sre.incidents.records.model import STATUSES
from sre.incidents.records.questions import action_questions
from tools.answer import WindowAnswer
from tools.incidents.get_incidents import EntryRow, GetIncidentsAnswer, IncidentRow
from tools.incidents.open_pages import PageView, pages_of_record, pages_without_record
from tools.incidents.records import all_incidents, named, read_incident
from tools.incidents.records_answer import late_words, names_of, record_of, shortened_note
from tools.recording import RecordTime, record_time

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from server.deps import Deps
    from sre.core.journal import Entry
    from sre.incidents.records.model import Incident

_TITLE, _NAME, _TEXT = 160, 80, 300
_MAX_SERVICES = 5
_MAX_HISTORY = 100
_SEPARATORS = re.compile(r"[\s,]+")
_Word = TypeVar("_Word", bound=str)


@dataclass(frozen=True, slots=True)
class Question:
    """The arguments of the call, but for the incident."""

    status: str
    severity: str
    service: str
    search: str
    since: str
    until: str
    open_only: bool
    limit: int

    def is_about_now(self) -> bool:
        """Whether pages that are open now belong into the answer; a question about records alone has none."""
        return not any(one.strip() for one in (self.status, self.severity, self.search, self.since, self.until))

    def given(self) -> list[str]:
        """Return the names of the filters that are set."""
        texts = ("status", "severity", "service", "search", "since", "until")
        return [name for name in texts if getattr(self, name).strip()] + ["open_only"] * self.open_only


async def answer_of_one(deps: Deps, reference: str, asked: Question) -> GetIncidentsAnswer:
    """Return one incident in full, with its history, the latest entries first.

    Raises:
        InputError: There is no such incident; or a filter was given beside it.
    """
    if asked.given():
        raise InputError("incident names one, so no filter goes with it.", field=asked.given()[0])
    incident, time = await read_incident(deps, reference), await record_time(deps)
    record = record_of(incident, now=time.now)
    answer = GetIncidentsAnswer(summary="", incident=record, incident_count=1, now=time.now)
    answer.open_count = int(not incident.is_over())
    latest = incident.entries[: -_MAX_HISTORY - 1 : -1]
    answer.history = [_entry_row(entry) for entry in latest]
    if len(incident.entries) > len(latest):
        answer.left_out.append(f"history: {len(incident.entries) - len(latest)} earlier entries: read {record.page}.")
    answer.left_out += shortened_note(record, incident)
    answer.warnings = [*time.notes, *odd_times(incident.times, is_over=incident.is_over())]
    answer.warnings += [f"Open: {question}." for question in action_questions(incident, today=time.now.date())]
    answer.summary = _summary_of_one(incident, now=time.now)
    _add_pages(answer, await pages_of_record(deps, incident))
    return answer


async def answer_of_all(deps: Deps, asked: Question) -> GetIncidentsAnswer:
    """Return the incidents that fit, the most urgent first.

    Raises:
        InputError: A filter that cannot be; says what can.
    """
    time = await record_time(deps)
    wanted = _filter(asked, time)
    known = await all_incidents(deps)
    fitting = by_urgency(incident for incident in known if wanted.accepts(incident))
    answer = GetIncidentsAnswer(summary="", incident_count=len(fitting), now=time.now)
    answer.incidents = [_row(incident, now=time.now) for incident in fitting[: asked.limit]]
    answer.open_count = sum(not incident.is_over() for incident in fitting)
    answer.window = _window(fitting, wanted, now=time.now)
    answer.warnings = list(time.notes)
    if len(fitting) > asked.limit:
        answer.left_out.append(
            f"{len(fitting) - asked.limit} less urgent incidents: raise limit or narrow the filters."
        )
    answer.summary = _summary(fitting, known, asked, now=time.now) if fitting else _nothing(known, asked)
    if asked.is_about_now():
        _add_pages(answer, await pages_without_record(deps, known, service=asked.service))
    return answer


def _add_pages(answer: GetIncidentsAnswer, view: PageView) -> None:
    answer.pages, answer.page_count, answer.on_call = view.pages, view.page_count, view.on_call
    answer.warnings += view.warnings
    answer.left_out += view.left_out
    answer.summary += view.words


def _filter(asked: Question, time: RecordTime) -> IncidentFilter:
    since = time.read(asked.since, field="since") if asked.since.strip() else None
    until = time.read(asked.until, field="until") if asked.until.strip() else None
    if since and until and until <= since:
        raise InputError(
            f"since ({format_instant(since)}) is not before until ({format_instant(until)}).", field="since"
        )
    return IncidentFilter(
        statuses=_words(asked.status, STATUSES, "status"),
        severities=_words(asked.severity, SEVERITIES, "severity"),
        service=asked.service.strip(),
        since=since,
        until=until,
        search=asked.search,
        open_only=asked.open_only,
    )


def _words(said: str, valid: Sequence[_Word], field: str) -> tuple[_Word, ...]:
    by_word = {word.casefold(): word for word in valid}
    chosen = [part for part in _SEPARATORS.split(said.strip().casefold()) if part]
    unknown = [part for part in chosen if part not in by_word]
    if unknown:
        raise InputError(f"There is no {field} {quoted(unknown[0], limit=_NAME)}.", field=field, valid=valid)
    return tuple(by_word[part] for part in chosen)


def _row(incident: Incident, *, now: datetime) -> IncidentRow:
    began, ended = began_at(incident), incident.times.get("end")
    until = ended or (None if incident.is_over() else now)
    update = next_update(incident, "internal")
    return IncidentRow(
        id=incident.reference,
        title=cleaned(incident.title, limit=_TITLE),
        severity=incident.severity,
        status=incident.status,
        services=names_of(incident.services[:_MAX_SERVICES]),
        began_at=began,
        ended_at=ended,
        minutes=max(0.0, (until - began).total_seconds() / 60.0) if until else None,
        commander=cleaned(incident.roles.get("incident_commander", ""), limit=_NAME),
        late=late_words(incident, now=now),
        next_update=update.at,
        open_action_count=sum(action.is_open() for action in incident.actions),
        overdue_action_count=sum(action.is_overdue(now.date()) for action in incident.actions),
    )


def _entry_row(entry: Entry) -> EntryRow:
    new = entry.new
    return EntryRow(
        number=entry.number,
        at=new.at.replace(microsecond=0),
        recorded_at=entry.recorded_at.replace(microsecond=0),
        kind=cleaned(new.kind, limit=_NAME),
        text=cleaned(told(entry), limit=_TEXT),
        author=cleaned(new.author, limit=_NAME),
        source=cleaned(new.source, limit=_NAME),
    )


def _window(fitting: Sequence[Incident], wanted: IncidentFilter, *, now: datetime) -> WindowAnswer | None:
    """Return when the incidents began that were looked at: as asked, else from the first to now."""
    start = wanted.since or min((began_at(incident) for incident in fitting), default=None)
    return WindowAnswer(start=start, end=wanted.until or max(now, start)) if start else None


def _summary_of_one(incident: Incident, *, now: datetime) -> str:
    late = late_words(incident, now=now)
    last = incident.entries[-1]
    since = f"began {format_instant(began_at(incident))}"
    ended = incident.times.get("end")
    over = f", ended {format_instant(ended)}" if ended and incident.is_over() else ""
    latest = f" {len(incident.entries)} entries, the last at {format_instant(last.new.at)} ({last.new.kind})."
    return f"{_head(incident)}, {since}{over}.{_late(late)}{latest}"


def _summary(fitting: Sequence[Incident], known: Sequence[Incident], asked: Question, *, now: datetime) -> str:
    still_open = [incident for incident in fitting if not incident.is_over()]
    of = f" of {len(known)}" if asked.given() else ""
    counts = Counter(incident.severity for incident in still_open)
    levels = ", ".join(f"{counts[severity]} {severity}" for severity in SEVERITIES if counts[severity])
    goes_on = f"{len(still_open)} open ({levels})" if still_open else "none open"
    first = fitting[0]
    lead = (
        f" Most urgent: {_head(first)}.{_late(late_words(first, now=now))}"
        if still_open
        else f" Latest: {_head(first)}."
    )
    overdue = sum(action.is_overdue(now.date()) for incident in fitting for action in incident.actions)
    actions = f" {overdue} action{'s' if overdue != 1 else ''} overdue in all." if overdue else ""
    return f"{len(fitting)}{of} incident{'s' if len(fitting) != 1 else ''}, {goes_on}.{lead}{actions}"


def _head(incident: Incident) -> str:
    services = f" of {listed(names_of(incident.services), limit=3)}" if incident.services else ""
    return f"{named(incident)}{services}, {incident.severity}, {incident.status}"


def _late(late: Sequence[str]) -> str:
    return f" Late: {listed(late)}." if late else ""


def _nothing(known: Sequence[Incident], asked: Question) -> str:
    if not known:
        return "No incident is recorded yet; declare_incident begins one."
    services = sorted({service for incident in known for service in incident.services})
    near = nearest_names(asked.service, services) if asked.service.strip() else ()
    hint = (
        f" Services with incidents: {listed([quoted(name, limit=_NAME) for name in near or services])}."
        if services
        else ""
    )
    return f"No incident fits ({listed(asked.given())}); {len(known)} are recorded.{hint if asked.service else ''}"
