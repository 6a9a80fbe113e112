"""The journal on a database: `sre.core.journal.Journal` in statements."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from server.store.database import Database, Statements
from server.store.migrations import MIGRATIONS, Migration, new_uid
from server.store.rows import COLUMNS, STREAM_COLUMNS, entry_of, row_of, storable
from server.store.transactions import Transactions
from sre.core.errors import InputError
from sre.core.journal import Decision, Entries, Entry, NewEntry, StreamRef

if TYPE_CHECKING:
    from datetime import datetime

    from sre.core.clock import Clock


class StoredJournal:
    """A journal in SQLite or PostgreSQL. Nothing is opened before the first call."""

    def __init__(self, database: Database, clock: Clock, *, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        self._database = database
        self._clock = clock
        self.transactions = Transactions(database, clock, migrations=migrations)

    async def begin(self, kind: str, entries: Sequence[NewEntry], *, key: str = "") -> Entries:
        """Begin a stream with its first entries and return them; see `Journal`."""

        def work(statements: Statements) -> Entries:
            lock_kind(statements, kind)
            if key and (known := _begun_with(statements, kind, key)) is not None:
                return entries_in(statements, known)
            stream = new_stream(statements, kind, begin_key=key, uid=new_uid())
            return _added(statements, stream, (), entries, recorded_at=self._clock.now())

        return await self.transactions.write(work)

    async def record(self, stream: StreamRef, decide: Decision) -> Entries:
        """Add what `decide` makes of the stream's entries; see `Journal`."""
        # Entries never change, so most of them can be read before all others are kept waiting.
        before = await self.entries(stream) if self._database.locks_all else ()

        def work(statements: Statements) -> Entries:
            held = "SELECT number FROM sre_streams WHERE kind = ? AND number = ?"
            if not statements.locked_rows(held, stream.kind, stream.number):
                raise InputError(f"There is no {stream.kind} {stream.number}.", field="stream")
            known = _continued(statements, stream, before)
            return _added(statements, stream, known, decide(known), recorded_at=self._clock.now())

        return await self.transactions.write(work)

    async def entries(self, stream: StreamRef) -> Entries:
        """Return the entries of a stream in order; see `Journal`."""
        return await self.transactions.read(lambda statements: entries_in(statements, stream))

    async def streams(self, kind: str) -> tuple[Entries, ...]:
        """Return all streams of a kind by number; see `Journal`."""
        return await self.transactions.read(lambda statements: _streams_in(statements, kind))

    async def aclose(self) -> None:
        """Close what is open."""
        self.transactions.close()


def lock_kind(statements: Statements, kind: str) -> None:
    """Let nobody else begin a stream of this kind until the transaction ends."""
    statements.run("INSERT INTO sre_kinds (kind, last_number) VALUES (?, 0) ON CONFLICT (kind) DO NOTHING", kind)
    statements.locked_rows("SELECT last_number FROM sre_kinds WHERE kind = ?", kind)


def new_stream(
    statements: Statements, kind: str, *, uid: str, begin_key: str = "", number: int | None = None
) -> StreamRef:
    """Begin a stream without entries, under the next number or a free one. The caller holds the lock on the kind."""
    last = int(statements.rows("SELECT last_number FROM sre_kinds WHERE kind = ?", kind)[0][0])
    taken = last + 1 if number is None else number
    statements.run("UPDATE sre_kinds SET last_number = ? WHERE kind = ?", max(last, taken), kind)
    statements.run(
        "INSERT INTO sre_streams (kind, number, begin_key, uid) VALUES (?, ?, ?, ?)",
        kind,
        taken,
        storable(begin_key) or None,
        uid,
    )
    return StreamRef(kind, taken)


def entries_in(statements: Statements, stream: StreamRef, *, since: int = 1) -> Entries:
    """Return the entries of a stream in order, from the number `since`."""
    rows = statements.rows(
        f"SELECT {COLUMNS} FROM sre_entries WHERE stream_kind = ? AND stream_number = ? AND number >= ? "
        "ORDER BY number",
        stream.kind,
        stream.number,
        since,
    )
    return tuple(entry_of(row, stream=stream) for row in rows)


def insert(statements: Statements, entries: Sequence[Entry]) -> Entries:
    """Write entries as they are and return them as they will be read."""
    rows = [
        row_of(entry.new, stream=entry.stream, number=entry.number, recorded_at=entry.recorded_at) for entry in entries
    ]
    statements.run_for_each(
        f"INSERT INTO sre_entries (stream_kind, stream_number, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
    )
    return tuple(entry_of(row[STREAM_COLUMNS:], stream=entry.stream) for row, entry in zip(rows, entries, strict=True))


def _continued(statements: Statements, stream: StreamRef, before: Entries) -> Entries:
    if before:
        # The last of those read before is read again: it is there unless the store was exchanged in between.
        rest = entries_in(statements, stream, since=before[-1].number)
        if rest and rest[0] == before[-1]:
            return (*before, *rest[1:])
    return entries_in(statements, stream)


def _begun_with(statements: Statements, kind: str, key: str) -> StreamRef | None:
    rows = statements.rows("SELECT number FROM sre_streams WHERE kind = ? AND begin_key = ?", kind, storable(key))
    return StreamRef(kind, rows[0][0]) if rows else None


def _streams_in(statements: Statements, kind: str) -> tuple[Entries, ...]:
    # A stream without entries is still there: the outer join gives it one row of nothing.
    columns = ", ".join(f"e.{column}" for column in COLUMNS.split(", "))
    rows = statements.rows(
        f"SELECT s.number, {columns} FROM sre_streams s LEFT JOIN sre_entries e "
        "ON e.stream_kind = s.kind AND e.stream_number = s.number WHERE s.kind = ? ORDER BY s.number, e.number",
        kind,
    )
    return tuple(
        tuple(entry_of(row[1:], stream=StreamRef(kind, number)) for row in group if row[1] is not None)
        for number, group in groupby(rows, key=lambda row: row[0])
    )


def _added(
    statements: Statements, stream: StreamRef, known: Entries, entries: Sequence[NewEntry], *, recorded_at: datetime
) -> Entries:
    keys = {entry.new.key for entry in known if entry.new.key}
    fresh: list[Entry] = []
    for new in entries:
        key = storable(new.key)
        if key and key in keys:
            continue
        keys.add(key)
        fresh.append(Entry(stream, len(known) + len(fresh) + 1, recorded_at, new))
    return (*known, *insert(statements, fresh))
