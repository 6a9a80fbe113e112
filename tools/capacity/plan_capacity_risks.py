"""Risks, alert rules and a target for an autoscaler, as parts of the answer of `plan_capacity`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from sre.core.text import cleaned
from sre.core.times import instant_from_ms
from tools.answer import Figure, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre.capacity.plan.risks_harm import Risk
    from sre.capacity.plan.triggers import Trigger
    from sre.capacity.plan.triggers_autoscaling import Autoscaling

_MAX_WORDS = 250


class RiskPart(Part):
    """What following the plan runs into if something turns out otherwise."""

    resource: str
    kind: Literal["growth_doubles", "upper_edge", "zone_lost", "lead_time_doubles", "capacity_overstated"]
    what: str
    impact: Literal["overload", "headroom_used"]
    short_from: str | None
    overload_from: str | None
    units_short: int
    extra_units: int = Field(description="What a plan for this would end with beyond this one")
    extra_cost: Figure = Field(description="On demand, over the plan")
    likelihood_ratio: Figure = Field(description="Of simulated futures; null: an assumption")
    likelihood: str
    trigger: str
    mitigation: str


class TriggerPart(Part):
    """Levels of the alert rules of one resource: its highest demand of the last day, in its unit."""

    resource: str
    order_alert: str
    order_level: Figure = Field(description="From here an order is due within its lead time")
    order_use_ratio: Figure = Field(description="The same over full capacity")
    headroom_alert: str
    limit_level: Figure
    growth_in_lead_time_ratio: Figure
    fires_now: bool


class AutoscalingPart(Part):
    """A suggestion for a horizontal autoscaler."""

    resource: str
    target_use_ratio: Figure
    target_value: Figure = Field(description="Per unit, in the resource's unit")
    min_units: int
    max_units: int
    burst_ratio: Figure = Field(description="Growth until new units are ready that those running still carry")


def risk_part(risk: Risk) -> RiskPart:
    """Return a risk that does harm for the answer."""
    return RiskPart(
        resource=cleaned(risk.resource),
        kind=risk.kind,
        what=cleaned(risk.what, limit=_MAX_WORDS),
        impact="overload" if risk.impact == "overload" else "headroom_used",
        short_from=_day(risk.short_from_ms),
        overload_from=_day(risk.overload_from_ms),
        units_short=risk.units_short,
        extra_units=risk.extra_units,
        extra_cost=risk.extra_cost,
        likelihood_ratio=risk.likelihood_ratio,
        likelihood=cleaned(risk.likelihood, limit=_MAX_WORDS),
        trigger=cleaned(risk.trigger, limit=_MAX_WORDS),
        mitigation=cleaned(risk.mitigation, limit=_MAX_WORDS),
    )


def trigger_part(trigger: Trigger) -> TriggerPart:
    """Return the levels of a resource's alerts for the answer."""
    return TriggerPart(
        resource=cleaned(trigger.resource),
        order_alert=trigger.order_alert,
        order_level=trigger.levels.order_level,
        order_use_ratio=trigger.levels.order_use_ratio,
        headroom_alert=trigger.headroom_alert,
        limit_level=trigger.levels.limit_level,
        growth_in_lead_time_ratio=trigger.levels.growth_ratio,
        fires_now=trigger.levels.is_due,
    )


def autoscaling_part(found: Autoscaling) -> AutoscalingPart:
    """Return the suggestion for an autoscaler for the answer."""
    return AutoscalingPart(
        resource=cleaned(found.resource),
        target_use_ratio=found.target_use_ratio,
        target_value=found.target_value,
        min_units=found.least_units,
        max_units=found.most_units,
        burst_ratio=found.burst_ratio,
    )


def risk_sentence(found: Sequence[Risk]) -> str:
    """Return the worst that the plan would run into."""
    if not found:
        return ""
    worst = found[0]
    if worst.impact == "none":
        return "It carries every what-if tried: " + ", ".join(dict.fromkeys(one.kind for one in found)) + "."
    what = cleaned(worst.what, limit=_MAX_WORDS)
    harm, day = "overloaded", worst.overload_from_ms
    if worst.impact != "overload":
        harm, day = "headroom used up", worst.short_from_ms
    return (
        f"Worst what-if: {cleaned(worst.resource)}: {what}; {harm} from {_day(day)}, {worst.units_short} unit(s) short."
    )


def lesser_risk(risk: Risk) -> str:
    """Return a risk in a few words."""
    harm = "overloaded" if risk.impact == "overload" else "headroom used up"
    day = risk.overload_from_ms if risk.impact == "overload" else risk.short_from_ms
    return f"{cleaned(risk.resource)}: {risk.kind}, {harm} from {_day(day)}"


def _day(at_ms: int | None) -> str | None:
    return None if at_ms is None else instant_from_ms(at_ms).date().isoformat()
