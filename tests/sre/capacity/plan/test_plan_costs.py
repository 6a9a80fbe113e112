"""Costs of plans: worked examples by hand, and what must hold for any prices and demand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.plan.costs import resource_cost, total_costs
from sre.capacity.plan.costs_commitments import break_even_use_ratio, cheapest_mix, effective_per_month
from sre.capacity.plan.costs_usage import months_of, usage
from sre.capacity.plan.model import Commitment, Held, Prices
from sre.capacity.plan.schedule import resource_plan
from tests.support.capacity_plans import MONTH_DAYS, START_MS, YEAR_DAYS, a_year, plan_of, resource_of, yearly

MODERATE = settings(max_examples=40, deadline=None, derandomize=True)
YEAR_MONTHS = YEAR_DAYS / MONTH_DAYS


def cost_of(paths, **facts):
    cost = resource_cost(plan_of(paths, **facts))
    assert cost is not None
    return cost


def test_a_year_has_twelve_months_that_cover_it():
    """Our choice: months are counted from today; the days of a year fill twelve of them."""
    months = months_of(start_ms=START_MS, days=YEAR_DAYS)
    assert months.count == 12
    assert months.total == pytest.approx(YEAR_MONTHS)
    assert all(0.98 < length < 1.03 for length in months.lengths)


def test_a_rest_of_two_days_makes_no_month_of_its_own():
    """Our choice: a month of a day would read as a bug."""
    assert months_of(start_ms=START_MS, days=63).count == 2
    assert months_of(start_ms=START_MS, days=70).count == 3
    assert months_of(start_ms=START_MS, days=1).count == 1


def test_an_upfront_is_spread_over_the_term():
    """Source: arithmetic; 600 upfront and 10 a month for 12 months are 60 a month, 60 % of 100 on demand."""
    commitment = Commitment("half upfront", 12, 10.0, upfront=600.0)
    assert effective_per_month(commitment) == 60
    assert break_even_use_ratio(commitment, on_demand_per_month=100) == pytest.approx(0.6)


def test_ten_units_all_year_cost_what_arithmetic_says():
    """Source: arithmetic; 10 units at 100 for 11.99 months."""
    cost = cost_of(a_year(*[10] * 12), units_now=10)
    assert cost.on_demand.steps_cost == pytest.approx(10 * 100 * YEAR_MONTHS)
    assert cost.on_demand.expected == pytest.approx(10 * 100 * YEAR_MONTHS)
    assert cost.on_demand.lower is None
    assert [round(row.units) for row in cost.months] == [10] * 12


def test_units_needed_all_year_are_committed_and_paid_back_after_the_break_even_share_of_the_term():
    """Source: arithmetic; at 60 % of the price the whole term has paid after 60 % of it, 7.2 months."""
    cost = cost_of(a_year(*[10] * 12), units_now=10, commitments=[yearly(60)])
    (tranche,) = cost.mix
    assert (tranche.units, tranche.from_month) == (10, 0)
    assert tranche.total_cost == pytest.approx(7200)
    assert tranche.needed_ratio == pytest.approx(1)
    assert (tranche.break_even_ms - START_MS) / 86_400_000 == pytest.approx(7.2 * MONTH_DAYS, abs=0.5)
    assert cost.with_mix.steps_cost == pytest.approx(0.6 * cost.on_demand.steps_cost)
    assert cost.dearer_below_ratio == pytest.approx(0.5, abs=0.01), "below 6 of 10 units; 5 is the first whole count"


def test_units_are_committed_from_the_month_they_are_there():
    """Source: arithmetic; 4 units of month 7 on are needed all the time from then on."""
    cost = cost_of(a_year(*[10] * 6, *[14] * 6), units_now=10, commitments=[yearly(60)])
    assert [(one.units, one.from_month) for one in cost.mix] == [(10, 0), (4, 6)]
    assert cost.with_mix.lost_after == 0


def test_a_season_is_committed_only_where_it_lasts_longer_than_the_break_even_use():
    """Source: arithmetic; 5 of 15 units are needed in 6 of 12 months: at 60 % they lose, at 40 % they pay."""
    months = [15, 15, 15, 10, 10, 10, 10, 10, 10, 15, 15, 15]
    dear = cost_of(a_year(*months), units_now=15, commitments=[yearly(60)])
    assert sum(one.units for one in dear.mix) == 10
    cheap = cost_of(a_year(*months), units_now=15, commitments=[yearly(40)])
    assert sum(one.units for one in cheap.mix) == 15


def test_units_are_committed_up_to_the_quantile_of_need_at_the_break_even_use():
    """Source: the newsvendor's rule; needs of 1 to 10 units are equally likely, unit k is needed in 11 - k of 10."""
    paths = np.repeat(np.arange(1.0, 11.0)[:, None], YEAR_DAYS, axis=1)
    for ratio, units in ((0.65, 4), (0.55, 5), (0.35, 7), (0.05, 10), (1.05, 0)):
        cost = cost_of(paths, units_now=10, commitments=[yearly(100 * ratio)])
        assert sum(one.units for one in cost.mix) == units, ratio


