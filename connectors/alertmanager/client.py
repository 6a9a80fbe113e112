"""Alertmanager (0.22 or newer, also Mimir's) as a source of alerts as notified, and of silences."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.http import Answer, ByteBudget, Conversation, Endpoint, HttpClient, Manner, Pacing, Request
from sre.core.alerts import LabelMatcher, NotifiedAlert, Silence
from sre.core.errors import BadResponseError, InputError
from sre.core.telemetry import BuildInfo
from sre.core.times import Window

if TYPE_CHECKING:
    import httpx

_API = "/api/v2"
# People copy the address of the API, or of the retired one, as often as that of the system.
_API_SUFFIXES = ("/api/v2", "/api/v1", "/api")
_NARROWER = ("Alertmanager has no way to ask for less: raise max_body_bytes if it really holds that many alerts.",)
_NOT_HERE = (
    "Check the address: a path prefix such as /alertmanager may be missing or too much (Mimir: /alertmanager).",
    "API v2 is spoken, which Alertmanager has since 0.16.",
)


class AlertmanagerClient:
    """Implements `AlertSource` over API v2.

    Nothing is opened before the first question. One client serves any number of concurrent callers on one event loop.

    Args:
        endpoint: Its base URL may end in `/api/v2`.
        name: Name in the configuration.
        pacing, transport: Replaced in tests.
    """

    kind = "alertmanager"

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str = "alertmanager",
        pacing: Pacing | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self.name = name
        http = HttpClient(
            _without_api_path(endpoint), system=name, narrower=_NARROWER, pacing=pacing, transport=transport
        )
        self._asked = Conversation(http, _manner(http.endpoint.origin))

    def __repr__(self) -> str:
        return f"AlertmanagerClient({self.name!r}, {self._asked.http.endpoint.origin!r})"

    async def aclose(self) -> None:
        """Release connections."""
        await self._asked.http.aclose()

    async def build_info(self) -> BuildInfo:
        """Return version and cluster status."""
        from connectors.alertmanager.wire import read_status

        return await self._asked.told(Request(f"{_API}/status"), read_status)

    async def notified_alerts(self) -> tuple[NotifiedAlert, ...]:
        """Return all alerts it holds, the suppressed ones too, with the group each is sent in."""
        from connectors.alertmanager.wire import read_alerts, read_groups, with_groups

        budget = ByteBudget(self._asked.http.endpoint.max_body_bytes)
        alerts = await self._asked.told(Request(f"{_API}/alerts"), read_alerts, budget=budget)
        if not alerts:
            return ()
        try:
            grouped = await self._asked.told(Request(f"{_API}/alerts/groups"), read_groups, budget=budget)
        except BadResponseError:
            # Groups add where an alert is sent together with which; without them the alerts still stand.
            return alerts
        return with_groups(alerts, grouped)

    async def silences(self) -> tuple[Silence, ...]:
        """Return active and pending silences."""
        from connectors.alertmanager.wire import read_silences

        # Versions before 0.28 do not know the parameter, so the state is looked at as well.
        found = await self._asked.told(Request(f"{_API}/silences", (("expired", "false"),)), read_silences)
        return tuple(silence for silence in found if silence.state != "expired")

    async def create_silence(
        self, matchers: Sequence[LabelMatcher], *, window: Window, created_by: str, comment: str
    ) -> str:
        """Silence what all matchers match, and return the id of the silence.

        Raises:
            InputError: The Alertmanager does not accept the silence.
        """
        from connectors.alertmanager.wire import read_created, silence_body

        body = silence_body(matchers, window=window, created_by=created_by, comment=comment)
        answer = await self._asked.http.send(Request(f"{_API}/silences", method="POST", json_body=body))
        if (refusal := self._refusal(answer)) is not None:
            raise refusal
        return await self._asked.decoded(answer, read_created)

    def _refusal(self, answer: Answer) -> InputError | None:
        """Return the error for a silence that was considered and not taken; 422 is what its request checks say."""
        from connectors.alertmanager.wire import refusal_in

        said = refusal_in(answer.body) if answer.status in {400, 422} else None
        if said is None:
            return None
        return InputError(f"{self.name} does not accept the silence: {answer.quoted(said)}.", field="matchers")


def _manner(origin: str) -> Manner:
    return Manner(
        not_here=_NOT_HERE,
        wrong_address=(f"Check that the address is that of an Alertmanager: {origin} answered.",),
        address="the Alertmanager address",
        page_steps=("If it needs a sign-in, set ALERTMANAGER_TOKEN, or user name and password.",),
    )


def _without_api_path(endpoint: Endpoint) -> Endpoint:
    for suffix in _API_SUFFIXES:
        if endpoint.base_url.endswith(suffix):
            return replace(endpoint, base_url=endpoint.base_url.removesuffix(suffix))
    return endpoint
