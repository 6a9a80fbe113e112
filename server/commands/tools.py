"""`sre-mcp tools`: the catalogue with what it costs a context, or one tool run from the shell."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import anyio
from mcp.client import Client
from mcp.types import TextContent, Tool

from server.app import build, deps_from
from server.audit import configure_logging
from server.commands.serve import with_demo
from server.settings import load_settings
from server.tokens import approximate_tokens
from sre.core.errors import InputError
from sre.core.text import quoted

_NAME_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Cost:
    """What one tool costs the context of a client that loads it."""

    name: str
    title: str
    bytes: int
    tokens: int


def run(*, config: str | None, name: str | None, arguments: Sequence[str], demo: bool, is_json: bool) -> int:
    """List the tools, or call one; 0 when it answered, 1 when it answered with an error."""
    configure_logging(is_audited=False)
    settings = load_settings(config_file=config)
    settings = with_demo(settings) if demo else settings
    server = build(deps_from(settings), allow_writes=settings.allow_writes, secret_values=settings.secret_values())
    if name is None:
        return anyio.run(_listed, server, is_json)
    return anyio.run(_called, server, name, parse_arguments(arguments))


def parse_arguments(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of a call: one JSON object, or `name=value` pairs whose values are JSON or plain text.

    Raises:
        InputError: Neither of the two.
    """
    if len(arguments) == 1 and arguments[0].lstrip().startswith("{"):
        try:
            parsed = json.loads(arguments[0])
        except ValueError as error:
            raise InputError(f"The arguments are not JSON: {quoted(str(error))}.", field="arguments") from None
        return dict(parsed)
    return dict(_pair(text) for text in arguments)


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(f"{quoted(text)} is not name=value.", field="arguments", valid=("query=up", "window=1h"))
    try:
        parsed = json.loads(value)
    except ValueError:
        return name, value
    # A bare number may be meant as a number or as text (`at=1767225600`); JSON objects and true are never text.
    return name, parsed


async def _listed(server: Any, is_json: bool) -> int:
    async with Client(server) as client:
        costs = [cost_of(tool) for tool in (await client.list_tools()).tools]
    if is_json:
        print(json.dumps([asdict(cost) for cost in costs], indent=2))
        return 0
    print(f"{'tool':{_NAME_WIDTH}} {'bytes':>6} {'tokens':>7}  what it is")
    for cost in costs:
        print(f"{cost.name:{_NAME_WIDTH}} {cost.bytes:>6,} {cost.tokens:>7,}  {cost.title}")
    total_bytes, total_tokens = sum(cost.bytes for cost in costs), sum(cost.tokens for cost in costs)
    print(f"{'all':{_NAME_WIDTH}} {total_bytes:>6,} {total_tokens:>7,}  (tokens are an estimate)")
    return 0


def cost_of(tool: Tool) -> Cost:
    """Return what a client pays to know a tool: name, description and input schema."""
    text = tool.name + (tool.description or "") + json.dumps(tool.input_schema, separators=(",", ":"))
    return Cost(tool.name, tool.title or "", len(text.encode()), approximate_tokens(text))


async def _called(server: Any, name: str, arguments: dict[str, Any]) -> int:
    async with Client(server) as client:
        known = [tool.name for tool in (await client.list_tools()).tools]
        result = await client.call_tool(name, arguments) if name in known else None
    if result is None:
        raise InputError(f"There is no tool {quoted(name)}.", field="name", valid=known)
    if result.is_error:
        print("\n".join(part.text for part in result.content if isinstance(part, TextContent)), file=sys.stderr)
        return 1
    print(json.dumps(result.structured_content, indent=2, ensure_ascii=False))
    return 0
