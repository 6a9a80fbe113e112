"""What can go wrong with a file, and what people are told; nothing that was recorded is lost over it."""

import os
import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import anyio
import anyio.to_thread
import pytest

import server.store.sqlite
from server.store import StoredJournal
from server.store.database import Statements
from server.store.sqlite import SqliteDatabase
from sre.core.journal import Entries, JournalError, NewEntry, StreamRef
from tests.support.journal_writers import SystemClock

pytestmark = pytest.mark.anyio

FIRST = StreamRef("incident", 1)
NOBODY = 65534
BUSY_SECONDS = 0.2


def _journal(path: Path) -> StoredJournal:
    return StoredJournal(SqliteDatabase(path, busy_seconds=BUSY_SECONDS), SystemClock())


def _note(text: str = "x") -> NewEntry:
    return NewEntry("note", datetime(2026, 11, 2, 9, tzinfo=UTC), "ann", "test", {"text": text})


async def _filled(path: Path, *, entries: int = 1) -> Entries:
    journal = _journal(path)
    kept = await journal.begin("incident", [_note("x" * 500) for _ in range(entries)])
    await journal.aclose()
    return kept


@contextmanager
def _without_rights() -> Iterator[None]:
    """Be somebody whom the file system can refuse; root cannot be."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def _files_no_longer_than(most_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _told(raised: "pytest.ExceptionInfo[JournalError]", path: Path) -> str:
    text = raised.value.explained()
    assert str(path) in text
    assert "Next: " in text
    return text


async def test_nothing_is_made_before_the_first_call(tmp_path: Path) -> None:
    journal = _journal(tmp_path / "data" / "records.sqlite3")
    assert not (tmp_path / "data").exists()
    await journal.aclose()
    assert not (tmp_path / "data").exists()


async def test_folder_and_files_are_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "records.sqlite3"
    journal = _journal(path)
    await journal.begin("incident", [_note()])
    modes = {found.name: found.stat().st_mode & 0o777 for found in path.parent.iterdir()}
    await journal.aclose()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert modes == {"records.sqlite3": 0o600, "records.sqlite3-wal": 0o600, "records.sqlite3-shm": 0o600}


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    path = tmp_path / "file" / "records.sqlite3"
    with pytest.raises(JournalError, match="cannot be opened") as raised:
        await _filled(path)
    assert "SRE_MCP_DATA_DIR" in _told(raised, path)


async def test_a_folder_that_may_not_be_written_is_told() -> None:
    # Not in pytest's own folders: those let nobody but us through.
    with tempfile.TemporaryDirectory() as made:
        closed = Path(made)
        closed.chmod(0o555)
        with _without_rights(), pytest.raises(JournalError, match="cannot be opened: Permission denied") as raised:
            await _filled(closed / "records.sqlite3")
    _told(raised, closed / "records.sqlite3")


async def test_a_full_disk_is_told_and_what_was_recorded_stays(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    kept = await _filled(path, entries=100)
    journal = _journal(path)
    with _files_no_longer_than(40_000), pytest.raises(JournalError, match="Nothing was recorded") as raised:
        await journal.record(FIRST, lambda _: [_note("y" * 1000) for _ in range(200)])
    assert "make room" in _told(raised, path)
    assert await journal.entries(FIRST) == kept
    assert len(await journal.record(FIRST, lambda _: [_note()])) == len(kept) + 1
    await journal.aclose()


async def test_a_file_of_something_else_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    path.write_bytes(b"These are not the records. " * 100)
    before = path.read_bytes()
    with pytest.raises(JournalError, match="not a file of records") as raised:
        await _filled(path)
    assert "move the file away" in _told(raised, path)
    assert path.read_bytes() == before


async def test_a_damaged_file_is_told_with_what_saves_it(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    await _filled(path, entries=100)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    journal = _journal(path)
    with pytest.raises(JournalError, match="is damaged") as raised:
        await journal.entries(FIRST)
    assert ".recover" in _told(raised, path)
    await journal.aclose()


async def test_a_lock_that_is_held_too_long_is_told_and_reading_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    kept = await _filled(path)
    journal = _journal(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as stuck:
        stuck.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match=r"locked by another process for over 0\.2 s") as raised:
            await journal.record(FIRST, lambda _: [_note()])
        assert "Nothing was recorded" in _told(raised, path)
        assert "stuck process" in raised.value.explained()
        assert await journal.entries(FIRST) == kept
        stuck.execute("ROLLBACK")
    assert len(await journal.record(FIRST, lambda _: [_note()])) == 2
    await journal.aclose()


async def test_a_new_file_that_another_process_is_just_making_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself does not wait when it turns a file into WAL."""
    path = tmp_path / "records.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as maker:
        maker.execute("BEGIN IMMEDIATE")
        maker.execute("CREATE TABLE something (x)")
        # The pause between two tries is when the other process gets done.
        monkeypatch.setattr(
            server.store.sqlite.time, "sleep", lambda _: maker.in_transaction and maker.execute("COMMIT")
        )
        assert len(await _filled(path)) == 1


