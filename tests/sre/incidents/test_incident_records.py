"""What the entries of an incident add up to; expected values are written out by hand."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

import pytest

from sre.core.errors import InputError
from sre.core.journal import Entries, Entry, JsonValue, NewEntry, StreamRef
from sre.incidents.records.entries import incident_of
from sre.incidents.records.model import number_of, reference_of
from sre.incidents.records.transitions import checked_transition, next_statuses

START = datetime(2026, 10, 29, 14, 14, tzinfo=UTC)
STREAM = StreamRef("incident", 7)
Told: TypeAlias = tuple[str, float, Mapping[str, JsonValue]]


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def recorded(*told: Told) -> Entries:
    first: Told = ("declared", 5.0, {"title": "Checkout fails", "severity": "P1", "services": ["checkout"]})
    return tuple(
        Entry(STREAM, number, at(99), NewEntry(kind, at(minutes), "ana", "test", data))
        for number, (kind, minutes, data) in enumerate((first, *told), 1)
    )


def test_statuses_set_the_milestones_they_reach() -> None:
    incident = incident_of(
        recorded(
            ("time", 6, {"milestone": "start", "value": START.isoformat()}),
            ("status", 8, {"status": "investigating"}),
            ("status", 40, {"status": "mitigated", "note": "rolled back"}),
            ("status", 50, {"status": "resolved"}),
        )
    )
    assert (incident.reference, incident.status, incident.is_over()) == ("INC-7", "resolved", True)
    assert incident.times == {"start": START, "acknowledged": at(8), "mitigated": at(40), "end": at(50)}
    assert [note.text for note in incident.notes][1] == "Status: mitigated. rolled back"


def test_harm_that_returns_takes_mitigation_and_end_back_and_keeps_the_history() -> None:
    entries = recorded(
        ("status", 8, {"status": "investigating"}),
        ("status", 40, {"status": "resolved"}),
        ("status", 55, {"status": "investigating"}),
    )
    incident = incident_of(entries)
    assert incident.times == {"acknowledged": at(8)}
    assert not incident.is_over()
    assert incident.entries == entries


def test_opening_a_closed_record_changes_no_milestone() -> None:
    told: tuple[Told, ...] = (("status", 8.0, {"status": "resolved"}), ("status", 60.0, {"status": "closed"}))
    closed = incident_of(recorded(*told))
    opened = incident_of(recorded(*told, ("status", 90, {"status": "resolved"})))
    assert closed.closed_at == at(60)
    assert opened.closed_at is None
    assert opened.times == closed.times == {"mitigated": at(8), "end": at(8)}


def test_a_later_time_corrects_an_earlier_one() -> None:
    def told(minutes: float, value: str | None) -> Told:
        return ("time", minutes, {"milestone": "detected", "value": value})

    assert incident_of(recorded(told(6, at(3).isoformat()), told(7, at(4).isoformat()))).times == {"detected": at(4)}
    assert incident_of(recorded(told(6, at(3).isoformat()), told(7, None))).times == {}


def test_an_action_is_what_was_last_said_of_each_part() -> None:
    incident = incident_of(
        recorded(
            ("action", 60, {"number": 1, "title": "Alert on the pool", "kind": "detect", "due": "2026-11-12"}),
            ("action", 61, {"number": 2, "title": "Canary"}),
            ("action", 70, {"number": 1, "owner": "bo", "status": "in_progress"}),
            ("action", 80, {"number": 2, "status": "done"}),
        )
    )
    first, second = incident.actions
    assert (first.title, first.owner, first.due, first.status) == (
        "Alert on the pool", "bo", date(2026, 11, 12), "in_progress",
    )  # fmt: skip
    assert (second.is_open(), second.done_at) == (False, at(80))
    assert [first.is_overdue(date(2026, 11, day)) for day in (12, 13)] == [False, True]


def test_an_entry_of_a_later_version_changes_nothing_and_is_kept() -> None:
    entries = recorded(("weather", 6, {"sky": "blue"}))
    assert incident_of(entries).entries == entries


@pytest.mark.parametrize("before", ["declared", "investigating", "identified", "mitigated", "resolved", "closed"])
def test_a_wrong_transition_names_the_right_ones(before: str) -> None:
    with pytest.raises(InputError) as caught:
        checked_transition(before, "declared")  # type: ignore[arg-type]
    assert caught.value.valid == next_statuses(before)  # type: ignore[arg-type]


def test_references_are_read_as_people_write_them() -> None:
    assert [number_of(text) for text in ("INC-7", "inc-7", " 7 ", reference_of(7))] == [7] * 4
    assert [number_of(text) for text in ("", "INC-", "seven", "-7", "٧", "1" * 10)] == [None] * 6
