"""Scenario: "design monitoring for user-dashboard with 99.9 % availability and p95 under 200 ms", end to end.

An MCP client talks to the product over stdio, as an assistant does. What it generates is loaded as it is by a real
Prometheus and a real Alertmanager; then the service fails, the page arrives at a webhook and the ticket does not.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import yaml
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.support.mcp import answer_of
from tests.support.real_alertmanager import require_alertmanager, running_alertmanager
from tests.support.real_process import free_port
from tests.support.real_prometheus import require_program, running_prometheus
from tests.support.web_service import WebService, web_service
from tests.support.webhook import Webhook, listening

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]

SERVICE = "user-dashboard"
WAIT_SECONDS, POLL_SECONDS = 150.0, 0.5


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, a bounded time."""
    for _ in range(int(WAIT_SECONDS / POLL_SECONDS)):
        if condition():
            return
        await anyio.sleep(POLL_SECONDS)
    raise AssertionError(f"not within {WAIT_SECONDS:g} s: {what}")


@contextmanager
def product(folder: Path, *, prometheus: str, alertmanager: str) -> Iterator[StdioServerParameters]:
    yield StdioServerParameters(
        command=sys.executable,
        args=["-P", "-m", "sre_mcp", "serve"],
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(Path.cwd()),
            "PROMETHEUS_URL": prometheus,
            "ALERTMANAGER_URL": alertmanager,
            "SRE_MCP_OUTPUT_DIR": str(folder),
            "SRE_MCP_SLO_DIR": str(folder / "slos"),
        },
    )


async def configured(client: Client, service: WebService, hook: Webhook, ports: dict[str, int]) -> None:
    """The first call: without it nothing is scraped and nobody is told."""
    services = {
        "scrape_interval": "1s",
        "evaluation_interval": "1s",
        "alertmanagers": [f"127.0.0.1:{ports['alertmanager']}"],
        "prometheus": f"127.0.0.1:{ports['prometheus']}",
        "services": [{"name": SERVICE, "targets": [service.address], "labels": {"service": SERVICE}}],
    }
    receivers = {
        "pages": {"webhook": {"url": f"{hook.address}/pages"}},
        "tickets": {"webhook": {"url": f"{hook.address}/tickets"}},
        "watchdog": {"webhook": {"url": f"{hook.address}/watchdog"}},
    }
    answer = await answer_of(
        client,
        "generate_monitoring_config",
        services=yaml.safe_dump(services),
        receivers=yaml.safe_dump(receivers),
        output_dir=".",
    )
    assert all(check["ok"] for check in answer["checks"]), answer["checks"]


async def objectives(client: Client) -> None:
    """The two objectives of the question: 99.9 % of requests answered, 95 % of them within 200 ms."""
    for arguments in ({"objective": 0.999}, {"objective": 0.95, "threshold_seconds": 0.2}):
        for _ in range(int(WAIT_SECONDS / POLL_SECONDS)):
            answer = await answer_of(client, "define_slo", service=SERVICE, window="30d", overwrite=True, **arguments)
            undecided = [check for check in answer["checks"] if check["ok"] is None]
            # Counters of one scrape count nothing yet, and the answer asks for patience; anything else must be right.
            if not any("next scrape" in check["detail"] for check in undecided):
                break
            await anyio.sleep(POLL_SECONDS)
        assert all(check["ok"] for check in answer["checks"]), answer["checks"]


async def rules_and_pages(client: Client, folder: Path) -> list[str]:
    """Rules, runbooks and dashboards for both objectives and for the service; returns the names of the SLOs."""
    names = [row["name"] for row in (await answer_of(client, "list_slos"))["slos"]]
    for name in names:
        made = await answer_of(client, "generate_slo_rules", slo=name, output_dir=".")
        assert all(check["ok"] for check in made["checks"]), made["checks"]
        await answer_of(client, "generate_runbook", slo=name, output_dir=".")
        await answer_of(client, "generate_dashboard", slo=name, output_dir=".")
    await answer_of(client, "generate_alert_rules", service=SERVICE, output_dir=".")
    await answer_of(client, "generate_dashboard", service=SERVICE, output_dir=".")
    for file in sorted((folder / "rules").glob("*.yml")):
        if not file.name.startswith("slo-"):
            await answer_of(client, "generate_runbook", rules=file.read_text(encoding="utf-8"), output_dir=".")
    return names


