"""A question before a tool runs: answered, declined, put away, unanswered, and clients that cannot be asked."""

from typing import Annotated, Any, Literal

import anyio
import pytest
from mcp.client import Client
from mcp.server.elicitation import ElicitationResult
from mcp.server.mcpserver import Elicit, Resolve
from mcp.types import ElicitRequestFormParams, ElicitResult, ErrorData
from pydantic import BaseModel

import server.asking
from server.app import build
from tests.support.mcp import answer_of, deps_with, error_of
from tools.answer import Answer
from tools.context import ToolContext
from tools.registry import ToolSpec

pytestmark = pytest.mark.anyio
Era = Literal["auto", "legacy"]
ERAS: tuple[Era, ...] = ("auto", "legacy")


class Sure(BaseModel):
    sure: bool


async def sure_of(ctx: ToolContext, thing: str) -> Sure | Elicit[Sure]:
    capabilities = ctx.client_capabilities
    if capabilities is None or capabilities.elicitation is None:
        return Sure(sure=False)
    return Elicit(f"Break {thing}?", Sure)


async def break_thing(thing: str, sure: Annotated[ElicitationResult[Sure], Resolve(sure_of)]) -> Answer:
    """Break a thing."""
    data = getattr(sure, "data", None)
    return Answer(summary=f"{thing}: {sure.action} {data.sure if data else None}")


SPECS = (ToolSpec(break_thing, "Break a thing", "metrics", is_read_only=False),)


def client_of(era: Era, reply: ElicitResult | None, *, asked: list[str] | None = None) -> Client:
    async def answered(context: Any, params: Any) -> ElicitResult | ErrorData:
        assert isinstance(params, ElicitRequestFormParams)
        (asked if asked is not None else []).append(params.message)
        if reply is None:
            await anyio.sleep_forever()
            raise AssertionError("unreachable")
        return reply

    return Client(build(deps_with(), specs=SPECS), mode=era, elicitation_callback=answered)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (ElicitResult(action="accept", content={"sure": True}), "accept True"),
        (ElicitResult(action="accept", content={"sure": False}), "accept False"),
        (ElicitResult(action="decline"), "decline None"),
        (ElicitResult(action="cancel"), "cancel None"),
    ],
    ids=["yes", "no", "declined", "put away"],
)
async def test_the_reply_reaches_the_tool_in_both_eras(era: Era, reply: ElicitResult, outcome: str) -> None:
    """Source: MCP 2025-11-25, "Elicitation", and 2026-07-28, "Input required"."""
    questions: list[str] = []
    async with client_of(era, reply, asked=questions) as client:
        answer = await answer_of(client, "break_thing", thing="a vase")
    assert answer["summary"] == f"a vase: {outcome}"
    assert questions == ["Break a vase?"]


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_cannot_be_asked_is_not(era: Era) -> None:
    async with Client(build(deps_with(), specs=SPECS), mode=era) as client:
        assert (await answer_of(client, "break_thing", thing="a vase"))["summary"] == "a vase: accept False"


@pytest.mark.parametrize("era", ERAS)
async def test_a_reply_that_was_not_asked_for_is_explained(era: Era) -> None:
    async with client_of(era, ElicitResult(action="accept", content={"sure": "perhaps"})) as client:
        assert "was not understood" in await error_of(client, "break_thing", thing="a vase")


async def test_nobody_answering_holds_the_call_up_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our choice: a question without an answer counts as put away; a later client asks anew by itself."""
    monkeypatch.setattr(server.asking, "ASKING_SECONDS", 0.05)
    async with client_of("legacy", None) as client:
        assert (await answer_of(client, "break_thing", thing="a vase"))["summary"] == "a vase: cancel None"


async def test_no_caller_sees_the_question_as_an_argument() -> None:
    async with Client(build(deps_with(), specs=SPECS)) as client:
        (tool,) = (await client.list_tools()).tools
        assert set(tool.input_schema["properties"]) == {"thing"}
        assert "Unknown argument" in await error_of(client, "break_thing", thing="a vase", sure=True)
