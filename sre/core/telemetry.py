"""What monitoring systems tell about themselves: metric metadata, rules, alerts, targets, versions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from sre.core.labels import Labels

MetricType: TypeAlias = Literal[
    "counter", "gauge", "histogram", "summary", "info", "stateset", "gaugehistogram", "unknown"
]


@dataclass(frozen=True, slots=True)
class MetricMetadata:
    """Type, help text and unit of a metric family; help is text from outside."""

    type: MetricType = "unknown"
    help: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """What a system says it is."""

    product: str
    version: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActiveAlert:
    """One alert instance of a rule, as Prometheus holds it."""

    name: str
    state: Literal["firing", "pending", "inactive"]
    labels: Labels
    annotations: Mapping[str, str]
    active_at: datetime | None
    value: float | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording or alerting rule as loaded by the source.

    Attributes:
        group_interval_seconds: Time between evaluations of its group; None where the source does not say.
    """

    kind: Literal["recording", "alerting"]
    name: str
    query: str
    labels: Labels
    annotations: Mapping[str, str]
    group: str
    file: str
    health: str
    last_error: str
    for_seconds: float = 0.0
    state: str = ""
    evaluation_seconds: float | None = None
    alerts: tuple[ActiveAlert, ...] = ()
    keep_firing_for_seconds: float = 0.0
    group_interval_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A scrape target and how its last scrape went."""

    labels: Labels
    job: str
    scrape_url: str
    health: str
    last_error: str
    last_scrape: datetime | None
    scrape_interval_seconds: float | None
