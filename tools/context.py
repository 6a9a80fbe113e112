"""How a tool reaches what it may use, resolves times, and reports progress."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

import anyio.to_thread
from mcp.server.mcpserver import Context

from connectors.base import MetricSource
from server.deps import Deps
from sre.core.errors import InputError
from sre.core.times import ReadInstant, Window, format_instant, parse_instant

ToolContext: TypeAlias = Context[Deps]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ReadWindow:
    """A window as a tool resolved it.

    Attributes:
        now: What `now` meant.
        notes: What had to be assumed, as warnings for the answer.
    """

    window: Window
    now: datetime
    notes: tuple[str, ...]


def deps_of(ctx: ToolContext) -> Deps:
    """Return what this call may use."""
    return ctx.request_context.lifespan_context


async def report_progress(ctx: ToolContext, done: float, total: float, message: str) -> None:
    """Tell the client how far the call is; costs nothing when it did not ask."""
    await ctx.report_progress(done, total, message)


async def in_thread(work: Callable[[], Result]) -> Result:
    """Run CPU work off the event loop; a cancelled call does not wait for it."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)


async def read_window(deps: Deps, source: MetricSource, *, start: str, end: str) -> ReadWindow:
    """Return the window between two times of the one grammar, as this source understands `now`.

    Raises:
        InputError: A time does not parse, or the window is empty.
    """
    now = await deps.now_of(source)
    is_recorded = await source.latest() is not None
    first = parse_instant(start, now=now, field="start")
    last = parse_instant(end, now=now, field="end")
    return ReadWindow(_window(first, last), now, _notes(first, last, now=now, is_recorded=is_recorded))


def recorded_note(now: datetime) -> str:
    """Return what an answer from recorded data says about `now`."""
    return f"Recorded data: now means {format_instant(now)}, the end of the recording."


def _window(first: ReadInstant, last: ReadInstant) -> Window:
    if last.at <= first.at:
        raise InputError(
            f"start ({format_instant(first.at)}) is not before end ({format_instant(last.at)}).",
            field="start",
            valid=("now-1h", "now-7d", "2026-01-31T12:00:00Z"),
        )
    return Window(first.at, last.at)


def _notes(first: ReadInstant, last: ReadInstant, *, now: datetime, is_recorded: bool) -> tuple[str, ...]:
    notes = (*first.notes, *last.notes)
    if is_recorded:
        return (*notes, recorded_note(now))
    return notes
