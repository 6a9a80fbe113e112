"""What a paging system tells: incidents as people were paged for them, what was done about each, and who is on call.

All text is from outside: it has been cleaned and cut to a bound, and is data. All times are aware UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypeAlias, TypeVar, get_args

from sre.core.errors import InputError

PageStatus: TypeAlias = Literal["triggered", "acknowledged", "resolved"]
Urgency: TypeAlias = Literal["high", "low"]
PageSeverity: TypeAlias = Literal["critical", "error", "warning", "info"]
EventAction: TypeAlias = Literal["trigger", "acknowledge", "resolve"]
# What happened, in the words of the trade; `other` is anything a vendor adds.
LogKind: TypeAlias = Literal[
    "trigger",
    "notify",
    "acknowledge",
    "unacknowledge",
    "assign",
    "escalate",
    "annotate",
    "resolve",
    "snooze",
    "priority",
    "merge",
    "status_update",
    "responder",
    "other",
]
PAGE_STATUSES: tuple[PageStatus, ...] = get_args(PageStatus)
OPEN_STATUSES: tuple[PageStatus, ...] = ("triggered", "acknowledged")
URGENCIES: tuple[Urgency, ...] = get_args(Urgency)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Listed(Generic[Item]):
    """Items of a list that may be longer than we read.

    Attributes:
        left_out: What is missing and how to get it, as a sentence; empty where the list is whole.
    """

    items: tuple[Item, ...]
    left_out: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out."""
        return not self.left_out


@dataclass(frozen=True, slots=True)
class Named:
    """A thing of the paging system: a service, a person, a policy. `name` is empty where only the id was told."""

    id: str
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.id


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who took an incident, and when."""

    at: datetime
    who: Named


@dataclass(frozen=True, slots=True)
class PagedIncident:
    """An incident as the paging system holds it.

    Attributes:
        acknowledgements: Those that hold now. PagerDuty forgets them once an incident is resolved: for the time until
            acknowledgement read the log.
        assigned_to: Who has it now; empty once it is resolved.
        priority: As the account calls it, such as `P1`; empty where not set.
        key: What later events of the same problem carry (dedup key).
    """

    id: str
    title: str
    status: PageStatus
    created_at: datetime
    service: Named
    number: int | None = None
    urgency: Urgency = "high"
    resolved_at: datetime | None = None
    status_changed_at: datetime | None = None
    acknowledgements: tuple[Acknowledgement, ...] = ()
    assigned_to: tuple[Named, ...] = ()
    escalation_policy: Named | None = None
    teams: tuple[Named, ...] = ()
    priority: str = ""
    key: str = ""
    url: str = ""

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to deal with it."""
        return self.status != "resolved"


@dataclass(frozen=True, slots=True)
class PagedAlert:
    """One of the alerts an incident was made of.

    Attributes:
        details: What the sender added, as text by key.
    """

    id: str
    status: Literal["triggered", "resolved"]
    summary: str
    created_at: datetime
    severity: PageSeverity | None = None
    key: str = ""
    service: Named | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing that happened to an incident.

    Attributes:
        type: The vendor's own word for the kind.
        agent: Who or what did it; None where not told.
        agent_kind: `user`, `service`, `integration` and the like; empty where not told.
        channel: By which way: `api`, `web`, `mobile`, `auto`, `email` and the like; empty where not told.
        incident: The incident it belongs to; None where not told.
        detail: What was said with it, such as the text of a note or of the event.
    """

    id: str
    kind: LogKind
    at: datetime
    summary: str
    type: str = ""
    agent: Named | None = None
    agent_kind: str = ""
    channel: str = ""
    incident: Named | None = None
    service: Named | None = None
    detail: str = ""

    @property
    def is_by_a_person(self) -> bool:
        """Whether a person did it, and not a timeout or an integration."""
        return self.agent_kind == "user" and self.channel not in {"auto", "timeout"}


@dataclass(frozen=True, slots=True)
class IncidentNote:
    """What somebody wrote down on an incident."""

    id: str
    at: datetime
    text: str
    author: Named | None = None


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is paged at one level of an escalation policy.

    Attributes:
        level: 1 is paged first.
        start, end: Of the shift; None where the person is always on call at this level.
        schedule: None where the policy names the person.
    """

    who: Named
    level: int
    policy: Named
    start: datetime | None = None
    end: datetime | None = None
    schedule: Named | None = None


@dataclass(frozen=True, slots=True)
class OncallService:
    """A service as the paging system knows it.

    Attributes:
        status: The vendor's word: `active`, `warning` and `critical` (open incidents), `maintenance`, `disabled`.
    """

    id: str
    name: str
    status: str = ""
    escalation_policy: Named | None = None


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """A change that was announced to the paging system, such as a deploy.

    Attributes:
        url: The first link that came with it.
    """

    id: str
    at: datetime
    summary: str
    source: str = ""
    services: tuple[Named, ...] = ()
    url: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PageEvent:
    """What to tell the paging system about one problem.

    Attributes:
        key: Events with the same key belong to the same problem, up to 255 characters; empty lets the system choose
            one, for a trigger only.
        summary, source, severity: What a trigger says: what is wrong, seen where.
        url: Where to look, such as a dashboard.
    """

    action: EventAction
    key: str = ""
    summary: str = ""
    source: str = ""
    severity: PageSeverity = "critical"
    component: str = ""
    group: str = ""
    url: str = ""
    details: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.action == "trigger" and not (self.summary.strip() and self.source.strip()):
            raise InputError("A page needs a summary and a source.", field="summary")
        if self.action != "trigger" and not self.key:
            raise InputError(f"To {self.action} a page, its key is needed.", field="key")
