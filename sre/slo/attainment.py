"""What objectives would have meant on history: bad days, weeks that met them, the worst rolling period.

All of it is counted from base windows that lie end to end, so nothing is counted twice and no ratio is averaged.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from sre.core.labels import Labels
from sre.core.series import BoolArray, FloatArray, IntArray
from sre.core.slo.budget import budget_ratio
from sre.core.times import epoch_ms, instant_from_ms
from sre.slo.burn_history import BaseHistory

DAY_SECONDS = 86_400.0
WEEK_SECONDS = 7 * DAY_SECONDS
# A day or week of which less is known is not judged, a rolling period neither (our choices).
_LEAST_KNOWN_OF_DAY = 0.75
_LEAST_KNOWN_OF_PERIOD = 0.5
# Estimated counts are off in their last digits; a budget spent to the last event is met.
_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Stretches:
    """Counts in consecutive stretches of time.

    Attributes:
        start_ms: shape (stretches,), where each begins.
        bad, total: shape (stretches,), events.
        is_judged: shape (stretches,), whether there was traffic and enough is known.
    """

    start_ms: IntArray
    bad: FloatArray
    total: FloatArray
    is_judged: BoolArray

    @property
    def judged_count(self) -> int:
        """How many say something."""
        return int(self.is_judged.sum())

    def over_budget(self, budget: float) -> BoolArray:
        """Return which judged stretches had a larger share of bad events than allowed, shape (stretches,)."""
        over: BoolArray = self.is_judged & (self.bad > budget * self.total * (1 + _SLACK))
        return over


@dataclass(frozen=True)
class WorstDay:
    """A day and its bad events."""

    day: datetime
    bad: float
    share_of_bad: float


class GroupCounts:
    """One group's history, end to end.

    Args:
        start_ms: What lies before only fills the windows of alerts.
    """

    def __init__(self, history: BaseHistory, index: int, *, start_ms: int, end_ms: int) -> None:
        times = history.grid.times_ms()
        ends = (times % history.base_ms == 0) & (times > start_ms) & (times <= end_ms)
        bad, total = history.bad[index][ends], history.total[index][ends]
        self.labels: Labels = history.groups[index]
        self.base_ms = history.base_ms
        self._is_known = np.isfinite(bad) & np.isfinite(total)
        self._bad = np.where(self._is_known, bad, 0.0)
        self._total = np.where(self._is_known, total, 0.0)
        self._starts = times[ends] - history.base_ms

    @property
    def bad(self) -> float:
        """All bad events."""
        return float(self._bad.sum())

    @property
    def total(self) -> float:
        """All events."""
        return float(self._total.sum())

    @property
    def known_seconds(self) -> float:
        """How much of the time is known."""
        return float(self._is_known.sum()) * self.base_ms / 1000

    @property
    def data_seconds(self) -> float:
        """From the first to the last known base window."""
        known = np.flatnonzero(self._is_known)
        return 0.0 if not known.size else float(known[-1] - known[0] + 1) * self.base_ms / 1000

    def days(self) -> Stretches:
        """Return the days, from midnight to midnight UTC."""
        day_ms = round(DAY_SECONDS * 1000)
        return self._cut(self._starts // day_ms * day_ms, round(DAY_SECONDS / self.base_ms * 1000))

    def weeks(self) -> Stretches:
        """Return stretches of seven days, counted back from the end; the first one may be cut."""
        if not self._starts.size:
            return self._cut(self._starts, 1)
        week_ms = round(WEEK_SECONDS * 1000)
        end = int(self._starts[-1]) + self.base_ms
        behind = (end - self._starts - self.base_ms) // week_ms
        return self._cut(end - (behind + 1) * week_ms, week_ms // self.base_ms)

    def worst_period_used(self, *, period_seconds: float, budget: float) -> float | None:
        """Return the largest share of a budget that any whole rolling period would have used, or None without one."""
        bases = round(period_seconds * 1000) // self.base_ms
        known = np.flatnonzero(self._is_known)
        if not known.size or known[-1] - known[0] + 1 < bases:
            return None
        bad, total, count = (self._rolling(values, bases) for values in (self._bad, self._total, self._is_known))
        usable = (total > 0) & (count >= _LEAST_KNOWN_OF_PERIOD * bases)
        usable[: known[0]] = False
        return float((bad[usable] / (budget * total[usable])).max()) if usable.any() else None

    def ratio_without(self, day: datetime) -> float | None:
        """Return the share of good events on all other days, or None where there were no events."""
        days = self.days()
        others = days.start_ms != epoch_ms(day)
        total = float(days.total[others].sum())
        return 1.0 - float(days.bad[others].sum()) / total if total > 0 else None

    def worst_days(self, count: int) -> tuple[WorstDay, ...]:
        """Return the days with most bad events, worst first."""
        days, whole = self.days(), self.bad
        order = [index for index in np.argsort(-days.bad, kind="stable")[:count].tolist() if days.bad[index] > 0]
        return tuple(
            WorstDay(instant_from_ms(int(days.start_ms[index])), float(days.bad[index]), float(days.bad[index]) / whole)
            for index in order
        )

    def _rolling(self, values: FloatArray | BoolArray, bases: int) -> FloatArray:
        """Return sums over the `bases` windows from each one on, shape (windows - bases + 1,)."""
        sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
        rolled: FloatArray = sums[bases:] - sums[:-bases]
        return rolled

    def _cut(self, keys: IntArray, full_count: int) -> Stretches:
        """Return the sums by key; a stretch of which too little is known is not judged."""
        starts, places = np.unique(keys, return_inverse=True)
        bad, total, known = (
            np.bincount(places, weights=values, minlength=starts.size).astype(np.float64)
            for values in (self._bad, self._total, self._is_known)
        )
        return Stretches(starts, bad, total, (total > 0) & (known >= _LEAST_KNOWN_OF_DAY * full_count))


@dataclass(frozen=True)
class Attainment:
    """How one objective would have gone.

    Attributes:
        used_ratio: Share of the budget of the whole time; above 1 when overspent.
        worst_period_used_ratio: The same of the worst whole rolling period; None where the history holds none.
        bad_days: Days that had more bad events than their share of the budget, of `days`.
        weeks_met: Weeks that stayed within theirs, of `weeks`.
    """

    objective_ratio: float
    used_ratio: float
    worst_period_used_ratio: float | None
    days: int
    bad_days: int
    weeks: int
    weeks_met: int


def attainment(counts: GroupCounts, *, objective_ratio: float, period_seconds: float) -> Attainment:
    """Return how an objective would have gone for one group; its total is > 0."""
    budget = budget_ratio(objective_ratio)
    days, weeks = counts.days(), counts.weeks()
    return Attainment(
        objective_ratio=objective_ratio,
        used_ratio=counts.bad / (budget * counts.total),
        worst_period_used_ratio=counts.worst_period_used(period_seconds=period_seconds, budget=budget),
        days=days.judged_count,
        bad_days=int(days.over_budget(budget).sum()),
        weeks=weeks.judged_count,
        weeks_met=weeks.judged_count - int(weeks.over_budget(budget).sum()),
    )


def worst_of(found: list[Attainment]) -> Attainment:
    """Return the worst figure of each kind over all groups; at least one is given."""
    periods = [one.worst_period_used_ratio for one in found if one.worst_period_used_ratio is not None]
    by_days = max(found, key=lambda one: (one.bad_days, -one.days))
    by_weeks = min(found, key=lambda one: (one.weeks_met - one.weeks, one.weeks_met))
    return Attainment(
        objective_ratio=found[0].objective_ratio,
        used_ratio=max(one.used_ratio for one in found),
        worst_period_used_ratio=max(periods, default=None),
        days=by_days.days,
        bad_days=by_days.bad_days,
        weeks=by_weeks.weeks,
        weeks_met=by_weeks.weeks_met,
    )
