"""Times between milestones, and the targets of the product's severities (P0 to P3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sre.incidents.model import IncidentFacts, Severity
from sre.incidents.response_times import order_problems, response_times
from sre.incidents.targets import checked_targets, target_results

# A Thursday.
START = datetime(2026, 10, 29, 14, 0, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


FACTS = IncidentFacts(
    "x", START, end=after(60), detected_at=after(4), acknowledged_at=after(7), mitigated_at=after(50), severity="P1"
)


def test_each_time_counts_from_its_own_milestone() -> None:
    times = response_times(FACTS)
    assert (times.detect_minutes, times.acknowledge_minutes) == (4, 3)
    assert (times.mitigate_minutes, times.resolve_minutes) == (50, 60)


def test_a_missing_milestone_leaves_its_times_open_and_no_others() -> None:
    times = response_times(replace(FACTS, detected_at=None))
    assert (times.detect_minutes, times.acknowledge_minutes) == (None, None)
    assert times.resolve_minutes == 60


def test_milestones_out_of_order_are_said_and_not_turned_into_negative_times() -> None:
    wrong = replace(FACTS, acknowledged_at=after(1), detected_at=after(-5))
    assert response_times(wrong).detect_minutes is None
    assert order_problems(replace(FACTS, acknowledged_at=after(1))) == (
        "acknowledged_at lies before detected_at; one of the two is wrong.",
    )
    assert order_problems(FACTS) == ()


@pytest.mark.parametrize(
    ("severity", "acknowledged", "mitigated", "met"),
    [
        ("P0", 4 + 5, 30, (True, True)),
        ("P0", 4 + 6, 31, (False, False)),
        ("P1", 4 + 15, 120, (True, True)),
        ("P1", 4 + 16, 121, (False, False)),
        ("P2", 4 + 60, 24 * 60, (True, True)),
        ("P2", 4 + 61, 24 * 60 + 1, (False, False)),
        ("P3", 4 + 24 * 60, 99_999, (True, None)),
    ],
)
def test_targets_are_met_to_the_minute(
    severity: Severity, acknowledged: float, mitigated: float, met: tuple[bool, bool | None]
) -> None:
    facts = replace(
        FACTS, severity=severity, acknowledged_at=after(acknowledged), mitigated_at=after(mitigated), end=None
    )
    assert tuple(result.is_met for result in target_results(facts)) == met


def test_a_weekend_is_no_business_day() -> None:
    """From Friday noon, one business day ends on Monday noon."""
    friday = datetime(2026, 10, 30, 12, tzinfo=UTC)
    facts = IncidentFacts("x", friday, end=datetime(2026, 11, 2, 12, tzinfo=UTC), severity="P2")
    assert target_results(facts)[1].is_met is True
    assert target_results(replace(facts, end=datetime(2026, 11, 2, 12, 1, tzinfo=UTC)))[1].is_met is False


def test_without_a_severity_or_a_time_nothing_is_claimed() -> None:
    assert target_results(replace(FACTS, severity=None)) == ()
    assert [r.is_met for r in target_results(replace(FACTS, acknowledged_at=None))] == [None, True]


def test_a_table_needs_every_severity_and_one_number_a_target() -> None:
    target = {"text": "x", "minutes": 1}
    row = {"respond": target, "repair": target}
    with pytest.raises(ValueError, match="P3"):
        checked_targets({"P0": row})
    both = {"respond": target | {"business_days": 1}, "repair": target}
    with pytest.raises(ValueError, match="not both"):
        checked_targets({"P0": both, "P1": row, "P2": row, "P3": row})
