"""`list_alerts` and `silence_alert` on a real Prometheus that sends to a real Alertmanager."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest
from mcp.client import Client

from connectors.alertmanager import AlertmanagerClient
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from server.app import SystemClock
from tests.support.mcp import answer_of, deps_with, tool_client
from tests.support.real_alertmanager import running_alertmanager
from tests.support.real_prometheus import running_prometheus

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]

POLLS = 300
ALERTMANAGER = """\
route:
  receiver: everybody
  group_by: [alertname, service]
  group_wait: 0s
  routes:
    - receiver: pages
      matchers: [severity="page"]
receivers:
  - name: everybody
  - name: pages
inhibit_rules:
  - source_matchers: [severity="page"]
    target_matchers: [severity="ticket"]
    equal: [service]
"""
RULES = """\
groups:
  - name: test
    interval: 1s
    rules:
      - {alert: CheckoutDown, expr: vector(1), labels: {severity: page, service: checkout, replica: a},
         annotations: {summary: it is down, runbook_url: "https://runbooks.example/CheckoutDown"}}
      - {alert: CheckoutSlow, expr: vector(2), labels: {severity: ticket, service: checkout}}
      - {alert: DiskFilling, expr: vector(3), for: 1h, labels: {severity: ticket, service: db}}
      - {alert: CartDown, expr: vector(4), labels: {severity: page, service: cart}}
      - {alert: Watchdog, expr: vector(5), labels: {severity: none}}
      - {alert: Broken, expr: "vector(1) * on () group_left () (vector(1) or label_replace(vector(1), 'a', 'b', '', ''))"}
"""
PROMETHEUS = """\
global: {{scrape_interval: 1h, evaluation_interval: 1s, external_labels: {{cluster: eu, replica: prometheus-0}}}}
rule_files: [{rules}]
alerting:
  alert_relabel_configs:
    - {{action: labeldrop, regex: replica}}
  alertmanagers:
    - static_configs: [{{targets: ["{alertmanager}"]}}]
