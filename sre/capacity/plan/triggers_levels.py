"""At which demand an order is due: what the units of today carry, less what demand grows by until an order is there."""

from dataclasses import dataclass

import numpy as np

from sre.capacity.plan.model import DAY_MS, Demand, ResourcePlan
from sre.capacity.plan.supply import carried

_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class OrderLevel:
    """Levels of a day's peak, in the unit of the resource.

    Attributes:
        order_level: From here on the next order is due: within one lead time the peak grows to `limit_level`.
        limit_level: The highest peak that the units of today carry by the sizing.
        growth_ratio: By how much the peak grows within one lead time, at the plan's risk; 0.1 is 10 %.
        order_use_ratio: `order_level` over all that the units of today carry at full use.
        is_due: The peak of the last week is there already.
    """

    order_level: float
    limit_level: float
    growth_ratio: float
    order_use_ratio: float
    is_due: bool


def order_level(plan: ResourcePlan, *, risk_ratio: float) -> OrderLevel | None:
    """Return the levels, or None where the units of today carry nothing by the sizing.

    Growth is that of the simulated futures from the plan's first order date over one lead time, each future's highest
    peak then over its highest of the week before; where nothing is to be ordered, that of the fastest such time. A
    level that the peak of today has passed although no order is due yet is that of the growth from today on.
    """
    resource, demand = plan.resource, plan.resource.demand
    limit = carried(resource)
    if limit <= 0 or demand.days == 0:
        return None
    lead = max(1, int(np.ceil(resource.lead_time_days)))
    days = [_order_day(plan)] if plan.steps else range(0, max(1, demand.days - lead), _WEEK_DAYS)
    growth = max(_growth(demand, day, lead_days=lead, risk_ratio=risk_ratio) for day in days)
    if not _is_order_due(plan) and demand.present_peak >= limit / (1 + growth):
        growth = min(growth, _growth(demand, 0, lead_days=lead, risk_ratio=risk_ratio))
    level = limit / (1 + growth)
    return OrderLevel(level, limit, growth, level / resource.capacity, demand.present_peak >= level)


def _is_order_due(plan: ResourcePlan) -> bool:
    return bool(plan.steps) and plan.steps[0].order_by_ms <= plan.resource.demand.start_ms


def _order_day(plan: ResourcePlan) -> int:
    day = (plan.steps[0].order_by_ms - plan.resource.demand.start_ms) // DAY_MS
    return int(np.clip(day, 0, plan.resource.demand.days - 1))


def _growth(demand: Demand, day: int, *, lead_days: int, risk_ratio: float) -> float:
    """Return by how much the peak grows from a day on, in all but a share of the futures."""
    recent = demand.paths[:, max(0, day - _WEEK_DAYS + 1) : day + 1].max(axis=1)
    if day < _WEEK_DAYS:
        recent = np.maximum(recent, demand.present_peak)
    seen = demand.paths[:, day : day + lead_days + 1]
    ratios = np.where(recent > 0, np.maximum(seen.max(axis=1) / np.maximum(recent, 1e-300), 1.0), 1.0)
    # As many futures grow faster as the plan accepts to be late in.
    tail = min(int(risk_ratio * ratios.size + 1e-9), ratios.size - 1)
    # Where the demand is not known for a whole lead time, what is known goes on.
    whole = float(np.sort(ratios)[ratios.size - 1 - tail]) ** (lead_days / max(1, seen.shape[1] - 1))
    return float(min(whole, 1e6)) - 1
