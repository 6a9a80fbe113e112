"""Demand ahead: compounding, Little's law, ranges, scenarios, days made of steps."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.forecast import forecast
from sre.capacity.model import Change, Request, Scenario
from sre.capacity.plan.demand import (
    Growth,
    as_futures,
    assumed_demand,
    derived_demand,
    faster,
    forecast_demand,
    under_scenario,
)
from sre.capacity.plan.document import Defaults, read_plan_request
from sre.capacity.plan.measured import measured_demand, peaks
from sre.capacity.plan.model import DAY_MS, FUTURE_COUNT, Demand
from sre.capacity.plan.planning import resolved
from sre.capacity.plan.users import USAGE, peak_requests_per_second
from sre.core.errors import InputError, NoDataError
from tests.support.capacity_series import DAY, MONDAY_MS, history_of, law

moderate = settings(max_examples=60, deadline=None, derandomize=True)
MONTH_DAYS = 365.2425 / 12


def _assumed(start: float, growth: Growth, days: int = 365) -> Demand:
    return assumed_demand(start_value=start, growth=growth, start_ms=MONDAY_MS, days=days, words="")


def test_growth_compounds_monthly() -> None:
    """Worked by hand: 15 % a month is 1.15^12 = 5.35 times in a year of 365.2425 days."""
    demand = _assumed(100.0, Growth(0.15), days=366)
    assert demand.expected[-1] / 100 == pytest.approx(1.15 ** (366 / MONTH_DAYS))
    assert demand.expected[364] / 100 == pytest.approx(1.15**12, rel=0.004)
    assert demand.is_certain


def test_what_is_added_does_not_compound() -> None:
    demand = _assumed(1.1e12, Growth(added_per_month=80e9), days=366)
    assert demand.expected[-1] == pytest.approx(1.1e12 + 80e9 * 366 / MONTH_DAYS)


def test_a_shrinking_demand_ends_at_zero_never_below() -> None:
    assert _assumed(10.0, Growth(added_per_month=-5.0)).paths.min() == 0


def test_a_range_of_growth_becomes_futures_with_that_range() -> None:
    """*Source*: the words of the range: four fifths of the futures grow by 10 to 25 % a month, half by more than 15 %."""
    demand = _assumed(100.0, Growth(0.15, 0.10, 0.25), days=31)
    ratios = (demand.paths[:, -1] / 100) ** (MONTH_DAYS / 31) - 1
    assert demand.paths.shape[0] == FUTURE_COUNT
    assert np.quantile(ratios, [0.1, 0.5, 0.9]) == pytest.approx([0.10, 0.15, 0.25], abs=0.002)


@pytest.mark.parametrize(
    ("rate", "held_seconds", "inside"), [(200, 0.25, 50), (500, 0.04, 20), (100, 0.2, 20), (160, 0.4, 64)]
)
def test_littles_law_as_in_the_handbook(rate: float, held_seconds: float, inside: float) -> None:
    """*Source*: our handbook, capacity-planning, "Little's law"."""
    demand = derived_demand(_assumed(rate, Growth(), days=3), factor=held_seconds, words="")
    assert demand.expected.tolist() == pytest.approx([inside] * 3)


def test_users_become_requests_by_their_factors() -> None:
    """Worked by hand: 100,000 x 0.2 x 2 x 30 = 1,200,000 a day, 13.9 a second, four times that at the peak."""
    defaults = {factor.name: factor.default for factor in USAGE}
    assert peak_requests_per_second(users=100_000, **defaults) == pytest.approx(1_200_000 / 86_400 * 4)


@moderate
@given(extra=st.floats(0, 1), more=st.floats(0, 1))
def test_faster_growth_is_never_less_and_none_changes_nothing(extra: float, more: float) -> None:
    demand = _assumed(100.0, Growth(0.05, 0.0, 0.1), days=60)
    assert (faster(demand, extra_ratio_per_month=0.0).paths == demand.paths).all()
    slow, fast = (faster(demand, extra_ratio_per_month=ratio) for ratio in (extra, extra + more))
    assert (fast.paths >= slow.paths).all()


def test_a_scenario_of_a_day_changes_that_day_alone() -> None:
    demand = _assumed(100.0, Growth(), days=10)
    change = Change(MONDAY_MS + 4 * DAY_MS + 1, MONDAY_MS + 5 * DAY_MS + 1, factor=3.0)
    changed = under_scenario(demand, Scenario(changes=(change,)))
    assert changed.expected.tolist() == [100.0] * 4 + [300.0] + [100.0] * 5
    assert (under_scenario(demand, Scenario()).paths == demand.paths).all()


def test_a_growth_made_faster_leaves_shrinking_as_it_is() -> None:
    assert Growth(0.1, 0.05, 0.2, 7.0).times(2.0) == Growth(0.2, 0.1, 0.4, 14.0)
    assert Growth(-0.1).times(2.0) == Growth(-0.1)


def test_a_day_takes_the_highest_of_its_steps() -> None:
    """*Independent*: the highest of each run of four quarter-day values of every future, by reshaping."""
    values = law(120, lambda i: 100 + 10 * np.sin(2 * np.pi * i / 4), noise=1.0)
    history = history_of(values, step_seconds=DAY / 4)
    made = forecast(history, Request(horizon_steps=40))
    demand = forecast_demand(made, start_ms=history.last_ms, words="")
    assert made.paths is not None
    assert demand.paths == pytest.approx(made.paths.reshape(-1, 10, 4).max(axis=2))
    assert ((demand.paths <= demand.expected).mean(axis=0) >= 0.5).all()
    assert demand.days == 10


def test_steps_longer_than_a_day_hold_for_all_their_days() -> None:
    history = history_of(law(30, lambda i: 100 + i, noise=0.5), step_seconds=7 * DAY)
    made = forecast(history, Request(horizon_steps=3))
    demand = forecast_demand(made, start_ms=history.last_ms, words="")
    assert made.paths is not None
    assert demand.days == 21
    assert demand.paths == pytest.approx(np.repeat(made.paths, 7, axis=1))


def test_futures_are_brought_to_one_number() -> None:
    paths = np.arange(6.0).reshape(3, 2)
    assert as_futures(paths, 5)[:, 0].tolist() == [0, 2, 4, 0, 2]
    assert as_futures(np.arange(10.0)[:, None], 5)[:, 0].tolist() == [0, 2, 4, 6, 8]


def test_peaks_of_minutes_are_found_by_quarters_of_days_or_days() -> None:
    """*Planted*: one sample an hour holds the number of its day, one of them twice that."""
    for days, parts in ((20, 4), (70, 1)):
        times = MONDAY_MS + np.arange(1, days * 24 + 1, dtype=np.int64) * 3_600_000
        values = np.repeat(np.arange(1.0, days + 1), 24)
        values[24 * 9 + 13] *= 2
        ends, found, step = peaks(times, values, end_ms=int(times[-1]))
        assert step == DAY / parts
        assert ends[-1] == times[-1]
        by_day = found[-(found.size // parts * parts) :].reshape(-1, parts).max(axis=1)
        whole = by_day[-(days - 1) :]
        expected = np.arange(2.0, days + 1)
        expected[8] *= 2
        assert whole.tolist() == expected.tolist()


def test_a_straight_line_goes_on_and_its_history_is_told() -> None:
    values = law(200, lambda i: 1000 + 2 * i)
    times = MONDAY_MS + np.arange(200, dtype=np.int64) * DAY_MS
    demand = measured_demand(times, values, step_seconds=DAY, start_ms=int(times[-1]), days=100)
    assert demand.days == 100
    assert demand.expected[-1] == pytest.approx(1398 + 200, rel=0.01)
    assert (demand.basis, demand.present_peak, demand.highest_seen) == ("forecast", 1398, 1398)
    assert demand.history_days == pytest.approx(200)


def test_a_short_history_carries_a_shorter_plan() -> None:
    """*Source*: a forecast reaches at most 15 times its history."""
    values = law(40, lambda i: 100 + i, noise=1.0)
    times = MONDAY_MS + np.arange(40, dtype=np.int64) * DAY_MS // 4
    demand = measured_demand(times, values, step_seconds=DAY / 4, start_ms=int(times[-1]), days=365)
    assert demand.days == 150


def test_a_history_that_ended_long_ago_is_refused_with_a_way_out() -> None:
    values = law(20, lambda i: 100 + i, noise=1.0)
    times = MONDAY_MS + np.arange(20, dtype=np.int64) * DAY_MS
    with pytest.raises(NoDataError) as caught:
        measured_demand(times, values, step_seconds=DAY, start_ms=int(times[-1]) + 400 * DAY_MS, days=90)
    assert "growing" in caught.value.next_steps[0]


def test_a_forecast_that_lags_behind_the_present_starts_today() -> None:
    """The last peak is two days old: day 0 is today's, not that of the day after the last peak."""
    values = law(60, lambda i: 1000 + 10 * i)
    times = MONDAY_MS + np.arange(60, dtype=np.int64) * DAY_MS
    start_ms = int(times[-1]) + 2 * DAY_MS
    demand = measured_demand(times, values, step_seconds=DAY, start_ms=start_ms, days=30)
    assert demand.expected[0] == pytest.approx(1590 + 30, rel=0.002)
    assert replace(demand, start_ms=0).day_ms(3) == 3 * DAY_MS


