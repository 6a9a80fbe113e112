"""The shape of the answer of `list_alerts`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tools.answer import Answer, Figure, Instant, Part

StateFilter = Literal["all", "firing", "pending", "silenced", "inhibited", "muted"]


class AlertRow(Part):
    """An alert; labels, summary and severity are text from outside."""

    alert: str
    state: str
    severity: str
    labels: str = Field(description="Besides those of the group")
    since: Instant | None
    age: str
    fires_at: Instant | None = Field(None, description="If pending")
    value: Figure = None
    summary: str = ""
    runbook: str = ""
    held_back_by: list[str] = Field(default_factory=list, description="Silence ids, alerts or mute times")
    delivery: str = Field(description="From Prometheus to Alertmanager")


class GroupRow(Part):
    """Alerts notified together, or of one rule."""

    group: str
    receivers: list[str]
    alerts_total: int
    by_state: dict[str, int]
    alerts: list[AlertRow]


class SilenceRow(Part):
    """A silence; author and comment are text from outside."""

    id: str
    matchers: str
    created_by: str
    comment: str
    until: Instant
    alerts_held_back: int
    ends_within_the_hour: bool = False


class CountsAnswer(Part):
    """Alerts by state, of the service asked for."""

    firing: int = Field(description="And not held back")
    firing_pages: int
    pending: int
    silenced: int
    inhibited: int
    muted: int
    informing: int = Field(description="Firing with severity none, such as a watchdog")


class BrokenRule(Part):
    """An alerting rule that cannot be evaluated, and so never fires."""

    alert: str
    group: str
    error: str


class AlertsAnswer(Answer):
    """Alerts that stand, by group."""

    RANKED: ClassVar[tuple[str, ...]] = ("silences", "broken_rules", "groups")

    source: str | None = None
    alertmanager: str | None = None
    at: Instant | None = None
    counts: CountsAnswer
    ranked_by: str = "not delivered pages, firing pages, firing, pending, held back, informing; oldest first"
    groups_total: int = 0
    groups: list[GroupRow] = Field(default_factory=list)
    silences: list[SilenceRow] = Field(default_factory=list)
    not_delivered: list[str] = Field(
        default_factory=list, description="Firing in Prometheus, unknown to the Alertmanager: nobody is told"
    )
    broken_rules: list[BrokenRule] = Field(default_factory=list)
    next_steps: list[str] = Field(default_factory=list)
