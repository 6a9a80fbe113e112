"""What every tool that records does alike: who says it, where it comes from, and when `now` is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sre.core.journal import JsonValue, NewEntry
from sre.core.text import cleaned
from sre.core.times import parse_instant
from tools.context import ToolContext, deps_of, recorded_note

if TYPE_CHECKING:
    from datetime import datetime

    from server.deps import Deps

# A name and what goes with it; more is not a name.
MAX_AUTHOR_CHARS = 200
_MAX_CLIENT_CHARS = 80
_NOBODY = "unknown"


@dataclass(frozen=True, slots=True)
class Scribe:
    """Who records in this call, and through what."""

    author: str
    source: str

    def entry(self, kind: str, at: datetime, once: str = "", /, **data: JsonValue) -> NewEntry:
        """Return an entry of this author; `data` in the words of the entry's kind.

        Args:
            once: Its key: recorded at most once in a stream.
        """
        return NewEntry(kind, at, self.author, self.source, data, once)


@dataclass(slots=True)
class RecordTime:
    """What `now` means for a record, and what had to be assumed about times so far.

    Attributes:
        now: Aware UTC, to the second.
        notes: For the answer's warnings, each once.
    """

    now: datetime
    notes: list[str] = field(default_factory=list)

    def read(self, spelt: str | int | float, *, field: str) -> datetime:
        """Return the instant that a caller spelt.

        Raises:
            InputError: Not a time of the one grammar.
        """
        found = parse_instant(spelt, now=self.now, field=field)
        self.notes += [note for note in found.notes if note not in self.notes]
        return found.at


def scribe_of(ctx: ToolContext, tool: str, *, author: str = "") -> Scribe:
    """Return who records: the author of the call, or else the user this process runs for; with the tool and client."""
    info = ctx.session.client_params.client_info if ctx.session.client_params else None
    client = cleaned(info.name, limit=_MAX_CLIENT_CHARS) if info else ""
    name = cleaned(author, limit=MAX_AUTHOR_CHARS) or cleaned(deps_of(ctx).author, limit=MAX_AUTHOR_CHARS) or _NOBODY
    return Scribe(name, f"{tool} via {client}" if client else tool)


async def record_time(deps: Deps) -> RecordTime:
    """Return what `now` means: the end of the recording where the default source is one, else the clock.

    So that an incident of recorded data lies among those data. A source that cannot tell is not waited for.
    """
    recorded = await deps.recorded_until()
    if recorded is not None:
        return RecordTime(recorded, [recorded_note(recorded)])
    return RecordTime(deps.clock.now().replace(microsecond=0))
