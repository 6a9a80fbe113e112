"""Waiting with an order: what it saves, and how much likelier it makes being short."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.plan.costs_waiting import supply, waiting
from tests.support.capacity_plans import MONTH_DAYS, YEAR_DAYS, a_year, plan_of

MODERATE = settings(max_examples=40, deadline=None, derandomize=True)


def test_nothing_to_order_has_no_rows():
    """Our choice."""
    assert waiting(plan_of(a_year(*[5] * 12), units_now=5)) == ()


def test_on_time_is_never_short_and_a_month_later_is_short_for_a_month():
    """Source: arithmetic; from the first day of month 7 four more units are needed, 400 a month."""
    plan = plan_of(a_year(*[10] * 6, *[14] * 6), units_now=10)
    on_time, month, *_ = waiting(plan)
    assert (on_time.is_short, on_time.saved, on_time.units_short) == (False, 0, 0)
    assert month.short_ratio is None
    assert month.is_short
    assert month.units_short == 4
    assert month.days_short == pytest.approx(MONTH_DAYS, abs=1)
    assert month.saved == pytest.approx(400, abs=400 / MONTH_DAYS)


def test_the_share_of_futures_that_are_short_is_counted():
    """Source: arithmetic; 40 of 100 futures need 12 units from day 60 on, 20 from day 100, the others never."""
    paths = np.full((100, YEAR_DAYS), 10.0)
    paths[:40, 60:] = 12
    paths[40:60, 100:] = 12
    plan = plan_of(paths, units_now=10)
    on_time, month, two, three = waiting(plan)
    assert on_time.short_ratio == 0
    assert month.short_ratio == pytest.approx(0.4)
    assert two.short_ratio == pytest.approx(0.6)
    assert three.short_ratio == pytest.approx(0.6)
    assert month.overload_ratio == pytest.approx(0.4), "without headroom short is overloaded"


def test_what_is_late_already_is_ordered_today():
    """Source: arithmetic; needed on day 5, 14 days of lead time: ordered today it is there on day 14."""
    paths = np.concatenate([np.full(5, 10.0), np.full(360, 12.0)])
    plan = plan_of(paths, units_now=10)
    assert plan.steps[0].late_days == pytest.approx(9)
    units = supply(plan)
    assert units[13] == 10
    assert units[14] == 12
    assert waiting(plan)[0].days_short == pytest.approx(9)


@MODERATE
@given(
    rows=st.lists(st.lists(st.integers(0, 20), min_size=12, max_size=12), min_size=1, max_size=8),
    lead=st.floats(0, 120),
)
def test_more_waiting_never_lowers_the_probability_of_being_short_nor_what_it_saves(rows, lead):
    """Our choice: what comes later is never there earlier."""
    plan = plan_of(np.array([a_year(*row) for row in rows]), units_now=4, lead_time_days=lead)
    found = waiting(plan, delays_months=(0, 1, 2, 3, 6))
    for earlier, later in pairwise(found):
        assert later.days_short >= earlier.days_short
        assert later.units_short >= earlier.units_short
        assert (later.short_ratio or 0) >= (earlier.short_ratio or 0)
        assert (later.overload_ratio or 0) >= (earlier.overload_ratio or 0)
        assert later.saved >= earlier.saved >= 0
