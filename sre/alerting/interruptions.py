"""What an alert did in the past as its receiver felt it: interruptions, their length, and what they cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sre.alerting.review_model import Assumptions, ReviewedRule, assumptions
from sre.core.labels import Labels
from sre.core.rules import AlertRule
from sre.core.rules.alert_replay import presence_of
from sre.core.rules.alert_states import Holding, runs
from sre.core.series import BoolArray, Grid, IntArray, SeriesSet

_MINUTE_MS: Final = 60_000
_WEEK_DAYS: Final = 7.0
_DAY_MS: Final = 86_400_000


StepArray: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start_ms` to `end_ms`; `is_open` while it still lasts at the end of the history."""

    start_ms: int
    end_ms: int
    is_open: bool = False

    @property
    def minutes(self) -> float:
        """Length in minutes."""
        return (self.end_ms - self.start_ms) / _MINUTE_MS

    def meets(self, other: "Interval", *, slack_ms: int = 0) -> bool:
        """Whether the two overlap, or lie no further apart than `slack_ms`."""
        return self.start_ms <= other.end_ms + slack_ms and other.start_ms <= self.end_ms + slack_ms


@dataclass(frozen=True, slots=True, eq=False)
class _Presence:
    """Runs of steps at which the expression returned one alert."""

    labels: Labels
    starts: StepArray
    ends: StepArray


def _presence(labels: Labels, present: BoolArray) -> _Presence:
    # Half the usual size: alerts that flap have millions of runs.
    starts, ends = (steps.astype(np.int32) for steps in runs(present))
    return _Presence(labels, starts, ends)


@dataclass(frozen=True, slots=True, eq=False)
class RuleHistory:
    """One alert's past.

    Attributes:
        presence: When its expression returned what, before any waiting.
    """

    reviewed: ReviewedRule
    rule: AlertRule
    grid: Grid
    presence: tuple[_Presence, ...]
    _own_calls: list[tuple[Interval, ...]] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, reviewed: ReviewedRule, rule: AlertRule, series: SeriesSet) -> "RuleHistory":
        """Return the past from what the expression returned at every evaluation.

        Raises:
            InputError: Two series would be one alert at the same time, or there are too many alerts.
        """
        presence = (_presence(labels, present) for labels, present in presence_of(rule, series))
        return cls(reviewed, rule, series.grid, tuple(presence))

    @property
    def days(self) -> float:
        """Length of the history."""
        return (self.grid.end_ms - self.grid.start_ms) / _DAY_MS

    def firing(self, rule: AlertRule | None = None) -> dict[Labels, list[Interval]]:
        """Return when each alert fired; with another rule, when it would have with its waiting times."""
        return {
            one.labels: [self._interval(*span) for span in zip(starts.tolist(), ends.tolist(), strict=True)]
            for one, (starts, ends) in zip(self.presence, self._fired(rule), strict=True)
            if starts.size
        }

    def interruptions(self, rule: AlertRule | None = None) -> tuple[Interval, ...]:
        """Return when it called somebody: alerts of one rule that touch or nearly do are one call."""
        if rule is None:
            if not self._own_calls:
                self._own_calls.append(self.interruptions(self.rule))
            return self._own_calls[0]
        return self._merged(rule, gap_ms=round(assumptions().one_interruption_minutes * _MINUTE_MS))

    @property
    def run_count(self) -> int:
        """Number of times that the expression began to return an alert."""
        return sum(one.starts.size for one in self.presence)

    def was_ever_pending(self) -> bool:
        """Whether the expression ever returned anything."""
        return any(one.starts.size for one in self.presence)

    def firing_ratio(self) -> float:
        """Return the share of the history in which it fired, 0..1."""
        whole = self.grid.end_ms - self.grid.start_ms
        intervals = self._merged(None, gap_ms=0)
        return sum(one.end_ms - one.start_ms for one in intervals) / whole if whole else 0.0

    def flaps(self, rule: AlertRule | None = None) -> int:
        """Return how often an alert fired again soon after it had resolved."""
        soon_ms = assumptions().flapping_minutes * _MINUTE_MS
        found = self._fired(rule)
        return sum(int(np.count_nonzero(self._gaps_ms(starts, ends) <= soon_ms)) for starts, ends in found)

    def minutes_per_week(self, interruptions: Sequence[Interval], *, is_page: bool | None = None) -> float:
        """Return what these interruptions cost their receiver, minutes a week."""
        known = assumptions()
        if not self.days:
            return 0.0
        page = self.reviewed.is_page if is_page is None else is_page
        if self.reviewed.urgency == "none":
            return 0.0
        each = known.minutes_per_page if page else known.minutes_per_ticket
        nights = sum(is_at_night(one, known) for one in interruptions) if page else 0
        total = len(interruptions) * each + nights * known.extra_minutes_per_page_at_night
        return total * _WEEK_DAYS / self.days

    def _fired(self, rule: AlertRule | None) -> list[tuple[IntArray, IntArray]]:
        """Return for each alert at which steps it began to fire, and the step behind each time."""
        used = rule or self.rule
        holding = Holding.of(
            for_seconds=used.for_seconds,
            keep_firing_for_seconds=used.keep_firing_for_seconds,
            step_ms=self.grid.step_ms,
        )
        return [fired_steps(one.starts.astype(np.int64), one.ends.astype(np.int64), holding) for one in self.presence]

    def _merged(self, rule: AlertRule | None, *, gap_ms: int) -> tuple[Interval, ...]:
        fired = [each for each in self._fired(rule) if each[0].size]
        if not fired:
            return ()
        starts, ends = (np.concatenate(parts) for parts in zip(*fired, strict=True))
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], np.maximum.accumulate(ends[order])
        late = np.flatnonzero(self._gaps_ms(starts, ends) > gap_ms)
        firsts, lasts = np.append(0, late + 1), np.append(late, starts.size - 1)
        spans = zip(starts[firsts].tolist(), ends[lasts].tolist(), strict=True)
        return tuple(self._interval(*span) for span in spans)

    def _gaps_ms(self, starts: IntArray, ends: IntArray) -> IntArray:
        """Return the time from each end to the next begin."""
        return (starts[1:] - np.minimum(ends[:-1], self.grid.count - 1)) * self.grid.step_ms

    def _interval(self, first: int, end: int) -> Interval:
        is_open = end >= self.grid.count
        last_ms = self.grid.end_ms if is_open else self.grid.start_ms + end * self.grid.step_ms
        return Interval(self.grid.start_ms + first * self.grid.step_ms, last_ms, is_open)


