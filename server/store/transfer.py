"""All records out of a store, and into another one: as one document, in one transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from server.store.database import Row, Statements
from server.store.document import EntryDocument, RecordsDocument, StreamDocument
from server.store.journal import insert, lock_kind, new_stream
from server.store.rows import COLUMNS, storable
from sre.core.journal import Entry, NewEntry, StreamRef


@dataclass(slots=True)
class Imported:
    """What an import did.

    Attributes:
        streams: Streams that were not there.
        entries: Entries that were not there, in new and in known streams.
        known_entries: Entries that were there already.
        renumbered: Streams that stand under another number here, since theirs was taken.
        without_key: Streams that lost the key they began with, since another stream here began with it.
    """

    streams: int = 0
    entries: int = 0
    known_entries: int = 0
    renumbered: list[tuple[StreamRef, StreamRef]] = field(default_factory=list)
    without_key: list[StreamRef] = field(default_factory=list)


def exported(statements: Statements, *, at: datetime) -> RecordsDocument:
    """Return everything in a store."""
    entries = _entries_by_stream(statements)
    rows = statements.rows("SELECT kind, number, uid, begin_key FROM sre_streams ORDER BY kind, number")
    streams = tuple(
        StreamDocument(kind=kind, number=number, uid=uid, key=key or "", entries=tuple(entries.get((kind, number), ())))
        for kind, number, uid, key in rows
    )
    return RecordsDocument(exported_at=at, streams=streams)


def import_into(statements: Statements, document: RecordsDocument) -> Imported:
    """Add what a store does not have yet; the same document twice adds nothing the second time.

    A stream is known by its uid. One whose number is taken by another gets the next free number; entries that a known
    stream does not have come after those it has.
    """
    for kind in sorted({stream.kind for stream in document.streams}):
        lock_kind(statements, kind)
    done = Imported()
    fresh = []
    for stream in document.streams:
        known = statements.rows("SELECT kind, number FROM sre_streams WHERE uid = ?", stream.uid)
        if known:
            _add_missing(statements, StreamRef(*known[0]), stream, done)
        else:
            fresh.append(stream)
    _add_streams(statements, fresh, done)
    return done


def _add_streams(statements: Statements, streams: Sequence[StreamDocument], done: Imported) -> None:
    taken = [stream for stream in streams if _is_taken(statements, stream)]
    # Those that can keep their number come first, lest a renumbered one takes it.
    for stream in (*(stream for stream in streams if stream not in taken), *taken):
        key = "" if stream.key and _is_begun(statements, stream.kind, stream.key) else stream.key
        ref = new_stream(
            statements,
            stream.kind,
            uid=stream.uid,
            begin_key=key,
            number=None if stream in taken else stream.number,
        )
        done.streams += 1
        if ref.number != stream.number:
            done.renumbered.append((StreamRef(stream.kind, stream.number), ref))
        if key != stream.key:
            done.without_key.append(ref)
        _add(statements, ref, stream.entries, done, after=0)


def _add_missing(statements: Statements, ref: StreamRef, stream: StreamDocument, done: Imported) -> None:
    statements.locked_rows("SELECT number FROM sre_streams WHERE kind = ? AND number = ?", ref.kind, ref.number)
    known = [_entry_document(row) for row in _entry_rows(statements, ref)]
    have = Counter(entry.content() for entry in known)
    keys = {entry.key for entry in known if entry.key}
    missing = []
    for entry in stream.entries:
        content = entry.content()
        if have[content] > 0:
            have[content] -= 1
            done.known_entries += 1
        elif entry.key and entry.key in keys:
            done.known_entries += 1
        else:
            missing.append(entry)
    _add(statements, ref, missing, done, after=len(known))


def _add(
    statements: Statements, ref: StreamRef, entries: Sequence[EntryDocument], done: Imported, *, after: int
) -> None:
    insert(
        statements,
        [
            Entry(
                ref,
                number,
                entry.recorded_at,
                NewEntry(entry.kind, entry.at, entry.author, entry.source, entry.data, entry.key),
            )
            for number, entry in enumerate(entries, start=after + 1)
        ],
    )
    done.entries += len(entries)


def _is_taken(statements: Statements, stream: StreamDocument) -> bool:
    found = "SELECT 1 FROM sre_streams WHERE kind = ? AND number = ?"
    return bool(statements.rows(found, stream.kind, stream.number))


def _is_begun(statements: Statements, kind: str, key: str) -> bool:
    return bool(statements.rows("SELECT 1 FROM sre_streams WHERE kind = ? AND begin_key = ?", kind, storable(key)))


def _entries_by_stream(statements: Statements) -> dict[tuple[str, int], list[EntryDocument]]:
    rows = statements.rows(
        f"SELECT stream_kind, stream_number, {COLUMNS} FROM sre_entries ORDER BY stream_kind, stream_number, number"
    )
    grouped = groupby(rows, key=lambda row: (row[0], row[1]))
    return {stream: [_entry_document(row[2:]) for row in group] for stream, group in grouped}


def _entry_rows(statements: Statements, ref: StreamRef) -> list[Row]:
    return statements.rows(
        f"SELECT {COLUMNS} FROM sre_entries WHERE stream_kind = ? AND stream_number = ? ORDER BY number",
        ref.kind,
        ref.number,
    )


def _entry_document(row: Row) -> EntryDocument:
    number, kind, at, recorded_at, author, source, key, data = row
    return EntryDocument(
        number=number,
        kind=kind,
        at=datetime.fromisoformat(at),
        recorded_at=datetime.fromisoformat(recorded_at),
        author=author,
        source=source,
        key=key or "",
        data=json.loads(data),
    )
