"""`list_alerts` on the demo world."""

from datetime import UTC, datetime

import pytest

from connectors.alertmanager import AlertmanagerClient
from connectors.alertmanager.fake import FakeAlertmanager
from connectors.demo import DemoSource
from connectors.http import Endpoint
from tests.support.mcp import FixedClock, answer_of, deps_with, tool_client

pytestmark = pytest.mark.anyio


async def test_the_demo_has_alerts_of_its_own() -> None:
    """Source: docs/concepts/demo-world.md: a disk that is filling."""
    async with tool_client(deps_with(DemoSource())) as client:
        answer = await answer_of(client, "list_alerts")
    assert "DiskSpaceLow" in {row["alert"] for group in answer["groups"] for row in group["alerts"]}
    assert any(warning.startswith("Recorded data") for warning in answer["warnings"])


async def test_an_alert_as_old_as_the_recording_is_at_least_that_old() -> None:
    """Source: docs/concepts/demo-world.md: the disk has 76.75 GB free at the end and loses 4 GB a day, so it had less
    than the rule's 150 GB all the 14 days; the pools were full from 14:14 on 29 October.
    """
    async with tool_client(deps_with(DemoSource())) as client:
        answer = await answer_of(client, "list_alerts")
    ages = {row["alert"]: row["age"] for group in answer["groups"] for row in group["alerts"]}
    assert ages["DiskSpaceLow"] == ages["Watchdog"] == "at least 14 d"
    assert ages["PoolTimeouts"] == "3.91 d"
    assert 'first to look at: "DiskSpaceLow", for at least 14 d.' in answer["summary"]
    assert any(warning.startswith("2 alert(s) stand since the recording begins") for warning in answer["warnings"])


async def test_what_only_the_alertmanager_tells_of_is_as_old_as_it_says() -> None:
    """Our choice: its own memory does not begin with the recording."""
    fake = FakeAlertmanager(now=lambda: FixedClock().at)
    fake.fire(starts_at=datetime(2026, 10, 19, 12, 1, tzinfo=UTC), alertname="FromAfar")
    alerts = AlertmanagerClient(Endpoint("http://a.invalid"), transport=fake.transport())
    async with tool_client(deps_with(DemoSource(), alert_source=alerts)) as client:
        answer = await answer_of(client, "list_alerts")
    ages = {row["alert"]: row["age"] for group in answer["groups"] for row in group["alerts"]}
    assert (ages["FromAfar"], ages["DiskSpaceLow"]) == ("14 d", "at least 14 d")
