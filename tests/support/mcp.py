"""The product server in memory, spoken to through the SDK's own client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from mcp.client import Client
from mcp.types import CallToolResult, TextContent

from connectors.base import MetricSource
from server.app import build
from server.deps import Deps, Sources


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still."""

    at: datetime = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def deps_with(*sources: MetricSource, clock: FixedClock | None = None, **others: Any) -> Deps:
    """Return deps with these sources, the first one the default."""
    by_name = {source.name: source for source in sources}
    default = sources[0].name if sources else None
    return Deps(sources=Sources(by_name, default), clock=clock or FixedClock(), **others)


@asynccontextmanager
async def tool_client(
    deps: Deps | None = None, *, mode: Literal["auto", "legacy"] = "auto", **build_options: Any
) -> AsyncIterator[Client]:
    """Yield a client connected in memory to the product server over these deps."""
    server = build(deps or deps_with(), **build_options)
    async with Client(server, mode=mode) as client:
        yield client


async def answer_of(client: Client, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """Call a tool that must succeed and return its structured answer."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return result.structured_content


async def error_of(client: Client, tool: str, /, **arguments: Any) -> str:
    """Call a tool that must fail and return the text of its error."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, text_of(result)
    return text_of(result)


def text_of(result: CallToolResult) -> str:
    """Return all text of a result."""
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))
