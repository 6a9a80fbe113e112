"""The answer of `plan_capacity`: how a plan is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from sre.core.figures import plain_text
from sre.core.text import cleaned, listed
from sre.core.times import instant_from_ms
from tools.answer import EvidencedAnswer, Figure, Instant, Part, Point
from tools.artefacts import ArtefactAnswer
from tools.capacity.plan_capacity_costs import (
    COMMITMENT_COLUMNS,
    EXPENSE_COLUMNS,
    WAITING_COLUMNS,
    CostPart,
    CostTotalPart,
    WaitingPart,
    WastePart,
)
from tools.capacity.plan_capacity_risks import AutoscalingPart, RiskPart, TriggerPart

if TYPE_CHECKING:
    from sre.capacity.plan.model import Binding, Crossing, Plan, ResourcePlan, Step

# Of many resources fewer steps each are read at once, and their rows need the room.
_MAX_STEPS, _FEW_STEPS, _MANY_RESOURCES = 24, 16, 8
_MONTH_DAYS = 30
# Names of resources in a sentence.
_NAMES = 4
_LAST = -1


class StepRow(Part):
    """Units to order; dates are days in UTC."""

    resource: str
    order_by: str
    needed_by: str
    units_added: int
    units_after: int
    lasts_until: str | None = Field(description="Null: to the end of the plan")
    late_days: Figure = Field(0, description="An order of today comes so much too late")
    reason: str = ""


class CrossingPart(Part):
    """When; null: beyond the horizon."""

    probability_ratio: Figure
    earliest: str | None
    expected: str | None
    latest: str | None


class ResourceRow(Part):
    """One resource: what is there, what is asked of it, what it will need."""

    name: str
    kind: str
    unit: str
    units_now: int
    unit_capacity: Figure
    unit_capacity_from: str
    peak_now: Figure = Field(description="Expected peak of the first day, in unit")
    peak_at_end: Figure = Field(description="Expected peak of the last day")
    peak_at_end_cautious: Figure = Field(description="Passed by the last day with the probability `risk`")
    use_now_ratio: Figure
    short_units_now: int
    units_at_end: int
    runs_short: CrossingPart = Field(description="Units of today no longer do by the sizing")
    overloads: CrossingPart = Field(description="Peak above all that the units of today carry, headroom used up")
    sizing: str
    lead_time_days: Figure
    demand: str
    trust: Literal["high", "medium", "low", "none"]
    days_planned: int


class BindingRow(Part):
    """The tightest resource from a day on, with the units of today."""

    start: str
    resource: str
    room_ratio: Figure = Field(description="How often the expected peak fits into what may be carried; < 1: short")
    others: list[str] = Field(description="The next, with their own room")


class AssumptionRow(Part):
    """What the plan rests on; `path` is where to change it."""

    path: str
    value: str
    source: Literal["given", "default", "measured"]
    why: str = ""


class MonthlyRows(Part):
    """Demand and units of one resource, month by month."""

    resource: str
    rows: list[Point]


class PlanAnswer(ArtefactAnswer, EvidencedAnswer):
    """Dated steps for several resources, what binds, and what all of it rests on."""

    RANKED: ClassVar[tuple[str, ...]] = (
        "queries", "monthly", "autoscaling", "waiting", "waste", "costs", "risks", "triggers", "binding", "resources",
        "steps",
    )  # fmt: skip

    start: Instant | None = None
    end: Instant | None = None
    risk_ratio: Figure = None
    steps: list[StepRow] = Field(default_factory=list)
    resources: list[ResourceRow] = Field(default_factory=list)
    resources_ranked_by: str = "order date of the first step, then room left"
    binding: list[BindingRow] = Field(default_factory=list)
    monthly_columns: list[str] = Field(default_factory=lambda: ["time", "expected", "cautious", "units_in_place"])
    monthly: list[MonthlyRows] = Field(default_factory=list)
    assumptions: list[AssumptionRow] = Field(default_factory=list)
    cost_totals: list[CostTotalPart] = Field(default_factory=list)
    expense_columns: list[str] = Field(default_factory=lambda: list(EXPENSE_COLUMNS))
    commitment_columns: list[str] = Field(default_factory=lambda: list(COMMITMENT_COLUMNS))
    costs: list[CostPart] = Field(default_factory=list)
    waste: list[WastePart] = Field(default_factory=list)
    waiting_columns: list[str] = Field(default_factory=lambda: list(WAITING_COLUMNS))
    waiting: list[WaitingPart] = Field(default_factory=list)
    risks: list[RiskPart] = Field(default_factory=list)
    risks_ranked_by: str = "overload before headroom, stated facts before suppositions, then date, then likelihood"
    risks_lesser: list[str] = Field(default_factory=list)
    risks_carried: list[str] = Field(default_factory=list, description="What the plan carries")
    triggers: list[TriggerPart] = Field(default_factory=list)
    autoscaling: list[AutoscalingPart] = Field(default_factory=list)


def fill_in(answer: PlanAnswer, plan: Plan) -> None:
    """Put steps, resources, what binds and the assumptions of a plan into the answer."""
    answer.start = instant_from_ms(plan.start_ms)
    answer.end = instant_from_ms(plan.start_ms + plan.days * 86_400_000)
    answer.risk_ratio = plan.risk_ratio
    answer.steps = step_rows(plan)
    answer.resources = [_resource_row(one, plan.risk_ratio) for one in plan.resources]
    answer.binding = [_binding_row(one) for one in plan.binding]
    answer.assumptions = [
        AssumptionRow(path=one.path, value=one.value, source=one.source, why=one.why) for one in plan.assumptions
    ]
    answer.monthly = [_monthly(one, plan.risk_ratio) for one in plan.resources]
    answer.warnings += plan.warnings
    total = sum(len(one.steps) for one in plan.resources)
    if total > len(answer.steps):
        answer.left_out.append(f"steps: the {total - len(answer.steps)} latest; a larger order_every makes fewer.")


def step_rows(plan: Plan) -> list[StepRow]:
    """Return the steps of all resources by order date; of few resources each first step says its reason."""
    pairs = [(one, step) for one in plan.resources for step in one.steps]
    pairs.sort(key=lambda pair: (pair[1].order_by_ms, pair[0].resource.name))
    are_many = len(plan.resources) > _MANY_RESOURCES
    most = _FEW_STEPS if are_many else _MAX_STEPS
    return [_step_row(one, step, is_told=step is one.steps[0] and not are_many) for one, step in pairs[:most]]


def summary_of(plan: Plan) -> str:
    """Return the verdict: what to order first, what is short or late, what binds, and how sure it is."""
    sentences = [_first_order(plan), _late(plan), *_binds(plan), _calm(plan), _poorly_known(plan)]
    return " ".join(sentence for sentence in sentences if sentence)


def day_text(at_ms: int | None) -> str | None:
    """Return the day of an instant, such as `2026-11-21`."""
    return None if at_ms is None else instant_from_ms(at_ms).date().isoformat()


def _first_order(plan: Plan) -> str:
    steps = [step for one in plan.resources for step in one.steps]
    if not steps:
        return f"Nothing has to be ordered within {plan.days} days at {100 * plan.risk_ratio:.3g} % risk."
    # Resources come by the order date of their first step.
    one = plan.resources[0]
    step = one.steps[0]
    rest = f" {len(steps) - 1} more step(s) follow." if len(steps) > 1 else ""
    lead = f"{cleaned(one.resource.name)}, {step.units_before} to {step.units_after} units"
    if one.short_units_now:
        return f"Order now: {lead}; {one.short_units_now} are missing already.{rest}"
    return (
        f"First step: {lead}: order by {day_text(step.order_by_ms)}, needed by {day_text(step.needed_by_ms)} "
        f"({_chance(plan, one)}).{rest}"
    )


def _chance(plan: Plan, one: ResourcePlan) -> str:
    if one.resource.demand.is_certain:
        return "by the demand as stated, without an interval"
    if one.shortage.expected_ms is None:
        middle = "most likely not within the plan"
    else:
        middle = f"most likely {day_text(one.shortage.expected_ms)}"
    return f"{100 * plan.risk_ratio:.3g} % risk of being short before; {middle}"


def _poorly_known(plan: Plan) -> str:
    poor = [
        f"{cleaned(one.resource.name)} ({one.resource.demand.history_days:.0f} d of history)"
        for one in plan.resources
        if one.resource.demand.basis == "forecast" and one.resource.demand.trust in ("low", "none")
    ]
    if not poor:
        return ""
    return f"Little trust in the demand of {listed(poor, limit=_NAMES)}: read the later steps as a direction."


def _late(plan: Plan) -> str:
    late = [(one, one.steps[0]) for one in plan.resources if one.steps and one.steps[0].late_days > 0]
    if not late:
        return ""
    named = listed(
        [f"{cleaned(one.resource.name)} by {plain_text(step.late_days)} d" for one, step in late], limit=_NAMES
    )
    return f"Too late already for the lead time: {named}."


def _binds(plan: Plan) -> list[str]:
    if not plan.binding:
        return []
    now, *later = plan.binding
    trailing = f"; next {cleaned(now.others[0][0])} {_room(now.others[0][1])}" if now.others else ""
    sentences = [f"Binding now: {cleaned(now.resource)}, {_room(now.room_ratio)}{trailing}."]
    if later:
        sentences.append(f"From {day_text(later[-1].from_ms)} on: {cleaned(later[-1].resource)}.")
    return sentences


def _room(ratio: float) -> str:
    if ratio >= 1:
        return f"its peak fits {plain_text(ratio)} times"
    return f"its peak is {plain_text(100 * (1 / ratio - 1)) if ratio > 0 else 'infinitely many'} % too high"


def _calm(plan: Plan) -> str:
    calm = [cleaned(one.resource.name) for one in plan.resources if not one.steps]
    return f"Nothing to order for {listed(calm, limit=_NAMES)}." if calm and len(calm) < len(plan.resources) else ""


def _step_row(one: ResourcePlan, step: Step, *, is_told: bool) -> StepRow:
    return StepRow(
        resource=cleaned(one.resource.name),
        order_by=day_text(step.order_by_ms) or "",
        needed_by=day_text(step.needed_by_ms) or "",
        units_added=step.units_added,
        units_after=step.units_after,
        lasts_until=day_text(step.lasts_until_ms),
        late_days=step.late_days,
        reason=step.reason if is_told else "",
    )


def _resource_row(one: ResourcePlan, risk_ratio: float) -> ResourceRow:
    import numpy as np

    resource, demand = one.resource, one.resource.demand
    return ResourceRow(
        name=cleaned(resource.name),
        kind=resource.kind,
        unit=resource.unit,
        units_now=resource.units_now,
        unit_capacity=resource.unit_capacity,
        unit_capacity_from=cleaned(resource.capacity_words, limit=250),
        peak_now=float(demand.expected[0]),
        peak_at_end=float(demand.expected[-1]),
        peak_at_end_cautious=float(np.quantile(demand.paths[:, _LAST], 1 - risk_ratio)),
        use_now_ratio=one.use_now_ratio,
        short_units_now=one.short_units_now,
        units_at_end=int(one.in_place[_LAST]),
        runs_short=_crossing_part(one.shortage),
        overloads=_crossing_part(one.overload),
        sizing=sizing_words(one),
        lead_time_days=resource.lead_time_days,
        demand=cleaned(demand.words, limit=300),
        trust=demand.trust,
        days_planned=demand.days,
    )


def _monthly(one: ResourcePlan, risk_ratio: float) -> MonthlyRows:
    """Return the highest expected and cautious peak of every 30 days, with the units in place at their end."""
    import numpy as np

    demand = one.resource.demand
    rows = []
    for first in range(0, demand.days, _MONTH_DAYS):
        part = slice(first, first + _MONTH_DAYS)
        cautious = np.quantile(demand.paths[:, part].max(axis=1), 1 - risk_ratio)
        units = int(one.in_place[part][_LAST])
        rows.append([demand.day_ms(first) / 1000, float(demand.expected[part].max()), float(cautious), units])
    return MonthlyRows(resource=cleaned(one.resource.name), rows=rows)


def sizing_words(one: ResourcePlan) -> str:
    """Return the sizing rule of a resource for people."""
    sizing = one.resource.sizing
    parts = [f"{100 * sizing.headroom_ratio:.3g} % headroom"]
    if sizing.spare_units:
        parts.append(f"N+{sizing.spare_units}")
    if sizing.zones > 1:
        parts.append(f"one of {sizing.zones} zones lost at up to {100 * sizing.zone_loss_use_ratio:.3g} % use")
    return ", ".join(parts)


def _crossing_part(found: Crossing) -> CrossingPart:
    return CrossingPart(
        probability_ratio=found.probability_ratio,
        earliest=day_text(found.earliest_ms),
        expected=day_text(found.expected_ms),
        latest=day_text(found.latest_ms),
    )


def _binding_row(one: Binding) -> BindingRow:
    return BindingRow(
        start=day_text(one.from_ms) or "",
        resource=cleaned(one.resource),
        room_ratio=one.room_ratio,
        others=[f"{cleaned(name)}: {plain_text(room)}" for name, room in one.others[:_NAMES]],
    )
