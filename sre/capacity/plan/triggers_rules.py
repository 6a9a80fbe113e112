"""The record and the alerts of one resource of a capacity plan."""

from math import floor, log10

from sre.capacity.plan.model import ResourcePlan
from sre.capacity.plan.triggers_levels import OrderLevel
from sre.core.conventions import (
    DEMAND_PEAK_RECORD,
    DESCRIPTION_ANNOTATION,
    RESOURCE_LABEL,
    RUNBOOK_ANNOTATION,
    SEVERITY_LABEL,
    SIGNAL_LABEL,
    SUMMARY_ANNOTATION,
    runbook_address,
)
from sre.core.exact import exact_number
from sre.core.figures import figure_text
from sre.core.promql_text import selector
from sre.core.rules.label_templates import template_safe
from sre.core.rules.model import AlertRule, RecordingRule
from sre.core.times import instant_from_ms

_HOLD_SECONDS = 3600.0
MISSING_SECONDS = 6 * 3600.0
_LEVEL_DIGITS = 4


def rounded_down(level: float) -> float:
    """Return a level in four digits, never above it, so that rounding never makes an alert late."""
    if level <= 0:
        return 0.0
    scale = _LEVEL_DIGITS - 1 - floor(log10(level))
    return floor(level * 10.0**scale + 1e-9) / 10.0**scale if scale >= 0 else floor(level / 10**-scale) * 10.0**-scale


def trigger_rules(
    plan: ResourcePlan, stem: str, demand: str, levels: OrderLevel, runbook_url: str
) -> tuple[RecordingRule | AlertRule, ...]:
    """Return the record of a resource's demand and the alerts on it.

    Args:
        stem: What the names of its alerts begin with.
        demand: The query of the demand.
    """
    resource = plan.resource
    record = selector(DEMAND_PEAK_RECORD, [(RESOURCE_LABEL, "=", resource.name)])
    name = template_safe(resource.name)

    def alert(what: str, expr: str, summary: str, description: str, hold: float) -> AlertRule:
        return AlertRule(
            alert=f"{stem}{what}",
            expr=expr,
            for_seconds=hold,
            labels={RESOURCE_LABEL: resource.name, SEVERITY_LABEL: "ticket", SIGNAL_LABEL: "saturation"},
            annotations={
                SUMMARY_ANNOTATION: f"{name}: {summary}",
                DESCRIPTION_ANNOTATION: description,
                RUNBOOK_ANNOTATION: runbook_address(runbook_url, f"{stem}{what}"),
            },
        )

    return (
        RecordingRule(DEMAND_PEAK_RECORD, f"max(max_over_time(({demand})[1d:5m]))", {RESOURCE_LABEL: resource.name}),
        alert(
            "OrderDue",
            f"{record} >= {exact_number(rounded_down(levels.order_level))}",
            "the next order of capacity is due",
            _order_words(plan, levels),
            _HOLD_SECONDS,
        ),
        alert(
            "HeadroomUsed",
            f"{record} > {exact_number(rounded_down(levels.limit_level))}",
            "the headroom is used up",
            f"{_peak_words(plan)}; with the headroom planned, {resource.units_now} units carry peaks up to "
            f"{shown_level(levels.limit_level, plan)}. Bring the next order forward, or shed load.",
            _HOLD_SECONDS,
        ),
        alert(
            "DemandMissing",
            f"absent({record})",
            "its demand is no longer measured",
            "The capacity plan is blind for it: look at what exports the metric, and at the recording rule.",
            MISSING_SECONDS,
        ),
    )


def _peak_words(plan: ResourcePlan) -> str:
    shown = {"bytes": "{{ $value | humanize1024 }}B", "ratio": "{{ $value | humanizePercentage }}"}
    value = shown.get(plan.resource.unit, "{{ $value | humanize }}")
    return f"A peak of the last day was {value}{'/s' if plan.resource.unit == 'per_second' else ''}"


def _order_words(plan: ResourcePlan, levels: OrderLevel) -> str:
    resource = plan.resource
    grows = f"it grows by up to {100 * levels.growth_ratio:.3g} % within the lead time of {resource.lead_time_days:g} d"
    if not plan.steps:
        return (
            f"{_peak_words(plan)}, and {grows}, to what {resource.units_now} units carry. No order was planned: plan "
            "again."
        )
    step, start = plan.steps[0], resource.demand.start_ms
    when = "at once" if step.order_by_ms <= start else f"by {_day(step.order_by_ms)}"
    return (
        f"{_peak_words(plan)}, and {grows}, to what {resource.units_now} units carry. By the plan of {_day(start)}: "
        f"{step.units_added} more, ordered {when}. Once they are there, plan again and renew this."
    )


def _day(at_ms: int) -> str:
    return instant_from_ms(at_ms).date().isoformat()


def shown_level(level: float, plan: ResourcePlan) -> str:
    """Return a level as the rule has it, with its unit."""
    return template_safe(figure_text(rounded_down(level), plan.resource.unit))
