"""`get_incidents` and the pages of incidents through an MCP client."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from mcp import MCPError
from mcp.client import Client
from mcp.types import ResourceTemplateReference

from tests.support.incident_records import DAY, begun, demo_incident
from tests.support.mcp import FixedClock, answer_of, deps_with, error_of, tool_client
from tests.support.memory_journal import MemoryJournal
from tools.answer import DEFAULT_BUDGET_CHARS

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 10, 29, 15, tzinfo=UTC)


@pytest.fixture
async def journal() -> MemoryJournal:
    """INC-1 open P1 of 14:14; INC-2 P2 that is over; INC-3 open P0 of 14:50; INC-4 open P3 of 9:00."""
    made = MemoryJournal(recorded_at=NOW)
    await demo_incident(made)
    await begun(
        made,
        ("declared", "10:00", {"title": "Search is stale", "severity": "P2", "services": ["search"]}),
        ("status", "11:00", {"status": "resolved"}),
    )
    await begun(made, ("declared", "14:50", {"title": "Payments are down", "severity": "P0", "services": ["payments"]}))
    await begun(made, ("declared", "09:00", {"title": "Wrong logo", "severity": "P3", "services": ["web"]}))
    return made


@pytest.fixture
async def client(journal: MemoryJournal) -> AsyncIterator[Client]:
    async with tool_client(deps_with(journal=journal, clock=FixedClock(NOW))) as connected:
        yield connected


def ids(answer: dict[str, Any]) -> list[str]:
    return [row["id"] for row in answer["incidents"]]


async def test_the_most_urgent_comes_first_with_what_is_late(client: Client) -> None:
    answer = await answer_of(client, "get_incidents")
    assert ids(answer) == ["INC-3", "INC-1", "INC-4", "INC-2"]
    assert answer["incidents"][0] == {
        "id": "INC-3",
        "title": "Payments are down",
        "severity": "P0",
        "status": "declared",
        "services": ["payments"],
        "began_at": "2026-10-29T14:50:00Z",
        "ended_at": None,
        "minutes": 10,
        "commander": "",
        "late": ["respond (at once)"],
        "next_update": "2026-10-29T15:05:00Z",
        "open_action_count": 0,
        "overdue_action_count": 0,
    }
    assert answer["incidents"][1]["late"] == ["update for internal, executive, customer"]
    assert answer["incidents"][3]["minutes"] == 60
    assert answer["summary"] == (
        '4 incidents, 3 open (1 P0, 1 P1, 1 P3). Most urgent: INC-3 "Payments are down" of payments, P0, declared. '
        "Late: respond (at once)."
    )
    assert (answer["incident_count"], answer["open_count"]) == (4, 3)
    assert answer["window"] == {
        "start": "2026-10-29T09:00:00Z", "end": "2026-10-29T15:00:00Z", "step_seconds": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"status": "resolved"}, ["INC-2"]),
        ({"status": "declared, investigating"}, ["INC-3", "INC-1", "INC-4"]),
        ({"severity": "p0 p1"}, ["INC-3", "INC-1"]),
        ({"service": "payments"}, ["INC-3"]),
        ({"open_only": True}, ["INC-3", "INC-1", "INC-4"]),
        ({"search": "POOLS full"}, ["INC-1"]),
        ({"since": f"{DAY}T14:00:00Z"}, ["INC-3", "INC-1"]),
        ({"since": "-5h", "until": "-30m"}, ["INC-1", "INC-2"]),
        ({"limit": 1}, ["INC-3"]),
    ],
)
async def test_filters_narrow(asked: dict[str, Any], found: list[str], client: Client) -> None:
    answer = await answer_of(client, "get_incidents", **asked)
    assert ids(answer) == found
    assert bool(answer["left_out"]) is ("limit" in asked)


async def test_nothing_found_says_why_and_what_there_is(client: Client) -> None:
    answer = await answer_of(client, "get_incidents", service="payment", status="closed")
    assert answer["summary"] == (
        'No incident fits (status, service); 4 are recorded. Services with incidents: "payments".'
    )
    async with tool_client(deps_with(journal=MemoryJournal())) as empty:
        assert "declare_incident begins one" in (await answer_of(empty, "get_incidents"))["summary"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"status": "gone"}, "Valid: declared, investigating"),
        ({"severity": "P7"}, "Valid: P0, P1, P2, P3"),
        ({"since": "now", "until": "-1h"}, "is not before until"),
        ({"since": "whenever"}, "since is not a time"),
        ({"incident": "INC-1", "open_only": True}, "no filter goes with it"),
        ({"incident": "INC-77"}, "There is no incident"),
    ],
)
async def test_a_question_that_cannot_be_is_mended(asked: dict[str, Any], said: str, client: Client) -> None:
    assert said in await error_of(client, "get_incidents", **asked)


async def test_one_incident_comes_with_its_history_latest_first(client: Client) -> None:
    answer = await answer_of(client, "get_incidents", incident="INC-1")
    assert answer["incident"]["status"] == "investigating"
    assert [row["number"] for row in answer["history"]] == [6, 5, 4, 3, 2, 1]
    assert answer["history"][1] == {
        "number": 5,
        "at": "2026-10-29T14:31:00Z",
        "recorded_at": "2026-10-29T15:00:00Z",
        "kind": "note",
        "text": "database pools are full [db_pool_in_use]",
        "author": "ana",
        "source": "test",
    }
    assert answer["history"][0]["text"] == ("action #1: title Alert on pool saturation; kind detect; due 2026-11-01")


async def test_a_long_history_is_cut_from_its_beginning_and_says_where_the_rest_is(journal: MemoryJournal) -> None:
    long = "x" * 290
    number = await begun(
        journal,
        ("declared", "12:00", {"title": "A long one", "severity": "P2"}),
        *(("note", "12:30", {"text": f"{n} {long}"}) for n in range(300)),
    )
    async with tool_client(deps_with(journal=journal, clock=FixedClock(NOW))) as client:
        answer = await answer_of(client, "get_incidents", incident=str(number))
    assert answer["history"][0]["number"] == 301
    assert len(str(answer)) < DEFAULT_BUDGET_CHARS * 1.1
    assert any("201 earlier entries: read sre://incidents/INC-5" in note for note in answer["left_out"])
    assert answer["incident"]["note_count"] == 300


async def test_many_incidents_stay_within_the_budget_of_an_answer() -> None:
    journal = MemoryJournal()
    for n in range(120):
        await begun(
            journal,
            ("declared", "12:00", {"title": f"{n} " + "t" * 190, "severity": "P2", "services": ["s" * 100] * 5}),
        )
    async with tool_client(deps_with(journal=journal, clock=FixedClock(NOW))) as client:
        answer = await answer_of(client, "get_incidents", limit=100)
    assert answer["incident_count"] == 120
    assert len(answer["left_out"]) == 2


async def test_pages_are_read_as_they_are_at_that_moment(client: Client) -> None:
    async def page(uri: str) -> str:
        (content,) = (await client.read_resource(uri)).contents
        return str(content.text)  # type: ignore[union-attr]

    assert "| INC-3 | P0 | declared | Payments are down | payments | 0 | 0 |" in await page("sre://incidents")
    before = await page("sre://incidents/INC-3")
    assert before.startswith("# INC-3: Payments are down")
    assert "- respond (at once): by 2026-10-29T14:55:00Z, **overdue**" in before
    await answer_of(client, "update_incident", incident="INC-3", status="investigating", roles={"ic": "bo"})
    assert "- incident commander: bo" in await page("sre://incidents/3")
    with pytest.raises(MCPError, match="There are: INC-3, INC-1"):
        await page("sre://incidents/INC-99")
    with pytest.raises(MCPError, match='No incident is called "nonsense"'):
        await page("sre://incidents/nonsense")


async def test_pages_without_records_say_so() -> None:
    async with tool_client(deps_with()) as client:
        (content,) = (await client.read_resource("sre://incidents")).contents
        assert "no place for records" in str(content.text)  # type: ignore[union-attr]
        with pytest.raises(MCPError, match="no place for records"):
            await client.read_resource("sre://incidents/INC-1")


async def test_references_are_completed_the_most_urgent_first(client: Client) -> None:
    reference = ResourceTemplateReference(type="ref/resource", uri="sre://incidents/{id}")
    completed = await client.complete(reference, {"name": "id", "value": "inc"})
    assert completed.completion.values == ["INC-3", "INC-1", "INC-4", "INC-2"]
