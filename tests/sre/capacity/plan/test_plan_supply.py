"""How many units a demand needs. Sources are named by each test; properties are against a search by brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.plan.demand import Growth, assumed_demand
from sre.capacity.plan.model import Resource, Sizing
from sre.capacity.plan.supply import carried, units_needed, with_a_zone_lost

moderate = settings(max_examples=100, deadline=None, derandomize=True)

sizings = st.builds(
    Sizing,
    headroom_ratio=st.floats(0, 0.9),
    spare_units=st.integers(0, 3),
    zones=st.integers(1, 6),
    zone_loss_use_ratio=st.floats(0.1, 1.0),
)


def _needed(demand: float, unit_capacity: float, sizing: Sizing) -> int:
    return int(units_needed(np.array([demand]), unit_capacity=unit_capacity, sizing=sizing)[0])


def _resource(units: int, unit_capacity: float, sizing: Sizing) -> Resource:
    demand = assumed_demand(start_value=1.0, growth=Growth(), start_ms=0, days=1, words="")
    return Resource("api", "replicas", "", units, unit_capacity, demand, sizing)


@pytest.mark.parametrize(
    ("what", "demand", "sizing", "units"),
    [
        ("1,750/s fill ten units of 250 to 70 %", 1750, Sizing(0.3), 10),
        ("a request more needs one more", 1751, Sizing(0.3), 11),
        ("N+1 adds one", 1750, Sizing(0.3, spare_units=1), 11),
        ("no headroom, exactly full", 1500, Sizing(0.0), 6),
        ("nothing asked, nothing needed, no spare for nothing", 0, Sizing(0.3, spare_units=2), 0),
        ("3 zones: 4 units at 80 % carry 800, so 6 are spread", 800, Sizing(0.0, zones=3), 6),
        ("2 zones: every unit twice", 800, Sizing(0.0, zones=2), 8),
        ("the example of the page on capacity planning", 1750, Sizing(0.3, spare_units=1, zones=3), 14),
    ],
)
def test_units_by_hand(what: str, demand: float, sizing: Sizing, units: int) -> None:
    """*Our choice* of rule, worked out by hand."""
    assert _needed(demand, 250, sizing) == units, what


@pytest.mark.parametrize(("zones", "highest_use"), [(2, 0.40), (3, 0.533), (4, 0.60), (5, 0.64), (6, 0.667)])
def test_use_with_all_zones_up_is_that_of_the_handbook(zones: int, highest_use: float) -> None:
    """*Source*: our handbook, capacity-planning, "Headroom": survivors at or under 80 %."""
    demand = 1_000_000.0
    units = _needed(demand, 1.0, Sizing(0.0, zones=zones))
    assert demand / units == pytest.approx(highest_use, abs=0.0005)


@pytest.mark.parametrize(("needed", "owned"), [(2, 4), (4, 6), (8, 10), (18, 20)])
def test_n_plus_2_is_that_of_the_handbook(needed: int, owned: int) -> None:
    """*Source*: our handbook, capacity-planning: N+2 after Beyer et al., Site Reliability Engineering (2016)."""
    assert _needed(float(needed), 1.0, Sizing(0.0, spare_units=2)) == owned


@moderate
@given(remaining=st.integers(0, 500), zones=st.integers(2, 9))
def test_a_lost_zone_leaves_enough_and_one_unit_less_would_not(remaining: int, zones: int) -> None:
    """*Independent*: units dealt out to zones one by one, the fullest zone taken away."""

    def left(units: int) -> int:
        dealt = [len(range(zone, units, zones)) for zone in range(zones)]
        return units - max(dealt)

    units = int(with_a_zone_lost(np.array([remaining]), zones=zones)[0])
    assert left(units) >= remaining
    assert units == 0 or left(units - 1) < remaining


@moderate
@given(demand=st.floats(0.001, 1e6), unit_capacity=st.floats(0.01, 1e4), sizing=sizings)
def test_what_is_needed_carries_the_demand_and_one_less_does_not(
    demand: float, unit_capacity: float, sizing: Sizing
) -> None:
    units = _needed(demand, unit_capacity, sizing)
    assert carried(_resource(units, unit_capacity, sizing)) >= demand * (1 - 1e-6)
    assert carried(_resource(units - 1, unit_capacity, sizing)) < demand


@moderate
@given(
    demand=st.floats(0, 1e6),
    more=st.floats(0, 1e5),
    unit_capacity=st.floats(0.01, 1e4),
    sizing=sizings,
    headroom=st.floats(0, 0.9),
    spare=st.integers(0, 3),
)
def test_more_demand_headroom_or_spare_never_needs_less(
    demand: float, more: float, unit_capacity: float, sizing: Sizing, headroom: float, spare: int
) -> None:
    higher = Sizing(
        max(sizing.headroom_ratio, headroom), sizing.spare_units + spare, sizing.zones, sizing.zone_loss_use_ratio
    )
    assert 0 <= _needed(demand, unit_capacity, sizing) <= _needed(demand + more, unit_capacity, higher)