def test_a_term_beyond_the_plan_counts_against_falling_demand():
    """Source: arithmetic; 36 months at 50: needed 10 of 12 months and not at the end, the rest of the term is lost."""
    months = [10] * 9 + [0] * 3
    one_year = cost_of(a_year(*months), units_now=10, commitments=[yearly(50)])
    assert sum(one.units for one in one_year.mix) == 10
    three = cost_of(a_year(*months), units_now=10, commitments=[yearly(50, term_months=36)])
    assert three.mix == ()
    assert three.expenses[2].lost_after == pytest.approx(10 * 50 * (36 - YEAR_MONTHS))


def test_the_cheaper_of_two_commitments_is_taken_and_cash_upfront_is_said():
    """Source: arithmetic; 500 upfront for a year is 41.7 a month against 60."""
    offers = [yearly(60), yearly(0, upfront=500, name="all upfront")]
    cost = cost_of(a_year(*[10] * 12), units_now=10, commitments=offers)
    assert [(one.commitment.name, one.upfront) for one in cost.mix] == [("all upfront", 5000)]
    (total,) = total_costs([cost])
    assert total.upfront_now == 5000


def test_what_is_there_and_not_needed_is_not_committed():
    """Our choice: a unit that could be given back is no base load."""
    cost = cost_of(a_year(*[4] * 12), units_now=10, commitments=[yearly(60)])
    assert sum(one.units for one in cost.mix) == 4
    assert cost.on_demand.steps_cost == pytest.approx(10 * 100 * YEAR_MONTHS)


def test_a_disk_keeps_its_units():
    """Our choice: disks are not given back, so a fall in demand costs as much."""
    months = [8] * 6 + [2] * 6
    disk = cost_of(a_year(*months), units_now=8, kind="disk")
    assert disk.on_demand.expected == pytest.approx(8 * 100 * YEAR_MONTHS)
    assert cost_of(a_year(*months), units_now=8).on_demand.expected < disk.on_demand.expected


def test_units_under_a_term_that_runs_are_paid_as_agreed_and_committed_anew_when_it_ends():
    """Source: arithmetic; 4 of 10 units at 50 for 183 days, then on demand at 100, or on a new term at 60."""
    held = (Held(4, START_MS + 183 * 86_400_000, 50.0),)
    prices = Prices("EUR", 100.0, (yearly(60),), held)
    plan = resource_plan(replace(resource_of(a_year(*[10] * 12), units_now=10), prices=prices), risk_ratio=0.1)
    cost = resource_cost(plan)
    assert cost.on_demand.steps_cost == pytest.approx((6 * 365 * 100 + 4 * (183 * 50 + 182 * 100)) / MONTH_DAYS)
    assert cost.on_demand.expected == pytest.approx(cost.on_demand.steps_cost)
    assert [(one.units, one.from_month) for one in cost.mix] == [(6, 0), (4, 6)], "month 6 begins on day 183"
    assert [round(row.units) for row in cost.months] == [10] * 12


def test_units_under_a_term_cost_the_same_when_nobody_needs_them():
    """Source: arithmetic; 8 units held at 50 where 3 are needed: 8 x 50, and nothing more."""
    prices = Prices("EUR", 100.0, (yearly(60),), (Held(8, START_MS + 900 * 86_400_000, 50.0),))
    plan = resource_plan(replace(resource_of(a_year(*[3] * 12), units_now=8), prices=prices), risk_ratio=0.1)
    cost = resource_cost(plan)
    assert cost.on_demand.steps_cost == pytest.approx(8 * 50 * YEAR_MONTHS)
    assert cost.mix == ()
    assert [row.on_demand for row in cost.sensitivity] == pytest.approx([8 * 50 * YEAR_MONTHS] * 3)


