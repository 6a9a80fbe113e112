"""A record and what a caller adds to it: nothing recorded is lost, nothing is said twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sre.incidents.joined_facts import contradictions, joined_facts
from sre.incidents.model import ActionItem, Cause, IncidentFacts, TimelineEvent

START = datetime(2026, 10, 29, 14, 14, tzinfo=UTC)
RECORD = IncidentFacts(
    "Checkout fails",
    START,
    end=START + timedelta(minutes=40),
    severity="P1",
    services=("checkout",),
    impact="orders failed",
    events=(TimelineEvent(START, "first page", cite="INC-7 #2"),),
    causes=(Cause("pool of 20", "settings", "INC-7 #3"),),
    lucky=("no sale", "no sale"),
    action_items=(ActionItem("Alert on the pool", id="INC-7#1"),),
    cites={
        "severity": "INC-7 #1",
        "impact": "INC-7 #1",
        "end": "INC-7 #5",
        "start": "INC-7 #1",
        "lucky[0]": "INC-7 #4",
    },
)
NOTHING = IncidentFacts("Checkout fails", START, is_start_assumed=True)


def test_nothing_told_leaves_the_record_as_it_is() -> None:
    assert joined_facts(RECORD, NOTHING) == RECORD
    assert contradictions(RECORD, NOTHING, reference="INC-7") == ()


def test_what_was_told_goes_before_the_record_and_no_longer_cites_it() -> None:
    later = START + timedelta(minutes=2)
    told = replace(NOTHING, severity="P0", start=later, is_start_assumed=False)
    joined = joined_facts(RECORD, told)
    assert (joined.severity, joined.start, joined.end) == ("P0", later, RECORD.end)
    assert set(joined.cites) == {"impact", "end", "lucky[0]"}
    (note,) = contradictions(RECORD, told, reference="INC-7")
    assert note.startswith("INC-7 records another start, severity;")


def test_what_only_the_call_says_contradicts_nothing() -> None:
    told = replace(NOTHING, users="3,000 customers", severity="P1", detected_at=START)
    assert contradictions(RECORD, told, reference="INC-7") == ()
    assert joined_facts(RECORD, told).users == "3,000 customers"


def test_a_start_that_was_told_is_no_longer_assumed() -> None:
    record = replace(RECORD, is_start_assumed=True)
    assert joined_facts(record, NOTHING).is_start_assumed
    assert not joined_facts(record, replace(NOTHING, is_start_assumed=False)).is_start_assumed


def test_lists_are_joined_and_the_same_words_are_not_said_again() -> None:
    told = replace(
        NOTHING,
        services=("web", "checkout"),
        causes=(Cause("Pool of 20!"), Cause("no alert")),
        lucky=("NO SALE", "daylight"),
        action_items=(ActionItem("alert on the pool."), ActionItem("Smaller pool")),
        events=(TimelineEvent(START, "second page"),),
    )
    joined = joined_facts(RECORD, told)
    assert joined.services == ("checkout", "web")
    assert [cause.cite for cause in joined.causes] == ["INC-7 #3", ""]
    # What a record says twice stays twice: its citations count by place.
    assert joined.lucky == ("no sale", "no sale", "daylight")
    assert [item.id for item in joined.action_items] == ["INC-7#1", ""]
    assert [event.text for event in joined.events] == ["first page", "second page"]
