"""A night with PagerDuty from the environment alone: over real HTTP, with records in a file, and a server restarted."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client

from connectors.pagerduty.fake import FakePagerDuty
from connectors.pagerduty.fake_account import ADA
from server.app import deps_from
from server.settings import load_settings
from tests.support.mcp import answer_of, tool_client
from tests.support.on_loopback import on_loopback

pytestmark = pytest.mark.anyio

TOKEN = "s3cret-Token-42"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def fake() -> FakePagerDuty:
    services = {"checkout": ROUTING_KEY, "disks": ""}
    return FakePagerDuty(now=lambda: datetime.now(tz=UTC), services=services, token=TOKEN)


@pytest.fixture
def environment(fake: FakePagerDuty, tmp_path: Path) -> Iterator[dict[str, str]]:
    (tmp_path / "key").write_text(ROUTING_KEY, encoding="utf-8")
    with on_loopback(fake.transport()) as url:
        yield {
            "PAGERDUTY_TOKEN": TOKEN,
            "PAGERDUTY_URL": url,
            "PAGERDUTY_EVENTS_URL": url,
            "PAGERDUTY_FROM": ADA.email,
            "PAGERDUTY_ROUTING_KEY_FILE": str(tmp_path / "key"),
            "SRE_MCP_DATA_DIR": str(tmp_path / "data"),
            "SRE_MCP_AUTHOR": "ana",
        }


@asynccontextmanager
async def server(environment: dict[str, str]) -> AsyncIterator[Client]:
    """A server as it starts with these variables."""
    async with tool_client(deps_from(load_settings(environment)), allow_writes=True) as client:
        yield client


async def done(client: Client, **asked: Any) -> dict[str, Any]:
    code = (await answer_of(client, "page_oncall", **asked))["confirm"]
    return await answer_of(client, "page_oncall", **asked, confirm=code)


async def test_an_alert_wakes_somebody_and_a_second_page_gets_help(
    environment: dict[str, str], fake: FakePagerDuty
) -> None:
    """Source: issue 4: read incidents and on-call; with writes acknowledge, resolve, note, trigger through Events v2."""
    alert = fake.page("disks", "disk 99 % full")
    alert.hides_key = True
    async with server(environment) as client:
        (row,) = (await answer_of(client, "get_incidents"))["pages"]
        declared = {"title": "Disk of the shop is full", "severity": "P1", "services": ["db"], "key": row["id"]}
        await answer_of(client, "declare_incident", **declared)
        assert (await answer_of(client, "get_incidents"))["pages"] == []
        await done(client, action="acknowledge", incident="INC-1")
        paged = await done(client, action="trigger", incident="INC-1", text="please help with the database")
    assert alert.status == "acknowledged"
    assert paged["status"] == "done"
    async with server(environment) as client:
        again = await answer_of(client, "page_oncall", action="trigger", incident="INC-1", text="please help")
        assert again["status"] == "unchanged"
        await done(client, action="note", incident="INC-1", text="space made")
        await done(client, action="resolve", incident="INC-1")
        one = await answer_of(client, "get_incidents", incident="INC-1")
    assert [page.status for page in fake.account.incidents] == ["resolved", "resolved"]
    assert {row["status"] for row in one["pages"]} == {"resolved"}
    assert [row["source"].split()[0] for row in one["history"] if row["kind"] == "note"] == ["page_oncall"] * 4
    assert {link["url"] for link in one["incident"]["links"]} == {row["url"] for row in one["pages"]}
    events = [one for one in fake.requests if one.url.path == "/v2/enqueue"]
    assert len(events) == 1
    assert "authorization" not in events[0].headers