def fired_steps(starts: IntArray, ends: IntArray, holding: Holding) -> tuple[IntArray, IntArray]:
    """Return when an alert fired, as `spans_of_runs` tells, for many runs at once.

    Runs that `keep_firing_for` bridges belong together from the first of them that is long enough to fire: what came
    before it was pending and over, what comes behind only prolongs it.

    Args:
        starts: shape (runs,), where the expression begins to return the alert.
        ends: shape (runs,), the step behind each run.

    Returns:
        The steps at which it begins to fire and those behind its end, shape (times,).
    """
    if not starts.size:
        return starts, ends
    group = np.concatenate(([0], np.cumsum(starts[1:] > ends[:-1] + holding.keep_steps)))
    long = np.flatnonzero(starts + holding.hold_steps < ends)
    groups, place = np.unique(group[long], return_index=True)
    last = np.searchsorted(group, groups, side="right") - 1
    return starts[long[place]] + holding.hold_steps, ends[last] + holding.keep_steps


def merged(intervals: Iterable[Interval], *, gap_ms: int) -> tuple[Interval, ...]:
    """Return the intervals in order, those that overlap or lie no further apart than `gap_ms` joined."""
    joined: list[Interval] = []
    for one in sorted(intervals, key=lambda interval: interval.start_ms):
        if joined and one.start_ms <= joined[-1].end_ms + gap_ms:
            last = joined[-1]
            joined[-1] = Interval(last.start_ms, max(last.end_ms, one.end_ms), last.is_open or one.is_open)
        else:
            joined.append(one)
    return tuple(joined)


def intervals_of(series: SeriesSet, *, above: float) -> tuple[Interval, ...]:
    """Return when any of the series was above a value."""
    grid = series.grid
    over = np.asarray((series.present & (np.nan_to_num(series.values, nan=-np.inf) > above)).any(axis=0))
    found = []
    for start, end in zip(*(part.tolist() for part in runs(over)), strict=True):
        is_open = end >= grid.count
        last_ms = grid.end_ms if is_open else grid.start_ms + end * grid.step_ms
        found.append(Interval(grid.start_ms + start * grid.step_ms, last_ms, is_open))
    return tuple(found)


def is_at_night(interval: Interval, known: Assumptions) -> bool:
    """Whether somebody is called at night, UTC."""
    hour = datetime.fromtimestamp(interval.start_ms / 1000, tz=UTC).hour
    return hour >= known.night_from_hour or hour < known.night_to_hour


def format_days(days: float) -> str:
    """Return a number of days as people write it."""
    return f"{days:.3g} d"
