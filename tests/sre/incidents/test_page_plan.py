"""What an action changes of which pages, and that its code stands for just that; *our choice* throughout."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sre.core.oncall import Named, PagedIncident, PageEvent, PageStatus
from sre.incidents.model import SEVERITIES
from sre.incidents.page_plan import (
    PAGE_SEVERITIES,
    PageAction,
    PagePlan,
    changed_since,
    confirmation_code,
    plan_of_change,
    plan_of_trigger,
)

AT = datetime(2026, 11, 23, 3, 40, tzinfo=UTC)
EVENT = PageEvent("trigger", key="k", summary="burning", source="checkout", severity="error", details={"a": "1"})


def page(name: str, status: PageStatus) -> PagedIncident:
    return PagedIncident(name, name, status, AT, Named("PSVC001"))


NEW, TAKEN, OLD, OVER = page("A", "triggered"), page("B", "acknowledged"), page("C", "resolved"), page("D", "resolved")


@pytest.mark.parametrize(
    ("action", "pages", "changes"),
    [
        ("acknowledge", (NEW, TAKEN, OVER), "A"),
        ("acknowledge", (TAKEN,), ""),
        ("resolve", (NEW, TAKEN, OVER), "AB"),
        ("resolve", (OVER,), ""),
        ("note", (OLD, OVER, NEW, TAKEN), "AB"),
        ("note", (OLD, OVER), "D"),
    ],
)
def test_an_action_changes_what_is_not_so_yet(
    action: PageAction, pages: tuple[PagedIncident, ...], changes: str
) -> None:
    plan = plan_of_change(action, pages, text="x")
    assert "".join(one.id for one in plan.to_change) == changes
    assert plan.is_done is not bool(changes)


def test_a_note_that_is_there_is_not_written_again() -> None:
    plan = plan_of_change("note", (NEW, TAKEN), text="x", noted=frozenset("A"))
    assert [one.id for one in plan.to_change] == ["B"]
    assert plan_of_change("note", (NEW,), text="x", noted=frozenset("A")).is_done


def test_a_trigger_is_done_while_its_page_is_open() -> None:
    assert plan_of_trigger(EVENT, (OLD, TAKEN), route="S").is_done
    assert not plan_of_trigger(EVENT, (OLD,), route="S").is_done


TRIGGER = plan_of_trigger(EVENT, (), route="S")
RESOLVE = plan_of_change("resolve", (NEW, TAKEN), text="fixed")


@pytest.mark.parametrize(
    ("agreed", "now", "moved"),
    [
        (TRIGGER, TRIGGER, 0),
        (TRIGGER, replace(TRIGGER, event=replace(EVENT, severity="critical")), None),
        (TRIGGER, replace(TRIGGER, event=replace(EVENT, summary="Burning")), None),
        (TRIGGER, replace(TRIGGER, event=replace(EVENT, details={"a": "2"})), None),
        (TRIGGER, replace(TRIGGER, event=replace(EVENT, url="https://x.example")), None),
        (TRIGGER, replace(TRIGGER, route="T"), None),
        (TRIGGER, plan_of_trigger(EVENT, (OLD,), route="S"), None),
        (TRIGGER, RESOLVE, None),
        (RESOLVE, RESOLVE, 0),
        (RESOLVE, plan_of_change("resolve", (TAKEN, NEW), text="fixed"), 0),
        (RESOLVE, plan_of_change("resolve", (NEW,), text="fixed"), 0),
        (RESOLVE, plan_of_change("resolve", (NEW, TAKEN, page("E", "triggered")), text="fixed"), 1),
        (RESOLVE, plan_of_change("resolve", (replace(NEW, status="acknowledged"), TAKEN), text="fixed"), 1),
        (RESOLVE, plan_of_change("resolve", (NEW, TAKEN), text="other"), None),
        (RESOLVE, plan_of_change("acknowledge", (NEW,), text="fixed"), None),
    ],
)
def test_a_code_holds_for_what_was_agreed_or_less(agreed: PagePlan, now: PagePlan, moved: int | None) -> None:
    assert changed_since(confirmation_code(agreed), now) == moved


@pytest.mark.parametrize("code", ["", "yes", "-", "0" * 500, "\ud800"])
def test_anything_else_is_no_code(code: str) -> None:
    assert changed_since(code, RESOLVE) is None


def test_ten_pages_make_a_code_that_fits_an_argument() -> None:
    pages = tuple(page(f"Q{number:013}", "triggered") for number in range(10))
    assert len(confirmation_code(plan_of_change("resolve", pages, text="x" * 2_000))) <= 200


def test_each_severity_of_the_policy_has_one_of_events_v2() -> None:
    """Source: Events API v2 knows critical, error, warning and info."""
    assert [PAGE_SEVERITIES[one] for one in SEVERITIES] == ["critical", "error", "warning", "info"]
