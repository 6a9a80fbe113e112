"""Dated steps: on time at the accepted risk, never later or fewer for more growth, headroom, lead time or caution."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.plan.binding import binding_constraints
from sre.capacity.plan.demand import Growth, assumed_demand, faster
from sre.capacity.plan.model import DAY_MS, Demand, Resource, ResourcePlan, Sizing
from sre.capacity.plan.schedule import resource_plan
from sre.capacity.plan.supply import units_needed
from sre.core.series import FloatArray

moderate = settings(max_examples=60, deadline=None, derandomize=True)
START_MS = 1_767_225_600_000
NONE = Sizing(headroom_ratio=0.0)


def _demand(paths: FloatArray) -> Demand:
    return Demand(START_MS, paths, np.median(paths, axis=0), "forecast", "")


def _resource(demand: Demand, units: int = 1, unit_capacity: float = 1.0, **changes: object) -> Resource:
    resource = Resource("api", "replicas", "", units, unit_capacity, demand, NONE, 0.0, 1)
    return replace(resource, **changes)  # type: ignore[arg-type]


def _plan(resource: Resource, risk_ratio: float = 0.1) -> ResourcePlan:
    return resource_plan(resource, risk_ratio=risk_ratio)


def _day(at_ms: int | None) -> float:
    return float("inf") if at_ms is None else (at_ms - START_MS) / DAY_MS


def _growing(count: int = 50, days: int = 120, seed: int = 0) -> Demand:
    rng = np.random.default_rng(seed)
    rates = rng.normal(0.004, 0.003, (count, 1))
    noise = rng.normal(1, 0.05, (count, days))
    return _demand(np.abs(10 * np.exp(rates * np.arange(days)) * noise))


def test_compound_growth_is_ordered_when_algebra_says() -> None:
    """Worked by hand: 1,200/s growing 15 % a month passes 6 x 250 = 1,500/s after ln 1.25 / ln 1.15 = 1.597 months,
    48.6 days: day 48 (counted from 0) is the first whose end is above; a lead time of 14 days makes it day 34."""
    demand = assumed_demand(start_value=1200, growth=Growth(0.15), start_ms=START_MS, days=90, words="")
    plan = _plan(_resource(demand, 6, 250.0, lead_time_days=14.0))
    first = plan.steps[0]
    assert (_day(first.needed_by_ms), _day(first.order_by_ms)) == (48, 34)
    assert (first.units_before, first.units_after, first.late_days) == (6, 7, 0)
    assert (_day(plan.shortage.expected_ms), plan.shortage.probability_ratio) == (48, 1.0)


def test_headroom_moves_the_same_order_ahead() -> None:
    """Worked by hand: with 30 % kept free six units carry 1,050/s, less than the 1,200/s of today: 7 are needed now."""
    demand = assumed_demand(start_value=1200, growth=Growth(0.15), start_ms=START_MS, days=90, words="")
    plan = _plan(_resource(demand, 6, 250.0, sizing=Sizing(0.3), lead_time_days=14.0))
    assert (_day(plan.steps[0].needed_by_ms), plan.steps[0].late_days, plan.short_units_now) == (0, 14, 1)
    assert plan.use_now_ratio == pytest.approx(0.8, rel=0.01)


def test_risk_is_the_share_of_futures_in_which_a_step_is_late() -> None:
    """*Planted*: ten futures pass one unit on days 0 to 9; at a risk of 0.3 three may have passed before the step."""
    paths = np.array([[2.0 if day >= first else 0.5 for day in range(12)] for first in range(10)])
    for risk_ratio, day in ((0.05, 0), (0.1, 1), (0.3, 3), (0.5, 5)):
        plan = _plan(_resource(_demand(paths)), risk_ratio)
        assert _day(plan.steps[0].needed_by_ms) == day
        assert _day(plan.shortage.earliest_ms) == day
    assert _day(_plan(_resource(_demand(paths))).shortage.expected_ms) == 4


def test_a_peak_that_passes_is_remembered() -> None:
    """A unit needed on one day is there from that day on: what was bought for a peak is not given back by the plan."""
    paths = np.array([[1.0, 5.0, 1.0, 1.0]])
    plan = _plan(_resource(_demand(paths), units=2))
    assert plan.required.tolist() == [1, 5, 5, 5]
    assert plan.in_place.tolist() == [2, 5, 5, 5]


def test_nothing_is_ordered_for_a_demand_that_fits() -> None:
    plan = _plan(_resource(_demand(np.full((5, 30), 0.9))))
    assert plan.steps == ()
    assert plan.shortage.probability_ratio == 0
    assert plan.shortage.expected_ms is None


def test_units_of_zero_are_short_from_the_start() -> None:
    plan = _plan(_resource(_demand(np.full((5, 30), 0.9)), units=0))
    assert (plan.short_units_now, plan.use_now_ratio, plan.steps[0].units_added) == (1, None, 1)


@moderate
@given(seed=st.integers(0, 50), every=st.integers(1, 60), units=st.integers(0, 20), risk=st.floats(0.02, 0.5))
def test_with_every_step_in_place_no_day_is_short_at_the_risk(seed: int, every: int, units: int, risk: float) -> None:
    plan = _plan(_resource(_growing(seed=seed), units, order_every_days=every), risk)
    assert (plan.in_place >= plan.required).all()
    assert (np.diff(plan.in_place) >= 0).all()
    needed = units_needed(plan.resource.demand.paths, unit_capacity=1.0, sizing=NONE)
    ever = np.maximum.accumulate(needed, axis=1)
    assert ((ever > np.maximum(plan.in_place, 0)).mean(axis=0) <= risk + 1e-9).all()
    for step, following in zip(plan.steps, plan.steps[1:], strict=False):
        assert step.units_after == following.units_before
        assert step.lasts_until_ms == following.needed_by_ms
        assert _day(following.needed_by_ms) - _day(step.needed_by_ms) >= every


def _is_never_later_or_less(more: ResourcePlan, less: ResourcePlan) -> bool:
    """Each day needs as many units or more, so every unit is needed on the same day or earlier."""
    first = _day(more.steps[0].order_by_ms) if more.steps else float("inf")
    first_less = _day(less.steps[0].order_by_ms) if less.steps else float("inf")
    return (
        bool((more.required >= less.required).all())
        and first <= first_less
        and (int(more.in_place[-1]) >= int(less.in_place[-1]))
    )


@moderate
@given(
    seed=st.integers(0, 50),
    growth=st.floats(0, 0.5),
    headroom=st.floats(0, 0.9),
    spare=st.integers(0, 3),
    lead=st.floats(0, 90),
    safer=st.floats(0, 0.4),
    weaker=st.floats(0.2, 1.0),
)
def test_more_growth_headroom_lead_time_or_caution_never_orders_later_or_less(
    seed: int, growth: float, headroom: float, spare: int, lead: float, safer: float, weaker: float
) -> None:
    demand = _growing(seed=seed)
    plain = _plan(_resource(demand, 11), 0.5)
    variants = [
        _plan(_resource(faster(demand, extra_ratio_per_month=growth), 11), 0.5),
        _plan(_resource(demand, 11, sizing=Sizing(headroom)), 0.5),
        _plan(_resource(demand, 11, sizing=Sizing(0.0, spare)), 0.5),
        _plan(_resource(demand, 11, sizing=Sizing(0.0, zones=3)), 0.5),
        _plan(_resource(demand, 11, lead_time_days=lead), 0.5),
        _plan(_resource(demand, 11), 0.5 - safer),
        _plan(_resource(demand, 11, weaker), 0.5),
    ]
    assert all(_is_never_later_or_less(variant, plain) for variant in variants)


@moderate
@given(seed=st.integers(0, 50), scale=st.floats(0.001, 1e9), units=st.integers(1, 15))
def test_the_unit_of_measurement_does_not_matter(seed: int, scale: float, units: int) -> None:
    demand = _growing(seed=seed)
    scaled = replace(demand, paths=demand.paths * scale, expected=demand.expected * scale)
    plain, other = _plan(_resource(demand, units)), _plan(_resource(scaled, units, scale))
    assert [step.needed_by_ms for step in plain.steps] == [step.needed_by_ms for step in other.steps]
    assert plain.required.tolist() == other.required.tolist()


def test_what_binds_changes_with_time_and_says_how_the_others_trail() -> None:
    """Worked by hand: `a` fits 1.25 times for ever; `b` doubles every 30 days from fitting 4 times."""
    flat = _demand(np.full((1, 100), 0.8))
    doubling = _demand(0.25 * 2 ** (np.arange(100) / 30)[None, :])
    plans = [_plan(_resource(flat, name="a")), _plan(_resource(doubling, name="b"))]
    found = binding_constraints(plans, start_ms=START_MS, days=100)
    assert [(one.resource, _day(one.from_ms)) for one in found] == [("a", 0), ("b", 60)]
    assert found[0].room_ratio == pytest.approx(1.25)
    assert found[0].others[0] == ("b", pytest.approx(4.0))
    assert found[1].others[0] == ("a", pytest.approx(1.25))


def test_a_resource_known_for_fewer_days_stops_being_compared() -> None:
    short = _plan(_resource(_demand(np.full((1, 20), 0.9)), name="short"))
    long = _plan(_resource(_demand(np.full((1, 100), 0.5)), name="long"))
    found = binding_constraints([short, long], start_ms=START_MS, days=100)
    assert [one.resource for one in found] == ["short", "long"]
