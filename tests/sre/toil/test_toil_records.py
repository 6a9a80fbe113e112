"""What the entries of a task add up to."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from sre.core.journal import Entries, Entry, NewEntry, StreamRef
from sre.toil.model import occurrence_numbers
from sre.toil.records import key_of, task_of, tasks_of

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


def stream(*told: tuple[str, Mapping[str, Any]]) -> Entries:
    ref = StreamRef("toil", 3)
    return tuple(
        Entry(ref, number, AT, NewEntry(kind, AT, "ana", "test", data)) for number, (kind, data) in enumerate(told, 1)
    )


def test_a_task_is_what_was_said_last_and_all_that_was_done() -> None:
    task = task_of(
        stream(
            ("task", {"name": "Restart the worker"}),
            ("done", {"who": "bo", "minutes": 15, "times": 3}),
            ("facts", {"kind": "manual", "how_often": "weekly", "automation_hours": 8}),
            ("facts", {"kind": "on_call"}),
            ("done", {"minutes": 20.5, "note": "at night"}),
        )
    )
    assert (task.reference, task.name, task.kind, task.automation_hours) == (
        "TOIL-3",
        "Restart the worker",
        "on_call",
        8,
    )
    assert task.per_month == pytest.approx(4.348, abs=1e-3)
    assert [(one.number, one.who, one.hours) for one in task.occurrences] == [(2, "bo", 0.75), (5, "ana", 20.5 / 60)]
    assert task.occurrences[1].note == "at night"


def test_what_was_taken_back_no_longer_counts_and_is_remembered() -> None:
    task = task_of(
        stream(
            ("task", {"name": "a"}),
            ("done", {"minutes": 15}),
            ("done", {"minutes": 16}),
            ("void", {"number": 2, "note": "typed twice"}),
            ("void", {"number": 2}),
            ("void", {"number": 1}),
        )
    )
    assert [one.minutes for one in task.occurrences] == [16]
    assert task.voided == (2,)


@pytest.mark.parametrize(
    "wrong",
    [
        ("done", {"minutes": "15"}),
        ("done", {"minutes": 0}),
        ("done", {"minutes": float("nan")}),
        ("done", {"minutes": True}),
        ("done", {"minutes": 5, "times": -1}),
        ("facts", {"kind": "fun", "how_often": "often", "automation_hours": -2}),
        ("facts", {"how_often": 7, "kind": ["manual"]}),
        ("void", {"number": "2"}),
        ("later_version", {"x": 1}),
    ],
)
def test_what_is_not_understood_changes_nothing(wrong: tuple[str, dict[str, Any]]) -> None:
    """Journals are imported, and written by later versions."""
    usual = (("task", {"name": "a"}), ("done", {"minutes": 15}))
    assert task_of(stream(*usual, wrong)) == task_of(stream(*usual))


def test_streams_that_begin_otherwise_are_no_tasks() -> None:
    assert tasks_of([stream(("done", {"minutes": 5})), (), stream(("task", {"name": "a"}))])[0].name == "a"
    with pytest.raises(ValueError, match="begins with its task"):
        task_of(stream(("done", {"minutes": 5})))


def test_spaces_and_capitals_make_no_other_task() -> None:
    assert key_of("  Restart the\tWorker ") == key_of("restart THE worker")
    assert key_of("Straße") == key_of("STRASSE")


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("TOIL-3#2", (3, 2)),
        ("toil-3 # 2", (3, 2)),
        ("3#2", (3, 2)),
        ("3", None),
        ("#2", None),
        ("²#2", None),
        ("", None),
    ],
)
def test_entries_are_called_by_task_and_number(said: str, numbers: tuple[int, int] | None) -> None:
    assert occurrence_numbers(said) == numbers
