"""Several server processes on one journal: nothing is lost, nothing is there twice, numbers have no gaps."""

import os
from pathlib import Path

import pytest

from tests.support.journal_writers import KIND, assert_nothing_lost_or_double, journal_at, run_writers
from tests.support.real_postgres import PostgresServer

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not hasattr(os, "fork"), reason="the writers are forked")]

WRITERS, EVENTS, STREAMS = 8, 10_000, 100


async def test_eight_processes_write_ten_thousand_events_to_one_sqlite_file(tmp_path: Path) -> None:
    """Promise of the record: several clients' servers share the file of a user."""
    await _hold(str(tmp_path / "records.sqlite3"))


async def test_eight_processes_write_ten_thousand_events_to_one_postgresql(postgres: PostgresServer) -> None:
    """Promise of the record: a team shares a database."""
    await _hold(postgres.new_place())


async def _hold(place: str) -> None:
    # The first thing the writers do is to make the tables, all at once.
    run_writers(place, writers=WRITERS, events=EVENTS, streams=STREAMS)
    journal = journal_at(place)
    kept = await journal.streams(KIND)
    await journal.aclose()
    assert_nothing_lost_or_double(kept, writers=WRITERS, events=EVENTS, streams=STREAMS)
