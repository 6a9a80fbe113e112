"""Processes that write one journal at once, and what they have to leave behind.

    python -m tests.support.journal_writers PLACE WRITERS EVENTS STREAMS

PLACE is the path of a SQLite file or the URL of a PostgreSQL database. The writers are forked from a process that has
loaded everything and opened nothing, so that they start at the same moment. Each begins all streams, as its rivals do, and adds its events to them in turn, each with a key; every tenth is sent twice, as after a doubtful outcome.
"""

import os
import subprocess
import sys
import traceback
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio._backends._asyncio  # loaded once, before the forks

from server.store import StoredJournal
from server.store.postgres import PostgresDatabase
from server.store.sqlite import SqliteDatabase
from sre.core.journal import Entries, NewEntry, StreamRef

KIND = "incident"
ALL_SECONDS = 300.0


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(tz=UTC)


def journal_at(place: str) -> StoredJournal:
    """Return the journal at a path or a URL."""
    is_url = place.startswith("postgresql:")
    return StoredJournal(PostgresDatabase(place) if is_url else SqliteDatabase(Path(place)), SystemClock())


def run_writers(place: str, *, writers: int, events: int, streams: int) -> None:
    """Let so many processes write `events` in all, and wait for them."""
    command = [sys.executable, "-m", "tests.support.journal_writers", place, str(writers), str(events), str(streams)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=ALL_SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


def assert_nothing_lost_or_double(kept: tuple[Entries, ...], *, writers: int, events: int, streams: int) -> None:
    """Compare what a journal holds with what the writers wrote."""
    assert [entries[0].stream for entries in kept] == [StreamRef(KIND, number) for number in range(1, streams + 1)]
    share = events // writers
    seen = Counter(entry.new.key for entries in kept for entry in entries if entry.number > 1)
    assert seen == Counter(f"{writer}-{event}" for writer in range(writers) for event in range(share))
    for entries in kept:
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
        # What `decide` was shown is what stood before: nobody wrote in between.
        assert [entry.new.data["seen"] for entry in entries[1:]] == list(range(1, len(entries)))
        for writer in range(writers):
            own = [entry.new.data["event"] for entry in entries[1:] if entry.new.data["writer"] == writer]
            assert own == sorted(own)  # type: ignore[type-var]


async def _write(place: str, writer: int, events: int, streams: int) -> None:
    journal = journal_at(place)
    begun = [
        (await journal.begin(KIND, [_entry("declared", "", {})], key=f"begun by all, {number}"))[0].stream
        for number in range(streams)
    ]
    for event in range(events):
        for _ in range(2 if event % 10 == 0 else 1):
            await _record(journal, begun[(writer + event) % streams], writer, event)
    await journal.aclose()


async def _record(journal: StoredJournal, stream: StreamRef, writer: int, event: int) -> None:
    def decide(known: Entries) -> list[NewEntry]:
        return [_entry("note", f"{writer}-{event}", {"writer": writer, "event": event, "seen": len(known)})]

    await journal.record(stream, decide)


def _entry(kind: str, key: str, data: dict[str, int]) -> NewEntry:
    return NewEntry(kind, datetime(2026, 11, 2, 9, tzinfo=UTC), "writer", "test", data, key)


def _forked(place: str, writer: int, events: int, streams: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        anyio.run(_write, place, writer, events, streams)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def main() -> int:
    place, writers, events, streams = sys.argv[1], *map(int, sys.argv[2:])
    children = [_forked(place, writer, events // writers, streams) for writer in range(writers)]
    return max(os.waitpid(child, 0)[1] for child in children) and 1


if __name__ == "__main__":
    sys.exit(main())
