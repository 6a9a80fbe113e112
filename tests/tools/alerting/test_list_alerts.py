"""`list_alerts` through an MCP client, over a fake Prometheus and a fake Alertmanager."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp.client import Client

from connectors.alertmanager import AlertmanagerClient
from connectors.alertmanager.fake import FakeAlertmanager, Inhibition
from connectors.http import Endpoint, Pacing
from connectors.prometheus import PrometheusClient
from connectors.prometheus.fake import FakePrometheus
from connectors.snapshot import SnapshotSource
from tests.support.mcp import FixedClock, answer_of, deps_with, error_of, tool_client
from tests.support.virtual_time import VirtualTimeLoop
from tools.answer import DEFAULT_BUDGET_CHARS

pytestmark = pytest.mark.anyio

NOW = FixedClock().at


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Waiting costs no time."""
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def no_wait(_: float) -> None:
    return


def prometheus_alert(name: str, *, minutes: float = 30, state: str = "firing", **labels: str) -> dict[str, Any]:
    return {
        "labels": {"alertname": name, **labels},
        "annotations": {"summary": f"{name} is bad", "runbook_url": f"https://runbooks.example/{name}"},
        "state": state,
        "activeAt": (NOW - timedelta(minutes=minutes)).isoformat(),
        "value": "2.5e-01",
    }


def prometheus(alerts: Sequence[dict[str, Any]], **rule: Any) -> FakePrometheus:
    rules = [
        {"type": "alerting", "name": one["labels"]["alertname"], "query": "up == 0", "duration": 300, "alerts": [one], **rule}
        for one in alerts
    ]  # fmt: skip
    told = {"/alerts": {"alerts": list(alerts)}, "/rules": {"groups": [{"name": "g", "rules": rules}]}}
    return FakePrometheus(told=told)


def alertmanager(alerts: Sequence[dict[str, Any]], **options: Any) -> FakeAlertmanager:
    fake = FakeAlertmanager(now=lambda: NOW, group_by=("alertname", "service"), **options)
    for one in alerts:
        fake.fire(cluster="eu", **one["labels"], annotations=one["annotations"])
    return fake


@asynccontextmanager
async def connected(source: FakePrometheus | None, alerts: FakeAlertmanager | None) -> AsyncIterator[Client]:
    sources = []
    if source is not None:
        sources = [PrometheusClient(Endpoint("http://p.invalid"), transport=source.transport(), pacing=Pacing(sleep=no_wait))]  # fmt: skip
    others: dict[str, Any] = {}
    if alerts is not None:
        client = AlertmanagerClient(Endpoint("http://a.invalid"), transport=alerts.transport(), pacing=Pacing(sleep=no_wait))  # fmt: skip
        others = {"alert_source": client}
    async with tool_client(deps_with(*sources, **others)) as made:
        yield made


PAGE = prometheus_alert("CheckoutErrors", minutes=192, service="checkout", severity="page")
TICKET = prometheus_alert("CheckoutSlow", service="checkout", severity="ticket")
PENDING = prometheus_alert("DiskFilling", minutes=2, state="pending", severity="ticket", service="db")
WATCHDOG = prometheus_alert("Watchdog", minutes=9_000, severity="none")


async def test_the_whole_answer() -> None:
    """Our choice of shape: what reaches people first, then what waits, then what is held back and by what."""
    everything = [WATCHDOG, TICKET, PENDING, PAGE]
    inhibition = Inhibition({"severity": "page"}, {"severity": "ticket"}, ("service",))
    fake = alertmanager([WATCHDOG, TICKET, PAGE], inhibitions=[inhibition])
    async with connected(prometheus(everything), fake) as client:
        answer = await answer_of(client, "list_alerts")
    row = {
        "summary": "CheckoutErrors is bad", "runbook": "https://runbooks.example/CheckoutErrors", "value": 0.25,
        "alert": "CheckoutErrors", "state": "firing", "severity": "page", "labels": "", "since": "2026-11-02T08:48:00Z",
        "age": "3.2 h", "fires_at": None, "held_back_by": [], "delivery": "delivered",
    }  # fmt: skip
    groups = answer.pop("groups")
    assert groups[0] == {
        "group": '{alertname="CheckoutErrors", service="checkout"}',
        "receivers": ["pages"],
        "alerts_total": 1,
        "by_state": {"firing": 1},
        "alerts": [row],
    }
    assert [group["alerts"][0]["alert"] for group in groups] == [
        "CheckoutErrors", "DiskFilling", "CheckoutSlow", "Watchdog",
    ]  # fmt: skip
    assert groups[1]["alerts"][0]["fires_at"] == "2026-11-02T12:03:00Z"
    inhibiting = '{alertname="CheckoutErrors", cluster="eu", service="checkout", severity="page"}'
    assert groups[2]["alerts"][0]["held_back_by"] == [f"inhibited by {inhibiting}"]
    assert answer == {
        "summary": (
            '1 alert fires, 1 of them pages; first to look at: "CheckoutErrors", for 3.2 h. '
            "1 pending, 1 inhibited, 1 informing."
        ),
        "warnings": [],
        "left_out": [],
        "source": "prometheus",
        "alertmanager": "alertmanager",
        "at": "2026-11-02T12:00:00Z",
        "counts": {
            "firing": 1, "firing_pages": 1, "pending": 1, "silenced": 0, "inhibited": 1, "muted": 0, "informing": 1,
        },
        "ranked_by": "not delivered pages, firing pages, firing, pending, held back, informing; oldest first",
        "groups_total": 4,
        "silences": [],
        "not_delivered": [],
        "broken_rules": [],
        "next_steps": ['follow the runbook of "CheckoutErrors"; then check_service_health(service="checkout")'],
    }  # fmt: skip


