"""The answer of `report_reliability`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tools.answer import EvidencedAnswer, Figure, Instant, Part, RatioNearOne


class MeasureRow(Part):
    """A kind of time; `low` and `high` hold the median with `confidence`."""

    measure: str
    unit: str
    count: int
    median: Figure = None
    p90: Figure = None
    mean: Figure = None
    deviation: Figure = None
    low: Figure = None
    high: Figure = None
    confidence: Figure = None
    is_enough: bool = Field(False, description="For a verdict: five or more")
    missing: list[str] = Field(default_factory=list, description="Incidents left out, and why")
    before_count: int | None = None
    before_median: Figure = None
    ratio: Figure = Field(None, description="Typical time to that of the period before")
    ratio_low: Figure = None
    ratio_high: Figure = None
    change: str = Field("", description="shorter, longer, no_clear_change, too_few; empty: no period before")


class SeverityRow(Part):
    """Incidents of a severity, and how many kept its limits."""

    severity: str
    count: int
    open: int
    respond_met: int
    respond_missed: int
    respond_unknown: int
    repair_met: int
    repair_missed: int
    repair_unknown: int


class IncidentBrief(Part):
    """An incident of the window; `minutes` from start to end, null where one is not known."""

    id: str
    title: str
    severity: str
    status: str
    began_at: Instant
    minutes: Figure = None


class AvailabilityRow(Part):
    """The share of what was good; `gaps` have no data."""

    service: str
    slo: str = Field("", description="Empty: golden signals, share of requests that did not fail")
    group: str = ""
    ratio: RatioNearOne = None
    objective_ratio: RatioNearOne = None
    is_met: bool | None = None
    bad: Figure = None
    total: Figure = None
    counted: str = "events"
    outage_minutes: Figure = Field(None, description="Of full outage at even traffic that lose as much")
    covered_ratio: Figure = Field(None, description="Share of the window with data")
    gaps: list[str] = Field(default_factory=list)


class AlertVolumeRow(Part):
    """Calls by alerts; firings of one alert within 5 min are one."""

    origin: str = Field(description="recorded, or replayed from the rules")
    days: Figure = Field(None, description="Length of the part of the window with data")
    count: int
    pages: int
    tickets: int
    per_day: Figure = None
    per_week: Figure = None
    standing: int = Field(0, description="Fired already at the start; not counted")
    top: dict[str, int] = Field(default_factory=dict)


class PagesRow(Part):
    """Pages by shift."""

    origin: str = Field(description="pagerduty, or alerts that page")
    count: int
    is_cut: bool = Field(False, description="There were more; all numbers are the least they can be")
    per_day: Figure = None
    per_week: Figure = None
    per_shift: Figure = None
    busiest_shift: int = 0
    busiest_shift_at: Instant | None = None
    shifts_over_target: int = Field(0, description="More than two")
    acknowledge_minutes: Figure = Field(None, description="Median, page to a person")
    acknowledged: int | None = None


class OverdueRow(Part):
    """An action that is late."""

    id: str
    title: str
    owner: str
    due: str
    days: int


class ToilShare(Part):
    """Recorded toil of all people, not of one service."""

    hours: Figure = None
    people: int
    share_ratio: Figure = None
    budget_ratio: Figure = None
    verdict: str


class ReportReliabilityAnswer(EvidencedAnswer):
    """Reliability of a window."""

    RANKED: ClassVar[tuple[str, ...]] = ("queries", "incidents", "overdue", "availability")

    service: str = ""
    incident_count: int = 0
    open_count: int = 0
    incidents_a_month: Figure = Field(None, description="In 30 days")
    low_a_month: Figure = Field(None, description="95 % interval")
    high_a_month: Figure = None
    before_count: int | None = Field(None, description="In the period before; null: no records of it")
    count_change: str = ""
    measures: list[MeasureRow] = Field(default_factory=list)
    severities: list[SeverityRow] = Field(default_factory=list)
    incidents: list[IncidentBrief] = Field(default_factory=list, description="Severest first, then longest")
    availability: list[AvailabilityRow] = Field(default_factory=list, description="Missed first")
    alerts: AlertVolumeRow | None = None
    pages: list[PagesRow] = Field(default_factory=list)
    open_action_count: int = 0
    overdue_action_count: int = 0
    overdue: list[OverdueRow] = Field(default_factory=list, description="Longest first")
    toil: ToilShare | None = None
    definitions: list[str] = Field(default_factory=list)
    now: Instant
