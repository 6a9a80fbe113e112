"""Tables move forward only: from every earlier version, once, also with eight processes starting at the same time."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from server.store import StoredJournal
from server.store.database import Database, Statements
from server.store.migrations import MIGRATIONS, Migration, apply_missing, version_of
from server.store.postgres import PostgresDatabase
from server.store.sqlite import SqliteDatabase
from sre.core.journal import JournalError, NewEntry, StreamRef
from tests.support.journal_writers import SystemClock

pytestmark = pytest.mark.anyio

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
STORED_AT = "2026-11-02T09:00:00.000000Z"
VERSIONS = range(len(MIGRATIONS) + 1)


def _note(text: str) -> NewEntry:
    return NewEntry("note", AT, "ann", "test", {"text": text})


@pytest.fixture(params=["sqlite", "postgres"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Database]:
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").new_place()
        return lambda: PostgresDatabase(url)
    return lambda: SqliteDatabase(tmp_path / "records.sqlite3")


def _in_transaction(database: Database, work: Callable[[Statements], object]) -> None:
    with closing(database.connect()) as connection:
        statements = Statements(connection, database)
        database.begin(statements, writes=True)
        work(statements)
        statements.run("COMMIT")


def _at_version(database: Database, version: int) -> None:
    _in_transaction(database, lambda statements: apply_missing(statements, MIGRATIONS[:version], applied_at=STORED_AT))


def _with_a_stream_of_version_1(statements: Statements) -> None:
    """Rows as the first version wrote them."""
    statements.run("INSERT INTO sre_kinds VALUES ('incident', 1)")
    statements.run("INSERT INTO sre_streams (kind, number, begin_key) VALUES ('incident', 1, 'PD-1')")
    statements.run(
        "INSERT INTO sre_entries VALUES ('incident', 1, 1, 'declared', ?, ?, 'ann', 'test', NULL, ?)",
        STORED_AT,
        STORED_AT,
        '{"title":"down"}',
    )


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_store_of_every_earlier_version_is_brought_up_to_date_and_keeps_its_entries(
    make: Callable[[], Database], version: int
) -> None:
    _at_version(make(), version)
    if version == 1:
        _in_transaction(make(), _with_a_stream_of_version_1)
    journal = StoredJournal(make(), SystemClock())
    begun = await journal.begin("incident", [_note("x")], key="PD-1")
    await journal.aclose()
    assert [entry.new.data for entry in begun] == [{"title": "down"} if version == 1 else {"text": "x"}]
    with closing(make().connect()) as connection:
        statements = Statements(connection, make())
        assert version_of(statements) == len(MIGRATIONS)
        assert [row[0] for row in statements.rows("SELECT number FROM sre_migrations ORDER BY number")] == list(
            range(1, len(MIGRATIONS) + 1)
        )


async def test_streams_of_the_first_version_get_names_of_their_own(make: Callable[[], Database]) -> None:
    _at_version(make(), 1)
    _in_transaction(make(), _with_a_stream_of_version_1)
    journal = StoredJournal(make(), SystemClock())
    await journal.begin("incident", [_note("x")])
    uids = await journal.transactions.read(lambda statements: statements.rows("SELECT uid FROM sre_streams"))
    await journal.aclose()
    assert len({uid for (uid,) in uids}) == 2
    assert all(len(uid) == 32 for (uid,) in uids)


async def test_a_store_of_a_newer_version_is_refused_and_left_untouched(make: Callable[[], Database]) -> None:
    newer = (*MIGRATIONS, Migration("of tomorrow", lambda statements: None))
    tomorrow = StoredJournal(make(), SystemClock(), migrations=newer)
    begun = await tomorrow.begin("incident", [_note("x")])
    today = StoredJournal(make(), SystemClock())
    with pytest.raises(JournalError, match="newer version") as raised:
        await today.record(StreamRef("incident", 1), lambda _: [_note("y")])
    assert "update" in raised.value.explained()
    assert await tomorrow.entries(StreamRef("incident", 1)) == begun
    await today.aclose()
    await tomorrow.aclose()


async def test_a_running_server_notices_that_a_newer_one_has_changed_the_tables(make: Callable[[], Database]) -> None:
    today = StoredJournal(make(), SystemClock())
    await today.begin("incident", [_note("x")])
    newer = (*MIGRATIONS, Migration("of tomorrow", lambda statements: None))
    tomorrow = StoredJournal(make(), SystemClock(), migrations=newer)
    await tomorrow.begin("incident", [_note("y")])
    for call in (today.entries(StreamRef("incident", 1)), today.begin("incident", [_note("z")])):
        with pytest.raises(JournalError, match="newer version"):
            await call
    assert len(await tomorrow.streams("incident")) == 2
    await today.aclose()
    await tomorrow.aclose()


async def test_a_step_that_fails_leaves_the_store_as_it_was(make: Callable[[], Database]) -> None:
    def fail(statements: Statements) -> None:
        statements.run("CREATE TABLE sre_half (x TEXT)")
        statements.run("INSERT INTO sre_nowhere VALUES (1)")

    before = StoredJournal(make(), SystemClock())
    begun = await before.begin("incident", [_note("x")])
    broken = StoredJournal(make(), SystemClock(), migrations=(*MIGRATIONS, Migration("broken", fail)))
    with pytest.raises(JournalError):
        await broken.entries(StreamRef("incident", 1))
    assert await before.entries(StreamRef("incident", 1)) == begun
    assert not await before.transactions.read(lambda statements: statements.has_table("sre_half"))
    await before.aclose()
    await broken.aclose()


async def test_calls_at_once_on_an_empty_store_make_the_tables_once(make: Callable[[], Database]) -> None:
    journals = [StoredJournal(make(), SystemClock()) for _ in range(6)]
    async with anyio.create_task_group() as group:
        for journal in journals:
            group.start_soon(journal.begin, "incident", [_note("x")])
    assert len(await journals[0].streams("incident")) == 6
    for journal in journals:
        await journal.aclose()


def test_every_table_is_made_by_a_step(tmp_path: Path) -> None:
    """Our choice: nothing is created outside of the numbered steps but their own table."""
    _at_version(SqliteDatabase(tmp_path / "records.sqlite3"), len(MIGRATIONS))
    with closing(sqlite3.connect(tmp_path / "records.sqlite3")) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {"sre_kinds", "sre_streams", "sre_entries", "sre_migrations"}
