"""Error budgets. Source: The Site Reliability Workbook (2018), ch. 2, ch. 5 and appendix B."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.errors import InputError, NoDataError
from sre.core.slo.budget import EventCounts, budget_ratio, error_budget

PERIOD_30D = 30 * 86_400.0
moderate = settings(max_examples=100, deadline=None, derandomize=True)
totals = st.integers(min_value=1, max_value=10**9)
objectives = st.sampled_from([0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999])


@pytest.mark.parametrize(
    ("objective", "minutes"), [(0.99, 432.0), (0.995, 216.0), (0.999, 43.2), (0.9995, 21.6), (0.9999, 4.32)]
)
def test_an_untouched_budget_of_30_days_is_the_downtime_of_the_book(objective: float, minutes: float) -> None:
    """Source: Beyer et al., SRE (2016), appendix A, "Availability Table", 30 days."""
    budget = error_budget(EventCounts(1_000_000, 0), objective_ratio=objective, period_seconds=PERIOD_30D)
    assert budget.remaining_minutes == pytest.approx(minutes, rel=1e-12)


def test_one_million_requests_at_three_nines_bear_a_thousand_errors() -> None:
    """Source: SRE Workbook, ch. 2: 1,000 errors out of a million over four weeks spend the whole of 99.9 %."""
    budget = error_budget(EventCounts(1_000_000, 1_000), objective_ratio=0.999, period_seconds=28 * 86_400)
    assert budget.allowed_bad == 1_000
    assert budget.consumed_ratio == 1
    assert budget.is_exhausted


def test_spent_to_the_last_event_is_exhausted_in_spite_of_binary_fractions() -> None:
    budget = error_budget(EventCounts(3_000_000, 2_100), objective_ratio=0.9993, period_seconds=PERIOD_30D)
    assert budget.is_exhausted


def test_a_calendar_period_under_way_projects_its_allowance_from_the_traffic_so_far() -> None:
    """Our choice: a third of the month with 1,000 allowed events so far means 3,000 for the month."""
    budget = error_budget(
        EventCounts(1_000_000, 600), objective_ratio=0.999, period_seconds=PERIOD_30D, elapsed_ratio=1 / 3
    )
    assert budget.allowed_bad == pytest.approx(3_000)
    assert budget.consumed_ratio == pytest.approx(0.2)
    assert budget.remaining_minutes == pytest.approx(0.8 * 43.2)


def test_no_events_is_no_answer() -> None:
    with pytest.raises(NoDataError):
        error_budget(EventCounts(0, 0), objective_ratio=0.999, period_seconds=PERIOD_30D)


@pytest.mark.parametrize("objective", [0.0, 1.0, -0.1, 100.0, float("nan")])
def test_an_objective_outside_zero_to_one_is_refused(objective: float) -> None:
    with pytest.raises(InputError):
        budget_ratio(objective)


def test_a_percentage_is_told_its_ratio() -> None:
    with pytest.raises(InputError, match=r"pass 0\.9995"):
        budget_ratio(99.95)


def test_the_budget_of_three_nines_is_a_thousandth_without_binary_noise() -> None:
    assert budget_ratio(0.999) == 0.001


@moderate
@given(total=totals, share=st.floats(0, 1), objective=objectives)
def test_spent_and_left_add_up_to_one(total: int, share: float, objective: float) -> None:
    budget = error_budget(EventCounts(total, total * share), objective_ratio=objective, period_seconds=PERIOD_30D)
    assert budget.consumed_ratio + budget.remaining_ratio == pytest.approx(1)


@moderate
@given(first=totals, second=totals, share_1=st.floats(0, 1), share_2=st.floats(0, 1), objective=objectives)
def test_splitting_the_window_adds_up(
    first: int, second: int, share_1: float, share_2: float, objective: float
) -> None:
    """Bad events add up and so do allowances, unlike ratios, whose mean is wrong with uneven traffic."""
    parts = [EventCounts(first, first * share_1), EventCounts(second, second * share_2)]
    whole = EventCounts(first + second, parts[0].bad + parts[1].bad)
    budgets = [error_budget(p, objective_ratio=objective, period_seconds=PERIOD_30D) for p in (*parts, whole)]
    spent = sum(b.consumed_ratio * b.allowed_bad for b in budgets[:2])
    assert spent == pytest.approx(budgets[2].consumed_ratio * budgets[2].allowed_bad, abs=1e-6)
    assert budgets[0].allowed_bad + budgets[1].allowed_bad == pytest.approx(budgets[2].allowed_bad)


@moderate
@given(total=totals, share=st.floats(0, 1), scale=st.integers(2, 10_000), objective=objectives)
def test_ten_times_the_traffic_with_ten_times_the_errors_is_the_same_budget(
    total: int, share: float, scale: int, objective: float
) -> None:
    small = error_budget(EventCounts(total, total * share), objective_ratio=objective, period_seconds=PERIOD_30D)
    large = error_budget(
        EventCounts(total * scale, total * share * scale), objective_ratio=objective, period_seconds=PERIOD_30D
    )
    assert large.consumed_ratio == pytest.approx(small.consumed_ratio)
    assert large.sli_ratio == pytest.approx(small.sli_ratio)
