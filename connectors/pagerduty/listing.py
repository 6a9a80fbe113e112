"""Reading a list that comes in pages: to its end, to a bound, or as far as the time goes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

import anyio

from sre.core.errors import UpstreamError
from sre.core.times import Window

if TYPE_CHECKING:
    from connectors.pagerduty.wire import Page

    Ask: TypeAlias = Callable[[int, Window | None], Awaitable[Page["Entry"]]]

Entry = TypeVar("Entry")
Item = TypeVar("Item")

# PagerDuty, "Pagination": a page has up to 100, and limit and offset together cannot exceed 10,000.
PAGE_SIZE = 100
_LAST_OFFSET = 10_000 - PAGE_SIZE
# PagerDuty takes up to 6 months between since and until; the shortest six months have 181 days.
_LONGEST = timedelta(days=180)
_BEFORE_THE_CALLER_SECONDS = 0.25


@dataclass(slots=True)
class Reading(Generic[Entry]):
    """What was read of a list so far; `why` says why it ended early, empty while it did not."""

    entries: list[Entry] = field(default_factory=list)
    pages: int = 0
    why: str = ""


async def read_list(ask: "Ask[Entry]", *, pieces: Sequence[Window | None], most: int, seconds: float) -> Reading[Entry]:
    """Read a list page by page, one request after the other, as PagerDuty wants it.

    What goes wrong after the first page ends the list there instead of losing it.

    Args:
        ask: Returns the page at an offset of a piece.
        pieces: Parts of the window, each a list of its own; None for a list that has no window.
        most: How many entries are read.
        seconds: Bound on all pages after the first, beside the deadline of the caller.

    Raises:
        SreError: The first page could not be had.
    """
    reading: Reading[Entry] = Reading()
    # A caller that gives up takes all with it, so reading ends a moment before.
    deadline = min(anyio.current_time() + seconds, anyio.current_effective_deadline() - _BEFORE_THE_CALLER_SECONDS)
    for piece in pieces:
        await _read_piece(ask, piece, reading, most=most, deadline=deadline)
        if reading.why:
            break
    return reading


async def _read_piece(
    ask: "Ask[Entry]", piece: Window | None, reading: Reading[Entry], *, most: int, deadline: float
) -> None:
    offset = 0
    while True:
        page = await _next_page(ask, offset, piece, reading, deadline=deadline)
        if page is None:
            return
        reading.pages += 1
        room = most - len(reading.entries)
        reading.entries += page.entries[:room]
        is_last = not page.has_more or not page.entries
        if len(page.entries) > room or (len(page.entries) == room and not is_last):
            reading.why = "that is the bound"
            return
        if is_last:
            return
        # A page that was filtered can be shorter than what it stands for, and one that was capped shorter than asked.
        offset += page.limit if page.limit > 0 else len(page.entries)
        if offset > _LAST_OFFSET:
            reading.why = "PagerDuty lists no more than 10,000"
            return


async def _next_page(
    ask: "Ask[Entry]", offset: int, piece: Window | None, reading: Reading[Entry], *, deadline: float
) -> "Page[Entry] | None":
    if reading.pages == 0:
        return await ask(offset, piece)
    try:
        with anyio.move_on_after(deadline - anyio.current_time()):
            return await ask(offset, piece)
        reading.why = "the time was up"
    except UpstreamError as error:
        reading.why = error.message.rstrip(".")
    return None


def pieces_of(window: Window) -> tuple[Window, ...]:
    """Return the window in parts that PagerDuty takes, the newest first."""
    pieces = []
    end = window.end
    while end - window.start > _LONGEST:
        pieces.append(Window(end - _LONGEST, end))
        end -= _LONGEST
    return (*pieces, Window(window.start, end))


def left_out_of(system: str, what: str, *, count: int, why: str, has_window: bool) -> str:
    """Return the sentence that says what is missing of a list, and how to get it; empty where nothing is.

    Args:
        why: Why reading ended early.
    """
    if not why:
        return ""
    narrower = " Ask for a shorter window." if has_window else ""
    return f"Only {count:,} {what} of {system} were read: {why}.{narrower}"


def oldest_first(items: Sequence[Item], at: Callable[[Item], datetime]) -> tuple[Item, ...]:
    """Return the items by time; those of one second in the order in which they came about.

    Times are whole seconds, and PagerDuty lists the newest first, so that reversing keeps what led to what.
    """
    is_turned = len(items) > 1 and at(items[0]) < at(items[-1])
    return tuple(sorted(items if is_turned else reversed(items), key=at))


def once(items: Sequence[Item], identity: Callable[[Item], object]) -> list[Item]:
    """Return the items without those that came twice, as they do when a list grows while it is read."""
    return list({identity(one): one for one in items}.values())
