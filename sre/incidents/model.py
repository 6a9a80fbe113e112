"""An incident as people remember it and as the data show it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias, get_args

Severity: TypeAlias = Literal["P0", "P1", "P2", "P3"]
ActionKind: TypeAlias = Literal["prevent", "mitigate", "detect", "process"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
ACTION_KINDS: tuple[ActionKind, ...] = get_args(ActionKind)


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """Something that happened.

    Attributes:
        at: Aware UTC.
        text: What happened; text from outside.
        who: Who did or saw it, or empty; text from outside.
        evidence: Numbers of the evidence rows it rests on; empty for what was told.
    """

    at: datetime
    text: str
    who: str = ""
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """A contributing cause and what shows it; both text from outside."""

    text: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ActionItem:
    """Work that follows. `kind` is None and the texts are empty where not said."""

    title: str
    kind: ActionKind | None = None
    owner: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What people know of an incident. All text is from outside; all times are aware UTC.

    Attributes:
        start: When users began to be hurt.
        end: When they no longer were; None while it goes on or where not said.
    """

    title: str
    start: datetime
    end: datetime | None = None
    detected_at: datetime | None = None
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    severity: Severity | None = None
    services: tuple[str, ...] = ()
    impact: str = ""
    events: tuple[TimelineEvent, ...] = ()
    causes: tuple[Cause, ...] = ()
    went_well: tuple[str, ...] = ()
    went_badly: tuple[str, ...] = ()
    lucky: tuple[str, ...] = ()
    action_items: tuple[ActionItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A query that was run; `number` is how the document refers to it (E1, E2 ...)."""

    number: int
    query: str
    sample_count: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """A number from data and the evidence rows it rests on; value None where the data do not say."""

    value: float | None
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceImpact:
    """What an incident did to one service, measured.

    Attributes:
        requests: All requests from start to end.
        failed_requests: Those that failed.
        peak_error_ratio: Highest share of failures in five minutes, 0..1.
        peak_at: When that was, aware UTC.
        latency_p95_seconds: 95th percentile from start to end.
        baseline_p95_seconds: The same over the same hours before the incident.
        baseline: Which hours those were, for people.
        budget_burnt_ratio: Failed requests as a share of the error budget of the SLO window.
        notes: What makes these numbers less sure.
    """

    service: str
    requests: Measured
    failed_requests: Measured
    peak_error_ratio: Measured
    peak_at: datetime | None
    latency_p95_seconds: Measured
    baseline_p95_seconds: Measured
    baseline: str
    budget_burnt_ratio: Measured
    convention: str = ""
    notes: tuple[str, ...] = field(default=())
