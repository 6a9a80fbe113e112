"""What `review_alerts` answers with."""

from typing import ClassVar, Literal

from pydantic import Field

from tools.answer import EvidencedAnswer, Figure, Instant, Part


class FindingAnswer(Part):
    """One thing to mend; `diff` is for `patch -p1`, empty where a person has to decide."""

    check: str
    kind: Literal["interruption", "risk", "hygiene"]
    rule: str | None = Field(None, description="Null: about all")
    group: str = ""
    minutes_a_week: Figure = Field(None, description="Of people's time that this mending alone saves")
    evidence: str
    mending: str
    diff: str = ""


class RuleVolumeAnswer(Part):
    """What one alert contributes to the load."""

    alert: str
    urgency: str
    interruptions: int
    share_ratio: Figure
    at_night: int
    median_minutes: Figure
    minutes_a_week: Figure


class VolumeAnswer(Part):
    """Load on the people on call; a shift has 12 hours, nights are 22:00 to 07:00 UTC."""

    days: Figure
    pages: int
    tickets: int
    incidents: int = Field(description="Pages that came together counted once")
    alerts_per_day: Figure
    pages_per_shift: Figure
    incidents_per_shift: Figure
    pages_at_night: int
    busiest_shift_start: Instant | None = None
    busiest_shift_incidents: int
    shifts: int
    shifts_over_target: int = Field(description="More than 2 incidents")
    minutes_a_week: Figure
    by_rule: list[RuleVolumeAnswer] = Field(default_factory=list)


class SkippedAnswer(Part):
    """An alert that was not replayed, and why."""

    alert: str
    reason: str


class ReviewAnswer(EvidencedAnswer):
    """Findings, the costliest first."""

    RANKED: ClassVar[tuple[str, ...]] = ("not_replayed", "findings")

    alerts: int
    recordings: int
    replayed: int
    dead: list[str] = Field(default_factory=list, description="Alerts that cannot fire")
    clean: list[str] = Field(default_factory=list, description="Alerts with nothing to mend")
    counts: dict[str, int] = Field(default_factory=dict, description="Findings by check")
    findings: list[FindingAnswer] = Field(default_factory=list)
    why: dict[str, str] = Field(default_factory=dict, description="By check")
    volume: VolumeAnswer | None = None
    values_read: int = Field(0, description="Values the alerts' expressions returned in the replay")
    not_replayed: list[SkippedAnswer] = Field(default_factory=list)