"""


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    rules = tmp_path_factory.mktemp("rules") / "rules.yml"
    rules.write_text(RULES, encoding="utf-8")
    with running_alertmanager(config=ALERTMANAGER) as alertmanager:
        config = PROMETHEUS.format(rules=rules, alertmanager=alertmanager.removeprefix("http://"))
        with running_prometheus(config=config, extra_args=["--rules.alert.resend-delay=1s"]) as prometheus:
            yield prometheus, alertmanager


@pytest.fixture
async def client(urls: tuple[str, str]) -> AsyncIterator[Client]:
    source = PrometheusClient(Endpoint(urls[0]))
    alerts = AlertmanagerClient(Endpoint(urls[1]))
    deps: Any = deps_with(source, clock=SystemClock(), alert_source=alerts)  # type: ignore[arg-type]
    async with tool_client(deps, allow_writes=True) as connected:
        yield connected


async def listed(client: Client, **arguments: Any) -> dict[str, Any]:
    """Return the answer once all alerts have gone through both systems."""
    for _ in range(POLLS):
        answer = await answer_of(client, "list_alerts", **arguments)
        counts = answer["counts"]
        if (
            counts["pending"]
            and not answer["not_delivered"]
            and rows(answer).get("Watchdog", {}).get("delivery") == "delivered"
        ):
            return answer
        await anyio.sleep(0.05)
    raise AssertionError(answer)


def rows(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["alert"]: {**row, **group_of(group)} for group in answer["groups"] for row in group["alerts"]}


def group_of(group: dict[str, Any]) -> dict[str, Any]:
    return {"group": group["group"], "receivers": group["receivers"]}


async def test_both_systems_are_seen_as_one(client: Client) -> None:
    """Source: the configuration above: an external label is added and `replica` is dropped on the way."""
    answer = await listed(client)
    found = rows(answer)
    assert next(iter(found)) in {"CheckoutDown", "CartDown"}
    assert list(found)[-1] == "Watchdog"
    checkout = found["CheckoutDown"]
    assert (checkout["state"], checkout["severity"], checkout["receivers"]) == ("firing", "page", ["pages"])
    assert (checkout["value"], checkout["summary"]) == (1, "it is down")
    assert checkout["runbook"] == "https://runbooks.example/CheckoutDown"
    assert checkout["group"] == '{alertname="CheckoutDown", service="checkout"}'
    slow = found["CheckoutSlow"]
    assert slow["state"] == "inhibited"
    assert 'alertname="CheckoutDown"' in slow["held_back_by"][0]
    pending = found["DiskFilling"]
    assert pending["state"] == "pending"
    since, fires = (datetime.fromisoformat(pending[name]) for name in ("since", "fires_at"))
    assert (fires - since).total_seconds() == 3600
    assert {row["delivery"] for name, row in found.items() if name != "DiskFilling"} == {"delivered"}
    assert answer["counts"] == {
        "firing": 2, "firing_pages": 2, "pending": 1, "silenced": 0, "inhibited": 1, "muted": 0, "informing": 1,
    }  # fmt: skip
    assert [broken["alert"] for broken in answer["broken_rules"]] == ["Broken"]


async def test_a_service_and_a_state_narrow_it_down(client: Client) -> None:
    """Our choice: counts are of the service, groups of the state too."""
    answer = await listed_service(client, "checkout")
    assert set(rows(answer)) == {"CheckoutDown"}
    assert answer["counts"]["inhibited"] == 1


async def listed_service(client: Client, service: str) -> dict[str, Any]:
    await listed(client)
    return await answer_of(client, "list_alerts", service=service, state="firing")


async def test_a_silence_is_previewed_created_and_holds(client: Client, urls: tuple[str, str]) -> None:
    """Source: the Alertmanager itself, which is asked afterwards without us."""
    await listed(client)
    wanted = {"matchers": 'CartDown{service="cart"}', "duration": "2h", "reason": "cart is being moved, Ann"}
    preview = await answer_of(client, "silence_alert", **wanted)
    assert (preview["status"], preview["alerts_total"], preview["pages_total"]) == ("preview", 1, 1)
    assert preview["rules_in_reach_total"] == 0
    assert (await listed(client))["counts"]["silenced"] == 0
    created = await answer_of(client, "silence_alert", **wanted, confirm=preview["confirm"])
    assert created["status"] == "created"
    assert created["not_suppressed"] == []
    assert created["warnings"] == []
    answer = await listed(client)
    cart = rows(answer)["CartDown"]
    assert (cart["state"], cart["held_back_by"]) == ("silenced", [f"silence {created['silence_id']}"])
    (silence,) = answer["silences"]
    assert silence["comment"] == "cart is being moved, Ann"
    assert silence["created_by"].startswith("sre-mcp (")
    left = datetime.fromisoformat(silence["until"]) - datetime.now(tz=UTC)
    assert 7000 < left.total_seconds() <= 7200
    async with httpx.AsyncClient(trust_env=False) as http:
        stored = await http.get(f"{urls[1]}/api/v2/silence/{created['silence_id']}")
    assert stored.json()["status"] == {"state": "active"}


async def test_an_alertmanager_that_gets_nothing_is_noticed(urls: tuple[str, str]) -> None:
    """Our choice of finding: a page that fires in Prometheus and reaches nobody comes first.

    The Alertmanager asked is not the one that the Prometheus sends to, and the clock says that two minutes have passed.
    """
    later = LaterClock()
    with running_alertmanager() as other:
        deps: Any = deps_with(
            PrometheusClient(Endpoint(urls[0])),
            clock=later,  # type: ignore[arg-type]
            alert_source=AlertmanagerClient(Endpoint(other)),
        )
        async with tool_client(deps) as client:
            for _ in range(POLLS):
                answer = await answer_of(client, "list_alerts")
                if len(answer["not_delivered"]) == 4:
                    break
                await anyio.sleep(0.05)
    assert {text.partition("{")[0] for text in answer["not_delivered"]} == {
        "CheckoutDown", "CheckoutSlow", "CartDown", "Watchdog",
    }  # fmt: skip
    assert "4 firing in Prometheus did not reach the Alertmanager" in answer["summary"]
    assert any("Delivery is broken" in warning for warning in answer["warnings"])


class LaterClock(SystemClock):
    """A clock that is ten minutes ahead."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(super().now().timestamp() + 600, tz=UTC)
