"""One line a call on stderr, as JSON: what was asked of the server, how it went, how long it took.

Argument values stay out, since they may hold what an operator would not want in a log.
"""

import json
import logging
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult

from sre.core.text import cleaned
from sre.core.times import format_instant, instant_from_ms

AUDITED_METHODS = frozenset({"tools/call", "resources/read", "prompts/get", "completion/complete"})
_LOGGER = logging.getLogger("sre_mcp.audit")
_MAX_NAME = 120


@dataclass(slots=True)
class CallRecord:
    """What the audit line will say; the boundary fills in what only it knows."""

    outcome: str = "ok"
    characters: int = 0
    arguments: list[str] = field(default_factory=list)
    error_id: str | None = None


_current: ContextVar[CallRecord | None] = ContextVar("sre_mcp_call_record", default=None)


def current_record() -> CallRecord:
    """Return the record of the call being served; a throwaway one outside of a call."""
    return _current.get() or CallRecord()


def configure_logging(*, level: int = logging.WARNING, is_audited: bool = True) -> None:
    """Send logs to stderr, where the transport is not; the audit line is written bare, or not at all."""
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    _LOGGER.handlers[:] = [handler]
    _LOGGER.setLevel(logging.INFO if is_audited else logging.CRITICAL)
    _LOGGER.propagate = False


def audited(wall_clock_ms: Callable[[], int]) -> ServerMiddleware[Any]:
    """Return the middleware that writes the line for each audited method."""

    async def audit(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method not in AUDITED_METHODS:
            return await call_next(ctx)
        record = CallRecord()
        token = _current.set(record)
        started = time.perf_counter()
        try:
            result = await call_next(ctx)
            if isinstance(result, CallToolResult) and result.is_error and record.outcome == "ok":
                record.outcome = "error"
            return result
        except MCPError as error:
            record.outcome = f"protocol_error {error.error.code}"
            raise
        except BaseException as error:
            record.outcome = "cancelled" if type(error).__name__ == "CancelledError" else "failed"
            raise
        finally:
            _current.reset(token)
            _write(ctx, record, at_ms=wall_clock_ms(), seconds=time.perf_counter() - started)

    return audit


def _write(ctx: ServerRequestContext[Any, Any], record: CallRecord, *, at_ms: int, seconds: float) -> None:
    line: dict[str, object] = {
        "time": format_instant(instant_from_ms(at_ms)),
        "event": "call",
        "method": ctx.method,
        "name": _name(ctx),
        "outcome": record.outcome,
        "milliseconds": round(seconds * 1000, 1),
        "characters": record.characters,
        "arguments": record.arguments,
        "request": str(ctx.request_id),
    }
    if record.error_id:
        line["error_id"] = record.error_id
    _LOGGER.info(json.dumps(line))


def _name(ctx: ServerRequestContext[Any, Any]) -> str:
    params = ctx.params or {}
    name = params.get("name") or params.get("uri") or params.get("ref") or ""
    return cleaned(str(name), limit=_MAX_NAME)
