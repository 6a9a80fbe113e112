"""The tables, and how they came to be: numbered steps, forward only, each applied once.

A step is never edited after a release; a change is a further step. Statements are in the SQL that SQLite and PostgreSQL
share. Times are text, UTC with microseconds, so that they sort, stay exact and can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from server.store.database import Statements
from sre.core.journal import JournalError

TABLE = "sre_migrations"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: what it is for, and what it does."""

    name: str
    apply: Callable[[Statements], None]


def _journal(statements: Statements) -> None:
    statements.run(
        """
        CREATE TABLE sre_kinds (
            kind TEXT PRIMARY KEY,
            last_number INTEGER NOT NULL
        )
        """
    )
    statements.run(
        """
        CREATE TABLE sre_streams (
            kind TEXT NOT NULL,
            number INTEGER NOT NULL,
            begin_key TEXT,
            PRIMARY KEY (kind, number),
            UNIQUE (kind, begin_key)
        )
        """
    )
    statements.run(
        """
        CREATE TABLE sre_entries (
            stream_kind TEXT NOT NULL,
            stream_number INTEGER NOT NULL,
            number INTEGER NOT NULL,
            kind TEXT NOT NULL,
            at TEXT NOT NULL,
            recorded_at TEXT NOT NULL,
            author TEXT NOT NULL,
            source TEXT NOT NULL,
            entry_key TEXT,
            data TEXT NOT NULL,
            PRIMARY KEY (stream_kind, stream_number, number),
            UNIQUE (stream_kind, stream_number, entry_key),
            FOREIGN KEY (stream_kind, stream_number) REFERENCES sre_streams (kind, number)
        )
        """
    )


def _stream_identity(statements: Statements) -> None:
    # Numbers are of one store only; to bring records from one store into another, a stream needs a name of its own.
    statements.run("ALTER TABLE sre_streams ADD COLUMN uid TEXT")
    streams = statements.rows("SELECT kind, number FROM sre_streams")
    statements.run_for_each(
        "UPDATE sre_streams SET uid = ? WHERE kind = ? AND number = ?",
        [(new_uid(), kind, number) for kind, number in streams],
    )
    statements.run("CREATE UNIQUE INDEX sre_streams_uid ON sre_streams (uid)")


MIGRATIONS: Sequence[Migration] = (
    Migration("streams and their entries", _journal),
    Migration("streams can be told apart across stores", _stream_identity),
)


def new_uid() -> str:
    """Return a name that no other stream has, in any store."""
    return uuid4().hex


def version_of(statements: Statements) -> int:
    """Return how many steps a store has taken; 0 for an empty one."""
    if not statements.has_table(TABLE):
        return 0
    return known_version(statements)


def known_version(statements: Statements) -> int:
    """Return how many steps a store has taken that has taken one."""
    return int(statements.rows(f"SELECT COALESCE(MAX(number), 0) FROM {TABLE}")[0][0])


def apply_missing(statements: Statements, migrations: Sequence[Migration], *, applied_at: str) -> None:
    """Take the steps a store has not taken yet. The caller holds the lock on the schema and a write transaction.

    Raises:
        JournalError: The store is of a newer version.
    """
    done = version_of(statements)
    refuse_newer(done, migrations)
    if done == 0 and not statements.has_table(TABLE):
        statements.run(
            f"CREATE TABLE {TABLE} (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)"
        )
    for number, migration in enumerate(migrations[done:], start=done + 1):
        migration.apply(statements)
        statements.run(f"INSERT INTO {TABLE} VALUES (?, ?, ?)", number, migration.name, applied_at)


def refuse_newer(version: int, migrations: Sequence[Migration]) -> None:
    """Refuse a store that a newer program has changed.

    Raises:
        JournalError: It is one.
    """
    if version > len(migrations):
        raise JournalError(
            f"The record is of a newer version of sre-mcp (format {version}, this one knows up to {len(migrations)}). "
            "It was left untouched.",
            next_steps=("update this sre-mcp, then restart it.",),
        )
