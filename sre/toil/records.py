"""The entries of a task: how each is written, and what they add up to.

Kinds and their data:
    task    name: how the stream begins
    facts   of kind, how_often, automation_hours what is set from now on
    done    who, minutes (of one time), times, note: that it had to be done, at the entry's time
    void    number: of a `done` entry that does not count; note: why

A journal may have been imported, or written by a later version. What is not understood changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sre.core.errors import InputError
from sre.core.journal import Entries, Entry, JsonValue
from sre.toil.frequency import times_per_month
from sre.toil.model import TOIL_KINDS, Occurrence, Task

_MAX_MINUTES, _MAX_TIMES = 1e6, 1_000_000


def key_of(name: str) -> str:
    """Return what makes two names the same task: their words in any case."""
    return " ".join(name.casefold().split())


def is_task(entries: Entries) -> bool:
    """Whether a stream begins as a task does."""
    return bool(entries) and entries[0].new.kind == "task"


def tasks_of(streams: Iterable[Entries]) -> tuple[Task, ...]:
    """Return the tasks of all streams that begin as one."""
    return tuple(task_of(entries) for entries in streams if is_task(entries))


def task_of(entries: Entries) -> Task:
    """Return what the entries of a stream add up to.

    Raises:
        ValueError: The first entry does not name a task.
    """
    if not is_task(entries):
        raise ValueError("a stream of toil begins with its task")
    task = Task(entries[0].stream.number, _text(entries[0].new.data, "name"))
    for entry in entries:
        task = _applied(task, entry)
    return task


def _applied(task: Task, entry: Entry) -> Task:
    match entry.new.kind:
        case "facts":
            return _with_facts(task, entry.new.data)
        case "done":
            done = _occurrence(entry)
            return task if done is None else replace(task, occurrences=(*task.occurrences, done))
        case "void":
            return _voided(task, entry.new.data.get("number"))
        case _:
            return task


def _with_facts(task: Task, data: Mapping[str, JsonValue]) -> Task:
    kind, hours, often = data.get("kind"), data.get("automation_hours"), _text(data, "how_often")
    if kind in TOIL_KINDS:
        task = replace(task, kind=kind)
    if (known := _amount(hours, most=_MAX_MINUTES)) is not None:
        task = replace(task, automation_hours=known)
    try:
        return replace(task, per_month=times_per_month(often), how_often=often) if often else task
    except InputError:
        return task


def _occurrence(entry: Entry) -> Occurrence | None:
    data = entry.new.data
    minutes, times = _amount(data.get("minutes"), most=_MAX_MINUTES), _amount(data.get("times", 1), most=_MAX_TIMES)
    if minutes is None or times is None or times < 1:
        return None
    who = _text(data, "who") or entry.new.author
    return Occurrence(entry.number, entry.new.at, who, minutes, int(times), _text(data, "note"))


def _voided(task: Task, number: JsonValue) -> Task:
    kept = tuple(one for one in task.occurrences if one.number != number)
    if len(kept) == len(task.occurrences) or not isinstance(number, int):
        return task
    return replace(task, occurrences=kept, voided=(*task.voided, number))


def _text(data: Mapping[str, JsonValue], name: str) -> str:
    value = data.get(name, "")
    return value if isinstance(value, str) else ""


def _amount(value: JsonValue, *, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) and 0 < value <= most else None
