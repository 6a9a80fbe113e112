"""Units that nothing in the plan will need: how many could go back, what that saves, and how sure it is.

For the tool: `waste(plan, days=...)` gives what one resource has too much of, or None.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from sre.capacity.plan.costs_usage import DAYS_A_MONTH
from sre.capacity.plan.model import ResourcePlan
from sre.capacity.plan.supply import units_needed
from sre.core.figures import figure_text
from sre.core.times import instant_from_ms

# Fewer units than this share of what is there are within what sizing can be wrong by (our choice).
_LEAST_SHARE = 0.1
_YEAR_DAYS = 365.0
# Four weeks show what a usual week is.
_LEAST_HISTORY_DAYS = 28.0

Advice: TypeAlias = Literal["give_back", "check_season_first", "wait"]


@dataclass(frozen=True, slots=True)
class Waste:
    """Units that could go back.

    Attributes:
        needed_units: Most that the plan needs on any day at its risk, or that the highest peak seen would have needed.
        advice: `give_back` where a year of history was seen and the forecast can be trusted, `check_season_first`
            where the busiest season may lie outside of what was seen, `wait` where too little is known.
        saving_per_month, saving: A month, and over the plan, in `currency`; None without a price on demand.
        cautions: What to look at first, for people.
    """

    resource: str
    units_now: int
    needed_units: int
    advice: Advice
    saving_per_month: float | None
    saving: float | None
    cautions: tuple[str, ...]
    currency: str = ""

    @property
    def units(self) -> int:
        """How many could go back."""
        return self.units_now - self.needed_units


def waste(plan: ResourcePlan, *, days: int) -> Waste | None:
    """Return what a resource has too much of over the whole plan, or None.

    Args:
        days: Length of the plan, which the demand may be known for in part only.
    """
    resource, demand = plan.resource, plan.resource.demand
    if plan.required.size == 0:
        return None
    seen = units_needed(np.array([demand.highest_seen]), unit_capacity=resource.unit_capacity, sizing=resource.sizing)
    needed = max(int(plan.required.max()), int(seen[0]))
    units = resource.units_now - needed
    if units < max(1.0, _LEAST_SHARE * resource.units_now):
        return None
    price = None if resource.prices is None else resource.prices.on_demand_per_month
    return Waste(
        resource=resource.name,
        units_now=resource.units_now,
        needed_units=needed,
        advice=_advice(plan, days),
        saving_per_month=None if price is None else units * price,
        saving=None if price is None else units * price * plan.required.size / DAYS_A_MONTH,
        cautions=_cautions(plan, days),
        currency="" if resource.prices is None else resource.prices.currency,
    )


def _advice(plan: ResourcePlan, days: int) -> Advice:
    demand = plan.resource.demand
    if demand.history_days < _LEAST_HISTORY_DAYS or demand.trust in ("low", "none") or demand.days < days:
        return "wait"
    return "give_back" if demand.history_days >= _YEAR_DAYS else "check_season_first"


def _cautions(plan: ResourcePlan, days: int) -> tuple[str, ...]:
    resource, demand = plan.resource, plan.resource.demand
    notes = []
    if demand.history_days == 0:
        notes.append("demand is assumed and not measured: measure it before anything goes back")
    elif demand.history_days < _LEAST_HISTORY_DAYS:
        notes.append(f"only {demand.history_days:.0f} days were seen: wait for at least four weeks")
    elif demand.history_days < _YEAR_DAYS:
        notes.append(f"{demand.history_days:.0f} days of history hold no whole year: the busiest season may be missing")
    if demand.history_days and demand.trust in ("low", "none"):
        notes.append(f"trust in the forecast is {demand.trust}")
    if demand.days < days:
        notes.append(f"demand is known for {demand.days} of the plan's {days} days")
    if demand.highest_seen <= 0:
        notes.append("no use was seen at all: make sure that the query measures what it should")
    else:
        notes.append(f"the highest peak seen is {figure_text(demand.highest_seen, resource.unit)}")
    held = () if resource.prices is None else resource.prices.held
    if held:
        last = instant_from_ms(max(term.until_ms for term in held)).date().isoformat()
        notes.append(
            f"{sum(term.units for term in held)} units are under terms, the last until {last}: they save nothing"
        )
    if resource.kind == "disk":
        notes.append("a disk seldom shrinks in place: the data have to move")
    return tuple(notes)
