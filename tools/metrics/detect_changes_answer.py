"""What `detect_changes` answers with."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from tools.answer import EvidencedAnswer, Figure, Instant, Part

_LEFT_AWAY = frozenset({
    "labels", "shared_labels", "also", "also_near", "deploy", "deploy_note", "ended_by", "series_count", "appeared",
    "vanished", "unit", "is_ongoing", "seasons", "from_version", "version", "service", "deploys", "is_own_service",
    "minutes_before", "query", "read_from", "full_at", "dated_to_seconds",
})  # fmt: skip
DirectionWord = Literal["up", "down"]


class _Lean(Part):
    """A part without what does not apply to it."""

    @model_serializer(mode="wrap")
    def _lean(self, handler: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        return without_empty(handler(self))


class DeployPart(_Lean):
    """A deploy, restart or mark; never after what it stands beside."""

    kind: Literal["deploy", "return", "restart", "marked"] = Field(description="return: a version that had been live")
    at: Instant
    service: str = ""
    version: str = Field("", description="Or the words of a mark")
    from_version: str = ""
    minutes_before: Figure = Field(None, description="Before the change; 0 where they cannot be told apart")
    query: str = Field("", description="What shows it")
    is_own_service: bool = Field(False, description="Of a service that the changed series speak of")


class ChangeRow(_Lean):
    """A lasting change of level, of one series or of several together: figures are of the one it shows most in."""

    at: Instant
    earliest: Instant
    latest: Instant
    full_at: Instant | None = Field(None, description="When a gradual change was complete; `at` is when it began")
    direction: DirectionWord
    before: Figure
    after: Figure
    ratio: Figure = Field(description="after / before")
    noise_multiple: Figure = Field(description="Size in robust standard deviations of the series' own noise")
    confidence: Figure = Field(description="0..1")
    labels: dict[str, str] = Field(default_factory=dict, description="Without shared_labels")
    series_count: int = Field(1, description="Series that changed together")
    also: list[dict[str, str]] = Field(default_factory=list, description="Labels of some of the others")
    deploy: DeployPart | None = None
    deploy_note: str = ""
    also_near: list[str] = Field(default_factory=list, description="Other deploys within the hour before")


class AnomalyRow(_Lean):
    """A passing stretch that is unlike the rest, of one series or of several together."""

    start: Instant
    end: Instant
    is_ongoing: bool = False
    direction: DirectionWord
    expected: Figure
    worst: Figure
    noise_multiple: Figure
    labels: dict[str, str] = Field(default_factory=dict)
    series_count: int = 1
    also: list[dict[str, str]] = Field(default_factory=list)
    deploy: DeployPart | None = None
    deploy_note: str = ""
    ended_by: DeployPart | None = Field(None, description="A deploy or return just before it was over")
    also_near: list[str] = Field(default_factory=list)


class PresenceRow(Part):
    """A series that appeared (first value) or vanished (last value)."""

    at: Instant
    labels: dict[str, str]


class ChangesAnswer(EvidencedAnswer):
    """Lasting changes, ranked; passing anomalies, series that came or went, apart."""

    RANKED: ClassVar[tuple[str, ...]] = ("deploys", "vanished", "appeared", "anomalies", "changes")

    read_from: Instant | None = Field(None, description="Earlier data that teach the daily and weekly pattern")
    dated_to_seconds: Figure = Field(None, description="Step of the finer points that date what stands out")
    unit: str = Field("", description="Of levels; empty if unknown")
    series_total: int = 0
    series_searched: int = 0
    shared_labels: dict[str, str] = Field(default_factory=dict)
    changes: list[ChangeRow] = Field(default_factory=list)
    anomalies: list[AnomalyRow] = Field(default_factory=list)
    ranked_by: str = "size in the series' own noise, times the root of how many series changed together"
    appeared: list[PresenceRow] = Field(default_factory=list)
    vanished: list[PresenceRow] = Field(default_factory=list)
    deploys: list[DeployPart] = Field(default_factory=list, description="All in the window, latest first")
    seasons: list[str] = Field(default_factory=list, description="Patterns taken out first")

    @model_serializer(mode="wrap")
    def _lean(self, handler: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        return without_empty(handler(self))


def without_empty(data: dict[str, object]) -> dict[str, object]:
    """Return fields without those that do not apply."""
    empty: tuple[object, ...] = (None, [], {}, "", False)
    return {
        name: value
        for name, value in data.items()
        if name not in _LEFT_AWAY or not (value in empty or (name == "series_count" and value == 1))
    }
