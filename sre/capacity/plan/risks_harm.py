"""One risk of a plan, and the harm that a world does to the units which the plan's steps bring."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from sre.capacity.plan.costs_waiting import supply
from sre.capacity.plan.model import Resource, ResourcePlan
from sre.capacity.plan.risks_variants import peak_at_risk
from sre.core.series import BoolArray, IntArray

RiskKind: TypeAlias = Literal["growth_doubles", "upper_edge", "zone_lost", "lead_time_doubles", "capacity_overstated"]
Impact: TypeAlias = Literal["overload", "headroom_used", "none"]


@dataclass(frozen=True, slots=True)
class Risk:
    """One thing that may turn out otherwise, for one resource.

    Attributes:
        what: In numbers, for people.
        impact: `overload` where peaks pass all that is there at full use, `headroom_used` where more is needed by the
            sizing than is there, `none` where the plan carries it.
        short_from_ms: First day that more units are missing than in the plan as it stands; None where never.
        overload_from_ms: First day that peaks pass all that is there, and do not in the plan as it stands.
        units_short: Most units missing on a day.
        order_by_ms: When a plan for that world orders first; None where it orders nothing.
        extra_units: How many more it ends with.
        extra_cost: What these cost over the plan on demand; None without a price.
        likelihood_ratio: Share of simulated futures; None where it is an assumption.
        likelihood: The same in words.
        trigger: What to watch, with its number.
        mitigation: What to do, with its number.
        is_supposed: It rests on something that nobody stated, such as how many zones there are.
    """

    kind: RiskKind
    resource: str
    what: str
    impact: Impact
    short_from_ms: int | None
    overload_from_ms: int | None
    units_short: int
    order_by_ms: int | None
    extra_units: int
    extra_cost: float | None
    likelihood_ratio: float | None
    likelihood: str
    trigger: str
    mitigation: str
    is_supposed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A resource as it may turn out to be, and the units that the plan as it stands brings there.

    Attributes:
        there: shape (days,).
        carrying: shape (days,), of these the units that carry load; fewer while a zone is lost.
    """

    plan: ResourcePlan
    there: IntArray
    carrying: IntArray


@dataclass(frozen=True, slots=True)
class Harm:
    """What the plan as it stands runs into; days of the plan, None where never."""

    short_day: int | None
    overload_day: int | None
    units_short: int

    @property
    def impact(self) -> Impact:
        """The worst of it."""
        return (
            "overload" if self.overload_day is not None else "headroom_used" if self.short_day is not None else "none"
        )

    @property
    def day(self) -> int | None:
        """When the worst of it begins."""
        return self.short_day if self.overload_day is None else self.overload_day


def harm_of(plan: ResourcePlan, world: World, risk_ratio: float) -> Harm:
    """Return what happens in a world beyond what the plan as it stands runs into anyway."""
    as_planned = np.maximum(plan.required - supply(plan), 0)
    missing = np.maximum(world.plan.required - world.there, 0)
    overloaded = _overloaded(world.plan.resource, world.carrying, risk_ratio)
    overloaded &= ~_overloaded(plan.resource, supply(plan), risk_ratio)
    # What is overloaded is short of units too, though the plan itself may be short by as many.
    short = (missing > as_planned) | overloaded
    return Harm(_first(short), _first(overloaded), int(missing.max(initial=0)))


def _overloaded(resource: Resource, carrying: IntArray, risk_ratio: float) -> BoolArray:
    """Return on which days peaks pass all that so many units carry at full use, shape (days,)."""
    return np.asarray(peak_at_risk(resource.demand, risk_ratio=risk_ratio) > carrying * resource.unit_capacity)


def _first(is_so: BoolArray) -> int | None:
    days = np.flatnonzero(is_so)
    return int(days[0]) if days.size else None
