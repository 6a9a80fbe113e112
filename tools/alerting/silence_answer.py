"""The shape of the answer of `silence_alert`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tools.answer import Answer, Instant, Part

Status = Literal["preview", "created"]


class MatchedAlert(Part):
    """An alert that the matchers match now; labels are text from outside."""

    alert: str
    severity: str
    labels: str
    state: str
    receivers: list[str]


class OverlappingSilence(Part):
    """A silence that is there already; author and comment are text from outside."""

    id: str
    matchers: str
    created_by: str
    comment: str
    until: Instant


class SilenceAnswer(Answer):
    """What a silence would hold back, or holds back now."""

    RANKED: ClassVar[tuple[str, ...]] = ("rules_in_reach", "overlapping", "alerts")

    status: Status
    silence_id: str | None = None
    alertmanager: str
    matchers: str
    reason: str
    created_by: str = ""
    until: Instant = Field(description="If created now")
    confirm: str | None = Field(None, description="Pass it back to create exactly this silence")
    alerts_total: int
    pages_total: int
    alerts: list[MatchedAlert] = Field(default_factory=list)
    rules_in_reach_total: int | None = Field(None, description="Alerting rules it could hold back too; null: unknown")
    rules_in_reach: list[str] = Field(default_factory=list)
    overlapping: list[OverlappingSilence] = Field(default_factory=list)
    not_suppressed: list[str] = Field(default_factory=list, description="Still notifying after it was created")
    how_to_end: str = ""
    next_steps: list[str] = Field(default_factory=list)
