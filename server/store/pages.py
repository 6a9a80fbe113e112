"""The record as Markdown: for people each incident in full, everything else line by line; at the end the data."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from server.store.document import RecordsDocument, StreamDocument, data_block
from sre.core.journal import Entries, Entry, NewEntry, StreamRef
from sre.core.markdown import escaped
from sre.core.times import format_instant
from sre.incidents.records.entries import incident_of, is_declared
from sre.incidents.records.model import KIND
from sre.incidents.records.page import incident_page, incidents_page


def records_page(document: RecordsDocument) -> str:
    """Return all records as one page; incidents first, each with its history, the data to import again at the end."""
    now = document.exported_at.replace(microsecond=0)
    declared = [entries for stream in document.streams if is_declared(entries := _entries(stream))]
    incidents = [incident_of(entries) for entries in declared if entries[0].stream.kind == KIND]
    shown = {entries[0].stream for entries in declared}
    others = [stream for stream in document.streams if StreamRef(stream.kind, stream.number) not in shown]
    parts = [
        f"Exported {format_instant(now)}. Times are UTC. What can be imported again is the data at the end.\n",
        incidents_page(incidents, now=now, limit=len(incidents)),
        *(incident_page(incident, now=now) for incident in incidents),
        *_others(others),
        f"# Data\n\n{data_block(document)}",
    ]
    return "\n".join(parts)


def _others(streams: Sequence[StreamDocument]) -> list[str]:
    by_kind: dict[str, list[StreamDocument]] = defaultdict(list)
    for stream in streams:
        by_kind[stream.kind].append(stream)
    return [_kind_page(kind, found) for kind, found in sorted(by_kind.items())]


def _kind_page(kind: str, streams: Sequence[StreamDocument]) -> str:
    head = ["| # | Time | Kind | What | Author | Source |", "|---|---|---|---|---|---|"]
    rows = [_row(stream.number, entry) for stream in streams for entry in _entries(stream)]
    return "\n".join([f"# Records of kind {escaped(kind)}", "", *head, *rows, ""])


def _row(number: int, entry: Entry) -> str:
    new = entry.new
    what = "; ".join(f"{name}: {_plain(value)}" for name, value in new.data.items())
    at: datetime = new.at.replace(microsecond=0)
    texts = " | ".join(escaped(text) for text in (new.kind, what, new.author, new.source))
    return f"| {number} | {format_instant(at)} | {texts} |"


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _entries(stream: StreamDocument) -> Entries:
    ref = StreamRef(stream.kind, stream.number)
    return tuple(
        Entry(
            ref,
            entry.number,
            entry.recorded_at,
            NewEntry(entry.kind, entry.at, entry.author, entry.source, entry.data, entry.key),
        )
        for entry in stream.entries
    )
