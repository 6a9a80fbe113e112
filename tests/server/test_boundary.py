"""What every call goes through, shown on toy tools: arguments, deadline, errors, budget, cleaning, the audit line."""

import json
import logging
from typing import Annotated, Any, ClassVar

import anyio
import anyio.lowlevel
import pytest
from mcp.shared.exceptions import MCPError
from pydantic import Field

from server.boundary import fitted
from sre.core.errors import NoDataError, RefusedError, UnavailableError
from tests.support.mcp import answer_of, error_of, text_of, tool_client
from tools.answer import HARD_LIMIT_CHARS, Answer, Figure, Instant, Point, RatioNearOne
from tools.context import ToolContext, deps_of
from tools.registry import ToolSpec

SECRET = "configured-secret-value"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 16


class ToyAnswer(Answer):
    """Answer of the toy tools."""

    RANKED: ClassVar[tuple[str, ...]] = ("rows",)
    value: Figure = None
    sli_ratio: RatioNearOne = None
    rows: list[Point] = Field(default_factory=list)


async def toy(
    ctx: ToolContext,
    mode: Annotated[str, Field(max_length=1000)] = "ok",
    limit: Annotated[int, Field(ge=1, le=9)] = 1,
) -> ToyAnswer:
    """Do what the test asks."""
    if mode == "bug":
        raise RuntimeError(f"a bug that knows {SECRET}")
    if mode == "no_data":
        raise NoDataError("Nothing there.", causes=("too early",), nearest=("up",), next_steps=("widen the window",))
    if mode == "upstream":
        raise UnavailableError(
            f"It said Bearer abcdefghijklmnop and {SECRET}.", system="prod", status=503, retryable=True
        )
    if mode == "slow":
        await anyio.sleep_forever()
    if mode == "many":
        return ToyAnswer(summary="many", rows=[[1_700_000_000.0 + i, i / 7] for i in range(5_000)])
    if mode == "huge":
        return ToyAnswer(summary="x" * (HARD_LIMIT_CHARS + 1))
    if mode == "source":
        deps_of(ctx).sources.metric("nowhere")
    answer = ToyAnswer(summary=f"limit {limit} \x1b[31m\u202e{SECRET}", value=2 / 3, sli_ratio=0.9995432)
    if mode == "picture":
        answer.with_image(PNG)
    return answer


async def untyped(ctx: ToolContext) -> ToyAnswer:
    """Break the rule that a tool answers with an Answer."""
    return {"summary": "not a model"}  # type: ignore[return-value]


SPECS = (
    ToolSpec(toy, "Toy", "metrics", deadline_seconds=0.3),
    ToolSpec(untyped, "Untyped", "metrics"),
)
WRITER = ToolSpec(toy, "Toy", "metrics", is_read_only=False, needs_writes=True)


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_answer_is_cleaned_redacted_and_the_same_as_text_and_as_data(mode: Any) -> None:
    async with tool_client(mode=mode, specs=SPECS, secret_values=[SECRET]) as client:
        result = await client.call_tool("toy", {"limit": 2})
    assert result.structured_content is not None
    assert json.loads(text_of(result)) == result.structured_content
    assert result.structured_content["summary"] == "limit 2 [redacted]"
    assert next(iter(result.structured_content)) == "summary"


