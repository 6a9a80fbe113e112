"""Costs, waste, waiting, risks and triggers of odd resources: nothing breaks, and numbers stay numbers."""

import dataclasses
import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.plan.costs import resource_cost, total_costs
from sre.capacity.plan.costs_commitments import cheapest_mix, cost_of_futures
from sre.capacity.plan.costs_usage import usage
from sre.capacity.plan.costs_waiting import waiting
from sre.capacity.plan.model import KINDS, Commitment, Sizing
from sre.capacity.plan.risks import resource_risks
from sre.capacity.plan.triggers import capacity_triggers
from sre.capacity.plan.triggers_autoscaling import autoscaling
from sre.capacity.plan.waste import waste
from sre.core.rules.scenarios import replayed_scenarios
from tests.support.capacity_plans import demand_of, plan_of, yearly


def numbers_in(value):
    """Yield every number in a record, arrays included."""
    if dataclasses.is_dataclass(value):
        for one in dataclasses.fields(value):
            yield from numbers_in(getattr(value, one.name))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from numbers_in(one)
    elif isinstance(value, np.ndarray):
        yield from value.ravel().tolist()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    days=st.sampled_from([1, 3, 7, 8, 29, 31, 62, 200]),
    futures=st.sampled_from([1, 2, 7]),
    scale=st.sampled_from([0.0, 1e-9, 1.0, 1e4, 1e12]),
    units=st.sampled_from([0, 1, 3, 5_000]),
    lead=st.sampled_from([0.0, 0.5, 14.0, 900.0]),
    headroom=st.sampled_from([0.0, 0.3, 0.95]),
    spare=st.sampled_from([0, 1, 1000]),
    zones=st.sampled_from([1, 2, 20]),
    kind=st.sampled_from(KINDS),
    price=st.sampled_from([None, 0.0, 1e-6, 70.0, 1e12]),
    seed=st.integers(0, 5),
)
def test_nothing_odd_breaks_what_follows_from_a_plan(
    days, futures, scale, units, lead, headroom, spare, zones, kind, price, seed
):
    """Our choice: every number is finite, and what is counted is not negative."""
    rng = np.random.default_rng(seed)
    paths = np.abs(rng.normal(1, 0.5, (futures, days))) * np.linspace(1, rng.choice([0.2, 1, 4]), days) * scale
    demand = demand_of(paths, selector="x", queries=("max_over_time((x)[1d:5m])",))
    plan = plan_of(
        paths,
        units_now=units,
        unit_capacity=max(scale, 1e-9) / 3,
        lead_time_days=lead,
        sizing=Sizing(headroom, spare, zones),
        kind=kind,
        demand=demand,
        on_demand=price,
        commitments=[yearly(40.0), Commitment("short", 0.5, 60.0, 3.0), Commitment("long", 120.0, 10.0)],
    )
    cost = resource_cost(plan)
    found = [
        cost,
        total_costs([cost]) if cost else None,
        waste(plan, days=days),
        waiting(plan),
        resource_risks(plan, risk_ratio=0.1),
        autoscaling(plan),
    ]
    assert all(math.isfinite(number) for one in found for number in numbers_in(one))
    triggers = capacity_triggers([plan], risk_ratio=0.1)
    assert all(math.isfinite(number) for number in numbers_in(triggers.triggers))
    if cost:
        assert all(one.expected >= 0 and one.steps_cost >= 0 and one.lost_after >= 0 for one in cost.expenses)
        assert all(one.units > 0 for one in cost.mix)


@pytest.mark.parametrize("level", [1e-9, 0.00031, 1.0, 999.96, 123456.7, 3.4e11, 8.8e17])
def test_situations_hold_at_levels_of_any_size(level):
    """Our choice: rounding a level never turns a situation round."""
    paths = np.full(60, level * 0.5)
    demand = demand_of(paths, selector="x", queries=("max_over_time((x)[1d:5m])",))
    plan = plan_of(paths, units_now=3, unit_capacity=level / 3, demand=demand)
    found = capacity_triggers([plan], risk_ratio=0.1)
    assert len(found.triggers) == 1
    failures = [failure for one in replayed_scenarios(found.file, found.scenarios) for failure in one.failures]
    assert failures == []


def _by_trial(used, *, on_demand: float, month: float, quarter: float) -> float:
    """Return the least expected cost over three months, by trying every number of units committed at every time.

    A commitment of a month may be taken in any month, one of three months in the first only.
    """
    most = int(used.futures.max())
    lengths = used.months.lengths
    first = used.months.first_days
    best = math.inf
    for long, *short in product(range(most + 1), repeat=4):
        cost = long * quarter * 3 + sum(count * month * length for count, length in zip(short, lengths, strict=True))
        for index, days in enumerate(np.split(used.futures, first[1:], axis=1)):
            rest = np.maximum(days - long - short[index], 0)
            cost += rest.sum() / used.futures.shape[0] / 30.436875 * on_demand
        best = min(best, cost)
    return best


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    rows=st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=4),
    month=st.floats(20, 120),
    quarter=st.floats(20, 120),
)
def test_the_mix_is_as_cheap_as_the_best_found_by_trying_everything(rows, month, quarter):
    """Source: an independent search of all mixes of up to three units over three months."""
    paths = np.array([np.repeat(row, [30, 31, 30]) for row in rows], dtype=np.float64)
    plan = plan_of(paths, units_now=3)
    used = usage(plan)
    assert used.months.first_days.tolist() == [0, 30, 61], "the months of the trial are those of the plan"
    offers = [Commitment("month", 1.0, month), Commitment("quarter", 3.0, quarter)]
    mix = cheapest_mix(used, offers, on_demand_per_month=100.0)
    found = float(cost_of_futures(used, mix, on_demand_per_month=100.0).mean()) + mix.lost_after
    tried = _by_trial(used, on_demand=100.0, month=month, quarter=quarter)
    # Terms of whole months differ from whole days by up to a fiftieth.
    assert found <= tried * 1.02 + 1e-6
