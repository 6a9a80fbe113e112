"""Append-only journals: what people and tools recorded about one thing, line after line, and nothing ever lost.

Each thing (an incident, a chore) has a stream of entries. A correction is a further entry, so the history stays; what
the thing is now follows from reading its entries in order, which the rooms do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from sre.core.errors import SreError

if TYPE_CHECKING:
    from datetime import datetime

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"


@dataclass(frozen=True, slots=True)
class StreamRef:
    """Which thing: the n-th of its kind, from 1, such as `incident` 7."""

    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is to be recorded.

    Attributes:
        kind: What happened, in the words of the room, such as `status`.
        at: When it happened, aware UTC; may lie before the recording.
        author: Who says so; text from outside.
        source: Where it comes from: a tool, or another system.
        data: The rest; text from outside.
        key: Recorded at most once in a stream; empty for what may repeat.
    """

    kind: str
    at: datetime
    author: str
    source: str
    data: Mapping[str, JsonValue] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was recorded: the n-th of its stream, from 1, and when that was."""

    stream: StreamRef
    number: int
    recorded_at: datetime
    new: NewEntry


Entries: TypeAlias = tuple[Entry, ...]
Decision: TypeAlias = Callable[[Entries], Sequence[NewEntry]]


class JournalError(SreError):
    """The journal cannot be read or written: locked too long, no space or permission, damaged, of a newer version."""

    code = "store_failed"


class Journal(Protocol):
    """Where streams are kept. Several processes may write the same journal at once."""

    async def begin(self, kind: str, entries: Sequence[NewEntry], *, key: str = "") -> Entries:
        """Begin a stream with its first entries and return them, numbered.

        Args:
            key: A stream of this kind that began with the same key is returned as it is, and nothing is recorded.
        """
        ...

    async def record(self, stream: StreamRef, decide: Decision) -> Entries:
        """Add what `decide` makes of the stream's entries, and return all of them.

        Reading, deciding and writing are one step: nobody else writes the stream in between. Errors of `decide` pass
        through and nothing is recorded. Entries whose key the stream has are left out.

        Raises:
            InputError: There is no such stream (field `stream`).
        """
        ...

    async def entries(self, stream: StreamRef) -> Entries:
        """Return the entries of a stream in order; none where there is no such stream."""
        ...

    async def streams(self, kind: str) -> tuple[Entries, ...]:
        """Return all streams of a kind by number, each with its entries in order."""
        ...

    async def aclose(self) -> None:
        """Release what is held; the journal is not used again."""
        ...
