"""The state behind the fake PagerDuty: services, people, incidents and what happened to each.

It keeps what the real one keeps: one open incident a key, a log entry for everything, acknowledgements that are gone
once an incident is resolved.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.http import Json


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the account."""

    id: str
    name: str
    email: str

    def reference(self) -> dict[str, Json]:
        """Return it as others point to it."""
        return {"id": self.id, "type": "user_reference", "summary": self.name}


@dataclass(frozen=True, slots=True)
class Service:
    """A service; `routing_key` is that of its one integration."""

    id: str
    name: str
    routing_key: str = ""

    def reference(self) -> dict[str, Json]:
        """Return it as others point to it."""
        return {"id": self.id, "type": "service_reference", "summary": self.name}


ADA = Person("PUSR001", "Ada Onduty", "ada@example.com")
GRACE = Person("PUSR002", "Grace Backup", "grace@example.com")
_POLICY: dict[str, Json] = {"id": "PESC001", "type": "escalation_policy_reference", "summary": "payments on-call"}
_SCHEDULE: dict[str, Json] = {"id": "PSCH001", "type": "schedule_reference", "summary": "payments primary"}
_TEAM: dict[str, Json] = {"id": "PTEAM01", "type": "team_reference", "summary": "payments"}


class RefusedChangeError(Exception):
    """What PagerDuty does not do; `code` is of its list of errors."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(slots=True)
class Incident:
    """An incident with all that belongs to it; `log` is oldest first."""

    id: str
    number: int
    title: str
    service: Service
    key: str
    urgency: str
    created_at: datetime
    status: str = "triggered"
    changed_at: datetime | None = None
    resolved_at: datetime | None = None
    priority: str = ""
    hides_key: bool = False
    taken: list[tuple[datetime, Person]] = field(default_factory=list)
    assigned_to: list[tuple[datetime, Person]] = field(default_factory=list)
    alerts: list[dict[str, Json]] = field(default_factory=list)
    notes: list[dict[str, Json]] = field(default_factory=list)

    def reference(self) -> dict[str, Json]:
        """Return it as others point to it."""
        return {"id": self.id, "type": "incident_reference", "summary": f"[#{self.number}] {self.title}"}

    def document(self) -> dict[str, Json]:
        """Return it as the API tells it."""
        assigned = [] if self.status == "resolved" else self.assigned_to
        taken = self.taken if self.status == "acknowledged" else []
        return {
            "id": self.id,
            "type": "incident",
            "incident_number": self.number,
            "title": self.title,
            "status": self.status,
            "urgency": self.urgency,
            "created_at": told(self.created_at),
            "resolved_at": told(self.resolved_at) if self.resolved_at else None,
            "last_status_change_at": told(self.changed_at or self.created_at),
            # Of an incident that has alerts PagerDuty tells no key: it is that of its alerts.
            "incident_key": None if self.hides_key else self.key,
            "html_url": f"https://example.pagerduty.com/incidents/{self.id}",
            "service": self.service.reference(),
            "escalation_policy": _POLICY,
            # The key is there with null where no priority is set, which the contract does not know.
            **({"priority": _priority(self.priority)} if self.priority else {}),
            "assignments": [{"at": told(at), "assignee": one.reference()} for at, one in assigned],
            "acknowledgements": [{"at": told(at), "acknowledger": one.reference()} for at, one in taken],
            "teams": [_TEAM],
        }


class Account:
    """Everything one account holds.

    Args:
        now: Its clock.
        services: Names of services, each with the routing key of its integration.

    Attributes:
        log: All entries of all incidents, oldest first, with the moment of each.
        changes: Changes that were announced.
    """

    def __init__(self, *, now: Callable[[], datetime], services: Mapping[str, str]) -> None:
        self.now = now
        self.people = [ADA, GRACE]
        self.services = [Service(f"PSVC{i:03}", name, key) for i, (name, key) in enumerate(services.items(), start=1)]
        self.incidents: list[Incident] = []
        self.log: list[tuple[datetime, dict[str, Json]]] = []
        self.changes: list[tuple[datetime, dict[str, Json]]] = []

    def service(self, name: str) -> Service:
        """Return a service by name."""
        return next(one for one in self.services if one.name == name)

    def incident(self, incident_id: str) -> Incident | None:
        """Return an incident by id or number."""
        return next((one for one in self.incidents if incident_id in (one.id, str(one.number))), None)

    def triggered(
        self, service: Service, title: str, *, key: str = "", severity: str = "critical", details: Json = None
    ) -> Incident:
        """Take a problem: a new incident that Ada is notified of, or one more alert of the one that is open."""
        now = self.now()
        number = len(self.incidents) + 1
        known = self.open_with(service, key) if key else None
        incident = known or Incident(
            f"QINC{number:04}", number, title, service, key or f"key-{number}", _urgency(severity), now
        )
        incident.alerts.append(_alert(incident, title, severity=severity, at=told(now), details=details))
        if known is None:
            self.incidents.append(incident)
            incident.assigned_to.append((now, ADA))
            self._log(incident, "trigger", "Triggered through the API.", service.reference(), "api", event=title)
            self._log(incident, "assign", f"Assigned to {ADA.name}.", service.reference(), "auto")
            self._log(incident, "notify", f"Notified {ADA.name} by push notification.", ADA.reference(), "auto")
        return incident

    def open_with(self, service: Service, key: str) -> Incident | None:
        """Return the open incident of a key."""
        held = (one for one in self.incidents if one.service == service and one.key == key and one.status != "resolved")
        return next(held, None)

    def acknowledged(self, incident: Incident, who: Person | Service, *, channel: str = "mobile") -> None:
        """Take an incident."""
        if incident.status == "resolved":
            raise RefusedChangeError(1001, "Incident Already Resolved")
        if incident.status == "acknowledged":
            raise RefusedChangeError(1002, "Incident Already Acknowledged")
        self._become(incident, "acknowledged")
        incident.taken = [(self.now(), who)] if isinstance(who, Person) else []
        self._log(incident, "acknowledge", f"Acknowledged by {who.name}.", who.reference(), channel)

    def resolved(self, incident: Incident, who: Person | Service, *, channel: str = "web") -> None:
        """Close an incident."""
        if incident.status == "resolved":
            raise RefusedChangeError(1001, "Incident Already Resolved")
        self._become(incident, "resolved")
        incident.resolved_at = self.now()
        for alert in incident.alerts:
            alert["status"] = "resolved"
        self._log(incident, "resolve", f"Resolved by {who.name}.", who.reference(), channel)

    def escalated(self, incident: Incident, *, to: Person = GRACE) -> None:
        """Let the time for an acknowledgement run out."""
        incident.assigned_to = [(self.now(), to)]
        service = incident.service.reference()
        self._log(incident, "escalate", f"Escalated to {to.name} due to timeout.", service, "timeout")
        self._log(incident, "notify", f"Notified {to.name} by phone call.", to.reference(), "auto")

    def noted(self, incident: Incident, who: Person, text: str) -> dict[str, Json]:
        """Write something down."""
        number = sum(len(one.notes) for one in self.incidents) + 1
        note: dict[str, Json] = {
            "id": f"PNOTE{number:02}",
            "content": text,
            "created_at": told(self.now()),
            "user": who.reference(),
        }
        incident.notes.append(note)
        self._log(incident, "annotate", f"Note added by {who.name}.", who.reference(), "note", note=text)
        return note

    def announced(self, service: str, summary: str, *, source: str = "ci", link: str = "") -> None:
        """Take a change, such as a deploy."""
        links: list[Json] = [{"href": link, "text": "pipeline"}] if link else []
        change: dict[str, Json] = {
            "id": f"PCHG{len(self.changes) + 1:03}",
            "type": "change_event",
            "summary": summary,
            "timestamp": told(self.now()),
            "source": source,
            "services": [self.service(service).reference()],
            "links": links,
            "custom_details": {},
        }
        self.changes.append((self.now(), change))

    def on_calls(self) -> list[dict[str, Json]]:
        """Return who is on call: Ada by a schedule, Grace always."""
        first: dict[str, Json] = {
            "escalation_level": 1,
            "start": "2026-01-05T00:00:00Z",
            "end": "2026-12-31T00:00:00Z",
            "user": ADA.reference(),
            "schedule": _SCHEDULE,
            "escalation_policy": _POLICY,
        }
        always: dict[str, Json] = {"escalation_level": 2, "start": None, "end": None, "user": GRACE.reference()}
        return [{**always, "escalation_policy": _POLICY}, first]

    def service_documents(self, *, with_integrations: bool = False) -> list[dict[str, Json]]:
        """Return the services with what their open incidents make of them."""
        return [
            {
                "id": one.id,
                "type": "service",
                "name": one.name,
                "status": self._status_of(one),
                "escalation_policy": _POLICY,
                **({"integrations": [_integration(one)]} if with_integrations else {}),
            }
            for one in self.services
        ]

    def _status_of(self, service: Service) -> str:
        states = {one.status for one in self.incidents if one.service == service}
        return "critical" if "triggered" in states else "warning" if "acknowledged" in states else "active"

    def _become(self, incident: Incident, status: str) -> None:
        incident.status = status
        incident.changed_at = self.now()

    def _log(
        self,
        incident: Incident,
        kind: str,
        summary: str,
        agent: dict[str, Json],
        channel: str,
        *,
        event: str = "",
        note: str = "",
    ) -> None:
        entry: dict[str, Json] = {
            "id": f"R{len(self.log) + 1:05}",
            "type": f"{kind}_log_entry",
            "summary": summary,
            "created_at": told(self.now()),
            "agent": agent,
            "channel": {"type": channel, **({"summary": note, "content": note} if note else {})},
            "incident": incident.reference(),
            "service": incident.service.reference(),
            **({"event_details": {"description": event}} if event else {}),
        }
        self.log.append((self.now(), entry))


def told(at: datetime) -> str:
    """Return a time as PagerDuty writes it, in whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _integration(service: Service) -> Json:
    """Return the integration of a service; one without Events v2 takes e-mail and has no key."""
    if not service.routing_key:
        return {"id": f"{service.id}I", "type": "generic_email_inbound_integration"}
    key = service.routing_key
    return {"id": f"{service.id}I", "type": "events_api_v2_inbound_integration", "integration_key": key}


def _urgency(severity: str) -> str:
    return "high" if severity in {"critical", "error"} else "low"


def _priority(name: str) -> dict[str, Json]:
    return {"id": f"PPRI{name}", "type": "priority_reference", "summary": name, "name": name}


def _alert(incident: Incident, title: str, *, severity: str, at: str, details: Json) -> dict[str, Json]:
    return {
        "id": f"{incident.id}A{len(incident.alerts) + 1:02}",
        "type": "alert",
        "status": "triggered",
        "severity": severity,
        "summary": title,
        "created_at": at,
        "alert_key": incident.key,
        "service": incident.service.reference(),
        "body": {"type": "alert_body", "details": details},
    }
