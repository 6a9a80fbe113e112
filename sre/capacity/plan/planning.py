"""From a request and the demands that were measured for it to a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sre.capacity.model import Scenario
from sre.capacity.plan.binding import binding_constraints
from sre.capacity.plan.demand import Growth, assumed_demand, derived_demand, under_scenario
from sre.capacity.plan.demand_reading import USERS, growth_words
from sre.capacity.plan.model import Assumption, Demand, Plan, Resource, ResourcePlan
from sre.capacity.plan.request import FollowingDemand, GrowingDemand, PlanRequest, ResourceRequest, RowsDemand, Usage
from sre.capacity.plan.rows import demand_of_rows
from sre.capacity.plan.schedule import resource_plan
from sre.capacity.scenario_text import parsed_scenario
from sre.core.figures import figure_text, plain_text
from sre.core.text import listed
from sre.core.times import instant_from_ms


def resolved(
    request: PlanRequest, measured: Mapping[str, Demand], *, start_ms: int, days: int
) -> tuple[tuple[Resource, ...], tuple[str, ...]]:
    """Return the resources with their demand ahead, and the names of those whose demand is not known.

    Args:
        measured: Demands forecast from queries and series, by name of the resource.
    """
    demands: dict[str, Demand] = {}
    resources, unknown = [], []
    for asked in request.resources:
        demand = _demand(asked, request.usage, {**demands, **measured}, start_ms=start_ms, days=days)
        if demand is None:
            unknown.append(asked.name)
            continue
        demands[asked.name] = demand
        resources.append(_resource(asked, demand))
    return tuple(resources), tuple(unknown)


def plan_of(
    resources: Sequence[Resource],
    *,
    start_ms: int,
    days: int,
    risk_ratio: float,
    assumptions: Sequence[Assumption] = (),
) -> Plan:
    """Return steps for all resources, the most urgent first, and what binds when."""
    plans = sorted((resource_plan(one, risk_ratio=risk_ratio) for one in resources), key=_urgency)
    return Plan(
        start_ms=start_ms,
        days=days,
        risk_ratio=risk_ratio,
        resources=tuple(plans),
        binding=binding_constraints(plans, start_ms=start_ms, days=days),
        assumptions=tuple(assumptions),
        warnings=(*_without_interval(plans), *_cut_short(plans, days), *_told_once(plans)),
    )


def _demand(
    asked: ResourceRequest, usage: Usage | None, demands: Mapping[str, Demand], *, start_ms: int, days: int
) -> Demand | None:
    wanted = asked.demand
    if isinstance(wanted, GrowingDemand):
        words = f"assumed: {figure_text(wanted.start_value, asked.unit)} now, "
        words += growth_words(wanted.growth, unit=asked.unit)
        return _assumed(wanted.start_value, wanted.growth, wanted.scenario, words=words, start_ms=start_ms, days=days)
    if isinstance(wanted, RowsDemand):
        return demand_of_rows(wanted, start_ms=start_ms, days=days)
    if not isinstance(wanted, FollowingDemand):
        return demands.get(asked.name)
    if wanted.of == USERS:
        return None if usage is None else _of_users(wanted, usage, start_ms=start_ms, days=days)
    followed = demands.get(wanted.of)
    if followed is None:
        return None
    return derived_demand(followed, factor=wanted.factor, offset=wanted.offset, words=_following_words(wanted))


def _of_users(wanted: FollowingDemand, usage: Usage, *, start_ms: int, days: int) -> Demand:
    count = _assumed(usage.users, usage.growth, usage.scenario, words="", start_ms=start_ms, days=days)
    factor = wanted.factor if wanted.per_user else wanted.factor * usage.peak_per_user
    chain = f"{plain_text(wanted.factor)} for each user" if wanted.per_user else usage.words
    words = f"{plain_text(usage.users)} users, {growth_words(usage.growth)}{_under(usage.scenario)}; "
    return derived_demand(count, factor=factor, offset=wanted.offset, words=f"{words}{chain}{_more_words(wanted)}")


def _assumed(start_value: float, growth: Growth, scenario_text: str, *, words: str, start_ms: int, days: int) -> Demand:
    scenario = read_scenario(scenario_text, start_ms=start_ms)
    demand = assumed_demand(
        start_value=start_value,
        growth=growth.times(scenario.growth_factor),
        start_ms=start_ms,
        days=days,
        words=f"{words}{_under(scenario_text)}",
    )
    return under_scenario(demand, replace(scenario, growth_factor=1.0))


def read_scenario(text: str, *, start_ms: int) -> Scenario:
    """Return the scenario that a text spells; an empty one changes nothing.

    Raises:
        InputError: Not understood.
    """
    return parsed_scenario(text, now=instant_from_ms(start_ms)) if text else Scenario()


def check_scenarios(request: PlanRequest, *, start_ms: int) -> None:
    """Read every scenario once, so that a wrong one is told before anything is measured.

    Raises:
        InputError: One is not understood.
    """
    demands = [one.demand for one in request.resources]
    texts = [one.scenario for one in demands if not isinstance(one, (FollowingDemand, RowsDemand))]
    for text in [*texts, request.usage.scenario if request.usage else ""]:
        read_scenario(text, start_ms=start_ms)


def _under(scenario_text: str) -> str:
    return f", under: {scenario_text}" if scenario_text else ""


def _following_words(wanted: FollowingDemand) -> str:
    if wanted.seconds_held is None:
        return f"follows {wanted.of}, times {plain_text(wanted.factor)}{_more_words(wanted)}"
    return f"follows {wanted.of}{_more_words(wanted)}"


def _more_words(wanted: FollowingDemand) -> str:
    words = ""
    if wanted.seconds_held is not None:
        times = wanted.factor / wanted.seconds_held
        each = "" if times == 1 else f" x {plain_text(times)} a request"
        words = f", held {plain_text(wanted.seconds_held)} s{each} (Little's law)"
    return f"{words}, plus {plain_text(wanted.offset)}" if wanted.offset else words


def _resource(asked: ResourceRequest, demand: Demand) -> Resource:
    return Resource(
        name=asked.name,
        kind=asked.kind,
        unit=asked.unit,
        units_now=asked.units_now,
        unit_capacity=asked.unit_capacity,
        demand=demand,
        sizing=asked.sizing,
        lead_time_days=asked.lead_time_days,
        order_every_days=asked.order_every_days,
        capacity_words=asked.capacity_words,
        prices=asked.prices,
    )


def _urgency(plan: ResourcePlan) -> tuple[float, float, str]:
    first = plan.steps[0].order_by_ms if plan.steps else float("inf")
    room = float(plan.room_ratio[-1]) if plan.room_ratio.size else float("inf")
    return (first, room, plan.resource.name)


def _without_interval(plans: Sequence[ResourcePlan]) -> tuple[str, ...]:
    names = [plan.resource.name for plan in plans if _is_stated(plan)]
    if not names:
        return ()
    return (f"No interval for {listed(names)}: growth was stated without a range; give growth_range {{low, high}}.",)


def _is_stated(plan: ResourcePlan) -> bool:
    demand = plan.resource.demand
    return demand.is_certain and demand.basis != "forecast" and not demand.history_days


def _cut_short(plans: Sequence[ResourcePlan], days: int) -> tuple[str, ...]:
    cut = [plan.resource for plan in plans if plan.resource.demand.days < days]
    if not cut:
        return ()
    known = listed([f"{one.name} for {one.demand.days} d" for one in cut])
    return (
        f"Not planned for all {days} days, because what is known of the demand carries no more: {known}. "
        "State a growth to plan further.",
    )


def _told_once(plans: Sequence[ResourcePlan]) -> tuple[str, ...]:
    """Return what forecasts warn of, each thing once with the resources it is said of."""
    names: dict[str, list[str]] = {}
    for plan in plans:
        for warning in plan.resource.demand.warnings:
            names.setdefault(warning, []).append(plan.resource.name)
    return tuple(f"{listed(said_of)}: {warning}" for warning, said_of in names.items())
