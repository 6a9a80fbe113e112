"""The steps of `record_toil`: find or begin the task, add what was done, take back what was wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from sre.core.errors import InputError
from sre.core.figures import plain_text
from sre.core.journal import NewEntry, StreamRef
from sre.core.text import cleaned, listed, quoted
from sre.core.times import format_instant
from sre.toil.frequency import times_per_month
from sre.toil.model import KIND, TOIL_KINDS, Task, occurrence_numbers, task_reference
from sre.toil.records import is_task, key_of, task_of
from tools.recording import record_time, scribe_of
from tools.toil.record_toil import OccurrenceRow, RecordToilAnswer, ToilTask
from tools.toil.toil_journal import MAX_NAME_CHARS, all_tasks, names_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.deps import Deps
    from sre.core.journal import Entries, JsonValue
    from sre.toil.model import Occurrence
    from tools.context import ToolContext
    from tools.recording import RecordTime, Scribe

_NAME, _NOTE = 160, 1_000
# As alike as "restart worker" and "restart workers" (our choice).
_LEAST_LIKENESS = 0.85
# The same work by the same person so soon again is more often a call sent twice than work done twice.
_TWICE = timedelta(minutes=10)
_MAX_LIKE, _MAX_LATEST = 3, 5
# Clocks differ by less.
_FUTURE_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ToilCall:
    """The arguments of the call."""

    task: str
    minutes: float
    who: str
    at: str
    times: int
    kind: str
    how_often: str
    automation_hours: float
    note: str
    void: str

    @property
    def note_text(self) -> str:
        """The note, cleaned."""
        return cleaned(self.note, limit=_NOTE)


async def recorded_answer(ctx: ToolContext, deps: Deps, call: ToilCall) -> RecordToilAnswer:
    """Record what the call says, and return the task as it stands.

    Raises:
        ConfigError: There is no place for records.
        InputError: Nothing to record, or something that cannot be; says what can.
    """
    journal = deps.records()
    time = await record_time(deps)
    scribe = scribe_of(ctx, "record_toil")
    facts = _facts(call)
    if not (call.minutes or facts or call.void.strip()):
        raise InputError("Say how many minutes it took.", field="minutes", next_steps=("minutes: of one time.",))
    known = await all_tasks(deps)
    wrong = _wrong_entry(call, known) if call.void.strip() else None
    done = _done_entries(call, time, scribe, instead_of=wrong[1] if wrong else None)
    stream, is_new = (wrong[0], False) if wrong else await _stream(deps, call, time, scribe, known)
    voided = wrong[1].number if wrong else None
    added = [*([scribe.entry("facts", time.now, **facts)] if facts else []), *done]

    def decide(entries: Entries) -> Sequence[NewEntry]:
        if voided is None:
            return added
        _counting(task_of(entries), voided)
        return [scribe.entry("void", time.now, number=voided, note=call.note_text), *added]

    entries = await journal.record(stream, decide)
    before = next((one for one in known if one.number == stream.number), None)
    return _answer(
        task_of(entries), call, time, before=before, count=len(done), voided=voided, is_new=is_new, others=known
    )


async def _stream(
    deps: Deps, call: ToilCall, time: RecordTime, scribe: Scribe, known: Sequence[Task]
) -> tuple[StreamRef, bool]:
    """Return the task's stream, begun where there is none yet, and whether the task is new."""
    name = cleaned(call.task, limit=_NAME)
    if not key_of(name):
        raise InputError("Say which task.", field="task", valid=[quoted(one.name, limit=60) for one in known[:20]])
    entries = await deps.records().begin(KIND, [scribe.entry("task", time.now, name=name)], key=key_of(name))
    if not is_task(entries):
        raise InputError(f"The record of {quoted(name, limit=60)} cannot be read; use another name.", field="task")
    number = entries[0].stream.number
    return StreamRef(KIND, number), all(number != one.number for one in known)


def _wrong_entry(call: ToilCall, known: Sequence[Task]) -> tuple[StreamRef, Occurrence]:
    """Return the stream and the work in it that is to be taken back."""
    numbers = occurrence_numbers(call.void)
    task = next((one for one in known if numbers and one.number == numbers[0]), None)
    if numbers is None or task is None:
        latest = [f"{one.reference}#{one.occurrences[-1].number}" for one in known if one.occurrences]
        message = f"There is no entry {quoted(call.void, limit=40)}."
        raise InputError(message, field="void", valid=latest[-_MAX_LATEST:], next_steps=("report_toil lists tasks.",))
    if call.task.strip() and key_of(cleaned(call.task, limit=_NAME)) != key_of(task.name):
        message = f"{task.reference} is {quoted(task.name, limit=60)}, another task."
        raise InputError(message, field="task", next_steps=("take it back with void alone, then record anew.",))
    return StreamRef(KIND, task.number), _counting(task, numbers[1])


def _counting(task: Task, number: int) -> Occurrence:
    found = next((one for one in task.occurrences if one.number == number), None)
    if found is None:
        said = "was taken back already" if number in task.voided else "is not work that was recorded"
        valid = [f"{task.reference}#{one.number}" for one in task.occurrences[-_MAX_LATEST:]]
        raise InputError(f"{task.reference}#{number} {said}.", field="void", valid=valid)
    return found


