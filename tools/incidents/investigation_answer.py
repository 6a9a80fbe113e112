"""The answer of `investigate_incident`: its shape."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from tools.answer import EvidencedAnswer, Figure, Instant, Part, WindowAnswer


class SuspectRow(Part):
    """A series that left its normal range; before and during are medians in the unit of `measure`."""

    service: str
    metric: str
    measure: str = Field(description="level, highest or lowest copy, rate a second, mean, p95, error ratio")
    labels: dict[str, str] = Field(default_factory=dict)
    onset: Instant | None = None
    direction: str
    before: Figure = None
    during: Figure = None
    ratio: Figure = None
    limit: Figure = Field(None, description="Most that the resource allows")
    effect: Figure = Field(description="Robust standard deviations of its own normal")
    score: Figure
    caveats: list[str] = Field(default_factory=list)
    query: str = ""


class ServiceRow(Part):
    """A service, host or database, most suspect first."""

    service: str
    score: Figure
    onset: Instant | None = None
    change: str | None = Field(None, description="What was changed in it before it moved")
    changed_series: int = 0
    series: int = 0


class ChangeRow(Part):
    """What was done, or happened; `minutes_before` the first onset, negative after it."""

    at: Instant
    kind: Literal["deploy", "return", "restart", "alert", "setting", "scaling"]
    service: str
    what: str
    minutes_before: Figure = None
    query: str = ""


class FollowedRow(Part):
    """A service that probably only shows what happened in another."""

    service: str
    of: str
    why: str


class CheckRow(Part):
    """A next call and what it would tell."""

    why: str
    tool: str
    arguments: dict[str, Any]


class ScannedPart(Part):
    """What was looked at; `flat` never moved, `changed_before` had moved before the incident."""

    metrics: int
    source_series: int
    series: int
    flat: int = 0
    changed_before: int = 0
    unusable: int = 0
    queries: int = 0
    call_edges: int = 0


class FirstMove(Part):
    """Who moved first."""

    service: str
    metric: str
    at: Instant


class InvestigationAnswer(EvidencedAnswer):
    """Suspects, ranked by score."""

    RANKED = ("changes", "suspects", "services")

    verdict: Literal["suspect_found", "weak_lead", "nothing_stands_out"]
    sureness: Literal["high", "medium", "low", "none"]
    reasons: list[str] = Field(default_factory=list, description="What makes it more or less sure")
    first_to_move: FirstMove | None = None
    services: list[ServiceRow] = Field(default_factory=list)
    suspects: list[SuspectRow] = Field(default_factory=list)
    followed: list[FollowedRow] = Field(default_factory=list)
    changes: list[ChangeRow] = Field(default_factory=list)
    next_checks: list[CheckRow] = Field(default_factory=list)
    normal_windows: list[WindowAnswer] = Field(default_factory=list, description="What was taken as normal")
    scanned: ScannedPart | None = None