ROWS_START = MONDAY_MS // 1000


def _rows(days: int, width: float = 20.0) -> list[list[float]]:
    return [
        [ROWS_START + 86_400 * day, 100.0 + day, 100.0 + day - width / 2, 100.0 + day + width] for day in range(days)
    ]


def _of_rows(rows: list[list[float]], days: int, interval: float = 0.8) -> Demand:
    document = [{"name": "a", "units": 1, "unit_capacity": 1, "demand": {"forecast": rows, "interval": interval}}]
    request = read_plan_request(document, defaults=Defaults())
    return resolved(request, {}, start_ms=MONDAY_MS, days=days)[0][0].demand


def test_rows_of_a_forecast_become_futures_with_its_interval() -> None:
    """*Source*: the rows: a tenth of the futures below the lower edge, a tenth above the upper one, on every day."""
    demand = _of_rows(_rows(31), 60)
    assert demand.days == 30
    assert demand.expected.tolist() == pytest.approx([101.0 + day for day in range(30)])
    for day in (0, 14, 29):
        found = np.quantile(demand.paths[:, day], [0.1, 0.5, 0.9]) - demand.expected[day]
        assert found.tolist() == pytest.approx([-10.0, 0.0, 20.0], abs=0.2)


def test_rows_without_an_interval_are_one_future() -> None:
    demand = _of_rows([row[:2] for row in _rows(31)], 20)
    assert demand.is_certain
    assert demand.days == 20


def test_the_highest_row_of_a_day_is_its_peak() -> None:
    hours = [[ROWS_START + 3600 * hour, 100.0 if hour % 24 != 20 else 150.0] for hour in range(73)]
    assert _of_rows(hours, 3).expected.tolist() == pytest.approx([150.0] * 3)


def test_rows_that_end_before_the_plan_are_refused() -> None:
    with pytest.raises(NoDataError, match="end before"):
        _of_rows([[1000, 5.0], [2000, 6.0]], 20)


@pytest.mark.parametrize(
    "rows", [[], [[1, 2]], [[1, None], [2, 3]], [[1, 2, 3], [2, 3]], [["x"], ["y"]], "rows", [[1, 5, 6, 7], [2, 5, 4, 6]],
             [[1, 10**400], [2, 3]], [[1, float("nan")], [2, 3]], [[True, 1], [2, 3]]]
)  # fmt: skip
def test_rows_that_are_none_are_refused_with_their_form(rows: object) -> None:
    with pytest.raises(InputError) as caught:
        _of_rows(rows, 20)  # type: ignore[arg-type]
    assert any("forecast" in step and "[time, expected, lower, upper]" in step for step in caught.value.next_steps)
