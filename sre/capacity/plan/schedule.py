"""From demand to dated steps: how many units by when, and when to order them."""

import numpy as np

from sre.capacity.plan.model import DAY_MS, Crossing, Demand, Resource, ResourcePlan, Step
from sre.capacity.plan.supply import carried, units_needed
from sre.core.figures import figure_text
from sre.core.series import BoolArray, FloatArray, IntArray

# Shares of futures are compared in whole futures; 0.1 of 500 is 50, whatever floating point makes of it.
_SLACK = 1e-9


def resource_plan(resource: Resource, *, risk_ratio: float) -> ResourcePlan:
    """Return the steps of one resource.

    Args:
        risk_ratio: Accepted probability that a step comes too late, 0 < x <= 0.5.
    """
    required = required_units(resource, risk_ratio=risk_ratio)
    in_place, steps = _steps(resource, required, risk_ratio=risk_ratio)
    demand, units = resource.demand, resource.units_now
    needed = units_needed(demand.paths, unit_capacity=resource.unit_capacity, sizing=resource.sizing)
    peak = float(demand.expected[0])
    return ResourcePlan(
        resource=resource,
        required=required,
        in_place=in_place,
        steps=steps,
        shortage=crossing(needed > units, demand, risk_ratio=risk_ratio),
        overload=crossing(demand.paths > resource.capacity, demand, risk_ratio=risk_ratio),
        use_now_ratio=peak / resource.capacity if resource.capacity > 0 else None,
        room_ratio=_room(resource),
    )


def required_units(resource: Resource, *, risk_ratio: float) -> IntArray:
    """Return the units needed on each day so that each further unit comes too late with at most this probability.

    The n-th unit is needed from the first day on which more than `risk_ratio` of the futures have asked for it at
    least once. So the path never falls, and more demand, headroom or caution never moves a unit to a later day.

    Returns:
        shape (days,).
    """
    demand = resource.demand
    needed = units_needed(demand.paths, unit_capacity=resource.unit_capacity, sizing=resource.sizing)
    ever = np.sort(np.maximum.accumulate(needed, axis=1), axis=0)
    return np.asarray(ever[ever.shape[0] - 1 - _futures(risk_ratio, ever.shape[0])])


def crossing(is_over: BoolArray, demand: Demand, *, risk_ratio: float) -> Crossing:
    """Return when futures first meet a limit, from each future's own first day.

    Args:
        is_over: shape (futures, days).
    """
    count = is_over.shape[0]
    met = is_over.any(axis=1)
    first = np.sort(np.where(met, is_over.argmax(axis=1), demand.days))
    tail = _futures(risk_ratio, count)
    early, middle, late = (_day(first, at, demand) for at in (tail, (count - 1) // 2, count - 1 - tail))
    return Crossing(float(met.mean()), early, middle, late)


def _futures(share: float, count: int) -> int:
    return min(int(share * count + _SLACK), count - 1)


def _day(first: IntArray, index: int, demand: Demand) -> int | None:
    day = int(first[index])
    return demand.day_ms(day) if day < demand.days else None


def _steps(resource: Resource, required: IntArray, *, risk_ratio: float) -> tuple[IntArray, tuple[Step, ...]]:
    """Return the units in place by day and the orders that bring them, each lasting for a while."""
    have = resource.units_now
    in_place = np.full(required.size, have, dtype=np.int64)
    steps: list[Step] = []
    while (day := _first_above(required, have)) is not None:
        after = int(required[min(day + resource.order_every_days, required.size) - 1])
        reason = _reason(resource, before=have, day=day, risk_ratio=risk_ratio)
        steps.append(_step(resource, required, day=day, before=have, after=after, reason=reason))
        in_place[day:] = have = after
    return in_place, tuple(steps)


def _first_above(required: IntArray, units: int) -> int | None:
    above = np.flatnonzero(required > units)
    return int(above[0]) if above.size else None


def _step(resource: Resource, required: IntArray, *, day: int, before: int, after: int, reason: str) -> Step:
    demand = resource.demand
    needed_by = demand.day_ms(day)
    order_by = needed_by - round(resource.lead_time_days * DAY_MS)
    until = _first_above(required, after)
    return Step(
        order_by_ms=order_by,
        needed_by_ms=needed_by,
        lasts_until_ms=None if until is None else demand.day_ms(until),
        units_before=before,
        units_after=after,
        late_days=max(0.0, (demand.start_ms - order_by) / DAY_MS),
        reason=reason,
    )


def _reason(resource: Resource, *, before: int, day: int, risk_ratio: float) -> str:
    limit = carried(_with_units(resource, before))
    peak = figure_text(float(resource.demand.expected[day]), resource.unit)
    does = f"{before} carry peaks up to {figure_text(limit, resource.unit)} by the sizing"
    if resource.demand.is_certain:
        return f"{does}; the peak of that day is {peak}"
    return f"{does}; by then over {100 * risk_ratio:.3g} % of the futures have passed that (expected peak {peak})"


def _with_units(resource: Resource, units: int) -> Resource:
    from dataclasses import replace

    return replace(resource, units_now=units)


def _room(resource: Resource) -> FloatArray:
    """Return how often the highest expected peak so far fits into what may be carried, shape (days,)."""
    peak = np.maximum.accumulate(resource.demand.expected)
    limit = carried(resource)
    return np.asarray(np.where(peak > 0, limit / np.maximum(peak, 1e-300), np.inf))
