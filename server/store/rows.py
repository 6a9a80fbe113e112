"""Entries as rows of a table, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from server.store.database import Row
from server.store.transactions import stamp
from sre.core.journal import Entry, NewEntry, StreamRef

COLUMNS = "number, kind, at, recorded_at, author, source, entry_key, data"
# What `data_json` writes has no space around it, so the look for it is spared.
_decoded = json.JSONDecoder().raw_decode
# What `row_of` puts before `COLUMNS`.
STREAM_COLUMNS = 2
_UNSTORABLE = "\ufffd"


def row_of(new: NewEntry, *, stream: StreamRef, number: int, recorded_at: datetime) -> Row:
    """Return the values of an entry: its stream, then `COLUMNS`."""
    return (
        stream.kind,
        stream.number,
        number,
        storable(new.kind),
        stamp(new.at),
        stamp(recorded_at),
        storable(new.author),
        storable(new.source),
        storable(new.key) or None,
        data_json(new.data),
    )


def entry_of(row: Row, *, stream: StreamRef) -> Entry:
    """Return the entry that the values of `COLUMNS` make."""
    number, kind, at, recorded_at, author, source, key, data = row
    new = NewEntry(kind, datetime.fromisoformat(at), author, source, _decoded(data)[0], key or "")
    return Entry(stream, number, datetime.fromisoformat(recorded_at), new)


def data_json(data: object) -> str:
    """Return data as JSON in ASCII, which every database keeps as it is, NUL and half surrogates included.

    Raises:
        ValueError: It holds a number that JSON has not: NaN or an infinity.
    """
    return json.dumps(data, allow_nan=False, separators=(",", ":"), default=_plain)


def storable(text: str) -> str:
    """Return text that every database takes: what is not text (NUL, half surrogates) is marked as such."""
    if "\0" not in text and text.isascii():
        return text
    return text.replace("\0", _UNSTORABLE).encode("utf-8", "replace").decode("utf-8")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
