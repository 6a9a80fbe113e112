"""Rules that hold for every tool at once. Source: design (rules for every tool) and style (names, docstrings)."""

import inspect
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from mcp.server.mcpserver.tools import Tool as SdkTool
from mcp.types import Tool

from server.commands.tools import cost_of
from tests.support.mcp import tool_client
from tools.answer import Answer
from tools.registry import TOOLS, Room, ToolSpec

MAX_BYTES_A_TOOL = 1_200
MAX_BYTES_ALL = 30_000
MAX_DESCRIPTION = 1_024
READING_VERBS = {
    "query", "find", "list", "get", "check", "compute", "analyze", "compare", "detect", "forecast", "investigate",
    "assess", "recommend", "review", "report", "backtest", "generate", "draft", "design", "plan", "build",
}  # fmt: skip
WRITING_VERBS = {"define", "declare", "update", "record", "track", "publish", "silence", "run", "page"}
THE_CATALOGUE_TODAY = {
    "report_reliability",
    "record_toil",
    "report_toil",
    "query_prometheus",
    "find_metrics",
    "detect_changes",
    "check_service_health",
    "compute_error_budget",
    "list_slos",
    "define_slo",
    "backtest_slo",
    "recommend_slo",
    "generate_slo_rules",
    "generate_alert_rules",
    "generate_monitoring_config",
    "generate_runbook",
    "generate_dashboard",
    "publish_dashboard",
    "list_alerts",
    "review_alerts",
    "silence_alert",
    "compare_performance",
    "forecast_capacity",
    "plan_capacity",
    "assess_severity",
    "declare_incident",
    "update_incident",
    "get_incidents",
    "investigate_incident",
    "build_timeline",
    "draft_status_update",
    "page_oncall",
    "draft_postmortem",
    "track_action_items",
}

each_tool = pytest.mark.parametrize("spec", TOOLS, ids=lambda spec: spec.name)


@pytest.fixture
async def listed() -> dict[str, Tool]:
    async with tool_client(allow_writes=True) as client:
        return {tool.name: tool for tool in (await client.list_tools()).tools}


def test_the_tools_of_the_catalogue_are_there() -> None:
    assert {spec.name for spec in TOOLS} == THE_CATALOGUE_TODAY


@each_tool
def test_file_function_and_tool_share_a_name_and_live_in_their_room(spec: ToolSpec) -> None:
    file = Path(inspect.getfile(spec.function)).relative_to(Path.cwd())
    assert file == Path("tools") / spec.room / f"{spec.name}.py"
    assert spec.room in get_args(Room)


@each_tool
def test_the_verb_and_the_hints_agree(spec: ToolSpec) -> None:
    verb = spec.name.split("_", 1)[0]
    # What makes text changes nothing until it is told to write that text into files.
    writes_files = "output_dir" in inspect.signature(spec.function).parameters
    assert spec.is_read_only == (verb in READING_VERBS and not writes_files)
    assert spec.is_read_only or verb in WRITING_VERBS or writes_files
    assert not (writes_files and spec.needs_writes)
    assert not (spec.is_read_only and (spec.is_destructive or spec.needs_writes))
    assert re.fullmatch(r"[a-z][a-z0-9_]{1,39}", spec.name)


@each_tool
def test_a_tool_returns_an_answer_model_and_is_async(spec: ToolSpec) -> None:
    assert issubclass(get_type_hints(spec.function)["return"], Answer)
    assert inspect.iscoroutinefunction(spec.function)


@pytest.mark.anyio
@each_tool
async def test_every_hint_is_declared(spec: ToolSpec, listed: dict[str, Tool]) -> None:
    hints = listed[spec.name].annotations
    assert hints is not None
    declared = (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint)
    assert declared == (spec.is_read_only, spec.is_destructive, spec.is_idempotent, spec.is_open_world)
    assert hints.title


@pytest.mark.anyio
@each_tool
async def test_the_description_says_when_to_use_it_and_when_not(spec: ToolSpec, listed: dict[str, Tool]) -> None:
    text = listed[spec.name].description or ""
    assert len(text) <= MAX_DESCRIPTION
    assert "Use when" in text
    assert "Not for" in text
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", text)) & {
        n for n in re.findall(r"`([a-z_]+)`", text) if n.split("_")[0] in READING_VERBS | WRITING_VERBS
    }
    assert named <= {other.name for other in TOOLS}
    assert not re.search(r"\b[A-Z]{5,}\b", text), "no shouting"


@pytest.mark.anyio
@each_tool
async def test_the_schema_is_closed_lean_and_portable(spec: ToolSpec, listed: dict[str, Tool]) -> None:
    tool = listed[spec.name]
    schema = tool.input_schema
    assert schema["additionalProperties"] is False
    assert cost_of(tool).bytes <= MAX_BYTES_A_TOOL
    assert tool.output_schema is not None
    assert next(iter(tool.output_schema["properties"])) == "summary"


@each_tool
def test_no_argument_accepts_text_of_any_length(spec: ToolSpec) -> None:
    assert _strings_without_limit(SdkTool.from_function(spec.function).parameters) == []


@pytest.mark.anyio
async def test_all_tools_together_stay_within_their_budget(listed: dict[str, Tool]) -> None:
    assert sum(cost_of(tool).bytes for tool in listed.values()) <= MAX_BYTES_ALL


@each_tool
def test_no_number_of_an_answer_goes_out_unrounded(spec: ToolSpec) -> None:
    """Every float of an answer is a Figure, a RatioNearOne or part of a Point, which keep NaN and noise in."""
    bare = list(_bare_floats(get_type_hints(spec.function)["return"], seen=set()))
    assert bare == []


def _bare_floats(model: type[Any], *, seen: set[type[Any]]) -> list[str]:
    if model in seen:
        return []
    seen.add(model)
    found: list[str] = []
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if annotation is float or (float in get_args(annotation) and not field.metadata):
            found.append(f"{model.__name__}.{name}")
        for part in _models_in(annotation):
            found += _bare_floats(part, seen=seen)
    return found


def _models_in(annotation: Any) -> list[type[Any]]:
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _strings_without_limit(schema: Any, path: str = "") -> list[str]:
    if isinstance(schema, list):
        return [found for item in schema for found in _strings_without_limit(item, path)]
    if not isinstance(schema, dict):
        return []
    unlimited = schema.get("type") == "string" and not {"maxLength", "enum", "const", "format"} & set(schema)
    nested = [found for key, item in schema.items() for found in _strings_without_limit(item, f"{path}/{key}")]
    return ([path] if unlimited else []) + nested


@pytest.mark.anyio
async def test_lists_are_the_same_for_every_client_and_in_the_same_order(listed: dict[str, Tool]) -> None:
    async with tool_client(mode="legacy", allow_writes=True) as client:
        legacy = [tool.name for tool in (await client.list_tools()).tools]
    assert legacy == list(listed) == [spec.name for spec in TOOLS]
