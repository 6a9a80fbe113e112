"""When status updates are due. *Source*: the handbook's table of updates, which the product's policy is."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sre.incidents.cadence import AUDIENCES, checked_cadences, default_cadences, next_update, update_after
from sre.incidents.records.model import Incident, SentUpdate

AT = datetime(2026, 10, 29, 14, 20, tzinfo=UTC)
P0 = Incident(number=1, title="x", severity="P0", status="investigating", declared_at=AT, declared_by="a")
_HANDBOOK = Path("resources/handbook/incident-management.md")


def minutes(count: float) -> datetime:
    return AT + timedelta(minutes=count)


def handbook_rows() -> dict[str, list[str]]:
    section = _HANDBOOK.read_text(encoding="utf-8").split("## Updates")[1].split("## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| P")
    ]
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize("severity", ["P0", "P1"])
def test_the_table_says_what_the_handbook_says(severity: str) -> None:
    internal, customers = handbook_rows()[severity]
    table = default_cadences()[severity]  # type: ignore[index]
    assert [float(number) for number in re.findall(r"\d+", internal)] == [table["internal"].every_minutes]
    stated = [float(number) for number in re.findall(r"\d+", customers)]
    assert stated == [table["customer"].first_minutes, table["customer"].every_minutes]


def test_severities_without_a_clock_in_the_handbook_have_none_here() -> None:
    assert handbook_rows()["P2"] == ["on change", "if they notice"]
    assert handbook_rows()["P3"] == ["none", "none"]
    assert all(
        default_cadences()[severity][who].every_minutes is None for severity in ("P2", "P3") for who in AUDIENCES
    )


def test_the_first_update_is_due_after_the_declaration_and_late_afterwards() -> None:
    due = next_update(P0, "customer")
    assert (due.at, due.is_first) == (minutes(15), True)
    assert not due.is_late(minutes(15))
    assert due.is_late(minutes(16))


def test_the_next_update_counts_from_the_last_one_to_the_same_audience() -> None:
    told = replace(P0, updates=(SentUpdate(minutes(10), "customer", "x"), SentUpdate(minutes(12), "internal", "y")))
    assert next_update(told, "customer").at == minutes(40)
    assert next_update(told, "internal").at == minutes(27)
    assert next_update(told, "executive").at == minutes(15)


def test_an_incident_that_is_over_owes_its_last_word_once() -> None:
    over = replace(
        P0, status="resolved", times={"end": minutes(50)}, updates=(SentUpdate(minutes(40), "customer", "x"),)
    )
    assert next_update(over, "customer").at == minutes(70)
    told = replace(over, updates=(*over.updates, SentUpdate(minutes(55), "customer", "over")))
    assert next_update(told, "customer").at is None
    assert next_update(over, "executive").at is None


def test_without_a_clock_no_update_is_due_and_the_words_say_why() -> None:
    due = next_update(replace(P0, severity="P2"), "internal")
    assert (due.at, due.words) == (None, "when something changes")
    assert not due.is_late(minutes(10_000))


def test_the_update_after_this_one_is_an_interval_away() -> None:
    assert update_after("P1", "executive", at=AT).at == minutes(60)


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"P0": {}, "P1": {}, "P2": {}, "P3": {}},
        {severity: dict.fromkeys(AUDIENCES, "sometimes") for severity in ("P0", "P1", "P2", "P3")},
        {
            severity: {key: {"every_minutes": 0, "first_minutes": 5} for key in AUDIENCES}
            for severity in ("P0", "P1", "P2", "P3")
        },
    ],
)
def test_a_table_that_is_incomplete_or_wrong_is_refused(table: dict[str, dict[str, object]]) -> None:
    with pytest.raises(ValueError, match=r"cadence|minutes"):
        checked_cadences(table)
