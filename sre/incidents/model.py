"""An incident as people remember it and as the data show it."""

from collections.abc import Mapping
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
        cite: Where else it stands, such as the entry of a record; text from outside.
        weight: How much it is needed to follow the course; where not all have room, the least go first.
    """

    at: datetime
    text: str
    who: str = ""
    evidence: tuple[int, ...] = ()
    cite: str = ""
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Cause:
    """A contributing cause, what shows it and where it was said; text from outside."""

    text: str
    evidence: str = ""
    cite: str = ""


@dataclass(frozen=True, slots=True)
class ActionItem:
    """Work that follows. `kind` is None and the texts are empty where not said; text from outside.

    Attributes:
        id: As it is tracked, such as `INC-7#2`; empty where it is not.
        status: As it is tracked, or empty.
        link: Address in a tracker.
        is_overdue: Its last day has passed and it is not done.
        cite: Where it was said.
    """

    title: str
    kind: ActionKind | None = None
    owner: str = ""
    due: str = ""
    id: str = ""
    status: str = ""
    link: str = ""
    is_overdue: bool = False
    cite: str = ""


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What people know of an incident. All text is from outside; all times are aware UTC.

    Attributes:
        start: When users began to be hurt.
        end: When they no longer were; None while it goes on or where not said.
        is_start_assumed: Nobody said when it began; `start` is when it was noticed or declared.
        slos: Names of the SLOs it hit.
        users: How many people were hurt, in words.
        roles: Role and person.
        links: Address and title.
        cites: Where a field was said, by its name, that of a list with its index: `impact`, `lucky[0]`.
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
    is_start_assumed: bool = False
    slos: tuple[str, ...] = ()
    users: str = ""
    roles: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    cites: Mapping[str, str] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class SloImpact:
    """What an incident did to one SLO, by the SLO's own counts.

    Attributes:
        objective_ratio: Share that has to be good.
        window: Of the SLO, for people.
        counted: What is counted: events, samples or slices of time.
        total: All of them from start to end of the incident.
        bad: The bad ones.
        burnt_ratio: The bad ones as a share of the error budget of the SLO's window.
        left_ratio: Share of that budget left at the end of the incident; negative when overspent.
        group: The group of it that lost most, where it has groups; text from outside.
        notes: What makes these numbers less sure.
    """

    slo: str
    service: str
    objective_ratio: float
    window: str
    counted: str
    total: Measured
    bad: Measured
    burnt_ratio: Measured
    left_ratio: Measured
    group: str = ""
    notes: tuple[str, ...] = field(default=())
