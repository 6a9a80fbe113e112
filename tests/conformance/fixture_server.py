"""The product's own wiring with the conformance suite's fixtures in it, to show that the wiring breaks nothing.

    python -m tests.conformance.fixture_server 8000 [--sessions]

Ours, as in the product: `server.app.build` (lifespan, audit middleware, cache hints, handbook, prompts, completion),
`server.boundary` (strict arguments, deadline, error tree, audit record) and `server.http.http_app` (path, Host and
Origin checks, health check). Past the boundary by need: what a fixture returns is any MCP content, where a tool of the
product may only return an `Answer`; and a fixture that asks the client for more skips the deadline and the error tree.

The product serves HTTP without sessions. `--sessions` turns them on, with a store of events, for the scenarios of
2025-11-25 and before in which the server sends requests to the client.
"""

import argparse
import warnings
from typing import Any

import anyio
import uvicorn
from mcp import MCPDeprecationWarning
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.streamable_http import EventCallback, EventId, EventMessage, EventStore, StreamId
from mcp.types import (
    CallToolResult,
    EmptyResult,
    JSONRPCMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    UnsubscribeRequestParams,
)

from server.app import SystemClock, build
from server.audit import configure_logging
from server.boundary import BoundedTool
from server.deps import Deps, Sources
from server.http import Address, http_app
from server.settings import HttpSettings
from tests.conformance import fixture_pages
from tests.conformance.fixture_asking import ASKING
from tests.conformance.fixture_tools import ANSWERING, JSON_SCHEMA_2020_12, json_schema_2020_12_tool
from tools.registry import TOOLS, ToolSpec

RETRY_MILLISECONDS = 100


class AnsweringTool(BoundedTool):
    """A tool behind the boundary whose answer is content of any kind."""

    async def _answered(self, arguments: dict[str, Any], context: Context[Any, Any]) -> CallToolResult:
        tool = self._loaded()
        validated = self._validated(arguments, tool)
        injected = {tool.context_argument: context} if tool.context_argument else {}
        with anyio.fail_after(self.spec.deadline_seconds):
            return CallToolResult(content=await tool.function(**validated, **injected))


class AskingTool(BoundedTool):
    """A tool with the boundary's arguments that may answer with a question."""

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        tool = self._loaded()
        return await tool.function(**self._validated(arguments, tool), ctx=context)


class RememberedEvents(EventStore):
    """Every event of every stream, in order, for clients that come back."""

    def __init__(self) -> None:
        self._events: list[tuple[StreamId, JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: StreamId, message: JSONRPCMessage | None) -> EventId:
        self._events.append((stream_id, message))
        return str(len(self._events))

    async def replay_events_after(self, last_event_id: EventId, send_callback: EventCallback) -> StreamId | None:
        last = int(last_event_id)
        if not 1 <= last <= len(self._events):
            return None
        stream_id = self._events[last - 1][0]
        for number, (stream, message) in enumerate(self._events[last:], start=last + 1):
            if stream == stream_id and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream_id


def fixture_server() -> MCPServer[Deps]:
    """Return the product's server with all of its tools, and the suite's fixtures beside them."""
    fixtures = [ToolSpec(function, title=function.__name__, room="metrics") for function in (*ANSWERING, *ASKING)]
    server = build(Deps(sources=Sources(), clock=SystemClock()), specs=(*TOOLS, *fixtures))
    registered = server._tool_manager._tools
    kinds: dict[str, type[BoundedTool]] = {function.__name__: AnsweringTool for function in ANSWERING}
    kinds |= {function.__name__: AskingTool for function in ASKING}
    for name, kind in kinds.items():
        registered[name] = _as(kind, registered[name])
    registered[json_schema_2020_12_tool.__name__].parameters = JSON_SCHEMA_2020_12
    fixture_pages.register(server)
    _add_handlers(server)
    return server


def _as(kind: type[BoundedTool], tool: Any) -> BoundedTool:
    return kind(**{name: getattr(tool, name) for name in BoundedTool.model_fields})


def _add_handlers(server: MCPServer[Deps]) -> None:
    # The product has no use for either; the suite checks that a server which has them answers right.
    async def done(_ctx: Any, _params: Any) -> EmptyResult:
        return EmptyResult()

    handlers = {
        "logging/setLevel": SetLevelRequestParams,
        "resources/subscribe": SubscribeRequestParams,
        "resources/unsubscribe": UnsubscribeRequestParams,
    }
    for method, params in handlers.items():
        server._lowlevel_server.add_request_handler(method, params, done)


def _turn_sessions_on(server: MCPServer[Deps]) -> None:
    without_sessions = server.streamable_http_app
    changed = {"stateless_http": False, "event_store": RememberedEvents(), "retry_interval": RETRY_MILLISECONDS}
    server.streamable_http_app = lambda **options: without_sessions(**(options | changed))  # type: ignore[method-assign]


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--sessions", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    configure_logging()
    server = fixture_server()
    if options.sessions:
        _turn_sessions_on(server)
    app = http_app(server, address=Address("127.0.0.1", options.port), settings=HttpSettings())
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
