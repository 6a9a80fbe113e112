"""Days, weeks and rolling periods of objectives, on histories counted by hand."""

from datetime import UTC, datetime

import numpy as np
import pytest

from sre.core.labels import Labels
from sre.core.series import FloatArray, Grid
from sre.core.times import epoch_ms
from sre.slo.attainment import DAY_SECONDS, Attainment, GroupCounts, attainment, worst_of
from sre.slo.burn_history import BaseHistory

# A Monday, midnight.
START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = 3600.0
PERIOD = 7 * DAY_SECONDS


def counts(bad_by_hour: FloatArray, total_by_hour: FloatArray, *, begins: datetime = START) -> GroupCounts:
    """A base window of an hour; the first one ends an hour after `begins`."""
    first_ms = epoch_ms(begins) + 3_600_000
    grid = Grid(first_ms, 3_600_000, bad_by_hour.size)
    history = BaseHistory((Labels(),), grid, HOUR, bad_by_hour[np.newaxis], total_by_hour[np.newaxis])
    return GroupCounts(history, 0, start_ms=epoch_ms(begins), end_ms=grid.end_ms)


def even(days: int, *, per_hour: float = 100.0) -> tuple[FloatArray, FloatArray]:
    return np.zeros(24 * days), np.full(24 * days, per_hour)


def test_days_weeks_and_budget_by_hand() -> None:
    """Three weeks of 100 an hour; on the ninth day 48 fail, on the tenth 12. A hundredth may: 24 a day, 168 a week."""
    bad, total = even(21)
    bad[8 * 24 : 8 * 24 + 4] = 12
    bad[9 * 24] = 12
    found = attainment(counts(bad, total), objective_ratio=0.99, period_seconds=PERIOD)
    assert found.used_ratio == pytest.approx(60 / (0.01 * 50_400))
    assert (found.days, found.bad_days) == (21, 1)
    assert (found.weeks, found.weeks_met) == (3, 3)
    assert found.worst_period_used_ratio == pytest.approx(60 / 168)


def test_a_budget_used_up_to_the_last_event_is_met() -> None:
    bad, total = even(7)
    bad[5] = 24
    found = attainment(counts(bad, total), objective_ratio=0.99, period_seconds=PERIOD)
    assert found.bad_days == 0
    bad[5] = 25
    assert attainment(counts(bad, total), objective_ratio=0.99, period_seconds=PERIOD).bad_days == 1


def test_the_worst_period_may_lie_across_weeks() -> None:
    """Failures on days 6, 7, 8 and 9: each calendar-like week holds two of them, one rolling week all four."""
    bad, total = even(14)
    for day in (5, 6, 7, 8):
        bad[day * 24] = 60
    found = attainment(counts(bad, total), objective_ratio=0.99, period_seconds=PERIOD)
    assert (found.weeks_met, found.weeks) == (2, 2)
    assert found.worst_period_used_ratio == pytest.approx(240 / 168)


def test_less_than_a_period_of_history_has_no_period() -> None:
    found = attainment(counts(*even(5)), objective_ratio=0.99, period_seconds=PERIOD)
    assert (found.worst_period_used_ratio, found.weeks, found.days) == (None, 0, 5)


def test_a_day_without_traffic_or_of_which_little_is_known_is_not_judged() -> None:
    bad, total = even(7)
    total[24:48] = 0
    total[48:56] = np.nan  # a third of the third day
    bad[48:56] = np.nan
    found = counts(bad, total)
    assert found.days().judged_count == 5
    assert found.known_seconds == (7 * 24 - 8) * HOUR
    assert found.total == 100 * (7 * 24 - 24 - 8)


def test_weeks_are_counted_back_from_the_end_and_days_from_midnight() -> None:
    """Ten days that begin at noon: nine whole days and two halves, one whole week."""
    found = counts(*even(10), begins=START.replace(hour=12))
    assert found.days().judged_count == 9
    assert found.days().start_ms.size == 11
    weeks = found.weeks()
    assert weeks.judged_count == 1
    assert weeks.total.tolist()[-1] == 16_800


def test_what_lies_before_the_start_only_fills_windows() -> None:
    bad, total = even(4)
    grid = Grid(epoch_ms(START) + 3_600_000, 3_600_000, bad.size)
    history = BaseHistory((Labels(),), grid, HOUR, bad[np.newaxis], total[np.newaxis])
    late = GroupCounts(history, 0, start_ms=epoch_ms(START) + 3 * 86_400_000, end_ms=grid.end_ms)
    assert late.total == 2_400


def test_a_finer_grid_counts_nothing_twice() -> None:
    """Base windows of an hour that end every quarter of one: only those that lie end to end count."""
    steps = 24 * 4 * 2
    grid = Grid(epoch_ms(START) + 900_000, 900_000, steps)
    history = BaseHistory((Labels(),), grid, HOUR, np.zeros((1, steps)), np.full((1, steps), 100.0))
    assert GroupCounts(history, 0, start_ms=epoch_ms(START), end_ms=grid.end_ms).total == 4_800


def test_the_worst_days_and_the_rest() -> None:
    bad, total = even(7)
    bad[24] = 30
    bad[100] = 10
    found = counts(bad, total)
    first, second = found.worst_days(3)
    assert (first.day, first.bad, first.share_of_bad) == (START.replace(day=3), 30, 0.75)
    assert second.bad == 10
    assert found.ratio_without(first.day) == pytest.approx(1 - 10 / 14_400)


def test_several_groups_are_as_good_as_the_worst_in_each_figure() -> None:
    one = Attainment(0.99, 0.5, None, 30, 3, 4, 4)
    other = Attainment(0.99, 0.2, 0.9, 28, 1, 4, 2)
    assert worst_of([one, other]) == Attainment(0.99, 0.5, 0.9, 30, 3, 4, 2)
