"""What `check_service_health` answers with."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from tools.answer import EvidencedAnswer, Figure, Part

VerdictWord = Literal["ok", "degraded", "bad", "unknown"]


class ResourceAnswer(Part):
    """One resource, 0..1 in use."""

    resource: str
    verdict: VerdictWord
    now: Figure
    baseline: Figure
    query: str


class SignalAnswer(Part):
    """One golden signal."""

    verdict: VerdictWord
    why: str
    now: Figure = Field(None, description="Over the window")
    recent: Figure = Field(None, description="Over the last 5 minutes")
    baseline: Figure = Field(None, description="Median of the same time on earlier days")
    same_weekday: Figure = Field(None, description="A week ago")
    unit: str
    query: str | None = None
    convention: str | None = None
    percentiles: dict[str, Figure] | None = None
    resources: list[ResourceAnswer] | None = None

    @model_serializer(mode="wrap")
    def _lean(self, handler: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        data = handler(self)
        return {key: value for key, value in data.items() if value is not None or key not in _LEFT_AWAY}


_LEFT_AWAY = frozenset({"percentiles", "resources"})


class SignalsAnswer(Part):
    """The four golden signals."""

    latency: SignalAnswer
    traffic: SignalAnswer
    errors: SignalAnswer
    saturation: SignalAnswer


class HealthAnswer(EvidencedAnswer):
    """The state of a service."""

    service: str
    verdict: VerdictWord
    signals: SignalsAnswer
    matched_by: list[str] = Field(default_factory=list, description="Selectors that found the service")
    baseline_window: str = ""
    other_metrics: list[str] = Field(default_factory=list, description="If a signal is unknown: what the service has")
    next_steps: list[str] = Field(default_factory=list)
