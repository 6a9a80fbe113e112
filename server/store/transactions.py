"""Transactions: work on the store in a thread, on a connection that is sound, in tables that are up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

from server.store.database import Connection, Database, Doing, Statements
from server.store.migrations import MIGRATIONS, Migration, apply_missing, known_version, refuse_newer, version_of

if TYPE_CHECKING:
    from sre.core.clock import Clock

Result = TypeVar("Result")
Work = Callable[[Statements], Result]


@dataclass(frozen=True, slots=True)
class _Opened:
    connection: Connection
    identity: object


class Transactions:
    """Runs work in transactions. Connections stay open for the next call, at most as many as the database allows."""

    def __init__(self, database: Database, clock: Clock, *, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        self._database = database
        self._clock = clock
        self._migrations = migrations
        self._places = anyio.CapacityLimiter(database.connections)
        self._idle: list[_Opened] = []
        self._lock = Lock()

    async def read(self, work: Work[Result]) -> Result:
        """Return what `work` reads, all of it as of one moment."""
        return await anyio.to_thread.run_sync(partial(self._run, work, writes=False), limiter=self._places)

    async def write(self, work: Work[Result]) -> Result:
        """Return what `work` returns once all it wrote is kept; if it raises, nothing is.

        A call that is cancelled in the meantime still ends, so that its outcome is never in doubt.
        """
        return await anyio.to_thread.run_sync(partial(self._run, work, writes=True), limiter=self._places)

    def close(self) -> None:
        """Close what is open; a later call opens again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for opened in idle:
            self._closed(opened)

    def _run(self, work: Work[Result], *, writes: bool) -> Result:
        opened = self._begun(writes=writes)
        try:
            result = self._worked(opened.connection, work)
        except self._database.errors as error:
            self._rolled_back(opened, is_lost=self._database.is_lost(error))
            raise self._database.explained(error, doing=_doing(writes)) from error
        except BaseException:
            self._rolled_back(opened)
            raise
        self._ended(opened, writes=writes)
        return result

    def _worked(self, connection: Connection, work: Work[Result]) -> Result:
        statements = Statements(connection, self._database)
        # Another process may have brought the tables further since we opened.
        refuse_newer(known_version(statements), self._migrations)
        return work(statements)

    def _begun(self, *, writes: bool) -> _Opened:
        while (left_open := self._taken()) is not None:
            try:
                self._begin(left_open, writes=writes)
            except self._database.errors as error:
                self._closed(left_open)
                # A connection that died since its last use has done nothing yet, so another one can.
                if not self._database.is_lost(error):
                    raise self._database.explained(error, doing=_doing(writes)) from error
            else:
                return left_open
        return self._begun_anew(writes=writes)

    def _begun_anew(self, *, writes: bool) -> _Opened:
        try:
            opened = self._opened()
        except self._database.errors as error:
            raise self._database.explained(error, doing="connect") from error
        try:
            self._begin(opened, writes=writes)
        except self._database.errors as error:
            self._closed(opened)
            raise self._database.explained(error, doing=_doing(writes)) from error
        return opened

    def _begin(self, opened: _Opened, *, writes: bool) -> None:
        self._database.begin(Statements(opened.connection, self._database), writes=writes)

    def _opened(self) -> _Opened:
        connection = self._database.connect()
        opened = _Opened(connection, self._database.identity())
        try:
            self._bring_up_to_date(Statements(connection, self._database))
        except BaseException:
            self._closed(opened)
            raise
        return opened

    def _bring_up_to_date(self, statements: Statements) -> None:
        version = version_of(statements)
        refuse_newer(version, self._migrations)
        if version == len(self._migrations):
            return
        self._database.begin(statements, writes=True)
        self._database.lock_schema(statements)
        apply_missing(statements, self._migrations, applied_at=stamp(self._clock.now()))
        statements.run("COMMIT")

    def _ended(self, opened: _Opened, *, writes: bool) -> None:
        try:
            Statements(opened.connection, self._database).run("COMMIT")
        except self._database.errors as error:
            self._rolled_back(opened)
            raise self._database.explained(error, doing="commit" if writes else "read") from error
        try:
            if writes:
                self._database.committed(opened.connection)
        except self._database.errors:
            # What was committed stays so; housekeeping is tried again after the next write.
            self._closed(opened)
        else:
            self._given_back(opened)

    def _rolled_back(self, opened: _Opened, *, is_lost: bool = False) -> None:
        if is_lost:
            self._closed(opened)
            return
        try:
            Statements(opened.connection, self._database).run("ROLLBACK")
        except self._database.errors:
            self._closed(opened)
        else:
            self._given_back(opened)

    def _taken(self) -> _Opened | None:
        current = self._database.identity()
        while True:
            with self._lock:
                if not self._idle:
                    return None
                opened = self._idle.pop()
            if opened.identity == current:
                return opened
            self._closed(opened)

    def _given_back(self, opened: _Opened) -> None:
        with self._lock:
            self._idle.append(opened)

    def _closed(self, opened: _Opened) -> None:
        with suppress(*self._database.errors):
            opened.connection.close()


def _doing(writes: bool) -> Doing:
    return "write" if writes else "read"


def stamp(at: datetime) -> str:
    """Return an instant as it is stored: UTC, microseconds, always as long, so that text order is time order.

    Raises:
        ValueError: The instant has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("a record needs aware datetimes")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
