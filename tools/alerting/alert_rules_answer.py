"""What `generate_alert_rules` answers with."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tools.answer import Figure, Instant, Part, WindowAnswer
from tools.artefacts import ArtefactAnswer


class AlertRow(Part):
    """One alert of the file."""

    alert: str
    severity: str
    signal: str
    basis: str = Field(description="Threshold and where it comes from")
    fired: int | None = Field(None, description="Times in the window; null: not replayed")
    fired_minutes: Figure = None
    last_fired: Instant | None = None
    note: str = ""


class NotWritten(Part):
    """What has no alert, and why."""

    what: str
    why: str


class AlertRulesAnswer(ArtefactAnswer):
    """The alerts of a service, what they would have done in its history, and how they were checked."""

    RANKED: ClassVar[tuple[str, ...]] = ("not_written", "alerts")

    service: str
    source: str | None = None
    window: WindowAnswer | None = None
    alerts: list[AlertRow] = Field(default_factory=list)
    not_written: list[NotWritten] = Field(default_factory=list)