async def test_a_page_that_reached_nobody_is_the_first_thing_said() -> None:
    """Source: issue 3: alerts that Prometheus fires and the Alertmanager does not know."""
    lost = prometheus_alert("Lost", minutes=10, severity="page")
    async with connected(prometheus([PAGE, lost]), alertmanager([PAGE])) as client:
        answer = await answer_of(client, "list_alerts")
    assert answer["groups"][0]["alerts"][0]["alert"] == "Lost"
    assert answer["not_delivered"] == ['Lost{severity="page"}']
    assert "1 firing in Prometheus did not reach the Alertmanager: it has told nobody" in answer["summary"]
    assert answer["warnings"][0].startswith('Delivery is broken for "Lost"')


async def test_what_only_the_alertmanager_holds_is_said() -> None:
    """Source: issue 3, the reverse: the source does not fire it any more, or another sender does."""
    gone = prometheus_alert("Gone", state="inactive")
    other = prometheus_alert("OfAnotherTeam")
    source = prometheus([PAGE, gone])
    async with connected(source, alertmanager([PAGE, gone, other])) as client:
        answer = await answer_of(client, "list_alerts")
    deliveries = {row["alert"]: row["delivery"] for group in answer["groups"] for row in group["alerts"]}
    assert deliveries == {"CheckoutErrors": "delivered", "Gone": "leftover", "OfAnotherTeam": "elsewhere"}
    assert any("do not fire there" in warning for warning in answer["warnings"])
    assert any("another sender" in warning for warning in answer["warnings"])


async def test_a_silence_says_who_until_when_and_that_it_ends_soon() -> None:
    """Source: issue 3: silences about to end within the hour while the alert still fires."""
    fake = alertmanager([PAGE])
    async with connected(prometheus([PAGE]), fake) as client:
        document = {
            "matchers": [{"name": "alertname", "value": "Checkout.*", "isRegex": True, "isEqual": True}],
            "startsAt": NOW.isoformat(),
            "endsAt": (NOW + timedelta(minutes=40)).isoformat(),
            "createdBy": "ann",
            "comment": "rollback \x1b[31mrunning\u202e",
        }
        async with httpx.AsyncClient(transport=fake.transport()) as http:
            await http.post("http://a.invalid/api/v2/silences", json=document)
        answer = await answer_of(client, "list_alerts")
    assert answer["counts"]["silenced"] == 1
    assert answer["silences"] == [
        {
            "id": "00000000-0000-0000-0000-000000000001",
            "matchers": '{alertname=~"Checkout.*"}',
            "created_by": "ann",
            "comment": "rollback running",
            "until": "2026-11-02T12:40:00Z",
            "alerts_held_back": 1,
            "ends_within_the_hour": True,
        }
    ]
    assert answer["warnings"] == [
        "A silence over 1 standing alert(s) ends at 2026-11-02T12:40:00Z: they notify again then."
    ]


async def test_a_mute_time_holds_back() -> None:
    """Source: Alertmanager 0.28, mutedBy."""
    async with connected(prometheus([TICKET]), alertmanager([TICKET], muted={"CheckoutSlow": ("nights",)})) as client:
        answer = await answer_of(client, "list_alerts", state="muted")
    assert answer["groups"][0]["alerts"][0]["held_back_by"] == ["mute time nights"]


async def test_a_state_and_a_service_narrow_the_list_and_the_rest_is_counted() -> None:
    """Our choice: counts are of the service in all states."""
    everything = [PAGE, TICKET, PENDING, WATCHDOG]
    async with connected(prometheus(everything), alertmanager([PAGE, TICKET, WATCHDOG])) as client:
        answer = await answer_of(client, "list_alerts", service="Checkout", state="pending")
        unknown = await error_of(client, "list_alerts", service="chekout")
    assert answer["groups"] == []
    assert answer["counts"]["firing"] == 2
    assert answer["left_out"] == ['2 alerts in other states than pending: state="all".']
    assert unknown.startswith("[no_data]")
    assert '"checkout"' in unknown


