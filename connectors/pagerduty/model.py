"""What PagerDuty tells, as it is on the wire, and in our own words."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from connectors.pagerduty.wire import (
    Details,
    Id,
    Instant,
    Line,
    MaybeInstant,
    References,
    Text,
    WebAddress,
    Wire,
    WireReference,
    all_named,
    named,
)
from sre.core.oncall import (
    Acknowledgement,
    ChangeEvent,
    IncidentNote,
    LogEntry,
    LogKind,
    Named,
    OnCall,
    OncallService,
    PagedAlert,
    PagedIncident,
    PageSeverity,
    PageStatus,
    Urgency,
)

_NOBODY = Named("", "")
_SUFFIX = "_log_entry"
# The types are those of the REST API; what is not here is `other` and keeps its own word in `type`.
_KINDS: Mapping[str, LogKind] = {
    "trigger": "trigger",
    "notify": "notify",
    "acknowledge": "acknowledge",
    "unacknowledge": "unacknowledge",
    "reach_ack_limit": "unacknowledge",
    "assign": "assign",
    "delegate": "assign",
    "reassign": "assign",
    "escalate": "escalate",
    "repeat_escalation_path": "escalate",
    "exhaust_escalation_path": "escalate",
    "annotate": "annotate",
    "resolve": "resolve",
    "snooze": "snooze",
    "priority_change": "priority",
    "urgency_change": "priority",
    "merge": "merge",
    "status_update": "status_update",
    "responder_request": "responder",
    "responder_request_response": "responder",
}


def _none_as_empty(value: object) -> object:
    return [] if value is None else value


class WireAssignment(Wire):
    """Who has an incident."""

    assignee: WireReference | None = None


class WireAcknowledgement(Wire):
    """Who took an incident; a service does so by Events v2."""

    at: Instant
    acknowledger: WireReference | None = None


class WireIncident(Wire):
    """An incident."""

    id: Id
    incident_number: int | None = None
    title: Line = ""
    summary: Line = ""
    status: PageStatus
    urgency: Urgency = "high"
    created_at: Instant
    resolved_at: MaybeInstant = None
    last_status_change_at: MaybeInstant = None
    incident_key: Line = ""
    html_url: WebAddress = ""
    service: WireReference | None = None
    escalation_policy: WireReference | None = None
    priority: WireReference | None = None
    assignments: Annotated[list[WireAssignment], BeforeValidator(_none_as_empty)] = Field(default_factory=list)
    acknowledgements: Annotated[list[WireAcknowledgement], BeforeValidator(_none_as_empty)] = Field(
        default_factory=list
    )
    teams: References = Field(default_factory=list)

    def as_incident(self) -> PagedIncident:
        """Return it in our own words."""
        taken = [Acknowledgement(one.at, named(one.acknowledger) or _NOBODY) for one in self.acknowledgements]
        # Older answers have no `resolved_at`; once resolved, nothing changes the status any more.
        resolved_at = self.resolved_at or (self.last_status_change_at if self.status == "resolved" else None)
        return PagedIncident(
            id=self.id,
            title=self.title or self.summary,
            status=self.status,
            created_at=self.created_at,
            service=named(self.service) or _NOBODY,
            number=self.incident_number,
            urgency=self.urgency,
            resolved_at=resolved_at if self.status == "resolved" else None,
            status_changed_at=self.last_status_change_at,
            acknowledgements=tuple(sorted(taken, key=lambda one: one.at)),
            assigned_to=tuple(one for one in (named(each.assignee) for each in self.assignments) if one is not None),
            escalation_policy=named(self.escalation_policy),
            teams=all_named(self.teams),
            priority=str(named(self.priority) or ""),
            key=self.incident_key,
            url=self.html_url,
        )


class WireIncidentAnswer(Wire):
    """One incident."""

    incident: WireIncident


class WireAlertBody(Wire):
    """What the sender of an alert said."""

    details: Details = Field(default_factory=dict)


class WireAlert(Wire):
    """An alert of an incident."""

    id: Id
    status: Literal["triggered", "resolved"]
    severity: PageSeverity | None = None
    summary: Line = ""
    created_at: Instant
    alert_key: Line = ""
    service: WireReference | None = None
    body: WireAlertBody | None = None

    def as_alert(self) -> PagedAlert:
        """Return it in our own words."""
        return PagedAlert(
            id=self.id,
            status=self.status,
            summary=self.summary,
            created_at=self.created_at,
            severity=self.severity,
            key=self.alert_key,
            service=named(self.service),
            details=self.body.details if self.body else {},
        )


class WireChannel(Wire):
    """By which way something was done; a note has its text here."""

    type: Id = ""
    summary: Text = ""
    content: Text = ""


class WireEventDetails(Wire):
    """What an event said."""

    description: Text = ""


class WireLogEntry(Wire):
    """An entry of the log."""

    id: Id
    type: Id
    summary: Line = ""
    created_at: Instant
    agent: WireReference | None = None
    channel: WireChannel | None = None
    incident: WireReference | None = None
    service: WireReference | None = None
    event_details: WireEventDetails | None = None

    def as_entry(self) -> LogEntry:
        """Return it in our own words."""
        channel = self.channel or WireChannel()
        described = self.event_details.description if self.event_details else ""
        detail = channel.content or described or channel.summary
        return LogEntry(
            id=self.id,
            kind=_KINDS.get(self.type.removesuffix("_reference").removesuffix(_SUFFIX), "other"),
            at=self.created_at,
            summary=self.summary,
            type=self.type,
            agent=named(self.agent),
            agent_kind=self.agent.type.removesuffix("_reference") if self.agent else "",
            channel=channel.type.removesuffix("_reference"),
            incident=named(self.incident),
            service=named(self.service),
            detail="" if detail == self.summary else detail,
        )


class WireNote(Wire):
    """A note on an incident."""

    id: Id = ""
    content: Text = ""
    created_at: Instant
    user: WireReference | None = None

    def as_note(self) -> IncidentNote:
        """Return it in our own words."""
        return IncidentNote(id=self.id, at=self.created_at, text=self.content, author=named(self.user))


class WireNotes(Wire):
    """The notes of an incident, which come in one piece."""

    notes: list[WireNote]


class WireNoteAnswer(Wire):
    """One note."""

    note: WireNote


class WireOnCall(Wire):
    """Who is on call."""

    escalation_level: int = 1
    start: MaybeInstant = None
    end: MaybeInstant = None
    user: WireReference | None = None
    schedule: WireReference | None = None
    escalation_policy: WireReference | None = None

    def as_on_call(self) -> OnCall:
        """Return it in our own words."""
        return OnCall(
            who=named(self.user) or _NOBODY,
            level=self.escalation_level,
            policy=named(self.escalation_policy) or _NOBODY,
            start=self.start,
            end=self.end,
            schedule=named(self.schedule),
        )


class WireService(Wire):
    """A service."""

    id: Id
    name: Line = ""
    summary: Line = ""
    status: Id = ""
    escalation_policy: WireReference | None = None

    def as_service(self) -> OncallService:
        """Return it in our own words."""
        return OncallService(self.id, self.name or self.summary, self.status, named(self.escalation_policy))


class WireIntegration(Wire):
    """How a service takes events."""

    integration_key: str | None = Field(None, repr=False)


class WireRoutedService(WireService):
    """A service with the ways it takes events."""

    integrations: Annotated[list[WireIntegration], BeforeValidator(_none_as_empty)] = Field(
        default_factory=list, repr=False
    )

    def is_routed_by(self, key: str) -> bool:
        """Whether events with this routing key come here."""
        return any(one.integration_key == key for one in self.integrations)


class WireLink(Wire):
    """Where to read more."""

    href: WebAddress = ""


class WireChange(Wire):
    """A change that was announced."""

    id: Id = ""
    timestamp: Instant
    summary: Line = ""
    source: Line = ""
    services: References = Field(default_factory=list)
    links: Annotated[list[WireLink], BeforeValidator(_none_as_empty)] = Field(default_factory=list)
    custom_details: Details = Field(default_factory=dict)

    def as_change(self) -> ChangeEvent:
        """Return it in our own words."""
        return ChangeEvent(
            id=self.id,
            at=self.timestamp,
            summary=self.summary,
            source=self.source,
            services=all_named(self.services),
            url=next((link.href for link in self.links if link.href), ""),
            details=self.custom_details,
        )


class WireAccepted(Wire):
    """What Events v2 says of an event that it took."""

    status: Line
    dedup_key: Line = ""
