"""Every call in the handbook, the personas and the workflows that a reader can copy is made, on the demo world."""

import pytest
from mcp.client import Client

from connectors.demo import DemoSource
from prompts.registry import PROMPTS
from resources.catalogue import TOPICS
from resources.pages import topic_text
from tests.support.incident_records import demo_incident
from tests.support.mcp import deps_with, text_of, tool_client
from tests.support.memory_journal import MemoryJournal
from tests.support.tool_calls import WrittenCall, is_complete, written_calls

pytestmark = pytest.mark.anyio

TEXTS = [topic_text(topic.slug) for topic in TOPICS] + [spec.rendered({"service": "checkout"}) for spec in PROMPTS]
CALLS = {repr(call): call for text in TEXTS for call in written_calls(text) if is_complete(call)}


async def made(client: Client, call: WrittenCall) -> dict[str, object]:
    result = await client.call_tool(call.tool, call.arguments)
    assert not result.is_error, (call, text_of(result))
    return result.structured_content or {}


async def test_every_complete_call_answers_on_the_demo_world() -> None:
    """our choice: what the pages tell a reader to call must work as it is written."""
    journal = MemoryJournal()
    await demo_incident(journal)
    async with tool_client(deps_with(DemoSource(name="demo", seed=42), journal=journal)) as client:
        answers = {name: await made(client, call) for name, call in CALLS.items()}
    assert all(answer["summary"] for answer in answers.values())
    assert len(answers) >= 15
    assert {call.tool for call in CALLS.values()} >= {
        "find_metrics",
        "query_prometheus",
        "check_service_health",
        "compute_error_budget",
        "forecast_capacity",
    }


async def test_the_worked_example_of_the_fundamentals_page_is_what_the_tool_answers() -> None:
    """source: handbook, fundamentals: 3,456 bad of 8,640,000 at 99.9 % leave 60 % and 25.92 minutes."""
    arguments = {"objective": 0.999, "window": "30d", "bad": 3456, "total": 8640000}
    async with tool_client() as client:
        answer = await made(client, WrittenCall("compute_error_budget", arguments))
    assert answer["remaining_ratio"] == pytest.approx(0.6)
    assert answer["remaining_minutes"] == pytest.approx(25.92)
    assert answer["allowed_bad_events"] == pytest.approx(8640)
    assert answer["deploy_allowed"] is True
