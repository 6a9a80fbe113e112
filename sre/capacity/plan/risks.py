"""What if a plan rests on something that turns out otherwise: computed by planning again, never by opinion.

For the tool: `risks(plans, risk_ratio=...)` gives one row for each resource and each thing that may turn out
otherwise, worst first. Each is held against the units that following the plan's steps brings, so a row says what the
plan as it stands would run into, and what a plan for that world would do differently.

A likelihood is a share of simulated futures where they can tell, else it is named an assumption and has no number.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sre.capacity.plan.costs_usage import DAYS_A_MONTH
from sre.capacity.plan.costs_waiting import supply
from sre.capacity.plan.model import DAY_MS, Resource, ResourcePlan, Step
from sre.capacity.plan.risks_harm import Harm, Risk, RiskKind, World, harm_of
from sre.capacity.plan.risks_variants import (
    ASSUMED_ZONES,
    OVERSTATED_BY,
    UPPER_EDGE,
    at_upper_edge,
    growing_twice_as_fast,
    over_zones,
    peak_at_risk,
    share_reaching,
    usual_peak_so_far,
    with_less_to_a_unit,
)
from sre.capacity.plan.schedule import resource_plan
from sre.core.figures import figure_text
from sre.core.series import FloatArray
from sre.core.times import instant_from_ms

_ORDER: dict[str, int] = {"overload": 0, "headroom_used": 1, "none": 2}
_FIRST_LOOKS = (3, 7, 14, 21)
_LOOK_EVERY_DAYS = 30
# A level that more than this share of the futures reach anyway says nothing about which world it is.
_MOST_ANYWAY = 0.2


@dataclass(frozen=True, slots=True)
class _Words:
    what: str
    likelihood_ratio: float | None
    likelihood: str
    trigger: str
    mitigation: str
    is_supposed: bool = False


def risks(plans: Sequence[ResourcePlan], *, risk_ratio: float) -> tuple[Risk, ...]:
    """Return the risks of a plan, worst first: by impact, then by the day it begins, then by likelihood.

    Args:
        risk_ratio: The probability of being late that the plan accepted.
    """
    return worst_first([risk for plan in plans for risk in resource_risks(plan, risk_ratio=risk_ratio)])


def worst_first(found: Sequence[Risk]) -> tuple[Risk, ...]:
    """Return risks by impact, those on stated facts first, then by the day they begin, then by likelihood."""
    return tuple(sorted(found, key=_severity))


def resource_risks(plan: ResourcePlan, *, risk_ratio: float) -> tuple[Risk, ...]:
    """Return the risks of one resource; those that cannot befall it are left out."""
    makers: tuple[Callable[[ResourcePlan, float], Risk | None], ...] = (
        _growth_doubles,
        _upper_edge,
        _zone_lost,
        _lead_time_doubles,
        _capacity_overstated,
    )
    return tuple(risk for maker in makers if (risk := maker(plan, risk_ratio)) is not None)


def _growth_doubles(plan: ResourcePlan, risk_ratio: float) -> Risk | None:
    faster = growing_twice_as_fast(plan.resource)
    if faster is None:
        return None
    resource, unit = plan.resource, plan.resource.unit
    if faster.growth_ratio is None:
        now, then = (f"{figure_text(times * faster.added_per_month, unit)} a month" for times in (1, 2))
    else:
        now, then = (f"{100 * times * faster.growth_ratio:.3g} % a month" for times in (1, 2))
    share = share_reaching(resource.demand, faster.resource.demand)
    if share is None:
        likelihood = "assumption: growth was stated without a range"
    else:
        likelihood = f"{_percent(share) if share else 'none'} of the futures end at or above this"
    replanned = resource_plan(faster.resource, risk_ratio=risk_ratio)
    harm = harm_of(plan, _world(plan, replanned), risk_ratio)
    words = _Words(
        what=f"growth is twice: {then} in place of {now}",
        likelihood_ratio=share,
        likelihood=likelihood,
        trigger=_level_trigger(resource, faster.resource, harm, otherwise=f"growth nearer to {then} than to {now}"),
        mitigation=_earlier(plan, replanned),
    )
    return _risk("growth_doubles", plan, replanned, harm, words)


def _upper_edge(plan: ResourcePlan, risk_ratio: float) -> Risk | None:
    edge = at_upper_edge(plan.resource)
    if edge is None:
        return None
    replanned = resource_plan(edge, risk_ratio=risk_ratio)
    peak = figure_text(float(edge.demand.expected.max()), plan.resource.unit)
    middle = figure_text(float(plan.resource.demand.expected.max()), plan.resource.unit)
    harm = harm_of(plan, _world(plan, replanned), risk_ratio)
    words = _Words(
        what=f"demand follows the upper edge of its 80 % interval: peaks up to {peak} in place of {middle}",
        likelihood_ratio=1 - UPPER_EDGE,
        likelihood=f"{_percent(1 - UPPER_EDGE)} of the futures are above it on a given day",
        trigger=_level_trigger(plan.resource, edge, harm, otherwise="what a plan made again next month says"),
        mitigation=_earlier(plan, replanned),
    )
    return _risk("upper_edge", plan, replanned, harm, words)


def _zone_lost(plan: ResourcePlan, risk_ratio: float) -> Risk | None:
    spread = over_zones(plan.resource)
    if spread is None or plan.resource.units_now == 0:
        return None
    zones = spread.sizing.zones
    replanned = resource_plan(spread, risk_ratio=risk_ratio)
    there = supply(plan)
    left = there - -(-there // zones)
    world = World(replanned, there, left)
    peaks = peak_at_risk(spread.demand, risk_ratio=risk_ratio)
    use = float((peaks / np.maximum(left * spread.unit_capacity, 1e-300)).max()) if left.min() > 0 else np.inf
    assumed = "" if plan.resource.sizing.zones > 1 else f" ({ASSUMED_ZONES} equal zones are assumed; none were stated)"
    used = "nothing is left" if not np.isfinite(use) else f"at worst the rest is used to {_percent(use)}"
    words = _Words(
        what=f"one of {zones} zones is lost at a peak{assumed}: {used}",
        likelihood_ratio=None,
        likelihood="assumption: the data do not tell",
        trigger=f"fewer than {_units(_outside(replanned, zones))} outside the fullest zone",
        mitigation=_earlier(plan, replanned, otherwise="spread the units evenly over the zones, and try it"),
        is_supposed=bool(assumed),
    )
    return _risk("zone_lost", plan, replanned, harm_of(plan, world, risk_ratio), words)


def _lead_time_doubles(plan: ResourcePlan, risk_ratio: float) -> Risk | None:
    lead = plan.resource.lead_time_days
    if not plan.steps or lead <= 0:
        return None
    slow = replace(plan.resource, lead_time_days=2 * lead)
    replanned = resource_plan(slow, risk_ratio=risk_ratio)
    there = supply(plan, lead_time_days=2 * lead)
    first = plan.steps[0]
    words = _Words(
        what=f"an order takes {2 * lead:g} days in place of {lead:g}",
        likelihood_ratio=None,
        likelihood="assumption: past orders are not known here",
        trigger=f"an order not in place {lead:g} days after it was placed",
        mitigation=f"order {_units(first.units_added)} {_when(plan, replanned.steps[0])}; agree on a day of delivery",
    )
    harm = harm_of(plan, World(replanned, there, there), risk_ratio)
    return _risk("lead_time_doubles", plan, replanned, harm, words)


def _capacity_overstated(plan: ResourcePlan, risk_ratio: float) -> Risk | None:
    less = with_less_to_a_unit(plan.resource)
    if less is None:
        return None
    replanned = resource_plan(less, risk_ratio=risk_ratio)
    believed, true = (figure_text(one.unit_capacity, one.unit) for one in (plan.resource, less))
    words = _Words(
        what=f"a unit carries {true}, not {believed}: the estimate was {100 * (OVERSTATED_BY - 1):.0f} % too high",
        likelihood_ratio=None,
        likelihood=f"assumption: what a unit carries was {_capacity_words(plan.resource)}",
        trigger=f"errors or latency rise while peaks are under {believed} a unit",
        mitigation=f"load-test one unit with real traffic to {believed}; {_earlier(plan, replanned)}",
    )
    return _risk("capacity_overstated", plan, replanned, harm_of(plan, _world(plan, replanned), risk_ratio), words)


def _world(plan: ResourcePlan, replanned: ResourcePlan) -> World:
    there = supply(plan)
    return World(replanned, there, there)


def _risk(kind: RiskKind, plan: ResourcePlan, other: ResourcePlan, harm: Harm, words: _Words) -> Risk:
    demand = plan.resource.demand
    return Risk(
        kind=kind,
        resource=plan.resource.name,
        what=words.what,
        impact=harm.impact,
        short_from_ms=None if harm.short_day is None else demand.day_ms(harm.short_day),
        overload_from_ms=None if harm.overload_day is None else demand.day_ms(harm.overload_day),
        units_short=harm.units_short,
        order_by_ms=other.steps[0].order_by_ms if other.steps else None,
        extra_units=int(other.in_place[-1] - plan.in_place[-1]),
        extra_cost=_extra_cost(plan, other),
        likelihood_ratio=words.likelihood_ratio,
        likelihood=words.likelihood,
        trigger=words.trigger,
        mitigation=words.mitigation,
        is_supposed=words.is_supposed,
    )


def _extra_cost(plan: ResourcePlan, other: ResourcePlan) -> float | None:
    prices = plan.resource.prices
    if prices is None or prices.on_demand_per_month is None:
        return None
    return float((other.in_place - plan.in_place).sum()) / DAYS_A_MONTH * prices.on_demand_per_month


def _outside(replanned: ResourcePlan, zones: int) -> int:
    """Return how many units must be left at the start of the plan when the fullest zone is gone."""
    needed = int(replanned.required[0])
    return needed - -(-needed // zones)


def _level_trigger(resource: Resource, other: Resource, harm: Harm, *, otherwise: str) -> str:
    """Return the level and day that tell the two worlds apart before the harm is done, or what else does."""
    demand = resource.demand
    usual, unusual = usual_peak_so_far(demand), usual_peak_so_far(other.demand)
    ever = np.maximum.accumulate(demand.paths, axis=1)
    end = demand.days if harm.day is None else harm.day
    day = next((day for day in _look_days(end) if _anyway(ever, unusual, day) <= _MOST_ANYWAY), None)
    if day is None:
        return f"{otherwise}; no level of a peak tells before that"
    level, planned = (figure_text(float(path[day]), resource.unit) for path in (unusual, usual))
    text = f"a peak above {level} by {_day(demand.day_ms(day))}, where {planned} is usual"
    if demand.is_certain:
        return text
    return f"{text} ({_percent(_anyway(ever, unusual, day))} of the futures reach it anyway)"


def _look_days(end: int) -> list[int]:
    """Return the days before `end` at which levels are compared: weeks at first, then months."""
    return [day for day in (*_FIRST_LOOKS, *range(_LOOK_EVERY_DAYS, end, _LOOK_EVERY_DAYS)) if day < end]


def _anyway(ever: FloatArray, level: FloatArray, day: int) -> float:
    return float((ever[:, day] > level[day]).mean())


def _earlier(plan: ResourcePlan, other: ResourcePlan, *, otherwise: str = "none needed: the plan carries it") -> str:
    """Return what a plan for the other world orders first, as far as it differs."""
    if not other.steps:
        return otherwise
    first, planned = other.steps[0], plan.steps[0] if plan.steps else None
    if planned == first:
        return otherwise
    order = f"{_units(first.units_added)} {_when(plan, first)}"
    instead = "nothing" if planned is None else f"{_units(planned.units_added)} {_when(plan, planned)}"
    if order != instead:
        return f"order {order} (planned: {instead})"
    more = int(other.in_place[-1] - plan.in_place[-1])
    return f"order as planned, then plan again in a month: {_units(more)} more may be needed by the end"


def _when(plan: ResourcePlan, step: Step) -> str:
    return "now" if step.order_by_ms <= plan.resource.demand.start_ms else f"by {_day(step.order_by_ms)}"


def _severity(risk: Risk) -> tuple[int, bool, float, float]:
    first = risk.overload_from_ms if risk.impact == "overload" else risk.short_from_ms
    return (
        _ORDER[risk.impact],
        risk.is_supposed,
        float("inf") if first is None else float(first // DAY_MS),
        -(risk.likelihood_ratio or 0.0),
    )


def _capacity_words(resource: Resource) -> str:
    return "measured by a load test" if resource.capacity_words.startswith("load test") else "given"


def _units(count: int) -> str:
    return f"{count:,} unit{'' if count == 1 else 's'}"


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.3g} %"


def _day(at_ms: int) -> str:
    return instant_from_ms(at_ms).date().isoformat()