def alerts_in(folder: Path) -> set[str]:
    files = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in (folder / "rules").glob("*.yml")]
    return {rule["alert"] for file in files for group in file["groups"] for rule in group["rules"] if "alert" in rule}


async def test_a_new_service_is_watched_and_its_outage_pages_once(tmp_path: Path) -> None:
    require_program("prometheus")
    require_alertmanager()
    folder = tmp_path / "monitoring"
    folder.mkdir()
    ports = {"prometheus": free_port(), "alertmanager": free_port()}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    with (
        web_service() as service,
        listening() as hook,
        product(folder, **urls) as parameters,
    ):
        async with Client(stdio_client(parameters)) as client:
            await configured(client, service, hook, ports)
            with (
                running_alertmanager(folder=folder, port=ports["alertmanager"]),
                running_prometheus(
                    folder=folder,
                    port=ports["prometheus"],
                    extra_args=["--web.enable-lifecycle", "--rules.alert.resend-delay=1s"],
                ) as prometheus,
            ):
                await _launched(client, folder, prometheus, service, hook)


async def _launched(client: Client, folder: Path, prometheus: str, service: WebService, hook: Webhook) -> None:
    await until(
        lambda: _value(prometheus, f'sum(increase(http_requests_total{{service="{SERVICE}"}}[1m]))') > 0, "traffic"
    )
    await objectives(client)
    names = await rules_and_pages(client, folder)
    assert len(names) == 2
    _assert_promtool_is_satisfied(folder)
    assert {file.stem for file in (folder / "runbooks").glob("*.md")} == alerts_in(folder)

    _reload(prometheus)
    await until(lambda: _value(prometheus, "count(slo:sli_error:ratio_rate5m)") == 2, "both indicators recorded")
    await until(lambda: bool(hook.alerts("/watchdog")), "the watchdog at its receiver")
    assert not hook.alerts("/pages")

    service.error_ratio = 1.0
    await until(lambda: _pages(hook, "fast") != [], "the page")
    await _assert_the_ticket_is_inhibited(client)
    assert _tickets(hook) == []
    await _assert_every_panel_has_data(client, names)


def _reload(prometheus: str) -> None:
    assert httpx.post(f"{prometheus}/-/reload").status_code == httpx.codes.OK


def _value(prometheus: str, query: str) -> float:
    answer = httpx.get(f"{prometheus}/api/v1/query", params={"query": query}).json()
    result = answer["data"]["result"]
    return float(result[0]["value"][1]) if result else 0.0


def _assert_promtool_is_satisfied(folder: Path) -> None:
    tests = sorted(str(path.relative_to(folder)) for path in (folder / "tests").glob("*.test.yml"))
    assert len(tests) >= 3
    for command in (["check", "config", "prometheus.yml"], ["test", "rules", *tests]):
        done = subprocess.run(
            ["promtool", *command], cwd=folder, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _pages(hook: Webhook, tier: str) -> list[dict[str, Any]]:
    return [alert for alert in hook.alerts("/pages") if alert["labels"].get("tier") == tier]


def _tickets(hook: Webhook) -> list[dict[str, Any]]:
    return [alert for alert in hook.alerts("/tickets") if "slo" in alert["labels"]]


async def _assert_the_ticket_is_inhibited(client: Client) -> None:
    """The slow tiers fire as well, in a full outage; the page of the same SLO keeps them back."""
    for _ in range(int(WAIT_SECONDS / POLL_SECONDS)):
        listed = await answer_of(client, "list_alerts", service=SERVICE)
        if listed["counts"]["inhibited"] >= 2:
            return
        await anyio.sleep(POLL_SECONDS)
    raise AssertionError(f"the tickets were not inhibited: {listed['counts']}")


async def _assert_every_panel_has_data(client: Client, names: list[str]) -> None:
    for arguments in ({"service": SERVICE}, *({"slo": name} for name in names)):
        answer = await answer_of(client, "generate_dashboard", **arguments)
        assert all(check["ok"] for check in answer["checks"]), (arguments, answer["checks"])
