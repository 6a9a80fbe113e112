"""Writes docs/reference/ from the code: `make docs`. A test fails when a page is stale."""

import inspect
import json
from pathlib import Path
from typing import Any

import anyio
from mcp.client import Client
from mcp.types import Prompt, Resource, Tool

from server import catalogue
from server.app import build
from server.commands.tools import cost_of
from server.deps import Deps, Sources
from server.environment import ENVIRONMENT_VARIABLES
from server.settings import (
    DemoSettings,
    HttpSettings,
    HttpSystemSettings,
    PagerDutySettings,
    ProgramSettings,
    PrometheusSettings,
    ServiceSettings,
    Settings,
    SnapshotSettings,
)
from sre.core.errors import SreError
from tests.support.mcp import FixedClock
from tools.registry import TOOLS

FOLDER = Path("docs/reference")
_NOTE = "<!-- Generated from the code by `make docs`; edit the code, not this page. -->\n"


def pages() -> dict[str, str]:
    """Return every generated page by file name."""
    tools, resources, prompts = anyio.run(_listed)
    return {
        "tools.md": _tools_page(tools),
        "resources-and-prompts.md": _resources_page(resources, prompts),
        "errors.md": _errors_page(),
        "settings.md": _settings_page(),
    }


async def _listed() -> tuple[list[Tool], list[Resource], list[Prompt]]:
    server = build(Deps(sources=Sources(), clock=FixedClock()), allow_writes=True, listings={})
    async with Client(server) as client:
        return (
            (await client.list_tools()).tools,
            (await client.list_resources()).resources,
            (await client.list_prompts()).prompts,
        )


def _tools_page(tools: list[Tool]) -> str:
    rooms = {spec.name: spec.room for spec in TOOLS}
    costs = {tool.name: cost_of(tool).bytes for tool in tools}
    lines = ["# Tools", _NOTE]
    lines += [f"Names, descriptions and input schemas of all {len(tools)}: {sum(costs.values()):,} bytes.", ""]
    for tool in tools:
        lines += [
            f"## `{tool.name}`",
            "",
            f"Room: {rooms[tool.name]}. {_hints(tool)} Costs a context {costs[tool.name]:,} bytes.",
            "",
            tool.description or "",
            "",
        ]
        lines += ["| Argument | Type | Default | What it is |", "|---|---|---|---|"]
        required = tool.input_schema.get("required", [])
        for name, schema in tool.input_schema.get("properties", {}).items():
            default = "required" if name in required else f"`{json.dumps(schema.get('default'))}`"
            lines.append(f"| `{name}` | {_type(schema)} | {default} | {_cell(schema.get('description', ''))} |")
        lines += ["", "Answers with:", "", "| Field | Type | What it is |", "|---|---|---|"]
        for name, schema in (tool.output_schema or {}).get("properties", {}).items():
            lines.append(f"| `{name}` | {_type(schema)} | {_cell(schema.get('description', ''))} |")
        lines.append("")
    return "\n".join(lines)


def _hints(tool: Tool) -> str:
    hints = tool.annotations
    assert hints is not None
    words = ["read-only" if hints.read_only_hint else "writes"]
    words += ["destructive"] if hints.destructive_hint else []
    words += ["idempotent"] if hints.idempotent_hint else []
    words += ["asks other systems"] if hints.open_world_hint else []
    return ", ".join(words).capitalize() + "."


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " / ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if isinstance(schema.get("type"), list):
        return " or ".join(schema["type"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _resources_page(resources: list[Resource], prompts: list[Prompt]) -> str:
    lines = ["# Resources and prompts", _NOTE, "## Resources", "", "| URI | What it is |", "|---|---|"]
    lines += [f"| `{resource.uri}` | {_cell(resource.description or '')} |" for resource in resources]
    lines += ["", "## Prompts", "", "| Prompt | Arguments | What it is |", "|---|---|---|"]
    for prompt in prompts:
        arguments = ", ".join(
            f"`{argument.name}`" + ("" if argument.required else "?") for argument in prompt.arguments or []
        )
        lines.append(f"| `{prompt.name}` | {arguments} | {_cell(prompt.description or '')} |")
    return "\n".join([*lines, ""])


def _errors_page() -> str:
    lines = [
        "# Errors",
        _NOTE,
        "An error answer starts with its code in brackets.",
        "",
        "| Code | Error | When |",
        "|---|---|---|",
    ]
    lines += [f"| `{error.code}` | {error.__name__} | {_cell(_first(error))} |" for error in _below(SreError)]
    return "\n".join(
        [*lines, "| `bug` | | A defect of the server; the log holds the details under the given id. |", ""]
    )


def _below(base: type[SreError]) -> list[type[SreError]]:
    return [error for child in base.__subclasses__() for error in (child, *_below(child))]


def _first(item: type) -> str:
    return (inspect.getdoc(item) or "").split("\n\n")[0]


def _settings_page() -> str:
    sections = {
        "Top level": Settings,
        '`[sources.NAME]` with `type = "prometheus"`': PrometheusSettings,
        '`[sources.NAME]` with `type = "snapshot"`': SnapshotSettings,
        '`[sources.NAME]` with `type = "demo"`': DemoSettings,
        "`[services.NAME]`": ServiceSettings,
        "`[http]`": HttpSettings,
        "`[alertmanager]` and `[grafana]`": HttpSystemSettings,
        "`[pagerduty]`": PagerDutySettings,
        "`[programs]`": ProgramSettings,
    }
    lines = ["# Settings", _NOTE, "See [configuration](../configuration.md) for how they are used.", ""]
    for title, model in sections.items():
        lines += [f"## {title}", "", _first(model), "", "| Setting | Default |", "|---|---|"]
        for name, field in model.model_fields.items():
            default = "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
            lines.append(f"| `{name}` | {_cell(default)} |")
        lines.append("")
    lines += ["## Environment variables", "", *(f"- `{name}`" for name in ENVIRONMENT_VARIABLES), ""]
    return "\n".join(lines)


def write() -> None:
    """Write every page, and the catalogue that the server lists its tools from."""
    catalogue.FILE.write_text(catalogue.catalogue_json(TOOLS), encoding="utf-8")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
