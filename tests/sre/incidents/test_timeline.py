"""One line of events: ordered, each once, nothing lost."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from sre.incidents.model import IncidentFacts, TimelineEvent
from sre.incidents.timeline import merged_timeline, milestones

START = datetime(2026, 10, 29, 14, tzinfo=UTC)


def event(second: int, text: str, who: str = "", evidence: tuple[int, ...] = ()) -> TimelineEvent:
    return TimelineEvent(START + timedelta(seconds=second), text, who, evidence)


def test_the_same_second_and_the_same_words_are_one_event_with_author_and_evidence_of_both() -> None:
    merged = merged_timeline([event(5, "Pool is full!")], [event(5, "pool  is full", "ana", (3,))])
    assert merged == (event(5, "Pool is full!", "ana", (3,)),)


def test_the_same_words_at_another_second_are_another_event() -> None:
    assert len(merged_timeline([event(5, "restart"), event(6, "restart")])) == 2


def test_only_known_milestones_become_events() -> None:
    facts = IncidentFacts("x", START, mitigated_at=START + timedelta(minutes=5))
    assert [one.at.minute for one in milestones(facts)] == [0, 5]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["a", "b", "c"])), max_size=30))
def test_a_timeline_is_ordered_and_holds_each_pair_once(pairs: list[tuple[int, str]]) -> None:
    merged = merged_timeline([event(second, text) for second, text in pairs])
    seen = [((one.at - START).seconds, one.text) for one in merged]
    assert [second for second, _ in seen] == sorted(second for second, _ in seen)
    assert sorted(seen) == sorted(set(pairs))