@pytest.mark.parametrize("missing", ["prometheus", "alertmanager"])
async def test_one_of_the_two_is_enough_and_what_is_missing_is_said(missing: str) -> None:
    """Source: issue 3."""
    source = None if missing == "prometheus" else prometheus([PAGE, PENDING])
    alerts = None if missing == "alertmanager" else alertmanager([PAGE])
    async with connected(source, alerts) as client:
        answer = await answer_of(client, "list_alerts")
    assert answer["counts"]["firing_pages"] == 1
    assert "alone" in answer["summary"]
    assert answer["warnings"][0].startswith("Not known: ")
    assert {"prometheus": "PROMETHEUS_URL", "alertmanager": "ALERTMANAGER_URL"}[missing] in answer["warnings"][0]
    assert answer["not_delivered"] == []


async def test_one_of_the_two_that_fails_costs_what_it_did_not_say() -> None:
    """Our choice: at 3 a.m. half an answer beats none; both failing is an error."""
    source, fake = prometheus([PAGE]), alertmanager([PAGE])
    async with connected(source, fake) as client:
        fake.faults.append(httpx.Response(500))
        answer = await answer_of(client, "list_alerts")
        assert "alertmanager did not answer (upstream_unavailable)" in answer["warnings"][0]
        fake.faults.clear()
        source.faults.extend([httpx.Response(401)] * 2)
        answer = await answer_of(client, "list_alerts")
        assert "prometheus did not answer (upstream_auth_denied)" in answer["warnings"][0]
        fake.faults.extend([httpx.Response(500)] * 2)
        source.faults.extend([httpx.Response(500)] * 2)
        assert (await error_of(client, "list_alerts")).startswith("[upstream_unavailable]")


async def test_one_of_the_two_that_is_silent_does_not_keep_back_the_other() -> None:
    """Our choice: 20 s of patience."""

    async def silent(_: httpx.Request) -> httpx.Response:
        await anyio.sleep(10_000)
        raise AssertionError

    source = PrometheusClient(Endpoint("http://p.invalid"), transport=prometheus([PAGE]).transport())
    alerts = AlertmanagerClient(Endpoint("http://a.invalid"), transport=httpx.MockTransport(silent))
    async with tool_client(deps_with(source, alert_source=alerts)) as client:
        began = anyio.current_time()
        answer = await answer_of(client, "list_alerts")
    assert anyio.current_time() - began < 25
    assert answer["counts"]["firing_pages"] == 1
    assert "alertmanager did not answer (upstream_timed_out)" in answer["warnings"][0]


async def test_without_anything_to_ask_it_says_what_to_set(tmp_path: Path) -> None:
    """Source: design.md, 2."""
    async with connected(None, None) as client:
        assert "PROMETHEUS_URL" in await error_of(client, "list_alerts")
    async with tool_client(deps_with(SnapshotSource(name="march", path=tmp_path))) as client:
        assert "evaluates no alerting rules" in await error_of(client, "list_alerts")


async def test_silence_is_not_taken_for_health() -> None:
    """Our choice: no rule, or no watchdog, and nothing firing proves nothing."""
    async with connected(prometheus([]), alertmanager([])) as client:
        answer = await answer_of(client, "list_alerts")
    assert answer["summary"] == "0 alerts fire."
    assert answer["warnings"] == ["prometheus has no alerting rules loaded: that nothing fires shows nothing."]
    idle = prometheus([prometheus_alert("Idle", state="inactive")])
    async with connected(idle, alertmanager([])) as client:
        answer = await answer_of(client, "list_alerts")
    assert answer["warnings"] == [
        "No alert stands, not even a watchdog, so this does not show that alerts would be delivered."
    ]


async def test_rules_that_cannot_be_evaluated_are_blind_spots() -> None:
    """Our choice: such a rule never fires, and nobody hears of it."""
    async with connected(prometheus([PAGE], health="err", lastError="bad \x1b[2Jmatching"), None) as client:
        answer = await answer_of(client, "list_alerts")
    assert answer["broken_rules"] == [{"alert": "CheckoutErrors", "group": "g", "error": "bad matching"}]


async def test_a_storm_is_short_and_says_what_is_not_shown() -> None:
    """Source: design.md, 3: 4,000 tokens an answer."""
    storm = [
        prometheus_alert(f"Alert{number:03}", severity="page", service=f"service-{number}", pod=f"pod-{index}", text="x" * 500)
        for number in range(100)
        for index in range(20)
    ]  # fmt: skip
    async with connected(prometheus(storm), alertmanager(storm)) as client:
        result = await client.call_tool("list_alerts", {})
    assert result.structured_content is not None
    answer = result.structured_content
    assert len(str(result.content[0].text)) <= DEFAULT_BUDGET_CHARS + 500  # type: ignore[union-attr]
    assert answer["groups_total"] == 100
    assert answer["groups"][0]["alerts_total"] == 20
    assert any("more alerts of the groups shown" in text for text in answer["left_out"])
    assert any(text.startswith("groups: the first") for text in answer["left_out"])
