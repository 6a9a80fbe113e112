"""What ordering later than planned saves, and how much likelier it makes being short: counted in simulated futures.

For the tool: `waiting(plan)` gives a row for ordering on time and one, two and three months later; empty where
nothing is to be ordered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre.capacity.plan.costs_usage import DAYS_A_MONTH
from sre.capacity.plan.model import DAY_MS, ResourcePlan, Step
from sre.capacity.plan.supply import units_needed
from sre.core.series import IntArray

DELAYS_MONTHS = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Every order placed so many months later than the plan says.

    Attributes:
        delay_months: 0 is on time; what is late already is then ordered today.
        short_ratio: Share of futures that on one day or another need more units than are there, by the sizing
            (headroom, spare units, zones); None where there is one future only.
        overload_ratio: Share in which a peak passes all that is there at full use.
        is_short, is_overloaded: The same where there is one future only: whether it happens in it.
        days_short: Mean number of days short over all futures.
        units_short: Most units missing on a day, in all but a tenth of the futures.
        saved: Not paid on demand for units that come later; None without a price.
    """

    delay_months: int
    short_ratio: float | None
    overload_ratio: float | None
    is_short: bool
    is_overloaded: bool
    days_short: float
    units_short: int
    saved: float | None


def waiting(plan: ResourcePlan, *, delays_months: Sequence[int] = DELAYS_MONTHS) -> tuple[Waiting, ...]:
    """Return the effect of each delay, in the order given."""
    if not plan.steps:
        return ()
    resource = plan.resource
    needed = units_needed(resource.demand.paths, unit_capacity=resource.unit_capacity, sizing=resource.sizing)
    return tuple(_waiting(plan, needed, months) for months in delays_months)


def supply(plan: ResourcePlan, *, delay_days: float = 0.0, lead_time_days: float | None = None) -> IntArray:
    """Return the units there on each day if every order is placed so much later, shape (days,).

    What should have been ordered before today is ordered today.

    Args:
        lead_time_days: From ordering until it carries load; None takes the planned one.
    """
    units = np.full(plan.in_place.size, plan.resource.units_now, dtype=np.int64)
    for step in plan.steps:
        units[_arrival(plan, step, delay_days, lead_time_days) :] = step.units_after
    return units


def _arrival(plan: ResourcePlan, step: Step, delay_days: float, lead_time_days: float | None) -> int:
    lead = plan.resource.lead_time_days if lead_time_days is None else lead_time_days
    order = max(0.0, (step.order_by_ms - plan.resource.demand.start_ms) / DAY_MS)
    # Whole days: what comes in the course of a day does not carry its peak.
    return min(int(np.ceil(order + lead + delay_days - 1e-6)), plan.in_place.size)


def _waiting(plan: ResourcePlan, needed: IntArray, months: int) -> Waiting:
    demand = plan.resource.demand
    there = supply(plan, delay_days=months * DAYS_A_MONTH)
    missing = np.maximum(needed - there, 0)
    short = (missing > 0).any(axis=1)
    overloaded = (demand.paths > there * plan.resource.unit_capacity).any(axis=1)
    worst = np.sort(missing.max(axis=1))
    return Waiting(
        delay_months=months,
        short_ratio=None if demand.is_certain else float(short.mean()),
        overload_ratio=None if demand.is_certain else float(overloaded.mean()),
        is_short=bool(short.mean() >= 0.5),
        is_overloaded=bool(overloaded.mean() >= 0.5),
        days_short=float((missing > 0).sum(axis=1).mean()),
        units_short=int(worst[int(0.9 * (worst.size - 1))]),
        saved=_saved(plan, there),
    )


def _saved(plan: ResourcePlan, there: IntArray) -> float | None:
    prices = plan.resource.prices
    if prices is None or prices.on_demand_per_month is None:
        return None
    on_time = supply(plan)
    return float((on_time - there).sum()) / DAYS_A_MONTH * prices.on_demand_per_month
