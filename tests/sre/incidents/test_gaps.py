"""What a postmortem lacks: named where it is missing, silent where it is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sre.incidents.gaps import postmortem_gaps
from sre.incidents.model import ActionItem, Cause, IncidentFacts, Measured, ServiceImpact, SloImpact, TimelineEvent

START = datetime(2026, 10, 29, 14, 14, tzinfo=UTC)
AGREED = ActionItem("Return connections", "prevent", "checkout", "2026-11-05", id="INC-7#1", status="open")
WHOLE = IncidentFacts(
    "Checkout fails",
    START,
    end=START + timedelta(minutes=40),
    detected_at=START,
    acknowledged_at=START,
    mitigated_at=START,
    severity="P1",
    services=("checkout",),
    impact="orders failed",
    users="3,000 customers",
    events=(TimelineEvent(START, "page"),),
    causes=(Cause("pool of 20", "settings"), Cause("no alert", "rules")),
    went_well=("x",),
    went_badly=("x",),
    lucky=("x",),
    action_items=(AGREED,),
)
NO = Measured(None)
MEASURED = ServiceImpact("checkout", Measured(10.0), Measured(1.0), NO, None, NO, NO, "", NO)
SLO = SloImpact("checkout-availability", "checkout", 0.999, "30d", "events", NO, NO, Measured(0.2), NO)


def gaps(**changes: object) -> tuple[str, ...]:
    return postmortem_gaps(replace(WHOLE, **changes), [MEASURED])  # type: ignore[arg-type]


def test_nothing_is_missing_of_a_whole_one() -> None:
    assert gaps() == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"severity": None}, "severity: P0, P1, P2 or P3"),
        ({"services": ("checkout", "web")}, "impact numbers of web: requests, failed requests, budget burnt"),
        ({"services": ("two words",)}, 'impact numbers of "two words": requests, failed requests, budget burnt'),
        ({"users": ""}, "users: how many people were affected"),
        ({"is_start_assumed": True}, "start: when users began to be hurt"),
        ({"mitigated_at": None}, "mitigated_at: when the harm stopped"),
        ({"slos": ("checkout-availability",)}, "slos: budget that checkout-availability lost"),
        ({"causes": (Cause("a", "b"), Cause("c"))}, "causes: evidence for cause 2"),
        ({"lucky": ()}, "lucky: nothing given"),
        ({"action_items": (replace(AGREED, owner="", due=""),)}, "action_items: owner, due of INC-7#1"),
        (
            {"action_items": (replace(AGREED, kind="detect"),)},
            "action_items: none prevents a repetition (kind prevent)",
        ),
        (
            {"action_items": (replace(AGREED, status="dropped"),)},
            "action_items: what will change, with kind, owner and due date",
        ),
    ],
)
def test_what_is_missing_is_named_alone(changes: dict[str, object], words: str) -> None:
    assert gaps(**changes) == (words,)


def test_one_cause_alone_is_asked_about() -> None:
    (gap,) = gaps(causes=(Cause("a", "b"),))
    assert gap.startswith("causes: only one is given;")


def test_of_an_action_that_is_done_nothing_is_missing_any_more() -> None:
    done = ActionItem("Rolled back", status="done")
    assert gaps(action_items=(AGREED, done)) == ()


def test_a_measured_slo_is_no_gap() -> None:
    assert postmortem_gaps(replace(WHOLE, slos=("checkout-availability",)), [MEASURED], [SLO]) == ()


def test_what_data_say_about_a_time_stands_beside_its_gap() -> None:
    facts = replace(WHOLE, detected_at=None)
    hints = {"detected_at": "the first alert fired 14:17", "end": "never shown: it is known"}
    assert postmortem_gaps(facts, [MEASURED], hints=hints) == (
        "detected_at: when somebody or something noticed (the first alert fired 14:17)",
    )
