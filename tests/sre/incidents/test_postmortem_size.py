"""However much was recorded, a postmortem stays a document that people read: the least telling goes, and is counted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sre.incidents.model import ActionItem, Cause, Evidence, IncidentFacts, TimelineEvent
from sre.incidents.postmortem import Postmortem, postmortem_document
from sre.incidents.postmortem_size import ROOMS, shortened_facts, shortened_timeline
from sre.incidents.response_times import response_times

START = datetime(2026, 10, 29, 14, 14, tzinfo=UTC)
LONG = "# <b>*very* long</b> | text " * 150
SMALLEST = ROOMS[-1]


def many(count: int) -> IncidentFacts:
    texts = tuple(f"{number} {LONG}" for number in range(count))
    return IncidentFacts(
        "Checkout fails",
        START,
        end=START + timedelta(minutes=40),
        impact=LONG,
        causes=tuple(Cause(text, text) for text in texts),
        went_well=texts,
        went_badly=texts,
        lucky=texts,
        links=tuple((f"https://x/{number}", LONG) for number in range(count)),
        action_items=tuple(ActionItem(text, "prevent", id=f"INC-7#{n}") for n, text in enumerate(texts)),
    )


def postmortem(facts: IncidentFacts, *, events: int, queries: int) -> Postmortem:
    return Postmortem(
        facts,
        response_times(facts),
        targets=(),
        timeline=tuple(TimelineEvent(START + timedelta(seconds=n), f"{n} {LONG}") for n in range(events)),
        impacts=(),
        evidence=tuple(Evidence(number, f"sum({'x' * 3_000}{number})") for number in range(1, queries + 1)),
        gaps=(),
        evaluated_at=START,
    )


def test_a_record_of_hundreds_of_long_texts_stays_within_what_an_answer_can_hold() -> None:
    """40,000 characters is the limit of a whole answer (design.md, section 3)."""
    document = postmortem_document(postmortem(many(200), events=1_000, queries=40))
    assert len(document.markdown) < 30_000
    assert "988 of 1000 events, the least telling" in document.left_out
    assert "192 of 200 actions" in document.left_out
    assert f"Left out for length: {'; '.join(document.left_out)}." in document.markdown
    assert "Not shown: 988 of 1000 events" in document.markdown


def test_what_has_room_is_shown_whole() -> None:
    document = postmortem_document(postmortem(many(2), events=0, queries=1))
    assert document.left_out == ()
    assert "Left out" not in document.markdown


def test_the_most_telling_events_stay_in_their_order() -> None:
    events = [TimelineEvent(START + timedelta(minutes=n), str(n), weight=n % 3) for n in range(30)]
    kept, words = shortened_timeline(events, replace(SMALLEST, events=12))
    assert [int(one.text) for one in kept] == [1, 2, 4, 5, 8, 11, 14, 17, 20, 23, 26, 29]
    assert words == ("18 of 30 events, the least telling",)


def test_what_is_overdue_stays_and_what_is_done_goes_first() -> None:
    items = (
        *(ActionItem(f"done {n}", status="done") for n in range(8)),
        ActionItem("open", status="open"),
        ActionItem("late", status="open", is_overdue=True),
    )
    shown, left_out = shortened_facts(replace(many(0), action_items=items), replace(SMALLEST, items=2))
    assert [item.title for item in shown.action_items] == ["open", "late"]
    assert left_out == ("8 of 10 actions",)
    latest, _ = shortened_facts(replace(many(0), action_items=items), replace(SMALLEST, items=1))
    assert [item.title for item in latest.action_items] == ["late"]
