"""Rules on trial: what happens to an SLO, and what its rules must make of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

from sre.core.conventions import bad_record, error_ratio_record
from sre.core.labels import METRIC_NAME, Labels
from sre.core.series import FloatArray
from sre.core.slo.burn_rate import BurnRateTier
from sre.core.slo.model import RatioIndicator, TimeSlices
from sre.core.slo.sli_queries import Counted
from sre.slo.alert_rules import slo_labels
from sre.slo.alert_tiers import threshold_ratio
from sre.slo.event_series import EventSeries, event_series
from sre.slo.rules import SloRules
from sre.slo.timelines import Phase, Timeline
from sre.slo.value_series import ValueSeries, value_series


@dataclass(frozen=True, slots=True)
class RecordSeries:
    """What the rules record for one group, put in place of it where no series were found that drive the SLI.

    Attributes:
        ratios: The shares of bad events of all windows.
        counts: The bad events of windows that need a least number of them.
    """

    group: Labels
    ratios: tuple[Labels, ...]
    counts: tuple[Labels, ...]


AnySeries: TypeAlias = EventSeries | ValueSeries | RecordSeries

# Traffic is a power of ten, so much that the smallest share of bad events that is planted still is this many events a
# minute: counters of whole events have no rounding that could look like a restart.
_LEAST_BAD_EVENTS_PER_MINUTE: Final = 20.0
# Windows of this many minutes have samples enough with one a minute.
_SPARSE_FROM_MINUTES: Final = 4
_FREQUENT_PER_MINUTE: Final = 4


@dataclass(frozen=True, slots=True)
class AlertCheck:
    """What must be firing at one minute.

    Attributes:
        firing: Names of tiers that fire for the first group, and for no other.
        silent: Names of tiers that do not fire for any.
        is_missing: Whether the alert about a missing SLI fires; None if that is not asked.
        is_read: The texts of the alerts are compared as well.
    """

    minute: int
    firing: tuple[str, ...]
    silent: tuple[str, ...]
    is_missing: bool | None = None
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class ValueCheck:
    """What an expression must be at one minute: a value for each group, or no series at all."""

    minute: int
    expr: str
    values: tuple[float, ...]
    labels: tuple[Labels, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """One thing that may happen.

    Attributes:
        name: A sentence.
        phases: What happens to the first group.
        step_minutes: Distance of rule evaluations.
        is_first_failure: No series of bad events exists before the first of them.
        is_for_all: It happens to a second group too, which otherwise has good traffic throughout.
    """

    name: str
    phases: tuple[Phase, ...]
    step_minutes: int
    alerts: tuple[AlertCheck, ...] = ()
    values: tuple[ValueCheck, ...] = ()
    is_first_failure: bool = False
    is_for_all: bool = False

    @property
    def minutes(self) -> int:
        """Length."""
        return sum(phase.minutes for phase in self.phases)


@dataclass(frozen=True)
class Subject:
    """The rules on trial, and the series that drive them.

    Attributes:
        series: One entry a group, at least one.
    """

    rules: SloRules
    series: tuple[AnySeries, ...]

    @classmethod
    def of(cls, rules: SloRules) -> "Subject":
        """Return the rules with the series that drive the SLI, or with what is recorded of it."""
        indicator, group_by = rules.slo.indicator, rules.slo.group_by
        series: tuple[AnySeries, ...]
        if isinstance(indicator, RatioIndicator):
            series = event_series(indicator, group_by=group_by)
        else:
            series = value_series(indicator, group_by=group_by)
        return cls(rules, series or _recorded(rules))

    @property
    def is_recorded(self) -> bool:
        """Whether tests begin at the records, the SLI itself untried."""
        return any(isinstance(one, RecordSeries) for one in self.series)

    @property
    def has_events(self) -> bool:
        """Whether the series are counters."""
        return isinstance(self.rules.slo.indicator, RatioIndicator)

    @property
    def counted(self) -> Counted:
        """What the budget counts."""
        return self.rules.expressions.counted

    @property
    def is_graded(self) -> bool:
        """Whether a part of the events, samples or slices of a minute can be bad."""
        if isinstance(self.rules.slo.budgeting, TimeSlices):
            return False
        return all(not isinstance(one, ValueSeries) or one.is_graded for one in self.series)

    @property
    def base_minutes(self) -> int:
        """Length of the base window."""
        return round(self.rules.expressions.base_seconds / 60)

    @property
    def samples_per_minute(self) -> int:
        """How often series are scraped: several times in the shortest window, or Prometheus 3 sees no increase."""
        return _FREQUENT_PER_MINUTE if self.has_events and self.base_minutes < _SPARSE_FROM_MINUTES else 1

    @property
    def period_step_minutes(self) -> int:
        """Length of the counts that the period is added up from."""
        return round(self.rules.expressions.period_step_seconds / 60)

    @property
    def unit_minutes(self) -> int:
        """Length of what is counted as one where that is time: a slice, or the minute of a sample."""
        return self.base_minutes if isinstance(self.rules.slo.budgeting, TimeSlices) else 1

    @cached_property
    def thresholds(self) -> dict[str, float]:
        """Threshold by tier."""
        objective = self.rules.slo.objective_ratio
        return {tier.name: threshold_ratio(tier, objective_ratio=objective) for tier in self.tiers}

    @property
    def tiers(self) -> tuple[BurnRateTier, ...]:
        """The tiers that alert, fastest first."""
        return self.rules.tiers.used

    @cached_property
    def traffic(self) -> float:
        """Events a minute, so many that no least number of bad events is in the way."""
        if not self.has_events:
            return 1.0
        smallest = 0.5 * min(self.thresholds.values())
        needed = max(_LEAST_BAD_EVENTS_PER_MINUTE, *self.rules.min_bad_events.values(), 0.0) / smallest
        return float(10 ** math.ceil(math.log10(needed)))

    def phase(self, minutes: float, *, share: float = 0.0) -> Phase:
        """Return some minutes of usual traffic, a share of it bad, in whole events."""
        if self.has_events:
            share = round(share * self.traffic) / self.traffic
        return Phase(round(minutes), share, self.traffic)

    def timeline(self, phases: Sequence[Phase]) -> Timeline:
        """Return what the SLO counts in these phases."""
        timeline = Timeline.of(phases, from_mark_0=not self.has_events)
        budgeting = self.rules.slo.budgeting
        if isinstance(budgeting, TimeSlices):
            return timeline.sliced(slice_minutes=self.base_minutes, target_ratio=budgeting.target_ratio)
        return timeline

    def expected(self, phases: Sequence[Phase]) -> dict[str, FloatArray]:
        """Return what each tier must do at each minute."""
        timeline = self.timeline(phases)
        return {
            tier.name: timeline.expected(
                tier,
                threshold=self.thresholds[tier.name],
                counted=self.counted,
                least_bad=self.rules.min_bad_events.get(tier.name, 0.0),
            )
            for tier in self.tiers
        }


def _recorded(rules: SloRules) -> tuple[RecordSeries, ...]:
    labels = slo_labels(rules.slo)
    windows = {seconds for tier in rules.tiers.used for seconds in (tier.short_seconds, tier.long_seconds)}
    ratios = [error_ratio_record(seconds) for seconds in sorted(windows)]
    counted = [tier.long_seconds for tier in rules.tiers.used if tier.name in rules.min_bad_events]
    group_by = rules.slo.group_by
    groups = [Labels(dict.fromkeys(group_by, f"group-{letter}")) for letter in ("ab" if group_by else "a")]
    return tuple(
        RecordSeries(
            group,
            tuple(Labels({METRIC_NAME: name, **labels, **group}) for name in ratios),
            tuple(Labels({METRIC_NAME: bad_record(seconds), **labels, **group}) for seconds in counted),
        )
        for group in groups
    )
