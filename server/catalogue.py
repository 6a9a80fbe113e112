"""What clients are told about each tool, worked out once and kept in `catalogue.json`.

Making a schema takes the modules of a tool and its models, about 13 ms a tool at each start; a session needs but a few
tools. So listings are read from the file, and a tool is loaded when it is first called. `make docs` writes the file, a
test fails when it is stale, and a tool that is not in it is loaded at once.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tools.registry import ToolSpec

FILE = Path(__file__).parent / "catalogue.json"
_UNTOLD = frozenset({"title", "maxLength", "minLength", "maxItems"})


@dataclass(frozen=True, slots=True)
class Listing:
    """A tool as clients see it; title and hints come from its spec."""

    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class LoadedTool:
    """A tool that can be called.

    Attributes:
        validated: Turns arguments into what the function takes; raises pydantic's `ValidationError`.
        context_argument: Name under which the function wants the context, or None.
        questions: Parameters that the person at the client fills in, as the SDK describes them (see `server.asking`).
    """

    function: Callable[..., Any]
    listing: Listing
    validated: Callable[[dict[str, Any]], dict[str, Any]]
    context_argument: str | None
    questions: Mapping[str, Any] = field(default_factory=dict)
    question_plans: Mapping[Any, Any] = field(default_factory=dict)


def loaded(spec: ToolSpec) -> LoadedTool:
    """Return a tool with strict arguments: unknown names and values of another type are errors."""
    from mcp.server.mcpserver.tools import Tool

    plain = Tool.from_function(spec.function, title=spec.title)
    model = plain.fn_metadata.arg_model
    model.model_config["extra"] = "forbid"
    model.model_config["strict"] = True
    model.model_rebuild(force=True)
    listing = Listing(
        _unindented(plain.description), _lean_schema(model.model_json_schema(by_alias=True)), plain.output_schema
    )
    return LoadedTool(
        spec.function,
        listing,
        plain.fn_metadata.validate_arguments,
        plain.context_kwarg,
        plain.resolved_params,
        plain.resolver_plans,
    )


@cache
def recorded() -> Mapping[str, Listing]:
    """Return the listings of the file by name; empty where there is none."""
    if not FILE.is_file():
        return {}
    entries = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: Listing(**entry) for name, entry in entries.items()}


def catalogue_json(specs: Iterable[ToolSpec]) -> str:
    """Return the file's text for these tools, as they are now; one line a tool."""
    lines = (
        f"{json.dumps(spec.name)}: {json.dumps(asdict(loaded(spec).listing), ensure_ascii=False)}" for spec in specs
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _unindented(docstring: str) -> str:
    return "\n".join(line.strip() for line in docstring.strip().splitlines())


def _lean_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema without what every client would pay for in tokens and no caller needs.

    Titles repeat the names. Lengths are enforced, and explained to whoever meets one. "Or null, by default null" and
    the defaults that stand for nothing (empty, false, 0) only say optional, which `required` says already, and some
    clients cannot read the former; a null that is sent all the same counts as not given. That an object may hold any
    name is what a schema means when it says nothing.
    """
    return {**_lean(schema), "additionalProperties": False}


def _lean(value: Any) -> Any:
    if isinstance(value, list):
        return [_lean(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if not (key in _UNTOLD and isinstance(item, (str, int)))}
    options = kept.get("anyOf", [])
    if kept.get("default", ...) is None and {"type": "null"} in options:
        del kept["default"]
        options = [option for option in options if option != {"type": "null"}]
        kept = {
            **(options[0] if len(options) == 1 else {"anyOf": options}),
            **{k: v for k, v in kept.items() if k != "anyOf"},
        }
    return {
        key: _lean(item)
        for key, item in kept.items()
        if not (key == "default" and not item) and not (key == "additionalProperties" and item is True)
    }
