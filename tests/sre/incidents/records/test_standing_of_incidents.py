"""Deadlines, order, likeness, open questions and severities said; expected values are written out by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from sre.core.errors import InputError
from sre.incidents.records.deadlines import deadlines
from sre.incidents.records.duplicates import near_duplicates, title_likeness
from sre.incidents.records.facts import began_at, facts_of
from sre.incidents.records.listing import IncidentFilter, by_urgency
from sre.incidents.records.milestones import odd_times, order_violations
from sre.incidents.records.model import Incident, TrackedAction
from sre.incidents.records.questions import action_questions, open_questions
from sre.incidents.records.severity_words import SaidSeverity, severity_said

START = datetime(2026, 10, 29, 14, 14, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def incident(number: int = 7, **said: object) -> Incident:
    known = {
        "title": "Checkout fails", "severity": "P1", "status": "investigating", "declared_at": at(5),
        "declared_by": "ana", "services": ("checkout",),
    }  # fmt: skip
    return Incident(number=number, **{**known, **said})  # type: ignore[arg-type]


def test_deadlines_count_from_detection_and_from_the_start() -> None:
    """*Source*: design, section 4: P1 respond in 15 min, repair in 2 h."""
    known = incident(times={"start": at(0), "detected": at(3), "acknowledged": at(18), "mitigated": at(121)})
    respond, repair = deadlines(known, now=at(200))
    assert (respond.due, respond.state) == (at(18), "met")
    assert (repair.due, repair.state) == (at(120), "missed")


@pytest.mark.parametrize(("minutes", "state"), [(20, "running"), (20.1, "overdue")])
def test_a_deadline_runs_until_its_last_instant(minutes: float, state: str) -> None:
    respond, _ = deadlines(incident(), now=at(minutes))
    assert (respond.since, respond.state) == (at(5), state), "from the declaration where nothing else is known"


def test_what_is_over_without_a_time_is_not_judged() -> None:
    """Nobody wrote down when it was acknowledged: that is not known, and not late for ever."""
    respond, repair = deadlines(incident(status="resolved", times={"end": at(30)}), now=at(999))
    assert (respond.state, repair.state) == ("not_judged", "met")


def test_a_sprint_is_not_judged() -> None:
    """*Source*: design, section 4: P3 next business day, next sprint."""
    _, repair = deadlines(incident(severity="P3"), now=at(999_999))
    assert (repair.target, repair.due, repair.state) == ("next sprint", None, "not_judged")


def test_the_beginning_is_what_is_known_of_it() -> None:
    assert began_at(incident(times={"start": at(0), "detected": at(3)})) == at(0)
    assert began_at(incident(times={"detected": at(3)})) == at(3)
    assert began_at(incident()) == at(5)


def test_dropped_actions_are_no_facts() -> None:
    actions = (TrackedAction(1, "kept", due=date(2026, 11, 5)), TrackedAction(2, "dropped", status="dropped"))
    assert [(one.title, one.due) for one in facts_of(incident(actions=actions)).action_items] == [
        ("kept", "2026-11-05")
    ]


def test_each_pair_of_milestones_in_the_wrong_order_is_named() -> None:
    times = {"start": at(10), "acknowledged": at(1), "mitigated": at(2), "end": at(1), "detected": at(5)}
    assert set(order_violations(times)) == {  # type: ignore[arg-type]
        ("start", "acknowledged"), ("start", "mitigated"), ("start", "end"), ("detected", "acknowledged"),
        ("mitigated", "end"),
    }  # fmt: skip
    assert order_violations({"start": at(0), "end": at(0)}) == {}


def test_detection_before_the_start_is_odd_but_possible() -> None:
    times = {"start": at(10), "detected": at(5)}
    assert order_violations(times) == {}  # type: ignore[arg-type]
    assert odd_times(times, is_over=False) == (  # type: ignore[arg-type]
        "detected lies before start: right only if it was foreseen.",
    )
    assert odd_times({"end": at(5)}, is_over=True) == ()
    assert len(odd_times({"end": at(5)}, is_over=False)) == 1


@pytest.mark.parametrize(
    ("first", "second", "is_alike"),
    [
        ("Checkout fails", "checkout is failing", True),
        ("Checkout fails", "Checkout fails for all users in Europe", True),
        ("Checkout fails", "payments are slow", False),
        ("the checkout", "the payments", False),
        ("", "", True),
    ],
)
def test_titles_are_alike_by_words_or_letters(first: str, second: str, is_alike: bool) -> None:
    assert (title_likeness(first, second) > 0) is is_alike


def test_a_near_duplicate_is_open_recent_and_of_the_same_service() -> None:
    """*Source*: issue 4 and its brief: an open incident with the same services and a similar title within hours."""
    declared = incident(9, title="checkout is failing")
    others = [
        incident(1),
        incident(2, status="resolved"),
        incident(3, declared_at=at(-13 * 60)),
        incident(4, services=("payments",)),
        incident(5, title="search index is stale"),
        incident(6, services=()),
    ]
    found = near_duplicates(declared, [*others, declared])
    assert [(one.incident.number, one.why) for one in found] == [
        (1, "the same service (checkout) and a similar title"),
        (6, "a similar title"),
    ]


def test_questions_of_a_thin_record() -> None:
    questions = open_questions(incident(status="resolved", services=()), today=date(2026, 11, 2))
    assert [question.split(":")[0] for question in questions] == [
        "start", "detected", "end", "impact", "causes", "services", "actions",
    ]  # fmt: skip


def test_actions_lack_owners_dates_and_one_that_prevents() -> None:
    actions = (
        TrackedAction(1, "a", kind="detect", owner="bo", due=date(2026, 11, 1)),
        TrackedAction(2, "b"),
        TrackedAction(3, "c", kind="prevent", status="dropped"),
        TrackedAction(4, "d", status="done"),
    )
    today = date(2026, 11, 2)
    assert action_questions(incident(actions=actions, status="resolved"), today=today) == (
        "actions: a P1 without one that prevents a repetition (kind prevent)",
        "actions: #2 has no kind or owner or due",
        "actions: overdue #1",
    )
    assert len(action_questions(incident(actions=actions), today=today)) == 2, "not asked while it burns"
    assert len(action_questions(incident(actions=actions, status="resolved", severity="P2"), today=today)) == 2


def test_the_worst_and_oldest_open_one_comes_first_then_the_latest() -> None:
    incidents = [
        incident(1, status="closed", declared_at=at(0)),
        incident(2, status="resolved", declared_at=at(50)),
        incident(3, severity="P2", declared_at=at(-90)),
        incident(4, severity="P0", declared_at=at(40)),
        incident(5, severity="P0", declared_at=at(30)),
    ]
    assert [one.number for one in by_urgency(incidents)] == [5, 4, 3, 2, 1]


def test_every_filter_narrows() -> None:
    known = incident(times={"start": at(0)}, impact="Orders FAIL at the till")
    takes = [
        IncidentFilter(),
        IncidentFilter(statuses=("investigating", "closed")),
        IncidentFilter(severities=("P1",)),
        IncidentFilter(service="CHECKOUT"),
        IncidentFilter(since=at(0), until=at(1)),
        IncidentFilter(search="till orders"),
        IncidentFilter(open_only=True),
    ]
    leaves = [
        IncidentFilter(statuses=("closed",)),
        IncidentFilter(severities=("P0", "P2")),
        IncidentFilter(service="check"),
        IncidentFilter(since=at(1)),
        IncidentFilter(until=at(0)),
        IncidentFilter(search="till refunds"),
    ]
    assert [one.accepts(known) for one in takes] == [True] * len(takes)
    assert [one.accepts(known) for one in leaves] == [False] * len(leaves)
    assert not IncidentFilter(open_only=True).accepts(incident(status="resolved"))


@pytest.mark.parametrize(
    ("said", "severity", "is_unsure"),
    [
        ("P1", "P1", False), ("p3", "P3", False), (" 2 ", "P2", False), ("P2/P1", "P1", True), ("P1?", "P1", True),
        ("P1 or P0", "P0", True), ("p2-p3", "P2", True), ("P1, P2", "P1", True), ("P1 to P3", "P1", True),
    ],
)  # fmt: skip
def test_unsure_means_the_higher_severity(said: str, severity: str, is_unsure: bool) -> None:
    """*Source*: issue 4: unsure means the higher one."""
    assert severity_said(said) == SaidSeverity(severity, is_unsure)  # type: ignore[arg-type]


@pytest.mark.parametrize("said", ["", "P4", "SEV1", "high", "P12", "not P0", "P1P2", "1234", "-1"])
def test_any_other_severity_is_answered_with_the_rules(said: str) -> None:
    with pytest.raises(InputError) as caught:
        severity_said(said)
    assert caught.value.valid == ("P0", "P1", "P2", "P3")
    assert [step[:2] for step in caught.value.next_steps[:4]] == ["P0", "P1", "P2", "P3"]
    assert "assess_severity" in caught.value.next_steps[4]
