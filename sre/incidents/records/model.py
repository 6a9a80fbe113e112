"""An incident as it stands: what its entries add up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, TypeAlias, get_args

from sre.core.journal import Entries
from sre.incidents.model import ActionKind, Cause, Severity, TimelineEvent

Status: TypeAlias = Literal["declared", "investigating", "identified", "mitigated", "resolved", "closed"]
Role: TypeAlias = Literal["incident_commander", "tech_lead", "communications"]
Milestone: TypeAlias = Literal["start", "detected", "acknowledged", "mitigated", "end"]
ActionStatus: TypeAlias = Literal["open", "in_progress", "done", "dropped"]
Lesson: TypeAlias = Literal["went_well", "went_badly", "lucky"]
STATUSES: tuple[Status, ...] = get_args(Status)
ROLES: tuple[Role, ...] = get_args(Role)
MILESTONES: tuple[Milestone, ...] = get_args(Milestone)
ACTION_STATUSES: tuple[ActionStatus, ...] = get_args(ActionStatus)
LESSONS: tuple[Lesson, ...] = get_args(Lesson)
KIND = "incident"
_PREFIX = "INC-"


def reference_of(number: int) -> str:
    """Return how people call an incident: `INC-7`."""
    return f"{_PREFIX}{number}"


def number_of(reference: str) -> int | None:
    """Return the number behind `INC-7`, `inc-7` or `7`; None for anything else."""
    digits = reference.strip().upper().removeprefix(_PREFIX)
    return int(digits) if digits.isascii() and digits.isdigit() and 0 < len(digits) <= 9 else None


@dataclass(frozen=True, slots=True)
class TrackedAction:
    """Work that follows from an incident, tracked to its end.

    Attributes:
        number: From 1, within its incident.
        due: The last day, in UTC; None where not agreed.
        link: Address in a tracker, or empty.
        done_at: When it was finished or dropped.
    """

    number: int
    title: str
    kind: ActionKind | None = None
    owner: str = ""
    due: date | None = None
    status: ActionStatus = "open"
    link: str = ""
    note: str = ""
    done_at: datetime | None = None

    def is_open(self) -> bool:
        """Whether somebody still has to do it."""
        return self.status in ("open", "in_progress")

    def is_overdue(self, today: date) -> bool:
        """Whether its last day has passed and it is not done."""
        return self.is_open() and self.due is not None and self.due < today


@dataclass(frozen=True, slots=True)
class SentUpdate:
    """A status update that people were given."""

    at: datetime
    audience: str
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """An address that belongs to an incident; both text from outside."""

    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it stands. All text is from outside; all times are aware UTC.

    Attributes:
        times: Milestones that are known: start of the harm, detection, acknowledgement, mitigation, end.
        roles: Person by role.
        slos: Names of the SLOs it hit.
        notes: What was seen, tried and decided.
        closed_at: When the record was closed, which is later than the end of the harm.
        entries: All that was recorded, the corrected too.
    """

    number: int
    title: str
    severity: Severity
    status: Status
    declared_at: datetime
    declared_by: str
    times: dict[Milestone, datetime] = field(default_factory=dict)
    roles: dict[Role, str] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    slos: tuple[str, ...] = ()
    impact: str = ""
    notes: tuple[TimelineEvent, ...] = ()
    causes: tuple[Cause, ...] = ()
    lessons: dict[Lesson, tuple[str, ...]] = field(default_factory=dict)
    actions: tuple[TrackedAction, ...] = ()
    updates: tuple[SentUpdate, ...] = ()
    links: tuple[Link, ...] = ()
    closed_at: datetime | None = None
    entries: Entries = ()

    @property
    def reference(self) -> str:
        """How people call it."""
        return reference_of(self.number)

    def is_over(self) -> bool:
        """Whether users are no longer hurt."""
        return self.status in ("resolved", "closed")
