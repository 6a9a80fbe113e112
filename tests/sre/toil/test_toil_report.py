"""Toil of a window: shares, verdicts, candidates and trends, worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sre.core.times import Window
from sre.toil.frequency import DAYS_A_MONTH
from sre.toil.model import Occurrence, Task
from sre.toil.report import toil_report
from sre.toil.trend import trend_of, weeks_of

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
MONTH = Window(NOW - timedelta(weeks=4), NOW)


def task(number: int, *done: tuple[float, float, str], name: str = "", **facts: Any) -> Task:
    """A task done so many days ago for so many minutes by somebody."""
    occurrences = tuple(
        Occurrence(entry, NOW - timedelta(days=days), who, minutes)
        for entry, (days, minutes, who) in enumerate(done, 2)
    )
    return Task(number, name or f"task {number}", occurrences=occurrences, **facts)


def test_the_share_is_of_the_time_of_all_people() -> None:
    """By hand: 60 h and 20 h of two people with 4 x 40 h each: 25 %, one 37.5 %, the other 12.5 %."""
    report = toil_report([task(1, (28, 3600, "ana"), (3, 1200, "bo"))], MONTH)
    assert (report.hours, report.available_hours, report.share_ratio) == (80, 320, 0.25)
    assert [(one.who, one.share_ratio) for one in report.people] == [("ana", 0.375), ("bo", 0.125)]
    assert (report.verdict, report.over, report.silent) == ("within_budget", (), ())


@pytest.mark.parametrize(("hours", "verdict"), [(79.9, "within_budget"), (80, "within_budget"), (80.1, "over_budget")])
def test_half_of_the_time_is_the_limit(hours: float, verdict: str) -> None:
    """Source: Site Reliability Engineering (2016), ch. 5: below 50 %; 80 of 160 h."""
    report = toil_report([task(1, (28, 1, "ana"), (3, hours * 60 - 1, "ana"))], MONTH)
    assert report.verdict == verdict


def test_who_recorded_nothing_is_named_and_has_time() -> None:
    report = toil_report([task(1, (28, 600, "ana"), (40, 60, "cy"))], MONTH, team=["Ana", "bo"])
    assert [(one.who, one.hours) for one in report.people] == [("Ana", 10), ("bo", 0)]
    assert (report.silent, report.available_hours) == (("bo",), 320)
    everybody = toil_report([task(1, (28, 600, "ana"), (40, 60, "cy"))], MONTH)
    assert everybody.silent == ("cy",)


def test_shares_are_of_the_time_since_recording_began() -> None:
    """By hand: 10 h within the last two weeks of which 80 h are working time."""
    report = toil_report([task(1, (14, 300, "ana"), (1, 300, "ana"))], MONTH)
    assert (report.share_ratio, report.verdict) == (0.125, "within_budget")
    assert report.observed.start == NOW - timedelta(days=14)


def test_a_few_days_are_no_basis_for_a_verdict() -> None:
    report = toil_report([task(1, (2, 6000, "ana"))], MONTH)
    assert (report.verdict, report.observed.seconds / 86400) == ("too_short", 7)
    assert report.share_ratio == 2.5


def test_nothing_recorded_is_not_no_toil() -> None:
    report = toil_report([task(1)], MONTH, team=["ana"])
    assert (report.verdict, report.hours) == ("nothing_recorded", 0)
    assert toil_report([], MONTH).share_ratio is None


def test_only_the_window_counts_both_ends_included() -> None:
    done = [(28.001, 60, "ana"), (28, 60, "ana"), (0, 60, "ana"), (-0.001, 60, "ana")]
    assert toil_report([task(1, *done)], MONTH).hours == 2
    assert sum(week.hours for week in toil_report([task(1, *done)], MONTH).weeks) == 2


def test_hours_are_added_up_by_kind_and_by_week() -> None:
    tasks = [task(1, (28, 60, "ana"), (21, 60, "ana"), kind="ticket"), task(2, (1, 180, "bo")), task(3)]
    report = toil_report(tasks, MONTH)
    assert report.by_kind == ((None, 3), ("ticket", 2))
    assert [week.hours for week in report.weeks] == [1, 1, 0, 3]


def test_pay_back_is_build_hours_over_hours_a_month() -> None:
    """By hand: 4 x 30 min in 4 weeks are 2 h x 30.44 / 28 = 2.174 h a month; 8 h of building take 3.68 months."""
    first = toil_report([task(1, *((days, 30, "ana") for days in (28, 20, 10, 1)), automation_hours=8)], MONTH)
    one = first.candidates[0]
    assert one.hours_a_month == pytest.approx(2 * DAYS_A_MONTH / 28)
    assert one.payback_months == pytest.approx(8 * 28 / (2 * DAYS_A_MONTH))
    assert one.break_even == NOW + timedelta(days=8 * 28 / 2)
    assert one.worth_hours == pytest.approx(12 * 2 * DAYS_A_MONTH / 28)


def test_the_interval_of_a_rate_is_that_of_its_count() -> None:
    """Source: Garwood's limits of 4: 1.090 to 10.242."""
    one = toil_report([task(1, *((d, 30, "ana") for d in (28, 20, 10, 1)), automation_hours=8)], MONTH).candidates[0]
    per_time = 0.5 * DAYS_A_MONTH / 28
    assert one.low_hours_a_month == pytest.approx(1.0899 * per_time, rel=1e-3)
    assert one.high_hours_a_month == pytest.approx(10.2416 * per_time, rel=1e-3)
    assert one.payback_range_months == pytest.approx((8 / (10.2416 * per_time), 8 / (1.0899 * per_time)), rel=1e-3)