def _facts(call: ToilCall) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = {}
    kind = call.kind.strip().casefold().replace("-", "_").replace(" ", "_")
    if kind and kind not in TOIL_KINDS:
        raise InputError(f"There is no kind of toil {quoted(call.kind, limit=60)}.", field="kind", valid=TOIL_KINDS)
    if kind:
        facts["kind"] = kind
    if call.how_often.strip():
        times_per_month(call.how_often)
        facts["how_often"] = cleaned(call.how_often, limit=_NAME)
    if call.automation_hours:
        facts["automation_hours"] = call.automation_hours
    return facts


def _done_entries(call: ToilCall, time: RecordTime, scribe: Scribe, *, instead_of: Occurrence | None) -> list[NewEntry]:
    """Return what was done; of an entry that stands instead of another, what is not said is as in that one."""
    if not call.minutes:
        return []
    is_said = call.at.strip() not in ("", "now")
    at = instead_of.at if instead_of and not is_said else time.read(call.at.strip() or "now", field="at")
    if at > time.now + _FUTURE_SLACK:
        message = f"at ({format_instant(at)}) lies in the future; now is {format_instant(time.now)}."
        raise InputError(message, field="at", valid=("now", "-2h", "2026-01-31T12:00:00Z"))
    times = instead_of.times if instead_of and call.times == 1 else call.times
    data: dict[str, JsonValue] = {"minutes": call.minutes, "times": times}
    if note := call.note_text or (instead_of.note if instead_of else ""):
        data["note"] = note
    usual = instead_of.who if instead_of else scribe.author
    people = names_in(call.who) or (cleaned(usual, limit=MAX_NAME_CHARS),)
    return [scribe.entry("done", at, who=who, **data) for who in people]


def _answer(
    task: Task,
    call: ToilCall,
    time: RecordTime,
    *,
    before: Task | None,
    count: int,
    voided: int | None,
    is_new: bool,
    others: Sequence[Task],
) -> RecordToilAnswer:
    added = task.occurrences[len(task.occurrences) - count :]
    answer = RecordToilAnswer(summary="", task=_task_row(task), now=time.now)
    answer.recorded = [_row(task, one) for one in added]
    answer.voided = f"{task.reference}#{voided}" if voided is not None else None
    answer.warnings = [*time.notes, *_warnings(task, added, before, others if is_new else ())]
    answer.summary = f"{_lead(task, call, added, answer.voided, is_new=is_new)} {_total(task)}"
    return answer


def _warnings(task: Task, added: Sequence[Occurrence], before: Task | None, others: Sequence[Task]) -> list[str]:
    found = []
    earlier = [one for one in before.occurrences if one in task.occurrences] if before else []
    twice = [f"{task.reference}#{old.number}" for old in earlier if any(_is_same(old, new) for new in added)]
    if twice:
        found.append(f"The same work stands at {listed(twice)} already; if it was done once, void one of the two.")
    like = [one for one in others if one.number != task.number and _are_alike(one.name, task.name)]
    if like:
        names = listed([f"{one.reference} {quoted(one.name, limit=60)}" for one in like[:_MAX_LIKE]])
        found.append(f"Much like {names}: if it is the same task, void this and record it under that name.")
    if task.kind is None:
        found.append("No kind is said; with one the report can tell what the toil is made of.")
    return found


def _is_same(old: Occurrence, new: Occurrence) -> bool:
    same = (old.who, old.minutes, old.times, old.note) == (new.who, new.minutes, new.times, new.note)
    return same and abs(old.at - new.at) <= _TWICE


def _are_alike(first: str, second: str) -> bool:
    return SequenceMatcher(None, key_of(first), key_of(second)).ratio() >= _LEAST_LIKENESS


def _task_row(task: Task) -> ToilTask:
    return ToilTask(
        id=task.reference,
        task=cleaned(task.name, limit=_NAME),
        kind=task.kind,
        how_often=cleaned(task.how_often, limit=_NAME),
        times_a_month=task.per_month,
        automation_hours=task.automation_hours,
        times=sum(one.times for one in task.occurrences),
        hours=sum(one.hours for one in task.occurrences),
    )


def _row(task: Task, one: Occurrence) -> OccurrenceRow:
    return OccurrenceRow(
        id=f"{task.reference}#{one.number}",
        at=_whole(one.at),
        who=cleaned(one.who, limit=MAX_NAME_CHARS),
        minutes=one.minutes,
        times=one.times,
        note=cleaned(one.note, limit=_NOTE),
    )


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _lead(task: Task, call: ToilCall, added: Sequence[Occurrence], voided: str | None, *, is_new: bool) -> str:
    name = f"{task_reference(task.number)} {quoted(task.name, limit=80)}"
    taken = f"{voided} no longer counts. " if voided else ""
    if not added:
        return f"{taken}{name}{': a new task.' if is_new else '.' if voided else ' was described.'}"
    who = listed([quoted(one.who, limit=60) for one in added], limit=5)
    count = added[0].times
    times = f"{count} times " * (count > 1) + f"{plain_text(call.minutes)} min"
    ids = listed([f"#{one.number}" for one in added], limit=5)
    new = ", a new task" if is_new else ""
    return f"{taken}{name}{new}: {times} of {who} at {format_instant(_whole(added[0].at))} recorded ({ids})."


def _total(task: Task) -> str:
    times = sum(one.times for one in task.occurrences)
    hours = sum(one.hours for one in task.occurrences)
    said = f" Said to come up {quoted(task.how_often, limit=60)}." if task.how_often else ""
    return f"In all {times} time{'s' if times != 1 else ''}, {plain_text(hours)} h.{said}"
