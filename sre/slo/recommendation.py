"""Which objective to begin with: the strictest that history met with room to spare, and how to tighten it from there.

Source: Beyer et al., The Site Reliability Workbook (2018), ch. 2, "Implementing SLOs" (begin from what the service does
now, round, refine; never 100 %) and ch. 3, "SLO Engineering Case Studies". The margins below are our choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import prod

from sre.core.slo.budget import budget_ratio
from sre.slo.attainment import Attainment
from sre.slo.candidate_objectives import Candidate
from sre.slo.low_traffic import least_provable_ratio

# A quarter of the budget stays free for what this history has not shown.
MOST_USED_RATIO = 0.75
# Of the weeks, so many met it: three of four.
LEAST_WEEKS_MET_RATIO = 0.75
# One SLO that wakes somebody more often than this is a bad bargain, however right each page may be.
MOST_PAGES_A_WEEK = 2.0
# Pages that stand for longer are no longer heard (a day and a half a month).
MOST_PAGED_RATIO = 0.05
# Four weeks hold each weekday often enough to tell a bad week from a bad service.
LEAST_DAYS = 28.0
LEAST_PERIODS = 2.0
_STEPS_SHOWN = 2
_WEEK_SECONDS = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the history holds.

    Attributes:
        data_seconds: From the first to the last count.
        period_seconds: Length of the SLO's own window.
        events_a_period: At the traffic seen; of a grouped SLO, of the smallest group that matters.
    """

    data_seconds: float
    period_seconds: float
    events_a_period: float

    @property
    def is_short(self) -> bool:
        """Whether it is too short to rest a promise on."""
        days = self.data_seconds / 86_400.0
        return days < LEAST_DAYS or self.data_seconds < LEAST_PERIODS * self.period_seconds


@dataclass(frozen=True, slots=True)
class Tried:
    """One candidate on history.

    Attributes:
        pages: Times somebody would have been woken; tickets likewise.
        paged_seconds: How long pages would have stood.
        obstacles: Why it is not the one to begin with; empty if it could be.
    """

    candidate: Candidate
    attainment: Attainment
    pages: int
    tickets: int
    paged_seconds: float
    allowed_bad_a_period: float
    obstacles: tuple[str, ...] = ()

    @property
    def objective_ratio(self) -> float:
        """The objective itself."""
        return self.candidate.objective_ratio


@dataclass(frozen=True, slots=True)
class Tightening:
    """A later, stricter objective.

    Attributes:
        begins: First day of the quarter from which it could hold.
        fewer_bad_ratio: By which share bad events must fall until then, 0 where they are few enough.
    """

    objective_ratio: float
    begins: datetime
    fewer_bad_ratio: float


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The objective to begin with, or None, and what lies beyond it."""

    tried: tuple[Tried, ...]
    chosen: Tried | None
    steps: tuple[Tightening, ...]

    @property
    def next_stricter(self) -> Tried | None:
        """The candidate after the chosen one; without one, the easiest."""
        if self.chosen is None:
            return self.tried[0] if self.tried else None
        return next((one for one in self.tried if one.objective_ratio > self.chosen.objective_ratio), None)


def obstacles(tried: Tried, seen: Seen, *, ceiling_ratio: float | None = None) -> tuple[str, ...]:
    """Return why an objective is not the one to begin with, most telling first.

    Args:
        ceiling_ratio: What its dependencies allow at most; None where they are not known.
    """
    found, one = [], tried.attainment
    if one.used_ratio > 1:
        found.append(f"history overspent it: {one.used_ratio:.0%} of the budget")
    elif one.used_ratio > MOST_USED_RATIO:
        found.append(f"no room: {one.used_ratio:.0%} of the budget used")
    worst = one.worst_period_used_ratio
    if worst is not None and worst > 1 >= one.used_ratio:
        found.append(f"a rolling period overspent it: {worst:.0%}")
    if one.weeks and one.weeks_met < LEAST_WEEKS_MET_RATIO * one.weeks:
        found.append(f"met in {one.weeks_met or 'none'} of {one.weeks} weeks")
    weeks = max(1.0, seen.data_seconds / _WEEK_SECONDS)
    if tried.pages / weeks > MOST_PAGES_A_WEEK:
        found.append(f"{tried.pages / weeks:.1f} pages a week")
    if tried.paged_seconds > MOST_PAGED_RATIO * seen.data_seconds:
        found.append(f"pages would stand {tried.paged_seconds / seen.data_seconds:.0%} of the time")
    if ceiling_ratio is not None and tried.objective_ratio > ceiling_ratio:
        found.append("stricter than the dependencies allow")
    if budget_ratio(tried.objective_ratio) < least_provable_ratio(max(seen.events_a_period, 1e-9)):
        found.append(f"too few events to show it: {tried.allowed_bad_a_period:.2g} bad ones allowed a period")
    return tuple(found)


def recommendation(
    tried: Sequence[Tried], seen: Seen, *, at: datetime, ceiling_ratio: float | None = None
) -> Recommendation:
    """Return the strictest candidate without obstacles, and the next steps from there.

    Args:
        tried: The candidates on history, in any order; their obstacles are filled in here.
        at: When the history ends.
    """
    judged = tuple(
        replace(one, obstacles=obstacles(one, seen, ceiling_ratio=ceiling_ratio))
        for one in sorted(tried, key=lambda one: one.objective_ratio)
    )
    free = [one for one in judged if not one.obstacles]
    chosen = free[-1] if free else None
    return Recommendation(judged, chosen, _steps(judged, chosen, seen, at=at, ceiling_ratio=ceiling_ratio))


def dependency_ceiling(objectives: Sequence[float]) -> float | None:
    """Return the best a service can do when every request needs all of its dependencies, or None without any.

    Source:
        Treynor, Dahlin, Rau and Beyer, "The Calculus of Service Availability", ACM Queue 15 (2017): the availability
        of a service is at most the product of those of its critical dependencies.
    """
    return prod(objectives) if objectives else None


def _steps(
    judged: Sequence[Tried], chosen: Tried | None, seen: Seen, *, at: datetime, ceiling_ratio: float | None
) -> tuple[Tightening, ...]:
    if chosen is None:
        return ()
    stricter = [
        one
        for one in judged
        if one.objective_ratio > chosen.objective_ratio
        and one.candidate.origin != "achieved"
        and (ceiling_ratio is None or one.objective_ratio <= ceiling_ratio)
        and budget_ratio(one.objective_ratio) >= least_provable_ratio(max(seen.events_a_period, 1e-9))
    ]
    found, begins = [], at
    for one in stricter[:_STEPS_SHOWN]:
        begins = next_quarter(begins)
        used = one.attainment.used_ratio
        found.append(Tightening(one.objective_ratio, begins, max(0.0, 1.0 - MOST_USED_RATIO / used) if used else 0.0))
    return tuple(found)


def next_quarter(at: datetime) -> datetime:
    """Return the first instant of the calendar quarter after the one that holds `at`."""
    first = (at.month - 1) // 3 * 3 + 1
    year, month = (at.year + 1, 1) if first == 10 else (at.year, first + 3)
    return at.replace(year=year, month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
