"""Over-provisioned resources: how many units could go back, and when to be careful."""

import pytest

from sre.capacity.plan.model import Sizing
from sre.capacity.plan.waste import waste
from tests.support.capacity_plans import MONTH_DAYS, YEAR_DAYS, a_year, demand_of, plan_of


def waste_of(months, *, units_now, **changes):
    seen = {"history_days": 400.0, "trust": "high", "highest_seen": max(months), **changes.pop("seen", {})}
    paths = a_year(*months)
    return waste(plan_of(paths, units_now=units_now, demand=demand_of(paths, **seen), **changes), days=YEAR_DAYS)


def test_units_beyond_the_peak_with_headroom_and_spare_could_go_back():
    """Source: arithmetic; a peak of 6 at 70 % use needs ceil(8.57) = 9, and one spare: 10 of 20."""
    found = waste_of([4] * 6 + [6] * 6, units_now=20, sizing=Sizing(headroom_ratio=0.3, spare_units=1))
    assert (found.needed_units, found.units, found.advice) == (10, 10, "give_back")
    assert found.saving_per_month == 1000
    assert found.saving == pytest.approx(1000 * YEAR_DAYS / MONTH_DAYS)


def test_what_is_needed_late_in_the_plan_is_no_waste():
    """Our choice: the whole horizon counts."""
    assert waste_of([4] * 11 + [20], units_now=20) is None


def test_a_highest_peak_of_the_past_counts_as_well():
    """Our choice: what was needed once may be needed again."""
    assert waste_of([4] * 12, units_now=20, seen={"highest_seen": 19.0}) is None
    assert waste_of([4] * 12, units_now=20, seen={"highest_seen": 12.0}).needed_units == 12


def test_a_unit_of_many_is_no_finding():
    """Our choice: below a tenth sizing itself may be wrong by as much."""
    assert waste_of([95] * 12, units_now=100) is None
    assert waste_of([90] * 12, units_now=100).units == 10


@pytest.mark.parametrize(
    ("seen", "advice", "word"),
    [
        ({"history_days": 0.0, "trust": "none"}, "wait", "assumed"),
        ({"history_days": 14.0}, "wait", "14 days"),
        ({"history_days": 90.0}, "check_season_first", "season"),
        ({"history_days": 400.0, "trust": "low"}, "wait", "trust"),
    ],
)
def test_little_known_makes_careful(seen, advice, word):
    """Our choice: four weeks show a week, a year shows the busiest season."""
    found = waste_of([4] * 12, units_now=20, seen=seen)
    assert found.advice == advice
    assert word in " ".join(found.cautions)


def test_a_demand_known_in_part_only_waits():
    """Our choice: nothing is said beyond the days known."""
    paths = a_year(*[4] * 12)[:100]
    plan = plan_of(paths, units_now=20, demand=demand_of(paths, history_days=400.0, trust="high", highest_seen=4.0))
    assert waste(plan, days=YEAR_DAYS).advice == "wait"


def test_without_a_price_units_are_told_and_no_money():
    """Our choice: no price is built in."""
    found = waste_of([4] * 12, units_now=20, on_demand=None)
    assert found.units == 16
    assert found.saving_per_month is None
