"""SQLite: one file that all processes of a user share, or memory for play."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

from server.store.database import Connection, Doing, Statements
from sre.core.errors import SreError
from sre.core.journal import JournalError
from sre.core.text import cleaned, quoted

if TYPE_CHECKING:
    import sqlite3

# Writers wait for each other this long. A write takes about a millisecond, so only a stuck process makes it matter, and
# a tool that waited for it still has time to say so.
BUSY_SECONDS = 15.0
# Turning a new file into WAL needs it alone and does not wait by itself.
_WAL_RETRY_SECONDS = 0.01
# SQLite's own habit: 1,000 pages of 4 kB.
CHECKPOINT_BYTES = 4_096_000
_CHECKPOINT_WAIT_MS = 100
_MEMORY = ":memory:"

_WRITABLE = (
    "let this user write the folder and the file, or set SRE_MCP_DATA_DIR to a folder of its own.",
    "the disk has to be local: SQLite's locks do not work on network file systems; a team shares PostgreSQL "
    "(SRE_MCP_STORE_URL).",
)
_SPACE = ("make room on the disk, or set SRE_MCP_DATA_DIR to a folder on another one; then try again.",)
_LOCKED = (
    "try again in a moment.",
    "look for a stuck process that has the file open (a shell of sqlite3, a backup, a suspended server) and end it.",
)
_FOREIGN = ("move the file away, or set SRE_MCP_DATA_DIR to another folder: a new record is begun there.",)
_DAMAGED = (
    "stop all servers and keep a copy of the file with those that end in -wal and -shm beside it.",
    "save what can be read: sqlite3 records.sqlite3 .recover | sqlite3 mended.sqlite3; or move the file away and "
    "`sre-mcp records import` the last export.",
)


class SqliteDatabase:
    """A file, made when first used, or memory that ends with the process."""

    placeholder = "?"
    locks_all = True
    lock_rows = ""
    has_table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"

    def __init__(self, path: Path | None, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self.connections = 4 if path is not None else 1
        self._busy_seconds = busy_seconds

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the library raises."""
        import sqlite3

        return (sqlite3.Error,)

    def connect(self) -> Connection:
        """Open the file; it and its folder are made for this user alone when they are not there."""
        import sqlite3

        if self.path is not None:
            self._make_private(self.path)
        connection = sqlite3.connect(
            self.path or _MEMORY, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            self._configure(connection)
        except BaseException:
            connection.close()
            raise
        return cast("Connection", connection)

    def identity(self) -> object:
        """Return which file the path leads to: writing to one that was removed or replaced would lose the record."""
        if self.path is None:
            return _MEMORY
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def begin(self, statements: Statements, *, writes: bool) -> None:
        """Take the write lock at once: a lock that is wanted only later fails instead of waiting."""
        statements.run("BEGIN IMMEDIATE" if writes else "BEGIN")

    def lock_schema(self, statements: Statements) -> None:
        """The write lock of the file is enough."""

    def committed(self, connection: Connection) -> None:
        """Move a long log into the file while nobody else writes.

        SQLite does this by itself, but beside other writers, where versions before 3.51.3 may damage the file
        (sqlite.org, "Write-Ahead Logging", the WAL-reset bug). Other than passive, it holds the write lock.
        """
        if self.path is None or _log_bytes(self.path) < CHECKPOINT_BYTES:
            return
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_WAIT_MS}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout = {int(self._busy_seconds * 1000)}")

    def is_lost(self, error: Exception) -> bool:  # noqa: ARG002
        """A file has no line that could break; one that was replaced shows in its identity."""
        return False

    def explained(self, error: Exception, *, doing: Doing) -> SreError:
        """Return what happened to the file and what to do."""
        happened, steps = self._told(error)
        lost = "" if doing in ("connect", "read") else " Nothing was recorded."
        return JournalError(f"{self._where()} {happened}.{lost}", next_steps=steps)

    def _told(self, error: Exception) -> tuple[str, tuple[str, ...]]:
        import sqlite3

        name = str(getattr(error, "sqlite_errorname", type(error).__name__))
        busy = (f"was locked by another process for over {self._busy_seconds:g} s", _LOCKED)
        told = {
            sqlite3.SQLITE_BUSY: busy,
            sqlite3.SQLITE_LOCKED: busy,
            sqlite3.SQLITE_READONLY: ("may not be written", _WRITABLE),
            sqlite3.SQLITE_PERM: ("may not be written", _WRITABLE),
            sqlite3.SQLITE_CANTOPEN: ("cannot be opened", _WRITABLE),
            sqlite3.SQLITE_FULL: ("cannot grow: the disk or the quota is full", _SPACE),
            sqlite3.SQLITE_IOERR: (f"cannot be read or written ({name})", _SPACE),
            sqlite3.SQLITE_NOTADB: ("is not a file of records", _FOREIGN),
            sqlite3.SQLITE_CORRUPT: ("is damaged", _DAMAGED),
        }
        # The low byte is the kind, the rest says more of it (sqlite.org, "Result and Error Codes").
        return told.get(getattr(error, "sqlite_errorcode", -1) & 0xFF, (f"failed ({name})", _DAMAGED))

    def _configure(self, connection: sqlite3.Connection) -> None:
        # FULL: an entry that was acknowledged survives the loss of power, not only of the process; fullfsync is what
        # makes that true on macOS.
        for setting in ("synchronous = FULL", "fullfsync = ON", "foreign_keys = ON", "wal_autocheckpoint = 0"):
            connection.execute(f"PRAGMA {setting}")
        if self.path is not None:
            _switch_to_wal(connection, within_seconds=self._busy_seconds)

    def _make_private(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its log the permissions of the file.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            reason = cleaned(error.strerror or type(error).__name__)
            raise JournalError(f"{self._where()} cannot be opened: {reason}.", next_steps=_WRITABLE) from error

    def _where(self) -> str:
        return f"The record file {quoted(str(self.path), limit=400)}" if self.path else "The record in memory"


def _switch_to_wal(connection: sqlite3.Connection, *, within_seconds: float) -> None:
    import sqlite3

    give_up = time.monotonic() + within_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(_WAL_RETRY_SECONDS)


def _log_bytes(path: Path) -> int:
    try:
        return path.with_name(path.name + "-wal").stat().st_size
    except OSError:
        return 0
