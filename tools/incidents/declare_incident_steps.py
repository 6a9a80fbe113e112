"""The steps of `declare_incident`: read, record at once, then say what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from sre.core.errors import RefusedError, SreError
from sre.core.text import cleaned, listed
from sre.core.times import format_instant
from sre.incidents.records.changing import CLOCK_TOLERANCE
from sre.incidents.records.deadlines import deadlines
from sre.incidents.records.duplicates import NearDuplicate, near_duplicates
from sre.incidents.records.entries import incident_of
from sre.incidents.records.milestones import odd_times, order_violations
from sre.incidents.records.model import KIND
from tools.incidents.declare_incident import DeclareIncidentAnswer
from tools.incidents.declare_incident_severity import StatedSeverity, facts_of_impact, stated_severity
from tools.incidents.records import all_incidents, named
from tools.incidents.records_answer import record_of, shortened_note, update_rows
from tools.incidents.records_reading import MAX_TITLE_CHARS, RecordReader, names_told, recorded_text
from tools.recording import Scribe, record_time, scribe_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from server.deps import Deps
    from sre.core.journal import NewEntry
    from sre.incidents.records.changing import Addition
    from sre.incidents.records.model import Incident, Milestone, Role
    from tools.context import ToolContext
    from tools.incidents.p0_confirmation import Confirmed
    from tools.recording import RecordTime

_NOTICED_NOW = "detected_at was taken as now; if it was noticed earlier, say when: update_incident, times detected."
_UNCONFIRMED = "Nobody answered whether this is a P0, so it was declared without waiting; lower it if it is not."
_MAX_SIMILAR = 3
# What began longer ago is written down afterwards, and when it was noticed is not known (our choice).
_NOTICED_WITHIN = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Declaration:
    """The arguments of the call."""

    title: str
    severity: str
    services: Sequence[str]
    impact: str
    started_at: str
    detected_at: str
    roles: dict[str, Any]
    facts: dict[str, Any]
    key: str
    author: str
    confirmed: Confirmed


@dataclass(frozen=True, slots=True)
class _Read:
    """The arguments once they are understood."""

    title: str
    severity: StatedSeverity
    services: tuple[str, ...]
    slos: tuple[str, ...]
    impact: str
    roles: dict[Role, str]
    times: dict[Milestone, datetime]
    additions: list[Addition]


async def declared_answer(ctx: ToolContext, deps: Deps, wanted: Declaration) -> DeclareIncidentAnswer:
    """Record the declaration and answer with the record and what to do next.

    Raises:
        InputError: No severity, or wrong arguments; all of them are named.
        RefusedError: A person was asked whether it is a P0, and said no.
    """
    journal, time = deps.records(), await record_time(deps)
    read = _read(wanted, time, latest=max(time.now, deps.clock.now()))
    if wanted.confirmed == "no":
        raise RefusedError(
            "Nothing was declared: the P0 was not confirmed.",
            next_steps=("declare it with the severity that fits: P1, P2 or P3",),
        )
    token = token_hex(8)
    entries = _entries(read, wanted, scribe_of(ctx, "declare_incident", author=wanted.author), time.now, token)
    kept = await journal.begin(KIND, entries, key=cleaned(wanted.key))
    incident = incident_of(kept)
    known = await _others(deps, time)
    return _answer(incident, read, known, time, is_new=kept[0].new.key == token, confirmed=wanted.confirmed)


async def _others(deps: Deps, time: RecordTime) -> tuple[Incident, ...]:
    """Return all incidents; none where they cannot be read, since what is declared already must not fail for that."""
    try:
        return await all_incidents(deps)
    except SreError as error:
        time.notes.append(f"Recorded, but not compared with other incidents: {error.message}")
        return ()


def _read(wanted: Declaration, time: RecordTime, *, latest: datetime) -> _Read:
    reader = RecordReader(time)
    title = cleaned(wanted.title, limit=MAX_TITLE_CHARS)
    if not title:
        reader.wrong("title", "title must say what users feel, in a few words")
    harm, told = facts_of_impact(wanted.facts)
    facts = reader.facts(told)
    if facts.evidence:
        reader.wrong("facts", "facts.evidence belongs to a note, and a declaration has none: use impact or causes")
    times = _times(wanted, reader, latest)
    roles = {role: person for role, person in reader.roles(wanted.roles).items() if person}
    return _Read(
        title=title,
        severity=_severity(wanted.severity, harm, reader),
        services=names_told([*wanted.services, *(facts.services or ())]),
        slos=names_told(facts.slos or ()),
        impact=recorded_text(wanted.impact or facts.impact),
        roles=roles,
        times=times,
        additions=reader.additions(facts),
    )


def _severity(said: str, harm: dict[str, Any], reader: RecordReader) -> StatedSeverity:
    """Return the severity; where only that is missing, the error holds the rules."""
    now = reader.time.now
    if not reader.problems:
        return stated_severity(said, harm, now=now)
    reader.kept("severity", lambda: stated_severity(said, harm, now=now))
    reader.check()
    raise AssertionError("there were problems to raise")


def _times(wanted: Declaration, reader: RecordReader, latest: datetime) -> dict[Milestone, datetime]:
    said: dict[Milestone, datetime] = {}
    start = reader.at(wanted.started_at.strip(), "started_at")
    if start is not None:
        said["start"] = start
    detected = reader.at(wanted.detected_at.strip(), "detected_at")
    now = reader.time.now
    if detected is not None:
        said["detected"] = detected
    elif start is None or abs(now - start) <= _NOTICED_WITHIN:
        # Who declares it has noticed it, at the latest now.
        said["detected"] = max(now, start or now)
        reader.time.notes.append(_NOTICED_NOW)
    for name, at in said.items():
        if at > latest + CLOCK_TOLERANCE:
            reader.wrong(f"{name}ed_at", f"{name} ({format_instant(at)}) lies in the future")
    for sentence in order_violations(said).values():
        reader.wrong("started_at", sentence)
    return said


def _entries(read: _Read, wanted: Declaration, scribe: Scribe, now: datetime, token: str) -> list[NewEntry]:
    key = cleaned(wanted.key)
    declared = scribe.entry(
        "declared",
        now,
        token,
        title=read.title,
        severity=read.severity.severity,
        services=read.services,
        slos=read.slos,
        impact=read.impact,
        **({"reasons": read.severity.reasons} if read.severity.reasons else {}),
        **({"origin": key} if key else {}),
    )
    times = [
        scribe.entry("time", now, milestone=name, value=format_instant(at)) for name, at in sorted(read.times.items())
    ]
    roles = [scribe.entry("role", now, role=role, person=person) for role, person in read.roles.items()]
    more = [scribe.entry(one.kind, one.at or now, **one.data) for one in read.additions]
    return [declared, *times, *roles, *more]


def _answer(
    incident: Incident,
    read: _Read,
    known: Sequence[Incident],
    time: RecordTime,
    *,
    is_new: bool,
    confirmed: Confirmed,
) -> DeclareIncidentAnswer:
    record = record_of(incident, now=time.now)
    similar: Sequence[NearDuplicate] = near_duplicates(incident, known) if is_new else ()
    answer = DeclareIncidentAnswer(summary="", incident=record, is_new=is_new, now=time.now)
    answer.reasons = list(read.severity.reasons) if is_new else []
    answer.similar = [one.incident.reference for one in similar]
    answer.warnings = [*time.notes, *_warnings(incident, read, similar, is_new=is_new)]
    if is_new and confirmed == "no answer":
        answer.warnings.append(_UNCONFIRMED)
    answer.left_out = shortened_note(record, incident)
    answer.next_steps = _next_steps(incident, record.roles_to_fill)
    answer.summary = _summary(incident, answer, now=time.now)
    return answer


def _warnings(incident: Incident, read: _Read, similar: Sequence[NearDuplicate], *, is_new: bool) -> list[str]:
    if not is_new:
        return [_known_already(incident)]
    warnings = list(read.severity.warnings)
    warnings += [
        f"May be the same as {named(one.incident)} ({one.incident.severity}, {one.incident.status}): {one.why}."
        for one in similar[:_MAX_SIMILAR]
    ]
    if not incident.services:
        warnings.append("No service is named, so it cannot be found by service.")
    if "start" not in incident.times:
        warnings.append("The start of the harm is not known: limits count from its detection until it is.")
    elif "detected" not in incident.times:
        warnings.append("When it was noticed is not known: the limit to respond counts from its start until it is.")
    return [*warnings, *odd_times(incident.times, is_over=incident.is_over())]


def _known_already(incident: Incident) -> str:
    back = "if the harm is back, declare it under another key" if incident.is_over() else "update_incident adds to it"
    return f"Declared before under this key: this call changed nothing; {back}."


def _next_steps(incident: Incident, to_fill: Sequence[str]) -> list[str]:
    if incident.status != "declared":
        return []
    steps = [f"update_incident {incident.reference} status=investigating as soon as somebody has it"]
    if to_fill:
        steps.append(f"fill the roles: {listed(to_fill)}")
    if not incident.impact:
        steps.append("say what users feel: facts impact")
    return [*steps, "list_alerts and check_service_health for what moved; mitigate before searching the cause"]


def _summary(incident: Incident, answer: DeclareIncidentAnswer, *, now: datetime) -> str:
    services = f" of {listed(answer.incident.services, limit=4)}" if answer.incident.services else ""
    head = f"{named(incident)}{services}"
    begun = (
        f"Declared {incident.severity}: {head}." if answer.is_new else f"Declared before: {head}, {incident.status}."
    )
    if answer.is_new and answer.reasons:
        begun += f" {incident.severity} because {answer.reasons[0]}."
    limits = " ".join(_limit_words(one.kind, one.target, one.due, one.state) for one in deadlines(incident, now=now))
    update = next(iter(update_rows(incident, now=now)), None)
    told = f" First update ({update.audience}) due {_clock(update.due)}." if update and answer.is_new else ""
    like = f" May be the same as {listed(answer.similar, limit=_MAX_SIMILAR)}." if answer.similar else ""
    return f"{begun} {limits}{told}{like}"


def _limit_words(kind: str, target: str, due: datetime | None, state: str) -> str:
    name = kind.capitalize()
    if due is None:
        return f"{name}: {target}."
    late = ": overdue" if state == "overdue" else ""
    return f"{name} ({target}) by {_clock(due)}{late}."


def _clock(at: datetime | None) -> str:
    return format_instant(at) if at else "not set"
