"""What the records of incidents say about a period."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sre.core.times import Window
from sre.incidents.records.model import Incident, TrackedAction
from sre.incidents.reliability import Measure, Reliability, reliability_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = Window(NOW - timedelta(days=30), NOW)


def incident(number: int, day: float, **others: Any) -> Incident:
    """An incident that began so many days before now; times in minutes after its start, None for not recorded."""
    start = NOW - timedelta(days=day)
    minutes = others.pop("minutes", (3, 5, 30, 40))
    names = ("detected", "acknowledged", "mitigated", "end")
    times = {name: start + timedelta(minutes=m) for name, m in zip(names, minutes, strict=True) if m is not None}
    if others.pop("knows_start", True):
        times["start"] = start
    status = others.pop("status", "resolved" if minutes[3] is not None else "investigating")
    return Incident(
        number, f"Incident {number}", others.pop("severity", "P1"), status, start, "ana", times,
        services=others.pop("services", ("checkout",)), **others,
    )  # fmt: skip


def measure(found: Reliability, name: str) -> Measure:
    return next(one for one in found.measures if one.name == name)


def test_times_count_from_what_the_definitions_say() -> None:
    """By hand: start to detection 3 and 9, detection to acknowledgement 5 - 3 and 10 - 9, start to end 40 and 60."""
    known = [incident(1, 20), incident(2, 10, minutes=(9, 10, 50, 60))]
    found = reliability_of(known, MONTH, now=NOW)
    medians = {one.name: one.spread.median for one in found.measures if one.spread}
    assert medians == {"mttd": 6, "mtta": 1.5, "mttm": 40, "mttr": 50, "mtbf": 10 * 24 * 60}
    assert measure(found, "mtbf").spread.count == 1  # type: ignore[union-attr]


def test_missing_milestones_are_left_out_and_named() -> None:
    known = [
        incident(1, 20),
        incident(2, 15, minutes=(None, 5, None, 40)),
        incident(3, 10, knows_start=False),
        incident(4, 5, minutes=(3, 5, None, None)),
        incident(5, 4, minutes=(-4, 5, 30, 40)),
    ]
    found = reliability_of(known, MONTH, now=NOW)
    assert measure(found, "mttd").missing == (
        ("detected not recorded", ("INC-2",)),
        ("start not recorded", ("INC-3",)),
        ("detected before start", ("INC-5",)),
    )
    assert measure(found, "mttr").missing == (("start not recorded", ("INC-3",)), ("not over yet", ("INC-4",)))
    assert [one.reference for one in found.still_open] == ["INC-4"]


def test_an_incident_belongs_to_the_window_it_began_in() -> None:
    known = [
        incident(1, 30),
        incident(2, 30.01),
        incident(3, 0.001, minutes=(1, 2, None, None)),
        incident(4, 0),
        incident(5, -0.001),
    ]
    found = reliability_of(known, MONTH, now=NOW)
    assert [one.number for one in found.incidents] == [1, 3, 4]


def test_only_incidents_of_the_service_count() -> None:
    known = [incident(1, 3), incident(2, 2, services=("Payments", "checkout")), incident(3, 1, services=())]
    assert len(reliability_of(known, MONTH, service="payments", now=NOW).incidents) == 1
    assert len(reliability_of(known, MONTH, service="CHECKOUT", now=NOW).incidents) == 2


def test_limits_kept_and_missed_are_counted_by_severity() -> None:
    """Targets of design.md: P1 respond in 15 min and repair in 2 h; what is not known is neither."""
    known = [
        incident(1, 20),
        incident(2, 15, minutes=(3, 30, 150, 160)),
        incident(3, 10, minutes=(3, None, None, 40)),
        incident(4, 1, minutes=(3, 5, None, None)),
        incident(5, 2, severity="P3"),
        incident(6, 3, knows_start=False, minutes=(0, 5, 30, 40)),
    ]
    p1, p3 = reliability_of(known, MONTH, now=NOW).severities
    assert (p1.severity, p1.count, p1.open_count) == ("P1", 5, 1)
    # 1 and 4 and 6 answered in time, 2 late, 3 is over and nobody wrote down when it was answered.
    assert (p1.respond.met, p1.respond.missed, p1.respond.unknown) == (3, 1, 1)
    # 1 and 3 repaired in time, 2 late, 4 goes on for a day, the start of 6 is not known.
    assert (p1.repair.met, p1.repair.missed, p1.repair.unknown) == (2, 2, 1)
    assert (p3.severity, p3.repair.unknown) == ("P3", 1)


def test_the_rate_is_told_with_its_interval() -> None:
    """Source: Garwood's limits of 5: 1.623 to 11.668; the window is half of thirty days."""
    window = Window(NOW - timedelta(days=15), NOW)
    found = reliability_of([incident(n, n) for n in range(1, 6)], window, now=NOW)
    assert (found.a_month, found.low_a_month, found.high_a_month) == pytest.approx((10, 3.247, 23.337), abs=1e-3)


def test_no_incident_still_says_how_many_there_may_be() -> None:
    """Source: Garwood's upper limit of 0: 3.689."""
    found = reliability_of([incident(1, 60)], MONTH, now=NOW)
    assert (found.incidents, found.a_month) == ((), 0)
    assert found.high_a_month == pytest.approx(3.689, abs=1e-3)
    assert all(one.spread is None for one in found.measures)


def test_without_any_record_nothing_is_known_of_how_often() -> None:
    found = reliability_of([], MONTH, now=NOW)
    assert (found.records_begin, found.a_month, found.low_a_month, found.high_a_month) == (None, None, None, None)


def test_the_period_before_is_compared_only_where_records_reach_back_to_its_start() -> None:
    recent = [incident(n, n) for n in range(1, 7)]
    assert reliability_of([*recent, incident(9, 50)], MONTH, now=NOW).before_count is None
    found = reliability_of([*recent, incident(9, 50), incident(10, 61, services=("other",))], MONTH, now=NOW)
    assert found.before_count == 1
    assert measure(found, "mttr").comparison.change == "too_few"  # type: ignore[union-attr]


def test_response_that_got_ten_times_slower_is_seen() -> None:
    slow = [incident(n, n, minutes=(30, 60, 300, 400 + n)) for n in range(1, 9)]
    fast = [incident(20 + n, 30 + n) for n in range(1, 9)]
    found = reliability_of([*slow, *fast, incident(99, 70)], MONTH, now=NOW)
    mttr = measure(found, "mttr")
    assert mttr.comparison is not None
    assert mttr.comparison.change == "longer"
    assert mttr.comparison.ratio == pytest.approx(10.1, abs=0.2)
    assert mttr.before is not None
    assert mttr.before.median == 40
    assert found.rate_comparison is not None
    assert found.rate_comparison.change == "no_clear_change"


def test_overdue_actions_of_all_times_count_the_longest_first() -> None:
    late = TrackedAction(1, "Alert", due=date(2026, 10, 20))
    later = TrackedAction(2, "Canary", due=date(2026, 10, 1))
    done = TrackedAction(3, "Done", due=date(2026, 10, 1), status="done")
    today = TrackedAction(4, "Today", due=NOW.date())
    known = [incident(1, 5, actions=(late, done, today)), incident(2, 200, actions=(later,))]
    found = reliability_of(known, MONTH, now=NOW)
    assert found.open_actions == 3
    assert [one.reference for one in found.overdue] == ["INC-2#2", "INC-1#1"]