def test_resources_are_added_by_currency():
    """Source: arithmetic."""
    one = cost_of(a_year(*[10] * 12), units_now=10)
    other = replace(cost_of(a_year(*[5] * 12), units_now=5), resource="db")
    dollars = replace(other, resource="cdn", currency="USD")
    euros, others = total_costs([one, other, dollars])
    assert euros.resources == ("api", "db")
    assert euros.on_demand.steps_cost == pytest.approx(15 * 100 * YEAR_MONTHS)
    assert sum(row.on_demand for row in euros.months) == pytest.approx(15 * 100 * YEAR_MONTHS)
    assert others.currency == "USD"


def test_without_a_price_there_is_no_cost():
    """Our choice: no price is built in."""
    assert resource_cost(plan_of(a_year(*[10] * 12), units_now=10, on_demand=None)) is None


units_by_future = st.lists(st.lists(st.integers(0, 12), min_size=12, max_size=12), min_size=1, max_size=6)


def futures_of(rows):
    return np.array([a_year(*row) for row in rows])


@MODERATE
@given(
    rows=units_by_future,
    prices=st.lists(st.tuples(st.floats(5, 130), st.sampled_from([3.0, 12.0, 36.0])), min_size=1, max_size=3),
)
def test_the_mix_never_costs_more_than_the_better_of_the_pure_ways(rows, prices):
    """Our choice: the cheapest for each unit is the cheapest of all."""
    offers = [Commitment(f"offer {index}", term, price) for index, (price, term) in enumerate(prices)]
    cost = cost_of(futures_of(rows), units_now=3, commitments=offers)
    pure = [one.expected + one.lost_after for one in (cost.expenses[0], *cost.expenses[2:])]
    assert cost.with_mix.expected + cost.with_mix.lost_after <= min(pure) * (1 + 1e-9) + 1e-9


@MODERATE
@given(rows=units_by_future, price=st.floats(1, 1e4), factor=st.floats(1, 10), offer=st.floats(1, 1e4))
def test_dearer_prices_never_make_a_plan_cheaper(rows, price, factor, offer):
    """Our choice: cost is monotone in each price."""
    paths = futures_of(rows)
    base = cost_of(paths, units_now=3, on_demand=price, commitments=[yearly(offer)])
    for changed in (
        cost_of(paths, units_now=3, on_demand=price * factor, commitments=[yearly(offer)]),
        cost_of(paths, units_now=3, on_demand=price, commitments=[yearly(offer * factor)]),
    ):
        assert changed.on_demand.steps_cost >= base.on_demand.steps_cost * (1 - 1e-9)
        now, then = (one.with_mix.expected + one.with_mix.lost_after for one in (base, changed))
        assert then >= now * (1 - 1e-9)


@MODERATE
@given(rows=units_by_future, factor=st.floats(1, 3))
def test_more_demand_never_makes_a_plan_cheaper(rows, factor):
    """Our choice: cost is monotone in demand, on demand and with the best commitments for it."""
    base = cost_of(futures_of(rows), units_now=3)
    more = cost_of(futures_of(rows) * factor, units_now=3)
    assert more.on_demand.steps_cost >= base.on_demand.steps_cost * (1 - 1e-9)
    assert more.on_demand.expected >= base.on_demand.expected * (1 - 1e-9)


@MODERATE
@given(rows=units_by_future, price=st.floats(5, 95))
def test_every_commitment_pays_back_within_its_term(rows, price):
    """Our choice: none is named that the expected use does not pay for."""
    for one in cost_of(futures_of(rows), units_now=5, commitments=[yearly(price)]).mix:
        assert one.saving > 0
        assert one.break_even_ms is not None
        assert one.from_ms <= one.break_even_ms <= one.until_ms + 3 * 86_400_000


def test_many_units_are_looked_at_in_groups_without_losing_the_answer():
    """Our choice: beyond 2,000 units groups of equal size decide together."""
    months = [9_000] * 6 + [10_000] * 6
    plan = plan_of(a_year(*months), units_now=9_000, commitments=[yearly(60)])
    mix = cheapest_mix(usage(plan), plan.resource.prices.commitments, on_demand_per_month=100)
    assert sum(one.units for one in mix.tranches) == 10_000
    assert mix.committed[0] == 9_000
