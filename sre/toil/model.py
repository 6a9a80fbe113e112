"""Toil as it was recorded: tasks, and each time somebody had to do one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

# After the sources that Google's teams name most (Beyer et al., Site Reliability Engineering, 2016, ch. 5) and the
# taxonomy of The Site Reliability Workbook (2018), ch. 6.
ToilKind: TypeAlias = Literal[
    "interrupt", "on_call", "ticket", "release", "migration", "capacity", "troubleshooting", "manual"
]
TOIL_KINDS: tuple[ToilKind, ...] = get_args(ToilKind)
KIND = "toil"
_PREFIX = "TOIL-"
_REFERENCE = re.compile(r"(?:TOIL-)?(\d{1,9})\s*#\s*(\d{1,9})", re.IGNORECASE | re.ASCII)


def task_reference(number: int) -> str:
    """Return how people call a task: `TOIL-3`."""
    return f"{_PREFIX}{number}"


def occurrence_numbers(reference: str) -> tuple[int, int] | None:
    """Return task and entry behind `TOIL-3#2` or `3#2`; None for anything else."""
    match = _REFERENCE.fullmatch(reference.strip())
    return (int(match[1]), int(match[2])) if match else None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Work that was done once, or several times alike; texts are from outside.

    Attributes:
        number: Of the entry in its task's stream.
        at: When, aware UTC.
        minutes: Of one time, > 0.
        times: How often, >= 1.
    """

    number: int
    at: datetime
    who: str
    minutes: float
    times: int = 1
    note: str = ""

    @property
    def hours(self) -> float:
        """Hours of all its times."""
        return self.minutes * self.times / 60.0


@dataclass(frozen=True, slots=True)
class Task:
    """A task and all that was recorded of it; texts are from outside.

    Attributes:
        kind: None where nobody said.
        per_month: How often it comes up, as people say; None where nobody said.
        how_often: The same in their words.
        automation_hours: What building it away would take; None where nobody said.
        occurrences: Those that still count, in the order of their recording.
        voided: How many were taken back.
    """

    number: int
    name: str
    kind: ToilKind | None = None
    per_month: float | None = None
    how_often: str = ""
    automation_hours: float | None = None
    occurrences: tuple[Occurrence, ...] = ()
    voided: tuple[int, ...] = ()

    @property
    def reference(self) -> str:
        """How people call it."""
        return task_reference(self.number)
