"""Entries a second that eight processes write to one SQLite file, beside bare inserts into a table of the same shape.

The peer is what SQLite itself gives on this disk: the same bytes, a transaction and a synchronised log for each, no
reading before, no numbering, no keys.
"""

import multiprocessing
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median

import anyio

from bench.row import Row, spread
from server.store import StoredJournal
from server.store.sqlite import BUSY_SECONDS, SqliteDatabase
from sre.core.journal import NewEntry, StreamRef

WRITERS, ENTRIES, STREAMS, RUNS = 8, 250, 40, 5
TEXT = "x" * 200
MOST_RATIO = 4.0


class _Clock:
    def now(self) -> datetime:
        return datetime.now(tz=UTC)


def rows() -> list[Row]:
    """Measure ours and bare SQLite by turns; seconds an entry, start of the processes left out."""
    ours, bare = [], []
    for _ in range(RUNS):
        ours.append(_seconds(_write_entries, _make_journal))
        bare.append(_seconds(_write_bare, _make_bare))
    return [
        Row(
            f"{WRITERS} processes record {WRITERS * ENTRIES:,} entries in one file: time an entry",
            ours=median(ours),
            unit="s",
            peer=median(bare),
            peer_name="bare sqlite3 inserts, one commit each",
            limit=MOST_RATIO,
            is_ratio_limited=True,
            detail={"ours": spread(ours), "peer": spread(bare), "ours_per_second": 1 / median(ours)},
        )
    ]


def _seconds(write, make) -> float:  # type: ignore[no-untyped-def]
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="bench-records-") as folder:
        path = Path(folder) / "records.sqlite3"
        make(path)
        barrier = context.Barrier(WRITERS + 1)
        writers = [context.Process(target=write, args=(path, number, barrier)) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        barrier.wait(timeout=120)
        started = time.perf_counter()
        for writer in writers:
            writer.join(timeout=300)
        seconds = time.perf_counter() - started
        if any(writer.exitcode != 0 for writer in writers):
            raise RuntimeError("a writer failed")
    return seconds / (WRITERS * ENTRIES)


def _make_journal(path: Path) -> None:
    async def make() -> None:
        journal = StoredJournal(SqliteDatabase(path), _Clock())
        for _ in range(STREAMS):
            await journal.begin("incident", [_entry()])
        await journal.aclose()

    anyio.run(make)


def _write_entries(path: Path, number: int, barrier: Barrier) -> None:
    async def write() -> None:
        journal = StoredJournal(SqliteDatabase(path), _Clock())
        await journal.streams("nothing")
        barrier.wait(timeout=120)
        for index in range(ENTRIES):
            await journal.record(StreamRef("incident", 1 + (number + index) % STREAMS), lambda _: [_entry()])
        await journal.aclose()

    anyio.run(write)


def _entry() -> NewEntry:
    return NewEntry("note", datetime(2026, 11, 2, tzinfo=UTC), "bench", "bench", {"text": TEXT})


def _make_bare(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE entries (number INTEGER PRIMARY KEY, at TEXT, author TEXT, data TEXT)")


def _write_bare(path: Path, _number: int, barrier: Barrier) -> None:
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        barrier.wait(timeout=120)
        for _ in range(ENTRIES):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO entries (at, author, data) VALUES (?, ?, ?)", ("2026-11-02", "bench", TEXT))
            connection.execute("COMMIT")
