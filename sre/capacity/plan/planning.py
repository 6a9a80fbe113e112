"""From a request and the demands that were measured for it to a plan."""

from collections.abc import Mapping, Sequence

from sre.capacity.plan.binding import binding_constraints
from sre.capacity.plan.demand import assumed_demand, derived_demand
from sre.capacity.plan.demand_reading import USERS, growth_words
from sre.capacity.plan.model import Assumption, Demand, Plan, Resource, ResourcePlan
from sre.capacity.plan.request import FollowingDemand, GrowingDemand, PlanRequest, ResourceRequest, Usage
from sre.capacity.plan.schedule import resource_plan
from sre.core.figures import figure_text, plain_text


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
        warnings=tuple(warning for plan in plans for warning in _warnings(plan, days)),
    )


def _demand(
    asked: ResourceRequest, usage: Usage | None, demands: Mapping[str, Demand], *, start_ms: int, days: int
) -> Demand | None:
    wanted = asked.demand
    if isinstance(wanted, GrowingDemand):
        words = f"assumed: {figure_text(wanted.start_value, asked.unit)} now, {growth_words(wanted.growth)}"
        return assumed_demand(
            start_value=wanted.start_value, growth=wanted.growth, start_ms=start_ms, days=days, words=words
        )
    if not isinstance(wanted, FollowingDemand):
        return demands.get(asked.name)
    if wanted.of == USERS:
        return None if usage is None else _of_users(wanted, usage, start_ms=start_ms, days=days)
    followed = demands.get(wanted.of)
    if followed is None:
        return None
    return derived_demand(followed, factor=wanted.factor, offset=wanted.offset, words=_following_words(wanted))


def _of_users(wanted: FollowingDemand, usage: Usage, *, start_ms: int, days: int) -> Demand:
    count = assumed_demand(start_value=usage.users, growth=usage.growth, start_ms=start_ms, days=days, words="")
    factor = wanted.factor if wanted.per_user else wanted.factor * usage.peak_per_user
    chain = f"{plain_text(wanted.factor)} for each user" if wanted.per_user else usage.words
    words = f"{plain_text(usage.users)} users, {growth_words(usage.growth)}; {chain}{_more_words(wanted)}"
    return derived_demand(count, factor=factor, offset=wanted.offset, words=words)


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


def _warnings(plan: ResourcePlan, days: int) -> tuple[str, ...]:
    demand, name = plan.resource.demand, plan.resource.name
    notes = []
    if demand.days < days:
        notes.append(
            f"{name}: planned for {demand.days} of {days} days only; {demand.history_days:.0f} days of history "
            "carry no more. State a growth to plan further."
        )
    if demand.is_certain and demand.basis != "forecast":
        notes.append(
            f"{name}: its growth is assumed without a range, so its dates have no interval; give growth_range."
        )
    return (*notes, *(f"{name}: {warning}" for warning in demand.warnings))
