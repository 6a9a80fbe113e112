"""A journal in memory, for tests of what is recorded; the real ones are held to the same tests."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sre.core.errors import InputError
from sre.core.journal import Decision, Entries, Entry, NewEntry, StreamRef


class MemoryJournal:
    """Lists of entries by stream."""

    def __init__(self, *, recorded_at: datetime = datetime(2026, 11, 2, 12, tzinfo=UTC)) -> None:
        self.recorded_at = recorded_at
        self.kept: dict[StreamRef, Entries] = {}
        self._keys: dict[tuple[str, str], StreamRef] = {}

    async def begin(self, kind: str, entries: Sequence[NewEntry], *, key: str = "") -> Entries:
        if key and (kind, key) in self._keys:
            return self.kept[self._keys[kind, key]]
        stream = StreamRef(kind, 1 + sum(known.kind == kind for known in self.kept))
        if key:
            self._keys[kind, key] = stream
        self.kept[stream] = ()
        return self._added(stream, entries)

    async def record(self, stream: StreamRef, decide: Decision) -> Entries:
        if stream not in self.kept:
            raise InputError(f"There is no {stream.kind} {stream.number}.", field="stream")
        return self._added(stream, decide(self.kept[stream]))

    async def entries(self, stream: StreamRef) -> Entries:
        return self.kept.get(stream, ())

    async def streams(self, kind: str) -> tuple[Entries, ...]:
        return tuple(
            self.kept[stream] for stream in sorted(self.kept, key=lambda one: one.number) if stream.kind == kind
        )

    async def aclose(self) -> None:
        """Nothing is held."""

    def _added(self, stream: StreamRef, entries: Sequence[NewEntry]) -> Entries:
        known = list(self.kept[stream])
        for new in entries:
            if not new.key or new.key not in {entry.new.key for entry in known}:
                known.append(Entry(stream, len(known) + 1, self.recorded_at, new))
        self.kept[stream] = tuple(known)
        return self.kept[stream]