async def test_a_new_file_that_another_process_keeps_is_told(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as maker:
        maker.execute("BEGIN EXCLUSIVE")
        maker.execute("CREATE TABLE something (x)")
        with pytest.raises(JournalError, match="locked by another process"):
            await _filled(path)


async def test_a_file_that_was_removed_while_open_is_not_written_into_the_void(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    journal = _journal(path)
    await journal.begin("incident", [_note("old")])
    for found in tmp_path.iterdir():
        found.unlink()
    await journal.begin("incident", [_note("new")])
    await journal.aclose()
    other = _journal(path)
    assert [one.new.data for one in await other.entries(FIRST)] == [{"text": "new"}]
    await other.aclose()


class Restored(SqliteDatabase):
    """A file whose content is put back to an earlier state while somebody waits for its lock."""

    is_armed = False

    def begin(self, statements: Statements, *, writes: bool) -> None:
        if writes and self.is_armed:
            with closing(sqlite3.connect(str(self.path))) as other, other:
                other.execute("DELETE FROM sre_entries WHERE number > 1")
        super().begin(statements, writes=writes)


async def test_what_was_read_before_the_lock_is_not_trusted_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    await _filled(path, entries=3)
    database = Restored(path)
    journal = StoredJournal(database, SystemClock())
    database.is_armed = True
    entries = await journal.record(FIRST, lambda known: [_note(str(len(known)))])
    database.is_armed = False
    assert [(entry.number, entry.new.data["text"]) for entry in entries[1:]] == [(2, "1")]
    assert await journal.entries(FIRST) == entries
    await journal.aclose()


async def test_a_file_is_opened_so_that_what_is_acknowledged_is_on_disk(tmp_path: Path) -> None:
    """Our choice: docs/decisions/0006. Only cutting the power would show it."""
    with (
        closing(SqliteDatabase(tmp_path / "records.sqlite3").connect()) as connection,
        closing(connection.cursor()) as cursor,
    ):
        found = {}
        for name in ("journal_mode", "synchronous", "fullfsync", "foreign_keys", "wal_autocheckpoint"):
            cursor.execute(f"PRAGMA {name}")
            found[name] = cursor.fetchall()[0][0]
    full = 2
    assert found == {
        "journal_mode": "wal",
        "synchronous": full,
        "fullfsync": 1,
        "foreign_keys": 1,
        "wal_autocheckpoint": 0,
    }


async def test_the_log_is_moved_into_the_file_when_it_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.store.sqlite, "CHECKPOINT_BYTES", 50_000)
    path = tmp_path / "records.sqlite3"
    journal = _journal(path)
    await journal.begin("incident", [_note()])
    longest = 0
    for _ in range(40):
        await journal.record(FIRST, lambda _: [_note("y" * 3000)])
        longest = max(longest, path.with_name("records.sqlite3-wal").stat().st_size)
    await journal.aclose()
    assert longest < 100_000
    assert len(await _read(path)) == 41


async def test_a_reader_that_stays_keeps_nobody_from_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.store.sqlite, "CHECKPOINT_BYTES", 1)
    path = tmp_path / "records.sqlite3"
    await _filled(path)
    journal = _journal(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM sre_entries").fetchall()
        await journal.record(FIRST, lambda _: [_note()])
        assert len(await journal.entries(FIRST)) == 2
    await journal.aclose()


async def test_a_cancelled_call_ends_what_it_began(tmp_path: Path) -> None:
    """Our choice: its outcome is never in doubt, and it takes milliseconds."""
    path = tmp_path / "records.sqlite3"
    await _filled(path)
    journal = _journal(path)
    is_deciding, may_go_on = Event(), Event()

    def decide(_: Entries) -> list[NewEntry]:
        is_deciding.set()
        assert may_go_on.wait(timeout=20)
        return [_note()]

    async with anyio.create_task_group() as group:
        group.start_soon(journal.record, FIRST, decide)
        assert await anyio.to_thread.run_sync(is_deciding.wait, 20)
        group.cancel_scope.cancel()
        may_go_on.set()
    assert len(await journal.entries(FIRST)) == 2
    await journal.aclose()


async def test_after_closing_a_file_journal_opens_again(tmp_path: Path) -> None:
    journal = _journal(tmp_path / "records.sqlite3")
    await journal.begin("incident", [_note()])
    await journal.aclose()
    assert len(await journal.streams("incident")) == 1
    await journal.aclose()


async def _read(path: Path) -> Entries:
    journal = _journal(path)
    entries = await journal.entries(FIRST)
    await journal.aclose()
    return entries
