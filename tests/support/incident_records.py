"""Journals with incidents in them, for tests of what reads or changes a record."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from sre.core.journal import JsonValue, NewEntry
from tests.support.memory_journal import MemoryJournal

Told: TypeAlias = tuple[str, str, Mapping[str, JsonValue]]
DAY = "2026-10-29"


def entry(kind: str, clock: str, data: Mapping[str, JsonValue], *, author: str = "ana") -> NewEntry:
    """Return an entry at a time of day (`14:20`) on the day of the demo's incident."""
    return NewEntry(kind, datetime.fromisoformat(f"{DAY}T{clock}:00+00:00").astimezone(UTC), author, "test", data)


async def begun(journal: MemoryJournal, *told: Told) -> int:
    """Record an incident and return its number."""
    entries = await journal.begin("incident", [entry(kind, clock, data) for kind, clock, data in told])
    return entries[0].stream.number


async def demo_incident(journal: MemoryJournal, *, title: str = "Checkout fails") -> int:
    """Record the failure of the demo's checkout, still open, as a person would have at the time; return its number."""
    return await begun(
        journal,
        ("declared", "14:20", {"title": title, "severity": "P1", "services": ["checkout"], "impact": "orders fail"}),
        ("time", "14:20", {"milestone": "start", "value": f"{DAY}T14:14:00Z"}),
        ("time", "14:20", {"milestone": "detected", "value": f"{DAY}T14:17:00Z"}),
        ("status", "14:22", {"status": "investigating"}),
        ("note", "14:31", {"text": "database pools are full", "evidence": "db_pool_in_use"}),
        ("action", "15:10", {"number": 1, "title": "Alert on pool saturation", "kind": "detect", "due": "2026-11-01"}),
    )
