"""A record as facts: each statement names the entry it stands in; expected values are written out by hand."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.journal import Entries, Entry, JsonValue, NewEntry, StreamRef
from sre.incidents.model import IncidentFacts
from sre.incidents.recorded_facts import recorded_facts
from sre.incidents.records.entries import incident_of

START = datetime(2026, 10, 29, 14, 14, tzinfo=UTC)
STREAM = StreamRef("incident", 7)
TODAY = date(2026, 11, 2)
Told: TypeAlias = tuple[str, float, str, Mapping[str, JsonValue]]
DECLARED: Told = (
    "declared", 6, "ana", {"title": "Checkout fails", "severity": "P1", "services": ["checkout"], "impact": "no orders"},
)  # fmt: skip
BEGAN: Told = ("time", 6, "ana", {"milestone": "start", "value": START.isoformat()})


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def entries(*told: Told) -> Entries:
    return tuple(
        Entry(STREAM, number, at(9_000), NewEntry(kind, at(minutes), author, "test", data))
        for number, (kind, minutes, author, data) in enumerate((DECLARED, *told), 1)
    )


def facts(*told: Told) -> IncidentFacts:
    return recorded_facts(incident_of(entries(*told)), today=TODAY)


def test_notes_statuses_and_updates_are_events_with_their_entries() -> None:
    read = facts(
        BEGAN,
        ("status", 8, "ana", {"status": "investigating"}),
        ("note", 12, "ben", {"text": "pools are full", "evidence": "graph"}),
        ("severity", 13, "ben", {"severity": "P0", "reason": "all orders"}),
        ("update", 15, "cleo", {"audience": "customer", "text": "we are on it"}),
    )
    assert [(event.text, event.cite) for event in read.events] == [
        ("Status: investigating.", "INC-7 #3, ana, 14:22"),
        ("pools are full [graph]", "INC-7 #4, ben, 14:26"),
        ("Severity: P1 to P0. all orders", "INC-7 #5, ben, 14:27"),
        ("Update to customer: we are on it", "INC-7 #6, cleo, 14:29"),
    ]


def test_an_entry_of_another_day_is_cited_with_its_day() -> None:
    read = facts(BEGAN, ("note", 60 * 24, "ana", {"text": "looked again"}))
    assert read.events[0].cite == "INC-7 #3, ana, 2026-10-30 14:14"


def test_plain_fields_name_the_entry_that_set_them_last() -> None:
    read = facts(
        ("impact", 9, "ben", {"text": "3,000 customers could not pay"}),
        ("severity", 10, "ben", {"severity": "P0"}),
        ("role", 11, "ben", {"role": "tech_lead", "person": "cleo"}),
        ("impact", 12, "cleo", {"text": "4,000 customers could not pay"}),
    )
    assert read.impact == "4,000 customers could not pay"
    assert read.roles == (("tech lead", "cleo"),)
    assert {name: read.cites[name] for name in ("title", "severity", "impact", "services", "tech lead")} == {
        "title": "INC-7 #1, ana, 14:20",
        "severity": "INC-7 #3, ben, 14:24",
        "impact": "INC-7 #5, cleo, 14:26",
        "services": "INC-7 #1, ana, 14:20",
        "tech lead": "INC-7 #4, ben, 14:25",
    }


def test_milestones_name_the_entry_that_gave_the_time_that_holds() -> None:
    read = facts(
        ("time", 7, "ana", {"milestone": "start", "value": at(1).isoformat()}),
        ("status", 8, "ana", {"status": "investigating"}),
        ("time", 9, "ben", {"milestone": "start", "value": at(0).isoformat()}),
        ("status", 40, "ben", {"status": "resolved"}),
        ("time", 50, "cleo", {"milestone": "mitigated", "value": at(39).isoformat()}),
    )
    assert {name: cite.split(",")[0] for name, cite in read.cites.items() if name.endswith("_at")} == {
        "acknowledged_at": "INC-7 #3",
        "mitigated_at": "INC-7 #6",
    }
    assert read.cites["start"] == "INC-7 #4, ben, 14:23"
    assert read.cites["end"] == "INC-7 #5, ben, 14:54"


def test_a_status_that_came_after_a_recorded_time_is_not_cited_for_it() -> None:
    read = facts(
        ("time", 7, "ana", {"milestone": "acknowledged", "value": at(3).isoformat()}),
        ("status", 8, "ben", {"status": "investigating"}),
    )
    assert read.acknowledged_at == at(3)
    assert read.cites["acknowledged_at"] == "INC-7 #2, ana, 14:21"


def test_a_start_that_nobody_recorded_is_assumed_and_said_so() -> None:
    assert facts().is_start_assumed
    assert facts().start == at(6)
    assert not facts(BEGAN).is_start_assumed


def test_causes_and_lessons_name_their_entries_past_those_that_cannot_be_read() -> None:
    read = facts(
        ("lesson", 60, "ana", {"lesson": "no such list", "text": "?"}),
        ("cause", 61, "ana", {"text": "pool of 20", "evidence": "settings"}),
        ("lesson", 62, "ben", {"lesson": "lucky", "text": "no sale that day"}),
        ("unheard of", 63, "ben", {"text": "?"}),
        ("cause", 64, "ben", {"text": "no alert on the pool"}),
        ("lesson", 65, "cleo", {"lesson": "lucky", "text": "ana was awake"}),
    )
    assert [(cause.text, cause.evidence, cause.cite.split(",")[0]) for cause in read.causes] == [
        ("pool of 20", "settings", "INC-7 #3"),
        ("no alert on the pool", "", "INC-7 #6"),
    ]
    assert read.lucky == ("no sale that day", "ana was awake")
    assert read.cites["lucky[0]"].startswith("INC-7 #4")
    assert read.cites["lucky[1]"].startswith("INC-7 #7")


def test_actions_keep_their_status_and_name_the_last_entry_about_them() -> None:
    read = facts(
        ("action", 60, "ana", {"number": 1, "title": "alert on pool", "kind": "detect", "due": "2026-11-01"}),
        ("action", 61, "ana", {"number": 2, "title": "smaller pool", "link": "https://t/2"}),
        ("action", 62, "ben", {"number": 2, "status": "dropped", "note": "not needed"}),
    )
    first, second = read.action_items
    assert (first.id, first.kind, first.due, first.status, first.is_overdue, first.cite.split(",")[0]) == (
        "INC-7#1", "detect", "2026-11-01", "open", True, "INC-7 #2",
    )  # fmt: skip
    assert (second.status, second.link, second.is_overdue, second.cite.split(",")[0]) == (
        "dropped", "https://t/2", False, "INC-7 #4",
    )  # fmt: skip


KINDS = ("status", "severity", "note", "cause", "lesson", "update", "action", "time", "role", "odd")
DATA: st.SearchStrategy[Mapping[str, JsonValue]] = st.fixed_dictionaries(
    {},
    optional={
        "text": st.sampled_from(["a", "b"]),
        "status": st.sampled_from(["investigating", "mitigated", "resolved", "closed", "never"]),
        "severity": st.sampled_from(["P0", "P3", "P9"]),
        "lesson": st.sampled_from(["lucky", "went_well", "none"]),
        "audience": st.just("internal"),
        "number": st.sampled_from([1, 2, "x", None, True]),
        "milestone": st.sampled_from(["start", "detected", "odd"]),
        "value": st.sampled_from([START.isoformat(), None, "soon"]),
        "role": st.sampled_from(["tech_lead", "cook"]),
        "person": st.sampled_from(["ana", ""]),
    },
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 90), st.just("ana"), DATA), max_size=12))
def test_every_statement_of_any_record_names_an_entry_of_the_right_kind(told: list[Told]) -> None:
    """Also of records that were imported broken; the number in each citation leads to an entry that could say so."""
    known = entries(*told)
    read = recorded_facts(incident_of(known), today=TODAY)

    def kind_at(cite: str) -> str:
        return known[int(cite.split("#")[1].split(",", maxsplit=1)[0]) - 1].new.kind

    assert {kind_at(event.cite) for event in read.events} <= {"status", "severity", "note", "update"}
    assert {kind_at(cause.cite) for cause in read.causes} <= {"cause"}
    assert {kind_at(item.cite) for item in read.action_items} <= {"action"}
    assert {kind_at(cite) for name, cite in read.cites.items() if "[" in name} <= {"lesson"}
    for name in ("went_well", "lucky"):
        assert all(f"{name}[{number}]" in read.cites for number, _ in enumerate(getattr(read, name)))
    for name in ("end", "detected_at", "acknowledged_at", "mitigated_at"):
        assert (getattr(read, name) is not None) == (name in read.cites)
