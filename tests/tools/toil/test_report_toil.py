"""`report_toil` through an MCP client, over what `record_toil` wrote."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from mcp.client import Client

from tests.support.mcp import FixedClock, answer_of, deps_with, error_of, tool_client
from tests.support.memory_journal import MemoryJournal

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Four weeks: a worker restarted each week by ana, 4 x 30 min; tickets of bo, 21 h; a migration, once."""
    journal = MemoryJournal(recorded_at=NOW)
    async with tool_client(deps_with(journal=journal, clock=FixedClock(NOW), author="ana")) as connected:
        for days in (28, 20, 13, 2):
            await answer_of(
                connected, "record_toil", task="Restart the worker", minutes=30, at=f"-{days}d", automation_hours=8
            )
        for days in (27, 3):
            await answer_of(
                connected, "record_toil", task="Access tickets", minutes=30, times=21, who="bo", at=f"-{days}d",
                kind="ticket",
            )  # fmt: skip
        await answer_of(connected, "record_toil", task="Move the database", minutes=600, at="-15d", kind="migration")
        yield connected


async def test_the_whole_report(client: Client) -> None:
    """By hand: 2 + 21 + 10 = 33 h of 2 x 4 x 40 = 320 h; 2 h in 28 d are 2.174 h a month, 8 h pay back in 3.68."""
    answer = await answer_of(client, "report_toil")
    assert answer.pop("definitions")
    assert answer == {
        "summary": (
            "Toil in 28d to 2026-11-02T12:00:00Z: 33 h recorded, at least 10% of the time of 2 people at 40 h a week: "
            'within the 50% budget as far as recorded. Automate first: "Restart the worker", 2.17 h a month, '
            "paid back in 3.68 (1.44 to 13.5) months, by 2027-02-22."
        ),
        "warnings": [
            "What nobody recorded is not in here, so shares and hours are the least that they can be.",
            "The team is taken to be the 2 people who ever recorded toil; pass who for the whole team.",
            'Recorded on one day only, so not extrapolated: "Move the database".',
            "4 whole weeks are too few to tell a trend (8 are needed).",
        ],
        "left_out": [],
        "verdict": "within_budget",
        "hours": 33,
        "share_ratio": 0.1031,
        "budget_ratio": 0.5,
        "available_hours": 320,
        "people": [
            {"who": "bo", "hours": 21, "share_ratio": 0.1313},
            {"who": "ana", "hours": 12, "share_ratio": 0.075},
        ],
        "tasks": [
            {
                "id": "TOIL-1", "task": "Restart the worker", "kind": None, "people": ["ana"], "times": 4, "hours": 2,
                "hours_a_month": 2.174, "low_hours_a_month": 0.5924, "high_hours_a_month": 5.567, "basis": "recorded",
                "automation_hours": 8, "payback_months": 3.68, "payback_range_months": [1.437, 13.51],
                "break_even": "2027-02-22", "worth_hours": 26.09,
            },
            {
                "id": "TOIL-2", "task": "Access tickets", "kind": "ticket", "people": ["bo"], "times": 42, "hours": 21,
                "hours_a_month": 22.83, "low_hours_a_month": 16.45, "high_hours_a_month": 30.86, "basis": "recorded",
                "automation_hours": None, "payback_months": None, "payback_range_months": [], "break_even": None,
                "worth_hours": 273.9,
            },
            {
                "id": "TOIL-3", "task": "Move the database", "kind": "migration", "people": ["ana"], "times": 1,
                "hours": 10, "hours_a_month": None, "low_hours_a_month": None, "high_hours_a_month": None,
                "basis": "unknown", "automation_hours": None, "payback_months": None, "payback_range_months": [],
                "break_even": None, "worth_hours": None,
            },
        ],
        "task_count": 3,
        "hours_by_kind": {"ticket": 21, "migration": 10, "not said": 2},
        "weeks": [
            {"start": "2026-10-05T12:00:00Z", "hours": 11, "times": 22},
            {"start": "2026-10-12T12:00:00Z", "hours": 10.5, "times": 2},
            {"start": "2026-10-19T12:00:00Z", "hours": 0.5, "times": 1},
            {"start": "2026-10-26T12:00:00Z", "hours": 11, "times": 22},
        ],
        "trend": "too_few_weeks",
        "trend_hours_a_week": None,
        "window": {"start": "2026-10-05T12:00:00Z", "end": "2026-11-02T12:00:00Z", "step_seconds": None},
        "observed_since": "2026-10-05T12:00:00Z",
    }  # fmt: skip


async def test_a_team_is_who_was_named_and_who_is_silent_is_said(client: Client) -> None:
    answer = await answer_of(client, "report_toil", who="bo, Cy")
    assert [(row["who"], row["hours"]) for row in answer["people"]] == [("bo", 21), ("Cy", None)]
    assert [row["id"] for row in answer["tasks"]] == ["TOIL-2"]
    assert any('counted as people without toil: "Cy"' in warning for warning in answer["warnings"])


async def test_fewer_hours_of_work_make_a_larger_share(client: Client) -> None:
    """By hand: bo has 4 x 10 h; 21 of 40 is over half."""
    answer = await answer_of(client, "report_toil", who="bo", hours_available=10)
    # Bo's records begin a day after the window: 27 of 28 days.
    assert (answer["verdict"], answer["share_ratio"]) == ("over_budget", 0.5444)
    assert 'Above it by themselves: "bo" (54%).' in answer["summary"]


async def test_a_window_without_records_does_not_say_that_there_is_no_toil(client: Client) -> None:
    answer = await answer_of(client, "report_toil", end="-60d")
    assert answer["summary"] == (
        "No toil is recorded in 28d to 2026-09-03T12:00:00Z; whether there is none is not known."
    )
    assert (answer["verdict"], answer["hours"], answer["share_ratio"]) == ("nothing_recorded", 0, None)


async def test_windows_that_are_none(client: Client) -> None:
    assert "window is not a duration" in await error_of(client, "report_toil", window="a month")
    assert "end is not a time" in await error_of(client, "report_toil", end="yesterday")


async def test_many_tasks_stay_within_an_answer(client: Client) -> None:
    for number in range(60):
        await answer_of(client, "record_toil", task=f"Chore number {number} of the many", minutes=number + 1)
    answer = await answer_of(client, "report_toil")
    assert answer["task_count"] == 63
    assert len(str(answer)) < 15_000
    assert any("tasks" in line for line in answer["left_out"])
