"""The one SLO object: what is measured, over which window, how good it has to be, and who is told when it is not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from sre.core.slo.windows import SloWindow
from sre.core.times import Duration

ThresholdOp: TypeAlias = Literal["lt", "lte", "gt", "gte"]
Severity: TypeAlias = Literal["page", "ticket"]


@dataclass(frozen=True, slots=True)
class RatioIndicator:
    """An SLI as a share of events, each side a PromQL counter expression (`sre.core.slo.count_query`).

    Two of the three are set; the third follows from them.

    Attributes:
        good: Counts good events, or None.
        bad: Counts bad events, or None.
        total: Counts all events, or None.
    """

    good: str | None = None
    bad: str | None = None
    total: str | None = None

    def __post_init__(self) -> None:
        if sum(side is not None for side in (self.good, self.bad, self.total)) < 2:
            raise ValueError("a ratio needs two of good, bad and total")


@dataclass(frozen=True, slots=True)
class RawRatioIndicator:
    """An SLI that the source holds as a ratio already: PromQL of an instant vector of values 0..1.

    Without counts behind it, each sample of the ratio weighs the same, whatever the traffic was.

    Attributes:
        is_failure: The ratio is the share of bad events, not of good ones.
    """

    query: str
    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class ThresholdIndicator:
    """An SLI that holds a metric against a limit: a sample is good when `query op value` is true.

    Attributes:
        query: PromQL of an instant vector, in the metric's own unit.
        value: The limit, in the same unit.
    """

    query: str
    op: ThresholdOp
    value: float


Indicator: TypeAlias = RatioIndicator | RawRatioIndicator | ThresholdIndicator


@dataclass(frozen=True, slots=True)
class Occurrences:
    """The budget counts events (of a raw ratio or a threshold: samples)."""


@dataclass(frozen=True, slots=True)
class TimeSlices:
    """The budget counts slices of time; a slice is good when enough of its events were.

    Attributes:
        slice_window: Length of a slice.
        target_ratio: Share of good events (or samples) that makes a slice good, 0 < x <= 1.
    """

    slice_window: Duration
    target_ratio: float


Budgeting: TypeAlias = Occurrences | TimeSlices


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """A time that does not count, and why.

    Attributes:
        start: First instant that does not count, aware UTC.
        end: First instant that counts again, aware UTC, after start.
        reason: For people; text from outside.
    """

    start: datetime
    end: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TierSetting:
    """What an SLO says about one burn-rate tier (`sre.core.slo.tiers`) that differs from the table."""

    is_enabled: bool = True
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class AlertingSettings:
    """How the alerts of an SLO are made.

    Attributes:
        tiers: By tier name; a tier that is not named is as in the table.
        labels: Added to every alert.
        annotations: Added to every alert.
        min_bad_events: Bad events in the long window below which nothing pages; 0 asks for none.
        runbook_url: Put into every alert; empty if there is none.
        dashboard_url: Put into every alert; empty if there is none.
    """

    tiers: Mapping[str, TierSetting] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    min_bad_events: float = 0.0
    runbook_url: str = ""
    dashboard_url: str = ""


@dataclass(frozen=True, slots=True)
class Slo:
    """A service level objective.

    Attributes:
        name: Unique in its folder; letters, digits and dashes.
        objective_ratio: Share of events (or slices) that must be good, 0 < x < 1.
        window: Over which the share is measured.
        indicator: How good and bad are counted.
        service: Whose objective it is; empty if not said.
        display_name: For people; empty if not said.
        description: For people; text from outside.
        source_name: Metric source the document refers to, or None.
        budgeting: What the budget counts.
        group_by: Labels by whose values the SLO falls into groups, each with a budget of its own; usually none.
        maintenance: Times that do not count.
        alerting: How its alerts are made.
        labels: Of the definition itself, such as the team.
    """

    name: str
    objective_ratio: float
    window: SloWindow
    indicator: Indicator
    service: str = ""
    display_name: str = ""
    description: str = ""
    source_name: str | None = None
    budgeting: Budgeting = field(default_factory=Occurrences)
    group_by: tuple[str, ...] = ()
    maintenance: tuple[MaintenanceWindow, ...] = ()
    alerting: AlertingSettings = field(default_factory=AlertingSettings)
    labels: Mapping[str, str] = field(default_factory=dict)
