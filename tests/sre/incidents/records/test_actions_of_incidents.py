"""What may be changed about an action, and which comes first. *Our choice*, from issue 4: tracked to done."""

from datetime import UTC, date, datetime

import pytest

from sre.core.errors import InputError
from sre.incidents.records.actions import (
    ActionWishes,
    action_like,
    changed_action,
    chosen_actions,
    counts_by_kind,
    new_action,
    owned_actions,
)
from sre.incidents.records.model import Incident, TrackedAction

TODAY = date(2026, 11, 2)


def incident(number: int, *actions: TrackedAction, severity: str = "P1") -> Incident:
    at = datetime(2026, 10, 29, 14, tzinfo=UTC)
    return Incident(number, "x", severity, "resolved", at, "ana", actions=actions)  # type: ignore[arg-type]


def test_a_new_action_is_numbered_after_the_last() -> None:
    known = incident(1, TrackedAction(1, "a"), TrackedAction(4, "b"))
    wishes = ActionWishes(title="c", kind="detect", due=date(2026, 11, 9))
    assert new_action(known, wishes) == {"number": 5, "title": "c", "kind": "detect", "due": "2026-11-09"}
    assert new_action(incident(1), ActionWishes(title="c"))["number"] == 1


def test_only_what_differs_is_recorded() -> None:
    action = TrackedAction(2, "a", owner="bo", due=date(2026, 11, 9))
    assert changed_action(action, ActionWishes(owner="bo", status="open", due=date(2026, 11, 9))) == {"number": 2}
    assert changed_action(action, ActionWishes(owner="cy", clears_due=True)) == {"number": 2, "owner": "cy", "due": ""}


@pytest.mark.parametrize("status", ["done", "dropped"])
def test_a_finished_action_stays_finished_unless_it_is_opened_with_a_reason(status: str) -> None:
    action = TrackedAction(2, "a", status=status, note="shipped")  # type: ignore[arg-type]
    for refused in (ActionWishes(owner="cy"), ActionWishes(status="open"), ActionWishes(status="open", note="shipped")):
        with pytest.raises(InputError, match=status):
            changed_action(action, refused)
    with pytest.raises(InputError, match="cannot change"):
        changed_action(action, ActionWishes(status="dropped" if status == "done" else "done", note="x"))
    assert changed_action(action, ActionWishes(status="open", note="it came back")) == {
        "number": 2, "status": "open", "note": "it came back",
    }  # fmt: skip
    assert changed_action(action, ActionWishes(link="https://t/1")) == {"number": 2, "link": "https://t/1"}


def test_the_same_title_is_the_same_action_while_it_is_open() -> None:
    known = incident(1, TrackedAction(1, "Alert on the pool", status="done"), TrackedAction(2, "Limit  the Pool"))
    assert action_like(known, "limit the pool ") == known.actions[1]
    assert action_like(known, "alert on the pool") is None


def test_overdue_ones_come_first_then_by_date_then_undated_then_finished() -> None:
    first = incident(
        1,
        TrackedAction(1, "undated of a P2"),
        TrackedAction(2, "due soon", due=date(2026, 11, 3)),
        TrackedAction(3, "long overdue", due=date(2026, 10, 1)),
        TrackedAction(4, "done, and was late", due=date(2026, 9, 1), status="done"),
        severity="P2",
    )
    second = incident(2, TrackedAction(1, "undated of a P0"), TrackedAction(2, "overdue", due=date(2026, 11, 1)),
                      TrackedAction(3, "due today", due=TODAY), severity="P0")  # fmt: skip
    owned = owned_actions([first, second])
    assert [one.reference for one in chosen_actions(owned, "all", today=TODAY)] == [
        "INC-1#3", "INC-2#2", "INC-2#3", "INC-1#2", "INC-2#1", "INC-1#1", "INC-1#4",
    ]  # fmt: skip
    assert [one.reference for one in chosen_actions(owned, "overdue", today=TODAY)] == ["INC-1#3", "INC-2#2"]
    assert len(chosen_actions(owned, "open", today=TODAY)) == 6
    assert [one.reference for one in chosen_actions(owned, "done", today=TODAY)] == ["INC-1#4"]


def test_kinds_are_counted_with_those_that_have_none() -> None:
    known = incident(1, TrackedAction(1, "a", kind="prevent"), TrackedAction(2, "b"), TrackedAction(3, "c"))
    assert counts_by_kind(owned_actions([known])) == {"prevent": 1, "none": 2}