@pytest.mark.anyio
async def test_figures_have_four_digits_and_a_ratio_near_one_keeps_its_distance_to_one() -> None:
    async with tool_client(specs=SPECS) as client:
        answer = await answer_of(client, "toy")
    assert answer["value"] == 0.6667
    assert answer["sli_ratio"] == 0.9995432


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"limt": 1}, ['Unknown argument "limt"', "Did you mean limit?", "Valid: mode, limit"]),
        ({"limbo": 1}, ['Unknown argument "limbo".\nValid: mode, limit']),
        ({"limit": "5"}, ["limit: Input should be a valid integer"]),
        ({"limit": True}, ["limit: Input should be a valid integer"]),
        ({"limit": 1.5}, ["limit: Input should be a valid integer"]),
        ({"limit": 0}, ["limit: Input should be greater than or equal to 1"]),
        ({"mode": "x" * 10_000_000}, ["mode: String should have at most 1000 characters"]),
        ({"mode": 5, "limit": 10}, ["mode:", "limit:"]),
        ({"x\x1b[31m" * 1000: 1}, ["Unknown argument"]),
    ],
)
async def test_wrong_arguments_are_explained_shortly(arguments: dict[str, Any], told: list[str]) -> None:
    async with tool_client(specs=SPECS) as client:
        text = await error_of(client, "toy", **arguments)
        assert (await answer_of(client, "toy"))["summary"].startswith("limit 1")
    assert text.startswith("[invalid_input] ")
    assert len(text) < 500
    assert "\x1b" not in text
    for part in told:
        assert part in text


@pytest.mark.anyio
async def test_null_for_an_optional_argument_is_as_if_it_were_not_given() -> None:
    async with tool_client(specs=SPECS) as client:
        assert (await answer_of(client, "toy", limit=None, mode=None))["summary"].startswith("limit 1")


@pytest.mark.anyio
async def test_an_error_says_its_code_its_facts_and_what_to_do_next() -> None:
    async with tool_client(specs=SPECS) as client:
        text = await error_of(client, "toy", mode="no_data")
    assert text.splitlines() == [
        "[no_data] Nothing there.",
        "Cause: too early",
        "Nearest that exist: up",
        "Next: widen the window",
    ]


@pytest.mark.anyio
async def test_no_secret_leaves_in_an_error() -> None:
    async with tool_client(specs=SPECS, secret_values=[SECRET]) as client:
        text = await error_of(client, "toy", mode="upstream")
    assert SECRET not in text
    assert "abcdefghijklmnop" not in text
    assert "HTTP 503; worth a retry" in text