def test_once_is_no_rate_unless_people_say_how_often() -> None:
    tasks = [task(1, (28, 60, "ana")), task(2, (5, 60, "bo"), per_month=10.0, automation_hours=20)]
    stated, once = toil_report(tasks, MONTH).candidates
    assert (once.task.number, once.basis, once.hours_a_month, once.break_even) == (1, "unknown", None, None)
    assert (stated.basis, stated.hours_a_month, stated.payback_months) == ("stated", 10, 2)
    assert stated.payback_range_months is None


def test_ten_times_on_one_day_are_no_rate_either() -> None:
    done = Task(1, "a", occurrences=(Occurrence(2, NOW - timedelta(days=20), "ana", 5, times=10),))
    assert toil_report([done], MONTH).candidates[0].basis == "unknown"


def test_candidates_are_ranked_by_pay_back_then_hours_then_what_is_not_known() -> None:
    days = (28, 20, 10, 1)
    tasks = [
        task(1, (28, 6000, "ana")),
        task(2, *((d, 30, "ana") for d in days)),
        task(3, *((d, 90, "ana") for d in days)),
        task(4, *((d, 10, "ana") for d in days), automation_hours=1),
        task(5, *((d, 600, "ana") for d in days), automation_hours=500),
    ]
    assert [one.task.number for one in toil_report(tasks, MONTH).candidates] == [4, 5, 3, 2, 1]


def test_a_pay_back_of_centuries_has_no_date() -> None:
    one = toil_report([task(1, (28, 1, "ana"), (1, 1, "ana"), automation_hours=1e5)], MONTH).candidates[0]
    assert one.payback_months is not None
    assert one.break_even is None


def test_weeks_are_counted_back_from_the_end() -> None:
    weeks = weeks_of(Window(NOW - timedelta(days=17), NOW))
    assert [one.end for one in weeks] == [NOW - timedelta(weeks=1), NOW]


def test_a_trend_needs_eight_weeks() -> None:
    assert trend_of([1, 2, 3, 4, 5, 6, 7]).direction == "too_few_weeks"


@pytest.mark.parametrize(
    ("hours", "direction", "slope"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8], "rising", 1),
        ([16, 14, 12, 10, 8, 6, 4, 2], "falling", -2),
        ([5, 5, 5, 5, 5, 5, 5, 5], "no_clear_trend", 0),
        ([3, 9, 1, 8, 2, 9, 3, 7], "no_clear_trend", None),
    ],
)
def test_a_trend_is_said_where_chance_is_unlikely(hours: list[float], direction: str, slope: float | None) -> None:
    found = trend_of(hours)
    assert found.direction == direction
    assert slope is None or found.hours_a_week == slope


@pytest.mark.parametrize(
    ("hours", "direction"),
    [([2.0, 1, 4, 3, 6, 5, 8, 7], "rising"), ([3.0, 2, 1, 4, 7, 6, 5, 8], "no_clear_trend")],
)
def test_the_edge_of_a_trend_is_where_the_normal_form_has_it(hours: list[float], direction: str) -> None:
    """By hand for 8 weeks: variance 8 x 7 x 21 / 18 = 65.33; 4 swaps give S = 20, z = 19 / 8.08; 6 give 16, 15 / 8.08."""
    assert trend_of(hours).direction == direction
