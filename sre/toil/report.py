"""How much of a team's time toil takes, against the half that it may take at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from sre.core.times import Window
from sre.toil.model import Occurrence, Task, ToilKind
from sre.toil.payback import Candidate, candidates
from sre.toil.trend import WEEK, Trend, WeekOfToil, trend_of, weeks_of

# "Our goal is to keep toil below 50 % of each SRE's time": Beyer et al., Site Reliability Engineering (2016), ch. 5.
BUDGET_RATIO: Final = 0.5
# One week of records may be the one with the migration in it (our choice).
LEAST_WEEKS_TO_JUDGE: Final = 2.0
HOURS_A_WEEK: Final = 40.0
ToilVerdict: TypeAlias = Literal["over_budget", "within_budget", "too_short", "nothing_recorded"]


@dataclass(frozen=True, slots=True)
class PersonToil:
    """One person's toil; `share_ratio` of that person's time since recording began."""

    who: str
    hours: float
    share_ratio: float


@dataclass(frozen=True, slots=True)
class ToilReport:
    """Toil of a window.

    Attributes:
        observed: The part of the window since toil was first recorded, a week at least.
        people: Of the team, those with the most hours first; who recorded nothing has none.
        available_hours: Of all of them, in the observed time.
        share_ratio: Recorded hours over available hours; None without people. What is not recorded is missing in it,
            so it is the least that it can be.
        over: Names of those above the budget.
        silent: Names of those who recorded nothing.
        by_kind: Hours; tasks of no kind under None.
        weeks: Whole weeks of the observed time.
    """

    window: Window
    observed: Window
    hours: float
    times: int
    people: tuple[PersonToil, ...]
    available_hours: float
    share_ratio: float | None
    verdict: ToilVerdict
    by_kind: tuple[tuple[ToilKind | None, float], ...]
    weeks: tuple[WeekOfToil, ...]
    trend: Trend
    candidates: tuple[Candidate, ...]

    @property
    def over(self) -> tuple[str, ...]:
        """Names of those above the budget."""
        return tuple(one.who for one in self.people if one.share_ratio > BUDGET_RATIO)

    @property
    def silent(self) -> tuple[str, ...]:
        """Names of those who recorded nothing in the window."""
        return tuple(one.who for one in self.people if not one.hours)


def toil_report(
    tasks: Sequence[Task], window: Window, *, team: Sequence[str] = (), hours_a_week: float = HOURS_A_WEEK
) -> ToilReport:
    """Return what was recorded in a window, and its share of the time there was.

    Args:
        team: Names of the people it is about; empty for all who ever recorded toil.
        hours_a_week: Working hours of one person.
    """
    known = _only(tasks, team)
    first = min((one.at for task in known for one in task.occurrences), default=window.end)
    begun = max(window.start, min(first, window.end - WEEK))
    observed = Window(max(window.start, begun), window.end)
    done = [(task, one) for task in known for one in task.occurrences if window.start <= one.at <= window.end]
    hours = sum(one.hours for _, one in done)
    people = _people([one for _, one in done], _members(known, team), observed, hours_a_week)
    available = len(people) * hours_a_week * observed.seconds / WEEK.total_seconds()
    share = hours / available if available else None
    weeks = _by_week([one for _, one in done], observed)
    return ToilReport(
        window=window,
        observed=observed,
        hours=hours,
        times=sum(one.times for _, one in done),
        people=people,
        available_hours=available,
        share_ratio=share,
        verdict=_verdict(share if done else None, observed, begun_at=first),
        by_kind=_by_kind(done),
        weeks=weeks,
        trend=trend_of([week.hours for week in weeks]),
        candidates=candidates(known, window, since=observed.start),
    )


def fold(name: str) -> str:
    """Return what makes two spellings of a name the same person."""
    return " ".join(name.casefold().split())


def _only(tasks: Sequence[Task], team: Sequence[str]) -> tuple[Task, ...]:
    members = {fold(name) for name in team}
    if not members:
        return tuple(tasks)
    return tuple(
        replace(task, occurrences=tuple(one for one in task.occurrences if fold(one.who) in members)) for task in tasks
    )


def _members(tasks: Sequence[Task], team: Sequence[str]) -> dict[str, str]:
    """Return the names of the team by how they are folded, as they were first spelt."""
    recorded = (one.who for task in tasks for one in task.occurrences)
    members: dict[str, str] = {}
    for name in team or recorded:
        members.setdefault(fold(name), name)
    return members


def _people(
    done: Sequence[Occurrence], members: dict[str, str], observed: Window, hours_a_week: float
) -> tuple[PersonToil, ...]:
    spent = dict.fromkeys(members, 0.0)
    for one in done:
        spent[fold(one.who)] += one.hours
    each = hours_a_week * observed.seconds / WEEK.total_seconds()
    rows = [PersonToil(members[key], hours, hours / each) for key, hours in spent.items()]
    return tuple(sorted(rows, key=lambda one: (-one.hours, one.who)))


def _by_week(done: Sequence[Occurrence], observed: Window) -> tuple[WeekOfToil, ...]:
    # The last instant of the window belongs to its last week, all others to the week they begin or lie in.
    rows = []
    for week in weeks_of(observed):
        last = week.end + timedelta(seconds=1) if week.end == observed.end else week.end
        inside = [one for one in done if week.start <= one.at < last]
        rows.append(WeekOfToil(week.start, week.end, sum(o.hours for o in inside), sum(o.times for o in inside)))
    return tuple(rows)


def _by_kind(done: Sequence[tuple[Task, Occurrence]]) -> tuple[tuple[ToilKind | None, float], ...]:
    spent: dict[ToilKind | None, float] = {}
    for task, one in done:
        spent[task.kind] = spent.get(task.kind, 0.0) + one.hours
    return tuple(sorted(spent.items(), key=lambda pair: (-pair[1], pair[0] or "")))


def _verdict(share: float | None, observed: Window, *, begun_at: datetime) -> ToilVerdict:
    if share is None:
        return "nothing_recorded"
    seconds = min(observed.seconds, (observed.end - begun_at).total_seconds())
    if seconds < LEAST_WEEKS_TO_JUDGE * WEEK.total_seconds():
        return "too_short"
    return "over_budget" if share > BUDGET_RATIO else "within_budget"
