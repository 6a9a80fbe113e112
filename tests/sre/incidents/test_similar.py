"""Earlier incidents that are alike: found for stated reasons, ranked, with what was left undone after them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.incidents.model import Cause
from sre.incidents.records.model import ActionStatus, Incident, TrackedAction
from sre.incidents.similar import Profile, profile_of, similar_incidents

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
BEGAN = datetime(2026, 10, 29, 14, 14, tzinfo=UTC)
SUBJECT = Profile(
    "Checkout fails: connection pool exhausted",
    BEGAN,
    services=("checkout",),
    slos=("checkout-availability",),
    causes=("v2.4.0 does not return connections when a call fails",),
    number=9,
)


def incident(
    number: int,
    title: str = "Something else",
    *,
    days_before: float = 30,
    services: tuple[str, ...] = (),
    slos: tuple[str, ...] = (),
    causes: tuple[str, ...] = (),
    actions: tuple[TrackedAction, ...] = (),
) -> Incident:
    began = BEGAN - timedelta(days=days_before)
    return Incident(
        number,
        title,
        "P1",
        "resolved",
        began,
        "ana",
        times={"start": began},
        services=services,
        slos=slos,
        causes=tuple(Cause(text) for text in causes),
        actions=actions,
    )


def found(*known: Incident, subject: Profile = SUBJECT) -> list[int]:
    return [one.incident.number for one in similar_incidents(subject, known, now=NOW)]


@pytest.mark.parametrize(
    ("alike", "reason"),
    [
        (incident(1, services=("Checkout", "web")), "the same service: Checkout"),
        (incident(1, slos=("checkout-availability",)), "the same SLO: checkout-availability"),
        (incident(1, "Connection pools exhausted"), "words of the title: connection, pools, exhausted"),
        (incident(1, causes=("Connections are not returned on a failing call",)), "words of a cause"),
    ],
)
def test_each_likeness_is_enough_and_is_named(alike: Incident, reason: str) -> None:
    """Our choice of what counts: service, SLO, title, cause."""
    others = [incident(number, f"Unrelated {name}") for number, name in enumerate(("disk", "certificate", "dns"), 2)]
    (one,) = similar_incidents(SUBJECT, [alike, *others], now=NOW)
    assert one.incident.number == 1
    assert any(reason in why for why in one.reasons), one.reasons
    assert len(one.reasons) == 1


def test_nothing_in_common_is_not_alike() -> None:
    assert found(incident(1, "Certificate of the mail relay expired", services=("mail",), slos=("mail",))) == []


def test_words_without_meaning_and_numbers_make_nothing_alike() -> None:
    subject = replace(SUBJECT, title="It was not in the 500 of all", services=(), slos=(), causes=())
    assert found(incident(1, "All of the 500 was not in it"), subject=subject) == []


def test_an_incident_is_not_like_itself_nor_like_what_came_later() -> None:
    same: dict[str, Any] = {"services": ("checkout",), "slos": ("checkout-availability",)}
    assert found(incident(9, **same), incident(10, days_before=-1, **same), incident(3, **same)) == [3]


def test_more_in_common_comes_first_and_of_equals_the_latest() -> None:
    pool = "Connections were not returned when a call failed"
    known = (
        incident(1, services=("checkout",), days_before=90),
        incident(2, services=("checkout",), slos=("checkout-availability",), causes=(pool,), days_before=60),
        incident(3, services=("checkout",), days_before=10),
        incident(4, services=("checkout",), slos=("checkout-availability",), days_before=30),
    )
    assert found(*known) == [2, 4, 3, 1]


def test_a_word_that_every_incident_has_says_less_than_a_rare_one() -> None:
    subject = Profile("Latency outage: certificate", BEGAN)
    towns = ("Rome", "Oslo", "Bonn", "Lyon", "Kyiv", "Bern", "Riga")
    common = [incident(number, f"Latency outage {town}") for number, town in enumerate(towns, 10)]
    rare = incident(1, "Certificate gone")
    assert found(rare, *common, subject=subject)[0] == 1


def test_the_name_of_a_shared_service_is_not_counted_again_as_a_word_of_the_title() -> None:
    subject = Profile("Checkout", BEGAN, services=("checkout",))
    (one,) = similar_incidents(subject, [incident(1, "Checkout", services=("checkout",))], now=NOW)
    assert one.reasons == ("the same service: checkout",)


def test_at_most_so_many_are_named() -> None:
    known = [incident(number, services=("checkout",), days_before=number) for number in range(20, 30)]
    assert found(*known) == [20, 21, 22, 23, 24]


@pytest.mark.parametrize(
    ("status", "due", "done_days", "expected"),
    [
        ("open", date(2026, 10, 1), None, "overdue"),
        ("in_progress", date(2026, 10, 1), None, "overdue"),
        ("open", date(2026, 12, 1), None, "open"),
        ("open", None, None, "open"),
        ("dropped", date(2026, 10, 1), -20, "dropped"),
        ("done", date(2026, 10, 1), 1, "late"),
        ("done", date(2026, 10, 1), -1, None),
    ],
)
def test_what_had_not_changed_anything_when_this_one_began_is_named(
    status: ActionStatus, due: date | None, done_days: float | None, expected: str | None
) -> None:
    """`done_days` counts from the beginning of the later incident."""
    done_at = None if done_days is None else BEGAN + timedelta(days=done_days)
    action = TrackedAction(2, "Alert on the pool", due=due, status=status, done_at=done_at)
    (one,) = similar_incidents(SUBJECT, [incident(3, services=("checkout",), actions=(action,))], now=NOW)
    assert [(left.reference, left.shortfall) for left in one.unfinished] == (
        [("INC-3#2", expected)] if expected else []
    )


def test_what_is_overdue_comes_first() -> None:
    actions = (
        TrackedAction(1, "a", status="dropped", done_at=BEGAN),
        TrackedAction(2, "b"),
        TrackedAction(3, "c", due=date(2026, 10, 1)),
    )
    (one,) = similar_incidents(SUBJECT, [incident(3, services=("checkout",), actions=actions)], now=NOW)
    assert [left.action.number for left in one.unfinished] == [3, 2, 1]


def test_text_from_outside_is_cleaned_in_the_reasons() -> None:
    subject = Profile("x", BEGAN, services=("a\u202eb\x1b[31mc",))
    (one,) = similar_incidents(subject, [incident(1, services=("a\u202eb\x1b[31mc",))], now=NOW)
    assert one.reasons == ("the same service: abc",)


words = st.lists(st.sampled_from(["pool", "disk", "full", "slow", "deploy", "web", "fails"]), max_size=5).map(" ".join)
names = st.lists(st.sampled_from(["checkout", "web", "payments"]), max_size=3, unique=True).map(tuple)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(st.tuples(words, names, names, words), min_size=1, max_size=8), names)
def test_scores_lie_between_zero_and_one_and_a_further_shared_slo_never_makes_it_less_alike(
    rows: list[tuple[str, tuple[str, ...], tuple[str, ...], str]], slos: tuple[str, ...]
) -> None:
    known = [
        incident(number, title, services=services, slos=other_slos, causes=(cause,), days_before=number)
        for number, (title, services, other_slos, cause) in enumerate(rows, 1)
    ]
    subject = replace(profile_of(known[0]), number=None, began_at=BEGAN, slos=slos)
    scores = {one.incident.number: one.score for one in similar_incidents(subject, known, now=NOW, limit=99)}
    assert all(0 < score <= 1 + 1e-9 for score in scores.values())
    shared = [replace(one, slos=(*one.slos, "same")) for one in known]
    wider = replace(subject, slos=("same",))
    with_shared = {one.incident.number: one.score for one in similar_incidents(wider, shared, now=NOW, limit=99)}
    without = replace(subject, slos=())
    bare = {one.incident.number: one.score for one in similar_incidents(without, known, now=NOW, limit=99)}
    assert all(with_shared[number] >= score for number, score in bare.items())
