"""Which tasks are worth automating: what each costs a month, and when the work of building it away is earned back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean
from typing import Final, Literal, TypeAlias

from sre.core.event_rate import count_interval
from sre.core.times import Window
from sre.toil.frequency import DAYS_A_MONTH
from sre.toil.model import Occurrence, Task

# `recorded`: how often it was recorded; `stated`: how often people say it comes up; `unknown`: once is no rate.
Basis: TypeAlias = Literal["recorded", "stated", "unknown"]
LEAST_TIMES: Final = 2
PAYBACK_MONTHS: Final = 12.0
_DAY_SECONDS: Final = 86_400.0
# Dates further away than this are no plan.
_MOST_MONTHS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task as a candidate for automation; all its toil is taken to go away.

    Attributes:
        hours, times: In the window.
        hours_a_month: None where the basis is unknown.
        low_hours_a_month, high_hours_a_month: 95 % interval by the count of its times; None where only stated.
        payback_months: Build hours over hours saved a month.
        break_even: When a tool that is ready at the end of the window has earned its build hours back.
        worth_hours: Build hours that are earned back within a year.
    """

    task: Task
    hours: float
    times: int
    people: tuple[str, ...]
    basis: Basis
    hours_a_month: float | None = None
    low_hours_a_month: float | None = None
    high_hours_a_month: float | None = None
    payback_months: float | None = None
    break_even: datetime | None = None

    @property
    def payback_range_months(self) -> tuple[float, float] | None:
        """Soonest and latest pay-back by the interval of the hours a month; None where there is none."""
        low, high, build = self.low_hours_a_month, self.high_hours_a_month, self.task.automation_hours
        return (build / high, build / low) if low and high and build else None

    @property
    def worth_hours(self) -> float | None:
        """Build hours that are earned back within a year."""
        return None if self.hours_a_month is None else self.hours_a_month * PAYBACK_MONTHS


def candidates(tasks: Iterable[Task], window: Window, *, since: datetime) -> tuple[Candidate, ...]:
    """Return tasks of a window by pay-back, the soonest first; then those without build hours by hours a month.

    Args:
        since: From when on toil was recorded at all; rates count from there.
    """
    found = [_candidate(task, window, since) for task in tasks]
    return tuple(sorted((one for one in found if one is not None), key=_rank))


def _candidate(task: Task, window: Window, since: datetime) -> Candidate | None:
    done = [one for one in task.occurrences if window.start <= one.at <= window.end]
    if not done:
        return None
    hours, times = sum(one.hours for one in done), sum(one.times for one in done)
    people = tuple(dict.fromkeys(one.who for one in done))
    basis, monthly, bounds = _monthly(task, done, Window(max(window.start, since), window.end))
    months = task.automation_hours / monthly if task.automation_hours and monthly else None
    earned = None if months is None or months > _MOST_MONTHS else window.end + timedelta(days=months * DAYS_A_MONTH)
    low, high = bounds or (None, None)
    return Candidate(task, hours, times, people, basis, monthly, low, high, months, earned)


def _monthly(
    task: Task, done: list[Occurrence], observed: Window
) -> tuple[Basis, float | None, tuple[float, float] | None]:
    times = sum(one.times for one in done)
    each = sum(one.hours for one in done) / times
    # One evening on which it was done ten times says as little about a month as once.
    if times >= LEAST_TIMES and len({one.at.date() for one in done}) >= LEAST_TIMES:
        months = observed.seconds / _DAY_SECONDS / DAYS_A_MONTH
        low, high = count_interval(times)
        return "recorded", each * times / months, (each * low / months, each * high / months)
    if task.per_month is not None:
        known = fmean(one.minutes for one in task.occurrences) / 60.0
        return "stated", known * task.per_month, None
    return "unknown", None, None


def _rank(one: Candidate) -> tuple[int, float, float, int]:
    if one.payback_months is not None:
        return 0, one.payback_months, -(one.hours_a_month or 0.0), one.task.number
    return (1 if one.hours_a_month is not None else 2), -(one.hours_a_month or 0.0), -one.hours, one.task.number
