"""What if: each risk is held against arithmetic done by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.plan.model import DAY_MS, Sizing
from sre.capacity.plan.risks import resource_risks, risks
from sre.capacity.plan.risks_variants import growing_twice_as_fast, growth_per_month
from tests.support.capacity_plans import MONTH_DAYS, START_MS, YEAR_DAYS, demand_of, plan_of, resource_of

MODERATE = settings(max_examples=30, deadline=None, derandomize=True)


def growing(ratio_per_month: float, *, start: float = 10.0, days: int = YEAR_DAYS):
    return start * (1 + ratio_per_month) ** (np.arange(days) / MONTH_DAYS)


def risk_of(wanted: str, paths, *, risk_ratio: float = 0.1, **facts):
    plan = plan_of(paths, risk_ratio=risk_ratio, **facts)
    found = [one for one in resource_risks(plan, risk_ratio=risk_ratio) if one.kind == wanted]
    return found[0] if found else None


def day_of(at_ms: int) -> int:
    return (at_ms - START_MS) // DAY_MS


def test_growth_is_read_off_a_compounded_demand():
    """Source: arithmetic."""
    assert growth_per_month(demand_of(growing(0.15))) == pytest.approx(0.15)
    assert growth_per_month(demand_of(np.full(YEAR_DAYS, 5.0))) == pytest.approx(0)
    assert growth_per_month(demand_of(np.full(10, 5.0))) is None


def test_twice_the_growth_of_ten_percent_is_twenty():
    """Source: arithmetic; 1.2 to the power of the months."""
    doubled = growing_twice_as_fast(resource_of(growing(0.10), units_now=20)).resource.demand
    months = (YEAR_DAYS - 1) / MONTH_DAYS
    assert doubled.expected[-1] == pytest.approx(10 * 1.2**months, rel=0.02)


def test_a_disk_that_fills_by_four_a_month_fills_by_eight():
    """Source: arithmetic; what fills a disk adds up, it does not compound."""
    path = 100 + 4 * np.arange(YEAR_DAYS) / MONTH_DAYS
    doubled = growing_twice_as_fast(resource_of(path, units_now=200, kind="disk")).resource.demand
    assert doubled.expected[-1] == pytest.approx(100 + 8 * (YEAR_DAYS - 1) / MONTH_DAYS)
    assert doubled.expected[0] == pytest.approx(100)


def test_a_demand_that_does_not_grow_has_no_growth_to_double():
    """Our choice."""
    assert risk_of("growth_doubles", np.full(YEAR_DAYS, 5.0), units_now=10) is None
    assert risk_of("growth_doubles", growing(-0.05), units_now=10) is None


def test_twice_the_growth_overloads_when_it_passes_what_the_plan_brings():
    """Source: arithmetic; 10 growing 5 % a month reach 15 units after 8.31 months, at 10 % after 4.25."""
    found = risk_of("growth_doubles", growing(0.05), units_now=15, order_every_days=1)
    assert found.impact == "overload"
    assert day_of(found.overload_from_ms) == pytest.approx(np.log(1.5) / np.log(1.1) * MONTH_DAYS, abs=2)
    assert found.likelihood_ratio is None
    assert "assumption" in found.likelihood
    final = 10 * 1.1 ** (364 / MONTH_DAYS)
    assert found.extra_units == pytest.approx(final - 10 * 1.05 ** (364 / MONTH_DAYS), abs=2)
    assert found.extra_cost > 0
    assert "10 % a month in place of 5 %" in found.what
    assert "order" in found.mitigation


def test_likelihood_of_twice_the_growth_is_the_share_of_futures_that_end_there():
    """Source: arithmetic; 3 of 10 futures grow by 12 %, which is more than twice 5 %."""
    rates = [0.05] * 7 + [0.12] * 3
    paths = np.array([growing(rate) for rate in rates])
    assert risk_of("growth_doubles", paths, units_now=15).likelihood_ratio == pytest.approx(0.3)


def test_a_zone_that_is_planned_for_harms_nothing():
    """Source: arithmetic; 6 units over 3 zones leave 4 at 80 %: 3.2 carried."""
    sizing = Sizing(headroom_ratio=0.3, spare_units=0, zones=3)
    found = risk_of("zone_lost", np.full(YEAR_DAYS, 3.2), units_now=6, sizing=sizing)
    assert found.impact == "none"
    assert "80 %" in found.what
    assert "assumed" not in found.what


def test_a_zone_that_is_not_planned_for_overloads_the_rest():
    """Source: arithmetic; 6 units leave 4 for 4.5, which need ceil(4.5 / 0.8) = 6 left of 9."""
    found = risk_of("zone_lost", np.full(YEAR_DAYS, 4.5), units_now=6)
    assert found.impact == "overload"
    assert found.overload_from_ms == START_MS
    assert (found.units_short, found.extra_units) == (3, 3)
    assert "assumed" in found.what
    assert found.likelihood_ratio is None


def test_a_single_disk_has_no_zones():
    """Our choice: nothing is said of what is in one piece."""
    assert risk_of("zone_lost", np.full(YEAR_DAYS, 4.5), units_now=6, kind="disk") is None


def test_twice_the_lead_time_is_short_from_the_day_the_order_should_have_come():
    """Source: arithmetic; needed on day 100, ordered on day 86 as planned, it comes on day 114."""
    paths = np.concatenate([np.full(100, 10.0), np.full(265, 12.0)])
    found = risk_of("lead_time_doubles", paths, units_now=10, lead_time_days=14)
    assert day_of(found.short_from_ms) == 100
    assert day_of(found.order_by_ms) == 72
    assert (found.units_short, found.extra_units) == (2, 0)
    assert risk_of("lead_time_doubles", np.full(YEAR_DAYS, 10.0), units_now=10) is None


def test_a_unit_that_carries_less_needs_more_of_them():
    """Source: arithmetic; 100 units for 100 become 120."""
    found = risk_of("capacity_overstated", np.full(YEAR_DAYS, 100.0), units_now=100)
    assert found.extra_units == 20
    assert found.impact == "overload"
    assert found.extra_cost == pytest.approx(20 * 100 * YEAR_DAYS / MONTH_DAYS)
    with_room = risk_of("capacity_overstated", np.full(YEAR_DAYS, 70.0), units_now=100, sizing=Sizing(0.3))
    assert with_room.impact == "headroom_used"
    assert risk_of("capacity_overstated", np.full(YEAR_DAYS, 100.0), units_now=100, kind="disk") is None


def test_the_upper_edge_is_covered_by_a_plan_at_the_same_risk_and_not_by_one_on_the_middle():
    """Source: arithmetic; 100 futures end at 101 to 200 units, the edge of 80 % lies at 190."""
    paths = np.arange(101, 201)[:, None] * np.linspace(0.1, 1, YEAR_DAYS)
    careful = risk_of("upper_edge", paths, units_now=20, lead_time_days=0)
    assert careful.impact == "none"
    middle = risk_of("upper_edge", paths, risk_ratio=0.5, units_now=20, lead_time_days=0)
    assert middle.impact == "overload"
    assert middle.units_short == pytest.approx(190.1 - 150, abs=2)
    assert middle.likelihood_ratio == pytest.approx(0.1)
    assert risk_of("upper_edge", np.full(YEAR_DAYS, 5.0), units_now=5) is None


def test_what_a_plan_is_short_of_anyway_is_not_a_risk_of_its_own():
    """Our choice: a row says what comes on top of the plan as it stands."""
    found = risk_of("lead_time_doubles", np.full(YEAR_DAYS, 12.0), units_now=10, lead_time_days=20)
    assert day_of(found.short_from_ms) == 20, "the first 20 days are short in the plan itself"


def test_the_worst_comes_first():
    """Our choice: by impact, then by date."""
    calm = plan_of(np.full(YEAR_DAYS, 50.0), units_now=100, name="calm")
    hot = plan_of(growing(0.10), units_now=12, name="hot")
    found = risks([calm, hot], risk_ratio=0.1)
    order = ["overload", "headroom_used", "none"]
    assert [order.index(one.impact) for one in found] == sorted(order.index(one.impact) for one in found)
    assert found[0].resource == "hot"


def test_a_trigger_tells_worlds_apart_before_the_harm():
    """Our choice: the level named is reached by few futures of the forecast."""
    rng = np.random.default_rng(1)
    paths = np.array([growing(rate) for rate in rng.normal(0.05, 0.01, 200)])
    found = risk_of("growth_doubles", paths, units_now=15)
    assert "a peak above" in found.trigger
    share = float(found.trigger.split("(")[1].split(" %")[0])
    assert share <= 20


def test_what_hurts_before_any_level_tells_has_no_level():
    """Our choice: a sign that comes after the harm is none."""
    found = risk_of("growth_doubles", growing(0.5, start=100.0)[:60], units_now=102)
    assert day_of(found.overload_from_ms) <= 3
    assert "no level" in found.trigger


def test_a_level_to_watch_lies_before_the_harm():
    """Source: arithmetic; 10 growing 5 % a month, doubled, overloads 15 units on day 129."""
    found = risk_of("growth_doubles", growing(0.05), units_now=15)
    watched = found.trigger.split(" by ")[1].split(",")[0]
    assert watched == "2026-01-04", "with one future the first look tells"


def test_noise_that_hides_growth_is_not_called_a_level_to_watch():
    """Our choice: a level that most futures reach anyway tells nothing."""
    rng = np.random.default_rng(2)
    paths = growing(0.01) * np.exp(rng.normal(0, 0.3, (200, YEAR_DAYS)))
    found = risk_of("growth_doubles", paths, units_now=30)
    if "no level" not in found.trigger:
        assert float(found.trigger.split("(")[1].split(" %")[0]) <= 20


def test_noise_of_single_days_does_not_make_faster_growth_likely():
    """Our choice: futures are compared with the middle future, not with the smooth path."""
    rng = np.random.default_rng(2)
    smooth = growing(0.05)
    paths = smooth * (1 + np.abs(rng.normal(0, 0.5, (200, YEAR_DAYS))))
    plan = plan_of(paths, units_now=30, demand=demand_of(paths, expected=smooth))
    found = next(one for one in resource_risks(plan, risk_ratio=0.1) if one.kind == "growth_doubles")
    assert found.likelihood_ratio == 0


@MODERATE
@given(
    ratio=st.floats(-0.1, 0.3),
    units=st.integers(0, 40),
    lead=st.floats(0, 90),
    headroom=st.floats(0, 0.6),
    zones=st.sampled_from([1, 2, 3]),
    kind=st.sampled_from(["replicas", "disk", "connections", "other"]),
    spread=st.floats(0, 0.05),
)
def test_no_world_that_asks_for_more_needs_less(ratio, units, lead, headroom, zones, kind, spread):
    """Our choice: each what-if only ever asks for more units, earlier."""
    paths = np.array([growing(ratio + shift) for shift in np.linspace(-spread, spread, 5)])
    plan = plan_of(paths, units_now=units, lead_time_days=lead, kind=kind, sizing=Sizing(headroom, zones=zones))
    for one in resource_risks(plan, risk_ratio=0.1):
        if one.kind != "upper_edge":
            assert one.extra_units >= 0
            assert one.extra_cost >= -1e-9
        assert one.units_short >= 0
        assert one.likelihood_ratio is None or 0 <= one.likelihood_ratio <= 1
        assert (one.impact == "none") == (one.short_from_ms is None and one.overload_from_ms is None)
