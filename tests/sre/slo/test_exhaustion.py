"""When budgets run out, and since when they have been. Worked by hand on histories of a few slices."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.slo.exhaustion import exhausted_at_rolling
from sre.slo.history import EventHistory, spent_since_rolling, spent_since_start

START = datetime(2026, 10, 1, tzinfo=UTC)
DAY = 86_400.0


def history(bads: list[float], total: float | None = 1_000.0) -> EventHistory:
    return EventHistory(START, DAY, tuple(total for _ in bads), tuple(bads))


def at_end(one: EventHistory) -> datetime:
    return one.slice_end(len(one.bads) - 1)


def test_a_clean_window_at_burn_two_lasts_half_a_window() -> None:
    """Ten clean days, then twice the allowance a day: spent after five days."""
    clean = history([0.0] * 10)
    at = exhausted_at_rolling(clean, at=at_end(clean), budget_ratio=0.01, burn_rate=2.0)
    assert at == at_end(clean) + timedelta(days=5)


def test_old_errors_leaving_the_window_make_it_last_longer() -> None:
    """Half the budget went on the first day. At burn 1 the linear date is in 5 days, but that day leaves first."""
    spent_early = history([50.0] + [0.0] * 9)
    assert exhausted_at_rolling(spent_early, at=at_end(spent_early), budget_ratio=0.01, burn_rate=0.99) is None


def test_old_errors_that_leave_too_late_do_not_save_it() -> None:
    """Half the budget went on the last day: at burn 1 the other half is gone after five days, before that day leaves."""
    spent_late = history([0.0] * 9 + [50.0])
    at = exhausted_at_rolling(spent_late, at=at_end(spent_late), budget_ratio=0.01, burn_rate=1.0)
    assert at == at_end(spent_late) + timedelta(days=5)


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.9])
def test_a_clean_window_never_runs_out_below_burn_one(rate: float) -> None:
    clean = history([0.0] * 10)
    assert exhausted_at_rolling(clean, at=at_end(clean), budget_ratio=0.01, burn_rate=rate) is None


def test_no_traffic_gives_no_date() -> None:
    empty = history([0.0] * 5, total=None)
    assert exhausted_at_rolling(empty, at=at_end(empty), budget_ratio=0.01, burn_rate=5.0) is None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    bads=st.lists(st.floats(0, 9), min_size=8, max_size=8),
    rate=st.floats(1.5, 20),
)
def test_the_date_is_where_a_simulation_of_the_window_crosses(bads: list[float], rate: float) -> None:
    """Independent: slide the window slice by slice over past and future and look for the first overspent end."""
    one = history(bads)
    at = exhausted_at_rolling(one, at=at_end(one), budget_ratio=0.01, burn_rate=rate)
    line = bads + [rate * 10.0] * 8
    ends = [n for n in range(1, 9) if sum(line[n : n + 8]) >= 80.0 - 1e-9]
    assert at is not None
    assert ends[0] - 1 - 1e-6 <= (at - at_end(one)).total_seconds() / DAY <= ends[0] + 1e-6


def test_a_spent_rolling_budget_is_dated_to_the_start_of_its_present_stretch() -> None:
    """Window of 3 days, 10 allowed a day. Overspent on day 2, recovered on day 5, overspent again from day 8."""
    one = EventHistory(START, DAY, (1_000.0,) * 10, (0, 0, 60, 0, 0, 0, 0, 0, 99, 0))
    since = spent_since_rolling(one, slices_in_period=3, budget_ratio=0.01)
    assert since == START + timedelta(days=9)


def test_a_budget_that_is_not_spent_has_no_such_date() -> None:
    assert spent_since_rolling(history([1.0] * 6), slices_in_period=3, budget_ratio=0.01) is None


def test_a_calendar_budget_is_spent_when_the_sum_reaches_the_allowance() -> None:
    assert spent_since_start(history([10.0, 30.0, 5.0, 90.0]), allowed_bad=45.0) == START + timedelta(days=3)
    assert spent_since_start(history([1.0, 1.0]), allowed_bad=3.0) is None


def test_coverage_counts_slices_with_data_and_says_where_they_begin() -> None:
    late = EventHistory(START, DAY, (None, None, 5.0, None), (0, 0, 1, 0))
    assert late.coverage_ratio == 0.25
    assert late.data_start == START + timedelta(days=2)
    assert EventHistory(START, DAY, (None,), (0,)).data_start is None
