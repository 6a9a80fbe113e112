"""Kill a process that writes a journal, again and again, and look at what it left.

    python -m tests.support.journal_crash grow|birth FOLDER ROUNDS SEED

Each round forks a writer that says over a pipe what the journal has acknowledged, and kills it with SIGKILL after a
random number of acknowledgements and a random moment more: `grow` all on one file, `birth` each on a file of its own
that the writer has just begun to make. What is in the file is then read with plain sqlite3, by
other means than the journal's own. Prints one JSON object a round.
"""

import json
import os
import random
import select
import signal
import sqlite3
import struct
import sys
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import perf_counter

import anyio

import server.store.sqlite
from server.store import StoredJournal
from server.store.opening import FILE_NAME
from server.store.sqlite import SqliteDatabase
from sre.core.journal import NewEntry

KIND = "incident"
ACK = struct.Struct("<I")
ACK_SECONDS = 30.0
MOST_ACKS, MOST_SPIN_SECONDS = 12, 0.004
# From the file's first sight to tables in it, it takes about this long.
BIRTH_SECONDS = 0.05
# Every so often a stream is begun with two entries, of which one alone would be damage.
BEGIN_EVERY = 4
# So small that many a writer dies while the log is moved into the file.
CHECKPOINT_BYTES = 60_000


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 2, 12, tzinfo=UTC)


async def write_forever(path: Path, round_number: int, acknowledge: int) -> None:
    journal = StoredJournal(SqliteDatabase(path), FixedClock())
    (first, *_) = await journal.begin(KIND, [_entry(0, 0)], key="the first")
    for number in count(1):
        if number % BEGIN_EVERY == 0:
            await journal.begin(KIND, [_entry(round_number, number), _entry(round_number, number)])
        else:
            await journal.record(first.stream, lambda _, number=number: [_entry(round_number, number)])
        os.write(acknowledge, ACK.pack(number))


def _entry(round_number: int, number: int) -> NewEntry:
    data = {"round": round_number, "number": number, "text": "x" * 300}
    return NewEntry("note", datetime(2026, 11, 2, 9, tzinfo=UTC), "writer", "test", data)


def killed_writer(path: Path, round_number: int, *, after_acks: int, after_seconds: float) -> list[int]:
    """Return what a writer acknowledged before it was killed; the file is there by then."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            anyio.run(write_forever, path, round_number, writing)
        finally:
            os._exit(1)
    os.close(writing)
    acks = _acks(reading, after_acks)
    gives_up = perf_counter() + ACK_SECONDS
    while not path.exists() and perf_counter() < gives_up:
        pass
    ends = perf_counter() + after_seconds
    while perf_counter() < ends:
        pass
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    acks += _acks(reading, None)
    os.close(reading)
    if not os.WIFSIGNALED(status):
        raise RuntimeError(f"round {round_number}: the writer ended by itself, status {status}")
    return acks


def _acks(reading: int, wanted: int | None) -> list[int]:
    """Return acknowledgements: so many, or all there are."""
    found: list[int] = []
    while wanted is None or len(found) < wanted:
        if not select.select([reading], [], [], ACK_SECONDS)[0]:
            raise RuntimeError("the writer fell silent")
        text = os.read(reading, ACK.size)
        if not text:
            break
        found.append(ACK.unpack(text)[0])
    return found


def what_is_kept(path: Path, round_number: int) -> dict[str, object]:
    """Return the numbers of a round that are in the file, and what SQLite says of its health."""
    with closing(sqlite3.connect(path)) as connection:
        health = connection.execute("PRAGMA integrity_check").fetchone()[0]
        has_tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sre_entries'").fetchone()[0]
        rows = connection.execute("SELECT stream_number, data FROM sre_entries").fetchall() if has_tables else []
    written = [(stream, json.loads(data)) for stream, data in rows]
    kept = sorted(data["number"] for _, data in written if data["round"] == round_number)
    begun = [number for number in kept if number % BEGIN_EVERY == 0]
    halves = sum(begun.count(number) != 2 for number in set(begun))
    return {"kept": sorted(set(kept)), "health": health, "halves": halves, "has_tables": bool(has_tables)}


def main() -> None:
    mode, folder, rounds, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    server.store.sqlite.CHECKPOINT_BYTES = CHECKPOINT_BYTES
    chance = random.Random(seed)
    for number in range(1, rounds + 1):
        if mode == "birth":
            path, acks, seconds = folder / str(number) / FILE_NAME, 0, chance.uniform(0, BIRTH_SECONDS)
        else:
            path, acks, seconds = folder / FILE_NAME, chance.randint(0, MOST_ACKS), chance.uniform(0, MOST_SPIN_SECONDS)
        acknowledged = killed_writer(path, number, after_acks=acks, after_seconds=seconds)
        print(json.dumps({"acknowledged": acknowledged, **what_is_kept(path, number)}), flush=True)


if __name__ == "__main__":
    main()