@pytest.mark.anyio
@pytest.mark.parametrize("arguments", [("toy", {"mode": "bug"}), ("untyped", {})])
async def test_a_bug_becomes_an_id_whose_details_are_only_in_the_log(
    arguments: tuple[str, dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    async with tool_client(specs=SPECS) as client:
        text = await error_of(client, arguments[0], **arguments[1])
    assert text.startswith("[bug] ")
    assert SECRET not in text
    error_id = text.split("Error id ")[1].split(":")[0]
    assert any(error_id in record.getMessage() and record.exc_info for record in caplog.records)


@pytest.mark.anyio
async def test_a_slow_call_ends_at_its_deadline_and_says_so() -> None:
    async with tool_client(specs=SPECS) as client:
        text = await error_of(client, "toy", mode="slow")
    assert "did not finish within 0.3 s" in text


@pytest.mark.anyio
async def test_an_answer_over_its_budget_loses_the_tail_of_its_ranked_rows_and_says_how_much() -> None:
    async with tool_client(specs=SPECS) as client:
        answer = await answer_of(client, "toy", mode="many")
    kept = len(answer["rows"])
    assert 100 < kept < 5_000
    assert answer["left_out"] == [
        f"rows: the first {kept} of 5000 by rank are shown, to keep the answer short; narrow the question for the rest."
    ]
    assert len(json.dumps(answer, separators=(",", ":"))) <= 12_000 + 200


@pytest.mark.anyio
async def test_what_cannot_be_shortened_is_refused_with_the_way_round() -> None:
    async with tool_client(specs=SPECS) as client:
        text = await error_of(client, "toy", mode="huge")
    assert text.startswith("[refused] The answer would be")


@pytest.mark.anyio
async def test_a_picture_travels_beside_the_data() -> None:
    async with tool_client(specs=SPECS) as client:
        result = await client.call_tool("toy", {"mode": "picture"})
    assert [part.type for part in result.content] == ["text", "image"]


@pytest.mark.anyio
async def test_without_a_source_the_error_says_what_to_set() -> None:
    async with tool_client(specs=SPECS) as client:
        text = await error_of(client, "toy", mode="source")
    assert text.startswith("[not_configured]")
    assert "PROMETHEUS_URL" in text
    assert "SRE_MCP_SNAPSHOT" in text


@pytest.mark.anyio
async def test_unknown_tools_and_prompts_are_answered_with_the_names_there_are() -> None:
    async with tool_client(specs=SPECS) as client:
        assert "Valid: toy, untyped" in await error_of(client, "tow")
        with pytest.raises(MCPError, match="incident_responder"):
            await client.get_prompt("incident_respnder")


@pytest.mark.anyio
async def test_tools_that_write_exist_only_where_writes_are_enabled() -> None:
    async with tool_client(specs=[WRITER]) as client:
        assert (await client.list_tools()).tools == []
    async with tool_client(specs=[WRITER], allow_writes=True) as client:
        (tool,) = (await client.list_tools()).tools
    assert tool.annotations is not None
    assert tool.annotations.read_only_hint is False


@pytest.mark.anyio
async def test_each_call_leaves_one_audit_line_without_argument_values(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.getLogger("sre_mcp.audit")
    monkeypatch.setattr(logger, "propagate", False)
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.INFO)
    try:
        async with tool_client(specs=SPECS) as client:
            await client.call_tool("toy", {"mode": "ok", "limit": 3})
            await client.call_tool("toy", {"mode": "no_data"})
            await client.call_tool("gone", {"x": "private"})
            await client.read_resource("sre://handbook")
            with pytest.raises(MCPError):
                await client.read_resource("sre://handbook/no-such-page")
    finally:
        logger.removeHandler(caplog.handler)
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "sre_mcp.audit"]
    shown = [(line["method"], line["name"], line["outcome"], line["arguments"]) for line in lines]
    assert shown == [
        ("tools/call", "toy", "ok", ["limit", "mode"]),
        ("tools/call", "toy", "no_data", ["mode"]),
        ("tools/call", "gone", "invalid_input", []),
        ("resources/read", "sre://handbook", "ok", []),
        ("resources/read", "sre://handbook/no-such-page", "protocol_error -32602", []),
    ]
    assert lines[0]["characters"] > 0
    assert "private" not in caplog.text


@pytest.mark.anyio
async def test_a_cancelled_call_stops_the_work_and_is_recorded(caplog: pytest.LogCaptureFixture) -> None:
    stopped = anyio.Event()

    async def endless(ctx: ToolContext) -> ToyAnswer:
        """Never answer."""
        try:
            await anyio.sleep_forever()
        finally:
            stopped.set()
        raise RefusedError("never reached")

    async with tool_client(specs=[ToolSpec(endless, "Endless", "metrics")]) as client:
        with anyio.move_on_after(0.2):
            await client.call_tool("endless", {})
        with anyio.fail_after(5):
            await stopped.wait()


@pytest.mark.anyio
async def test_no_more_calls_run_at_once_than_there_are_places_and_all_are_answered() -> None:
    running, most = 0, 0

    async def counted(ctx: ToolContext) -> ToyAnswer:
        """Count who runs."""
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        running -= 1
        return ToyAnswer(summary="counted")

    async with tool_client(specs=[ToolSpec(counted, "Counted", "metrics")], concurrent_calls=3) as client:
        async with anyio.create_task_group() as group:
            for _ in range(12):
                group.start_soon(client.call_tool, "counted", {})
        assert (await answer_of(client, "counted"))["summary"] == "counted"
    assert most == 3


def test_fields_of_an_answer_that_is_small_enough_are_not_touched() -> None:
    answer = ToyAnswer(summary="s", rows=[[1.0, None]])
    assert fitted(answer)["rows"] == [[1, None]]


def test_instants_are_written_in_utc() -> None:
    from datetime import UTC, datetime

    class Timed(Answer):
        at: Instant

    assert fitted(Timed(summary="s", at=datetime(2026, 1, 1, tzinfo=UTC)))["at"] == "2026-01-01T00:00:00Z"
