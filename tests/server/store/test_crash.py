"""A writer that is killed at any moment leaves a file that is whole, with everything it had acknowledged."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from server.store.opening import FILE_NAME
from sre.core.journal import Entries, NewEntry
from tests.support.journal_crash import BEGIN_EVERY, KIND
from tests.support.journal_writers import journal_at

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the writers are forked"),
]

KILLS, KILLS_AT_BIRTH = 100, 40
SEED = 20261102


def _rounds(mode: str, folder: Path, *, kills: int) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.journal_crash", mode, str(folder), str(kills), str(SEED)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rounds) == kills
    return rounds


async def test_a_hundred_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Promise of the record: a killed process in the middle of a write leaves a readable store."""
    rounds = _rounds("grow", tmp_path, kills=KILLS)
    for one in rounds:
        assert (one["health"], one["halves"]) == ("ok", 0)
        # The write in flight may be kept without anybody having been told.
        acknowledged = one["acknowledged"]
        assert one["kept"] in (acknowledged, [*acknowledged, len(acknowledged) + 1])
    assert sum(len(one["acknowledged"]) for one in rounds) > KILLS
    assert any(one["kept"] != one["acknowledged"] for one in rounds), "no kill came in the middle of a write"
    await _assert_readable(tmp_path / FILE_NAME)


async def test_a_kill_while_the_file_is_made_leaves_one_that_the_next_process_completes(tmp_path: Path) -> None:
    rounds = _rounds("birth", tmp_path, kills=KILLS_AT_BIRTH)
    assert {one["health"] for one in rounds} == {"ok"}
    assert {one["has_tables"] for one in rounds} == {True, False}, "all kills came too early, or all too late"
    for number, one in enumerate(rounds, start=1):
        journal = journal_at(str(tmp_path / str(number) / FILE_NAME))
        await journal.begin(KIND, [NewEntry("note", datetime(2026, 11, 2, tzinfo=UTC), "ann", "test")])
        await journal.aclose()
        assert len(await _assert_readable(tmp_path / str(number) / FILE_NAME)) >= 1 + len(one["kept"]) // BEGIN_EVERY


async def _assert_readable(path: Path) -> tuple[Entries, ...]:
    journal = journal_at(str(path))
    streams = await journal.streams(KIND)
    await journal.aclose()
    assert [entries[0].stream.number for entries in streams] == list(range(1, len(streams) + 1))
    for entries in streams:
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    return streams
