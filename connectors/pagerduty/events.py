"""Events v2: triggering, acknowledging and resolving by key, as a monitoring system does."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio.to_thread

from connectors.http import Endpoint, Pacing, Request
from connectors.pagerduty.conversation import PagerDutyConversation
from sre.core.errors import ConfigError, InputError
from sre.core.oncall import PageEvent

if TYPE_CHECKING:
    import httpx

    from connectors.http import Json

# Where Events v2 is, by the host of the REST API: each service region has its own.
_EVENTS_HOSTS = {
    "api.pagerduty.com": "https://events.pagerduty.com",
    "api.eu.pagerduty.com": "https://events.eu.pagerduty.com",
}
_ROUTING_KEY = re.compile(r"[0-9A-Za-z]{32}")
# Events v2, "Trigger Events": bounds on what is sent.
_MAX_SUMMARY = 1024
_MAX_KEY = 255
_MAX_KEY_FILE_BYTES = 4096
# Events v2 works events off later; any other status is not its own.
_TAKEN = 202
_SIGN_IN = ("Check PAGERDUTY_ROUTING_KEY (or _FILE): the integration key of an Events API v2 integration.",)


@dataclass(frozen=True, slots=True)
class RoutingKey:
    """The integration key events go to, and where they are taken.

    Attributes:
        file: Holds the key where `key` is empty; read anew for each event, since it may be rotated.

    Raises:
        ConfigError: Not 32 letters and digits, as every such key is.
    """

    key: str = field(repr=False)
    endpoint: Endpoint
    file: str = ""

    def __post_init__(self) -> None:
        if self.key or not self.file:
            _checked_key(self.key, setting="PAGERDUTY_ROUTING_KEY")

    async def current(self) -> str:
        """Return the key.

        Raises:
            ConfigError: The file cannot be read or does not hold one.
        """
        return self.key or await anyio.to_thread.run_sync(_key_in_file, self.file)


def _checked_key(key: str, *, setting: str) -> str:
    if not _ROUTING_KEY.fullmatch(key):
        raise ConfigError(
            "The routing key of PagerDuty is not 32 letters and digits.", setting=setting, next_steps=_SIGN_IN
        )
    return key


def _key_in_file(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            key = file.read(_MAX_KEY_FILE_BYTES).decode("ascii").strip()
    except (OSError, ValueError):
        raise ConfigError(
            "The file with the routing key of PagerDuty cannot be read as text.",
            setting="PAGERDUTY_ROUTING_KEY_FILE",
            next_steps=("Check that the file exists and that this process may read it.",),
        ) from None
    return _checked_key(key, setting="PAGERDUTY_ROUTING_KEY_FILE")


def events_url(api_url: str) -> str | None:
    """Return the address of Events v2 that belongs to an address of the REST API, or None where it is not known."""
    return _EVENTS_HOSTS.get((urlsplit(api_url).hostname or "").lower())


class EventsClient:
    """Sends events with one routing key; opens nothing before the first."""

    def __init__(
        self,
        routing: RoutingKey,
        *,
        system: str,
        pacing: Pacing | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self._routing = routing
        self._events = PagerDutyConversation(
            routing.endpoint, system=system, sign_in=_SIGN_IN, pacing=pacing, transport=transport
        )

    async def aclose(self) -> None:
        """Release connections."""
        await self._events.http.aclose()

    async def routing_key(self) -> str:
        """Return the key events are sent with now; raises `ConfigError` as `RoutingKey.current`."""
        return await self._routing.current()

    async def send(self, event: PageEvent) -> str:
        """Send an event and return the key of its problem.

        Raises:
            InputError: PagerDuty does not accept the event.
            ConfigError: It does not accept the routing key.
        """
        key = await self.routing_key()
        body = json.dumps({"routing_key": key, **event_body(event)}).encode()
        request = Request("/v2/enqueue", method="POST", json_body=body, secrets=(key,))
        answer = await self._events.http.send(request)
        if (problem := self._events.problem_in(answer)) is not None:
            if "routing" in problem.told.lower():
                raise ConfigError(
                    "PagerDuty does not accept the routing key.", setting="PAGERDUTY_ROUTING_KEY", next_steps=_SIGN_IN
                )
            raise self._events.refused(answer, problem, what="accept the event", field="event")
        return await self._events.decoded(answer, lambda body: _key_in(body, event, is_taken=answer.status == _TAKEN))


def _key_in(body: bytearray, event: PageEvent, *, is_taken: bool) -> str:
    from connectors.http import NotTheApiError
    from connectors.pagerduty.model import WireAccepted
    from connectors.pagerduty.wire import read_one

    key = read_one(body, WireAccepted).dedup_key or event.key
    if not is_taken or not key:
        raise NotTheApiError("answered with JSON that is not of the PagerDuty API, so the event may not have arrived")
    return key


def event_body(event: PageEvent) -> "dict[str, Json]":
    """Return an event as it is sent, without the routing key.

    Raises:
        InputError: The key is longer than PagerDuty keeps.
    """
    if len(event.key) > _MAX_KEY:
        raise InputError(f"The key of a page has up to {_MAX_KEY} characters.", field="key")
    body: dict[str, Json] = {"event_action": event.action}
    if event.key:
        body["dedup_key"] = event.key
    if event.action != "trigger":
        return body
    body["payload"] = _payload(event)
    body["client"] = "sre-mcp"
    if event.url:
        body["client_url"] = event.url
        body["links"] = [{"href": event.url, "text": "Where to look"}]
    return body


def _payload(event: PageEvent) -> "dict[str, Json]":
    summary = event.summary
    shown = summary if len(summary) <= _MAX_SUMMARY else summary[: _MAX_SUMMARY - 1] + "…"
    payload: dict[str, Json] = {"summary": shown, "source": event.source, "severity": event.severity}
    optional = {"component": event.component, "group": event.group}
    payload.update({name: value for name, value in optional.items() if value})
    return {**payload, "custom_details": dict(event.details)} if event.details else payload
