"""From settings to the journal; nothing is opened yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.settings import DemoSettings, Settings, data_folder
from server.store.database import Database
from server.store.journal import StoredJournal

if TYPE_CHECKING:
    from sre.core.clock import Clock

FILE_NAME = "records.sqlite3"


def journal_from(settings: Settings, clock: Clock) -> StoredJournal:
    """Return where records are kept: PostgreSQL by URL, else a file in the data folder.

    While the demo world is the default source, records are play: they stay in memory and end with the process.

    Raises:
        ConfigError: The URL is none, or the library for it is not installed.
    """
    return StoredJournal(_database(settings), clock)


def is_play(settings: Settings) -> bool:
    """Whether records end with the process."""
    default = settings.default_source
    return default is not None and isinstance(settings.sources[default], DemoSettings)


def _database(settings: Settings) -> Database:
    from server.store.sqlite import SqliteDatabase

    if is_play(settings):
        return SqliteDatabase(None)
    if settings.store_url is not None:
        from server.store.postgres import PostgresDatabase, checked_url

        return PostgresDatabase(checked_url(settings.store_url.get_secret_value()))
    return SqliteDatabase((data_folder(settings) / FILE_NAME).absolute())
