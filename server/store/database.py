"""What a database has to offer so that the same SQL runs on it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any, Literal, Protocol, TypeAlias

from sre.core.errors import SreError

Row: TypeAlias = tuple[Any, ...]
Doing: TypeAlias = Literal["connect", "read", "write", "commit"]


class Cursor(Protocol):
    """The part of a DB-API cursor we use."""

    def execute(self, sql: str, values: Sequence[object] = (), /) -> object:
        """Run one statement."""
        ...

    def executemany(self, sql: str, rows: Sequence[Sequence[object]], /) -> object:
        """Run one statement for each row."""
        ...

    def fetchall(self) -> list[Row]:
        """Return what the statement gave."""
        ...

    def close(self) -> None:
        """Release it."""
        ...


class Connection(Protocol):
    """The part of a DB-API connection we use; transactions are begun and ended by statements of our own."""

    def cursor(self) -> Cursor:
        """Return a new cursor."""
        ...

    def close(self) -> None:
        """Close it; nothing uncommitted stays."""
        ...


class Database(Protocol):
    """One place for records, and what is special about its dialect.

    Attributes:
        connections: How many may be open at once.
        placeholder: How a value is marked in a statement.
        locks_all: Whether a writer keeps all others waiting, whatever they write.
        lock_rows: What makes a SELECT hold its rows until the end of the transaction, if it does not hold all anyway.
        has_table: Statement that gives a row if there is a table of the name it is given.
    """

    connections: int
    placeholder: str
    locks_all: bool
    lock_rows: str
    has_table: str

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What its library raises; loading the library waits until somebody asks."""
        ...

    def connect(self) -> Connection:
        """Open a connection."""
        ...

    def identity(self) -> object:
        """Return what the configured place is now; a connection left open to another one is of no use."""
        ...

    def begin(self, statements: Statements, *, writes: bool) -> None:
        """Begin a transaction; one that writes waits for others that write the same, within a bound."""
        ...

    def lock_schema(self, statements: Statements) -> None:
        """Let nobody else change tables until the end of the transaction, which writes."""
        ...

    def committed(self, connection: Connection) -> None:
        """Do what is due after a write."""
        ...

    def is_lost(self, error: Exception) -> bool:
        """Whether a new connection may do better."""
        ...

    def explained(self, error: Exception, *, doing: Doing) -> SreError:
        """Return an error of its library in our words."""
        ...


class Statements:
    """Statements on one connection, in SQL that every dialect reads, with `?` for values."""

    def __init__(self, connection: Connection, database: Database) -> None:
        self._connection = connection
        self._database = database

    def run(self, sql: str, *values: object) -> None:
        """Run a statement that gives no rows."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(self._spelt(sql), values)

    def run_for_each(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run a statement for each row of values."""
        if rows:
            with closing(self._connection.cursor()) as cursor:
                cursor.executemany(self._spelt(sql), rows)

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Return the rows a statement gives."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(self._spelt(sql), values)
            return cursor.fetchall()

    def locked_rows(self, sql: str, *values: object) -> list[Row]:
        """Return the rows a SELECT gives and keep other writers from them until the transaction ends."""
        return self.rows(sql + self._database.lock_rows, *values)

    def has_table(self, name: str) -> bool:
        """Whether there is a table of this name."""
        return bool(self.rows(self._database.has_table, name))

    def _spelt(self, sql: str) -> str:
        return sql.replace("?", self._database.placeholder)
