"""The record: journals of incidents, actions and toil in SQLite or PostgreSQL, behind `sre.core.journal.Journal`."""

from server.store.journal import StoredJournal
from server.store.opening import journal_from

__all__ = ["StoredJournal", "journal_from"]
