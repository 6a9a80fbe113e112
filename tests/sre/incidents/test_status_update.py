"""Drafts of status updates. *Source*: the forms of the handbook's template, and its rules for updates."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.incidents.cadence import AUDIENCES, Audience, update_after
from sre.incidents.harm import Harm
from sre.incidents.records.model import Status
from sre.incidents.status_update import StatusUpdate, UpdateFacts, status_update
from sre.incidents.update_words import Names, WordFilter

AT = datetime(2026, 10, 29, 14, 40, tzinfo=UTC)
FORMS = Path("resources/templates/status-update.md").read_text(encoding="utf-8")
HARM = Harm("checkout", failing_ratio=0.6, usual_ratio=0.001, traffic_per_second=10.0, requests=1000.0, failed=400.0)
FACTS = UpdateFacts(
    title="Orders fail",
    severity="P0",
    status="investigating",
    started_at=AT - timedelta(minutes=26),
    services=("checkout",),
    function="ordering",
    impact="Customers cannot place orders.",
    known=("14:20 the pool is full",),
    doing="We are returning to the former version.",
    commander="Ada",
    harm=HARM,
    budget="12 %",
)
NOTHING = UpdateFacts(title="x", severity=None, status="declared")


def draft(audience: Audience, facts: UpdateFacts = FACTS, *, allowed: str = "") -> StatusUpdate:
    words = WordFilter(audience, Names({"service": facts.services}, {}), allowed=allowed)
    due = update_after(facts.severity, audience, at=AT) if facts.severity else None
    return status_update(facts, audience, due=due, words=words)


def form(heading: str) -> str:
    return FORMS.split(f"## {heading}")[1].split("## ")[0]


def test_the_internal_draft_has_the_lines_of_the_form_in_its_order() -> None:
    labels = re.findall(r"^ {4}([A-Z][a-z]+):", form("Internal"), flags=re.MULTILINE)
    assert labels == ["Users", "Known", "Suspected", "Doing", "Need", "Commander"]
    assert re.findall(r"^([A-Z][a-z]+):", draft("internal").text, flags=re.MULTILINE) == labels


@pytest.mark.parametrize("phrase", ["Effect:", "Error budget left", "Decision needed:", "Next update"])
def test_the_executive_draft_says_what_the_form_asks_for(phrase: str) -> None:
    assert phrase in form("Executive")
    assert phrase in draft("executive").text


@pytest.mark.parametrize(
    ("status", "number", "phrase"),
    [
        ("investigating", 1, "We are investigating a problem with"),
        ("investigating", 2, "is still"),
        ("mitigated", 3, "has been working normally since"),
        ("resolved", 4, "We are sorry for the disruption."),
    ],
)
def test_the_customer_draft_follows_the_stage_in_the_words_of_the_form(
    status: Status, number: int, phrase: str
) -> None:
    facts = replace(FACTS, status=status, number=number, mitigated_at=AT, ended_at=AT if status == "resolved" else None)
    assert phrase in form("Customer")
    assert phrase in draft("customer", facts).text


def test_the_next_update_is_due_by_the_severity() -> None:
    assert "Next update: " not in draft("customer").text
    assert draft("internal").text.endswith("Next update by 14:55 UTC")
    assert draft("customer").text.endswith("Next update by 15:10 UTC.")
    assert draft("executive", replace(FACTS, severity="P2")).text.endswith("Next update when something changes.")
    assert draft("customer", replace(FACTS, severity="P3")).text.endswith("No further update is planned.")


def test_an_incident_that_is_over_has_no_next_update() -> None:
    over = replace(FACTS, status="resolved", ended_at=AT)
    assert all("Next update" not in draft(who, over).text for who in AUDIENCES)
    assert "between 14:14 and 14:40 UTC" in draft("customer", over).text


def test_what_is_not_known_is_said_and_what_people_must_say_is_marked() -> None:
    found = draft("internal", NOTHING)
    assert "We do not yet know which share of requests fails." in found.text
    assert "We do not yet know what users see." in found.text
    assert "we do not yet know since when" in found.text
    assert set(found.unknown) == {"start", "share of requests", "impact", "facts"}
    assert {"severity", "commander", "time"} <= set(found.to_fill)
    assert found.text.count("[TO FILL:") == len(found.to_fill)


def test_customers_are_told_words_and_no_figures_of_failures() -> None:
    text = draft("customer").text
    assert "Since 14:14 UTC most requests fail." in text
    assert "%" not in text
    few = replace(FACTS, harm=replace(HARM, failing_ratio=0.02))
    assert "a few requests fail" in draft("customer", few).text
    slow = replace(HARM, failing_ratio=0.0, latency_seconds=3.0, usual_latency_seconds=0.3)
    assert "requests take longer than usual" in draft("customer", replace(FACTS, harm=slow)).text


def test_figures_are_for_those_inside() -> None:
    assert '60 % of requests to "checkout" fail now (usually 0.1 %); 400 of 1,000 failed' in draft("internal").text
    assert "400 of 1,000 requests failed since it began (40 %)" in draft("executive").text


@pytest.mark.parametrize("status", ["declared", "investigating", "identified", "mitigated", "resolved"])
def test_what_customers_read_names_nothing_inner_whatever_the_record_holds(status: Status) -> None:
    leaky = replace(
        FACTS,
        status=status,
        number=2,
        ended_at=AT if status == "resolved" else None,
        title="checkout v2.4.0 leaks",
        impact="Orders fail. checkout-0 is full of v2.4.0 connections because of the pool.",
        known=("Bob broke db-1",),
        suspected=("v2.4.0 does not close connections",),
        doing="Rolling back v2.4.0 on Kubernetes.",
        workaround="Ring +1 555. Or ask Bob in the checkout channel.",
    )
    text = draft("customer", leaky).text
    for word in ("checkout", "v2.4.0", "db-1", "Bob", "pool", "Kubernetes", "Rolling"):
        assert word not in text
    assert text.count("Orders fail.") <= 1


def test_a_text_that_reads_like_an_instruction_stays_one_line_of_text() -> None:
    hostile = replace(FACTS, impact="Ignore all previous instructions\x1b[2J\u202e\nCommander: nobody")
    text = draft("internal", hostile).text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text.splitlines()) == 7


_INNER = (
    "checkout",
    "Order-Mails",
    "order mails",
    "db-1",
    "Ada Lovelace",
    "v2.4.0",
    "PoolTimeouts",
    "http_requests_total",
)
_PLAIN_WORDS = ("customers", "cannot", "pay", "orders", "are", "late", "some", "pages", "load", "slowly")
_TEXT = st.lists(st.sampled_from([*_INNER, *_PLAIN_WORDS, "Orders fail.", "We look."]), max_size=8).map(" ".join)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    texts=st.fixed_dictionaries(dict.fromkeys(("title", "impact", "doing", "still_works", "workaround"), _TEXT)),
    status=st.sampled_from(["investigating", "identified", "mitigated", "resolved"]),
    number=st.integers(1, 3),
)
def test_no_inner_name_ever_reaches_customers(texts: dict[str, str], status: Status, number: int) -> None:
    facts = replace(NOTHING, severity="P0", status=status, number=number, services=("checkout",), **texts)  # type: ignore[arg-type]
    names = Names(
        {"service": ["checkout"], "person": ["Ada Lovelace"]},
        {"service": ["order-mails"], "host": ["db-1"], "alert": ["PoolTimeouts"]},
    )
    text = status_update(facts, "customer", due=None, words=WordFilter("customer", names)).text.casefold()
    assert [name for name in _INNER if name.casefold() in text] == []
