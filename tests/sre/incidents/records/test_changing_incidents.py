"""What wishes make of a record. *Our choice*, from issue 4: wrong transitions refused, edits append, history stays."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.errors import InputError
from sre.core.journal import Entry, JsonValue, NewEntry, StreamRef
from sre.incidents.records.changing import CLOCK_TOLERANCE, Addition, Decided, Wishes, decided, with_entries
from sre.incidents.records.entries import incident_of
from sre.incidents.records.model import MILESTONES, ROLES, STATUSES, Incident
from sre.incidents.records.transitions import next_statuses

START = datetime(2026, 10, 29, 14, 14, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def write(addition: Addition) -> NewEntry:
    return NewEntry(addition.kind, addition.at or at(60), addition.who or "ana", "test", addition.data)


def incident(*told: tuple[str, float, Mapping[str, JsonValue]]) -> Incident:
    first = ("declared", 5.0, {"title": "Checkout fails", "severity": "P1", "services": ["checkout"]})
    stream = StreamRef("incident", 7)
    return incident_of(
        tuple(
            Entry(stream, number, at(99), NewEntry(kind, at(minutes), "ana", "test", data))
            for number, (kind, minutes, data) in enumerate((first, *told), 1)
        )
    )


def wishes(**said: object) -> Wishes:
    return Wishes(**{"at": at(60), "latest": at(120), **said})  # type: ignore[arg-type]


def kinds(found: Decided) -> list[str]:
    return [entry.kind for entry in found.entries]


def test_a_status_takes_the_note_with_it() -> None:
    found = decided(incident(), wishes(status="mitigated", note="rolled back"), write)
    assert [(one.kind, dict(one.data)) for one in found.entries] == [
        ("status", {"status": "mitigated", "note": "rolled back"})
    ]
    assert (found.after.status, found.after.times) == ("mitigated", {"mitigated": at(60)})


def test_a_severity_takes_the_note_where_no_status_does() -> None:
    found = decided(incident(), wishes(severity="P0", note="all orders fail"), write)
    assert dict(found.entries[0].data) == {"severity": "P0", "reason": "all orders fail"}
    assert kinds(decided(incident(), wishes(severity="P0", status="identified", note="x"), write)) == [
        "status",
        "severity",
    ]


def test_a_note_with_evidence_stands_alone() -> None:
    found = decided(incident(), wishes(status="identified", note="pools full", evidence="db_pool_in_use"), write)
    assert kinds(found) == ["status", "note"]
    assert dict(found.entries[1].data) == {"text": "pools full", "evidence": "db_pool_in_use"}


def test_what_is_so_already_is_not_recorded_again() -> None:
    found = decided(
        incident(("role", 6, {"role": "tech_lead", "person": "bo"})),
        wishes(
            status="declared",
            severity="P1",
            title="Checkout fails",
            services=("checkout",),
            roles={"tech_lead": "bo"},
        ),
        write,
    )
    assert found.entries == ()
    assert len(found.unchanged) == 5


def test_the_same_call_again_adds_nothing() -> None:
    said = wishes(
        status="mitigated",
        note="rolled back",
        times={"start": at(0)},
        additions=(
            Addition("cause", {"text": "pool leak"}),
            Addition("note", {"text": "pages stopped"}, at(41)),
            Addition("lesson", {"lesson": "lucky", "text": "low traffic"}),
        ),
    )
    once = decided(incident(), said, write)
    again = decided(once.after, said, write)
    assert kinds(once) == ["status", "time", "cause", "note", "lesson"]
    assert (again.entries, again.after.notes) == ((), once.after.notes)


def test_the_same_words_at_another_time_are_another_note() -> None:
    first = Addition("note", {"text": "still failing"}, at(10))
    once = decided(incident(), wishes(additions=(first,)), write)
    again = decided(once.after, wishes(additions=(Addition("note", {"text": "still failing"}, at(20)),)), write)
    assert kinds(again) == ["note"]


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_only_a_status_that_may_follow_is_recorded(before: str, after: str) -> None:
    path = {
        "declared": [], "investigating": ["investigating"], "identified": ["identified"], "mitigated": ["mitigated"],
        "resolved": ["resolved"], "closed": ["resolved", "closed"],
    }[before]  # fmt: skip
    known = incident(*(("status", 8.0 + n, {"status": status}) for n, status in enumerate(path)))
    assert known.status == before
    if after in (*next_statuses(known.status), before):
        assert decided(known, wishes(status=after), write).after.status == after
        return
    with pytest.raises(InputError) as caught:
        decided(known, wishes(status=after, note="a note"), write)
    assert caught.value.field == "status"
    assert caught.value.valid == next_statuses(known.status)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        decided(
            incident(("time", 6, {"milestone": "start", "value": START.isoformat()})),
            wishes(status="closed", times={"end": at(200)}, at=at(300)),
            write,
        )
    message = caught.value.message
    assert "cannot become closed" in message
    assert "end (2026-10-29T17:34:00Z) lies in the future" in message
    assert "at (2026-10-29T19:14:00Z) lies in the future" in message


def test_times_that_cannot_be_are_refused_and_may_be_mended_in_one_call() -> None:
    known = incident(("time", 6, {"milestone": "start", "value": at(0).isoformat()}))
    with pytest.raises(InputError, match=r"mitigated .* lies before start"):
        decided(known, wishes(times={"mitigated": at(-3)}), write)
    mended = decided(known, wishes(times={"mitigated": at(-3), "start": at(-10)}), write)
    assert mended.after.times == {"start": at(-10), "mitigated": at(-3)}


def test_an_old_disorder_does_not_stop_a_later_note() -> None:
    """A journal may come from elsewhere: what was wrong before cannot keep people from writing."""
    known = incident(
        ("time", 6, {"milestone": "start", "value": at(30).isoformat()}),
        ("time", 6, {"milestone": "end", "value": at(10).isoformat()}),
    )
    assert kinds(decided(known, wishes(note="still looking"), write)) == ["note"]
    with pytest.raises(InputError, match=r"end .* lies before start"):
        decided(known, wishes(times={"end": at(20)}), write)


def test_a_clock_that_goes_a_little_fast_is_no_future() -> None:
    assert decided(incident(), wishes(note="x", at=at(120) + CLOCK_TOLERANCE), write).entries
    with pytest.raises(InputError, match="future"):
        decided(incident(), wishes(note="x", at=at(121) + CLOCK_TOLERANCE), write)


def test_who_says_only_when_it_ended_says_it_was_mitigated_by_then() -> None:
    found = decided(incident(), wishes(status="resolved", times={"end": at(40)}), write)
    assert found.after.times == {"mitigated": at(40), "end": at(40)}


def test_a_milestone_is_taken_back_with_none() -> None:
    known = incident(("time", 6, {"milestone": "detected", "value": at(3).isoformat()}))
    found = decided(known, wishes(times={"detected": None}), write)
    assert found.after.times == {}
    assert decided(found.after, wishes(times={"detected": None}), write).unchanged == ("detected was so already",)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.builds(
            dict,
            status=st.sampled_from([None, *STATUSES]),
            severity=st.sampled_from([None, "P0", "P1", "P2", "P3"]),
            note=st.sampled_from(["", "a", "b"]),
            roles=st.dictionaries(st.sampled_from(ROLES), st.sampled_from(["", "bo"]), max_size=2),
            times=st.dictionaries(st.sampled_from(MILESTONES), st.none() | st.integers(0, 100).map(at), max_size=2),
        ),
        max_size=6,
    )
)
def test_a_refused_call_changes_nothing_and_a_taken_one_makes_its_wishes_true(calls: list[dict[str, object]]) -> None:
    known = incident()
    for number, call in enumerate(calls):
        said = wishes(**call, at=at(number))
        try:
            found = decided(known, said, write)
        except InputError:
            continue
        assert with_entries(known, found.entries) == found.after
        assert found.after.entries[: len(known.entries)] == known.entries
        assert said.status in (None, found.after.status)
        assert said.severity in (None, found.after.severity)
        assert all(found.after.times.get(name) == value for name, value in said.times.items())
        assert all(found.after.roles.get(role, "") == person for role, person in said.roles.items())
        known = found.after
