"""A generated folder as it is, under a real Prometheus and a real Alertmanager: targets up, messages at their receivers.

The message templates are rendered by the Alertmanager itself, on their way to a webhook that stands for Slack.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import anyio
import httpx
import pytest
import yaml

from tests.support.mcp import answer_of, deps_with, tool_client
from tests.support.real_alertmanager import require_alertmanager, running_alertmanager
from tests.support.real_process import free_port
from tests.support.real_prometheus import require_program, running_prometheus
from tests.support.webhook import Webhook, listening

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]
WAIT_SECONDS, POLL_SECONDS = 90.0, 0.3


async def _until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(int(WAIT_SECONDS / POLL_SECONDS)):
        if condition():
            return
        await anyio.sleep(POLL_SECONDS)
    raise AssertionError(f"not within {WAIT_SECONDS:g} s: {what}")


async def _generated(folder: Path, told: Webhook, ports: dict[str, int]) -> None:
    secret = folder / "slack_url"
    secret.write_text(f"{told.address}/slack")
    services = {
        "scrape_interval": "1s",
        "evaluation_interval": "1s",
        "alertmanagers": [f"127.0.0.1:{ports['alertmanager']}"],
        "prometheus": f"127.0.0.1:{ports['prometheus']}",
        # It stands for a service: Prometheus itself, found through a file of targets.
        "services": [
            {"name": "web", "discovery": {"kind": "file"}, "targets": [f"127.0.0.1:{ports['prometheus']}"]},
        ],
    }
    people = {
        "pages": {"slack": {"channel": "#pages", "api_url_file": str(secret)}},
        "tickets": {"webhook": {"url": f"{told.address}/tickets"}},
        "watchdog": {"webhook": {"url": f"{told.address}/watchdog"}},
    }
    async with tool_client(deps_with(output_root=folder)) as client:
        await answer_of(
            client,
            "generate_monitoring_config",
            services=yaml.safe_dump(services),
            receivers=yaml.safe_dump(people),
            output_dir=".",
        )


def _up(prometheus: str) -> dict[str, str]:
    data = httpx.get(f"{prometheus}/api/v1/query", params={"query": "up"}).json()["data"]["result"]
    return {one["metric"]["service"]: one["value"][1] for one in data}


def _fire(alertmanager: str, *alerts: dict[str, str]) -> None:
    now = datetime.now(UTC).isoformat()
    body = [
        {"labels": labels, "annotations": {"summary": f"{labels['alertname']} <!here>"}, "startsAt": now}
        for labels in alerts
    ]
    assert httpx.post(f"{alertmanager}/api/v2/alerts", json=body).status_code == httpx.codes.OK


async def test_targets_are_up_the_watchdog_arrives_and_a_page_keeps_its_ticket_back(tmp_path: Path) -> None:
    require_program("prometheus")
    require_alertmanager()
    ports = {"prometheus": free_port(), "alertmanager": free_port()}
    with listening() as told:
        await _generated(tmp_path, told, ports)
        with (
            running_alertmanager(folder=tmp_path, port=ports["alertmanager"]) as alertmanager,
            running_prometheus(
                folder=tmp_path,
                port=ports["prometheus"],
                # What fires before the Alertmanager was discovered is sent again after this, usually a minute.
                extra_args=["--rules.alert.resend-delay=3s"],
            ) as prometheus,
        ):
            await _until(
                lambda: _up(prometheus) == {"prometheus": "1", "alertmanager": "1", "web": "1"}, "three targets up"
            )
            await _until(lambda: bool(told.at("/watchdog")), "the watchdog")
            slo = {"slo": "a", "service": "web", "alertname": "ABudgetBurn"}
            _fire(alertmanager, {**slo, "severity": "page", "tier": "fast"})
            await _until(lambda: bool(told.at("/slack")), "the page")
            _fire(alertmanager, {**slo, "severity": "ticket", "tier": "slow"})
            message = told.at("/slack")[0]["attachments"][0]
            assert message["title"] == "[FIRING] ABudgetBurn"
            assert message["color"] == "danger"
            assert "ABudgetBurn &lt;!here&gt;" in message["text"]
            await _until(lambda: _is_suppressed(alertmanager, "slow"), "the ticket is inhibited")
            assert told.at("/tickets") == []


def _is_suppressed(alertmanager: str, tier: str) -> bool:
    found = httpx.get(f"{alertmanager}/api/v2/alerts").json()
    return any(one["labels"].get("tier") == tier and one["status"]["state"] == "suppressed" for one in found)
