"""PagerDuty as a source of incidents, their log and who is on call, over REST API v2 and Events v2."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from connectors.http import ByteBudget, Endpoint, Pacing, Request
from connectors.pagerduty.changing import (
    ACCEPT,
    IncidentChanges,
    checked_id,
    incident_in,
    incident_path,
    require_incident,
)
from connectors.pagerduty.conversation import PagerDutyConversation
from connectors.pagerduty.events import EventsClient, RoutingKey
from connectors.pagerduty.listing import PAGE_SIZE, left_out_of, oldest_first, once, pieces_of, read_list
from sre.core.errors import ConfigError, InputError
from sre.core.oncall import (
    ChangeEvent,
    IncidentNote,
    Listed,
    LogEntry,
    OnCall,
    OncallService,
    PagedAlert,
    PagedIncident,
    PageEvent,
    PageStatus,
    Urgency,
)
from sre.core.telemetry import BuildInfo
from sre.core.text import quoted
from sre.core.times import Window, format_instant

if TYPE_CHECKING:
    import httpx

    from connectors.pagerduty.model import WireLogEntry
    from connectors.pagerduty.wire import Wire

Item = TypeVar("Item")
Entry = TypeVar("Entry", bound="Wire")
Params = tuple[tuple[str, str], ...]

_MOST_ENTRIES = 2000
_MOST_ALERTS = 500
_MOST_THINGS = 1000
_NARROWER = ("Ask for a shorter window.",)
_SIGN_IN = (
    "Check PAGERDUTY_TOKEN: a REST API key, or an OAuth token with the scopes for what is asked.",
    "An account in the EU region needs PAGERDUTY_URL=https://api.eu.pagerduty.com.",
    "A read-only key reads everything and writes nothing.",
)


class PagerDutyClient:
    """Implements `OncallSource`.

    Nothing is opened before the first question. One client serves any number of concurrent callers on one event loop.

    Args:
        endpoint: Of the REST API, with a token in the spelling of `connectors.pagerduty.tokens`.
        sender: E-mail address of the user in whose name incidents are changed; empty allows reading only.
        routing: Where events are sent; None allows none.
        name: Name in the configuration.
        pacing, transport: Replaced in tests.
    """

    kind = "pagerduty"

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        sender: str = "",
        routing: RoutingKey | None = None,
        name: str = "pagerduty",
        pacing: Pacing | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self.name = name
        self._rest = PagerDutyConversation(
            endpoint, system=name, sign_in=_SIGN_IN, narrower=_NARROWER, pacing=pacing, transport=transport
        )
        self._changes = IncidentChanges(self._rest, sender=sender)
        self._events = (
            None if routing is None else EventsClient(routing, system=name, pacing=pacing, transport=transport)
        )

    def __repr__(self) -> str:
        return f"PagerDutyClient({self.name!r}, {self._rest.http.endpoint.origin!r})"

    async def aclose(self) -> None:
        """Release connections."""
        await self._rest.http.aclose()
        if self._events is not None:
            await self._events.aclose()

    async def build_info(self) -> BuildInfo:
        """Return which API answers; PagerDuty has no version, and whether we are let in shows with any list."""
        from connectors.pagerduty.model import WireService
        from connectors.pagerduty.wire import read_page

        request = Request("/services", (("limit", "1"),), headers=ACCEPT)
        await self._rest.told(request, lambda body: read_page(body, WireService, key="services"))
        return BuildInfo("pagerduty", "REST API v2")

    async def incidents(
        self,
        *,
        window: Window | None = None,
        statuses: Sequence[PageStatus] = (),
        urgencies: Sequence[Urgency] = (),
        service_ids: Sequence[str] = (),
        key: str = "",
    ) -> Listed[PagedIncident]:
        """Return incidents that were created in the window, oldest first.

        PagerDuty looks for `key` in the alerts too: incidents that have alerts often have no key of their own.
        """
        from connectors.pagerduty.model import WireIncident

        params: Params = (
            ("sort_by", "created_at:desc"),
            *(("statuses[]", status) for status in statuses),
            *(("urgencies[]", urgency) for urgency in urgencies),
            *(("service_ids[]", checked_id(one, field="service")) for one in service_ids),
            *((("incident_key", key),) if key else ()),
        )
        if window is None:
            params = (("date_range", "all"), *params)
        found = await self._listed("/incidents", "incidents", WireIncident, params=params, window=window)
        incidents = once([one.as_incident() for one in found.items], lambda one: one.id)
        return Listed(oldest_first(incidents, lambda one: one.created_at), found.left_out)

    async def incident(self, incident_id: str) -> PagedIncident | None:
        """Return one incident, or None where there is none with this id or number."""
        answer = await self._rest.http.send(Request(incident_path(incident_id), headers=ACCEPT))
        # A proxy says 404 as well, and that is no proof that the incident is not there.
        if answer.status == 404 and self._rest.problem_in(answer) is not None:
            return None
        return await incident_in(self._rest, answer)

    async def incident_alerts(self, incident_id: str) -> Listed[PagedAlert]:
        """Return the alerts an incident was made of, oldest first."""
        from connectors.pagerduty.model import WireAlert

        params: Params = (("sort_by", "created_at:desc"),)
        found = await self._listed(
            f"{incident_path(incident_id)}/alerts",
            "alerts",
            WireAlert,
            params=params,
            most=_MOST_ALERTS,
            incident=incident_id,
        )
        alerts = once([one.as_alert() for one in found.items], lambda one: one.id)
        return Listed(oldest_first(alerts, lambda one: one.created_at), found.left_out)

    async def incident_log(self, incident_id: str) -> Listed[LogEntry]:
        """Return all that happened to an incident, oldest first."""
        from connectors.pagerduty.model import WireLogEntry

        params: Params = (("include[]", "channels"),)
        found = await self._listed(
            f"{incident_path(incident_id)}/log_entries",
            "log_entries",
            WireLogEntry,
            params=params,
            incident=incident_id,
        )
        return _log_of(found)

    async def incident_notes(self, incident_id: str) -> tuple[IncidentNote, ...]:
        """Return what people wrote down on an incident, oldest first."""
        from connectors.pagerduty.model import WireNotes
        from connectors.pagerduty.wire import read_one

        def read_notes(body: bytearray) -> WireNotes:
            return read_one(body, WireNotes)

        answer = await self._rest.http.send(Request(f"{incident_path(incident_id)}/notes", headers=ACCEPT))
        require_incident(self._rest, answer, incident_id)
        notes = (await self._rest.decoded(answer, read_notes)).notes
        return tuple(sorted((one.as_note() for one in notes), key=lambda one: one.at))

    async def log_entries(self, *, window: Window) -> Listed[LogEntry]:
        """Return all that happened to any incident in the window, oldest first."""
        from connectors.pagerduty.model import WireLogEntry

        params: Params = (("include[]", "channels"),)
        found = await self._listed("/log_entries", "log_entries", WireLogEntry, params=params, window=window)
        return _log_of(found)

    async def on_calls(self) -> Listed[OnCall]:
        """Return who is on call now, by policy and level."""
        from connectors.pagerduty.model import WireOnCall

        found = await self._listed("/oncalls", "oncalls", WireOnCall, most=_MOST_THINGS)
        people = once(
            [one.as_on_call() for one in found.items],
            lambda one: (one.policy.id, one.level, one.who.id, one.schedule, one.start, one.end),
        )
        return Listed(tuple(sorted(people, key=lambda one: (str(one.policy), one.level))), found.left_out)

    async def services(self, *, search: str = "") -> Listed[OncallService]:
        """Return services by name; `search` keeps those whose name holds it."""
        from connectors.pagerduty.model import WireService

        params: Params = (("query", search),) if search else ()
        found = await self._listed("/services", "services", WireService, params=params, most=_MOST_THINGS)
        services = once([one.as_service() for one in found.items], lambda one: one.id)
        return Listed(tuple(sorted(services, key=lambda one: one.name.lower())), found.left_out)

    async def routed_service(self) -> OncallService | None:
        """Return the service that the routing key belongs to.

        None where there is no such key, or it is of an event orchestration, which decides by rules of its own, or of a
        service this token does not see. The keys of others are compared here and kept nowhere.
        """
        from connectors.pagerduty.model import WireRoutedService

        if self._events is None:
            return None
        key = await self._events.routing_key()
        params: Params = (("include[]", "integrations"),)
        found = await self._listed("/services", "services", WireRoutedService, params=params, most=_MOST_THINGS)
        return next((one.as_service() for one in found.items if one.is_routed_by(key)), None)

    async def change_events(self, *, window: Window) -> Listed[ChangeEvent]:
        """Return changes that were announced in the window, oldest first."""
        from connectors.pagerduty.model import WireChange

        found = await self._listed("/change_events", "change_events", WireChange, window=window, most=_MOST_THINGS)
        changes = once([one.as_change() for one in found.items], lambda one: one.id or id(one))
        return Listed(oldest_first(changes, lambda one: one.at), found.left_out)

    async def acknowledge(self, incident_id: str) -> PagedIncident:
        """Take an incident, so that nobody else is woken, and return it as it is now.

        Raises:
            InputError: PagerDuty does not do this, for one because the incident is resolved.
            ConfigError: PAGERDUTY_FROM is missing or not a user's.
        """
        return await self._changed(incident_id, "acknowledged")

    async def resolve(self, incident_id: str, *, resolution: str = "") -> PagedIncident:
        """Close an incident and return it as it is now; raises as `acknowledge`."""
        return await self._changed(incident_id, "resolved", resolution=resolution)

    async def add_note(self, incident_id: str, *, text: str) -> IncidentNote:
        """Write something down on an incident; raises as `acknowledge`."""
        return await self._changes.noted(incident_id, text)

    async def send_event(self, event: PageEvent) -> str:
        """Trigger, acknowledge or resolve by key, and return the key of the problem.

        Raises:
            InputError: PagerDuty does not accept the event.
            ConfigError: No routing key is set, or PagerDuty does not accept it.
        """
        if self._events is None:
            raise _routing_needed()
        return await self._events.send(event)

    @property
    def acts_as(self) -> str:
        """The address of PAGERDUTY_FROM; empty where it is not set."""
        return self._changes.sender

    def require_changes(self) -> None:
        """Raise `ConfigError` where no PAGERDUTY_FROM says in whose name incidents are changed."""
        self._changes.require()

    def require_events(self) -> None:
        """Raise `ConfigError` where there is no routing key."""
        if self._events is None:
            raise _routing_needed()

    async def _changed(self, incident_id: str, status: PageStatus, *, resolution: str = "") -> PagedIncident:
        changed = await self._changes.status_set(incident_id, status, resolution=resolution)
        if changed is None and (changed := await self.incident(incident_id)) is None:
            raise InputError(f"{self.name} has no incident {quoted(incident_id)}.", field="incident")
        return changed

    async def _listed(
        self,
        path: str,
        key: str,
        kind: type[Entry],
        *,
        params: Params = (),
        window: Window | None = None,
        most: int = _MOST_ENTRIES,
        incident: str = "",
    ) -> Listed[Entry]:
        from connectors.pagerduty.wire import Page, read_page

        budget = ByteBudget(self._rest.http.endpoint.max_body_bytes)

        async def ask(offset: int, piece: Window | None) -> Page[Entry]:
            place: Params = (("limit", str(PAGE_SIZE)), ("offset", str(offset)))
            request = Request(path, (*place, *_since_until(piece), *params), headers=ACCEPT)
            answer = await self._rest.http.send(request, budget=budget)
            if incident:
                require_incident(self._rest, answer, incident)
            return await self._rest.decoded(answer, lambda body: read_page(body, kind, key=key))

        pieces = (None,) if window is None else pieces_of(window)
        seconds = self._rest.http.endpoint.timeout_seconds
        reading = await read_list(ask, pieces=pieces, most=most, seconds=seconds)
        what = key.replace("oncalls", "people on call").replace("_", " ")
        left_out = left_out_of(self.name, what, count=len(reading.entries), why=reading.why, has_window=bool(window))
        return Listed(tuple(reading.entries), left_out)


def _log_of(found: "Listed[WireLogEntry]") -> Listed[LogEntry]:
    entries = once([one.as_entry() for one in found.items], lambda one: one.id)
    return Listed(oldest_first(entries, lambda one: one.at), found.left_out)


def _since_until(piece: Window | None) -> Params:
    return () if piece is None else (("since", format_instant(piece.start)), ("until", format_instant(piece.end)))


def _routing_needed() -> ConfigError:
    return ConfigError(
        "No routing key of PagerDuty is set, so events cannot be sent.",
        setting="PAGERDUTY_ROUTING_KEY",
        next_steps=("Set PAGERDUTY_ROUTING_KEY to the integration key of an Events API v2 integration.",),
    )
