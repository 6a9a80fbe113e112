"""What a plan costs, what could go back, what waiting saves and risks: parts of the answer of `plan_capacity`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from sre.core.figures import plain_text
from sre.core.text import cleaned, listed
from sre.core.times import instant_from_ms
from tools.answer import Figure, Part, Point

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre.capacity.plan.costs import Expense, ResourceCost, TotalCost
    from sre.capacity.plan.costs_commitments import Tranche
    from sre.capacity.plan.costs_waiting import Waiting
    from sre.capacity.plan.model import ResourcePlan
    from sre.capacity.plan.waste import Waste

_MAX_NAME = 80
_MONTH_MS = 31 * 86_400_000
# A difference below this share is none (our choice).
_WORTH_SAYING = 0.02
_DOUBTS = {
    "give_back": "",
    "check_season_first": "; check the busiest season first",
    "wait": "; too little is known yet to give them back",
}


class ExpensePart(Part):
    """What one way to buy costs over the plan, in the currency of the prices."""

    name: str
    figures: list[Figure] = Field(description="As expense_columns says; null range: one future")


class CommitmentPart(Part):
    """Units to commit to; money for all of them."""

    name: str
    start: str
    until: str
    break_even: str | None = Field(description="On demand would have cost the whole term by then")
    figures: list[Figure] = Field(description="As commitment_columns says")


class CostPart(Part):
    """The cost of one resource."""

    resource: str
    currency: str
    months_covered: Figure
    expenses: list[ExpensePart]
    commitments: list[CommitmentPart] = Field(description="To make now")
    later: list[Figure] = Field(description="[units, expected saving] of commitments when later units are there")
    dearer_below_ratio: Figure = Field(
        description="Demand below this share of the forecast: today's commitments cost more than on demand"
    )
    if_demand: list[Point] = Field(description="[times the forecast, on demand, with today's commitments]")


class CostTotalPart(Part):
    """All resources with prices in one currency."""

    currency: str
    resources: list[str]
    on_demand: Figure = Field(description="Following the steps")
    with_mix: Figure = Field(description="The same with the cheapest commitments")
    on_demand_80: list[Figure] = Field(description="Middle 80 % of what futures need; empty: one future")
    with_mix_80: list[Figure]
    upfront_now: Figure
    monthly: list[Point] = Field(description="[time, on demand, with commitments], following the steps")


class WastePart(Part):
    """Units that could go back."""

    resource: str
    units_now: int
    needed_units: int
    units: int = Field(description="Could go back")
    advice: Literal["give_back", "check_season_first", "wait"]
    saving_per_month: Figure
    saving: Figure
    cautions: list[str]


class WaitingPart(Part):
    """Ordering later than planned."""

    resource: str
    rows: list[list[Figure]]


# Following the steps is the budget; expected and its 80 % range are what simulated futures need, month by month; lost
# after is the expected loss of terms that outlast the plan.
EXPENSE_COLUMNS = ["committed_units", "steps_cost", "expected", "lower", "upper", "lost_after"]
COMMITMENT_COLUMNS = ["units", "upfront", "per_month", "needed_ratio", "break_even_use_ratio", "saving"]
WAITING_COLUMNS = ["delay_months", "short_ratio", "overload_ratio", "days_short", "units_short", "saved"]


def cost_part(cost: ResourceCost) -> CostPart:
    """Return the cost of a resource for the answer."""
    return CostPart(
        resource=cleaned(cost.resource),
        currency=cost.currency,
        months_covered=cost.months_covered,
        # Without an offer the cheapest mix is everything on demand.
        expenses=[_expense_part(one) for one in (cost.expenses if len(cost.expenses) > 2 else cost.expenses[:1])],
        commitments=[_commitment_part(one) for one in cost.mix if one.from_month == 0],
        later=[
            sum(one.units for one in cost.mix if one.from_month),
            sum(one.saving for one in cost.mix if one.from_month),
        ],
        dearer_below_ratio=cost.dearer_below_ratio,
        if_demand=[[one.demand_ratio, one.on_demand, one.with_mix] for one in cost.sensitivity],
    )


def total_part(total: TotalCost) -> CostTotalPart:
    """Return the sums of a currency for the answer."""
    return CostTotalPart(
        currency=total.currency,
        resources=[cleaned(name) for name in total.resources],
        on_demand=total.on_demand.steps_cost,
        with_mix=total.with_mix.steps_cost,
        on_demand_80=_interval(total.on_demand),
        with_mix_80=_interval(total.with_mix),
        upfront_now=total.upfront_now,
        monthly=[[month.from_ms / 1000, month.on_demand, month.with_mix] for month in total.months],
    )


def waste_part(found: Waste) -> WastePart:
    """Return what could go back for the answer."""
    return WastePart(
        resource=cleaned(found.resource),
        units_now=found.units_now,
        needed_units=found.needed_units,
        units=found.units,
        advice=found.advice,
        saving_per_month=found.saving_per_month,
        saving=found.saving,
        cautions=list(found.cautions),
    )


def waiting_part(resource: str, rows: Sequence[Waiting]) -> WaitingPart:
    """Return the effect of waiting for the answer."""
    return WaitingPart(
        resource=cleaned(resource),
        rows=[
            [row.delay_months, row.short_ratio, row.overload_ratio, row.days_short, row.units_short, row.saved]
            for row in rows
        ],
    )


def cost_sentences(totals: Sequence[TotalCost], costs: Sequence[ResourceCost]) -> list[str]:
    """Return what a plan costs, and what committing saves, a sentence a currency."""
    return [_total_sentence(total, [one for one in costs if one.currency == total.currency]) for total in totals]


def commitment_warnings(plans: Sequence[ResourcePlan], costs: Sequence[ResourceCost]) -> list[str]:
    """Return a warning where units are to be committed for a demand that is not known well."""
    poor = {one.resource.name for one in plans if one.resource.demand.trust in ("low", "none")}
    named = [cleaned(cost.resource) for cost in costs if cost.mix and cost.resource in poor]
    if not named:
        return []
    return [
        f"Commitments for {listed(named)} rest on a demand that is assumed or poorly known: begin with fewer units, or "
        "shorter terms."
    ]


def waste_sentence(found: Sequence[Waste]) -> str:
    """Return what could go back, the dearest first."""
    if not found:
        return ""
    worst = max(found, key=lambda one: (one.saving_per_month or 0.0, one.units))
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    saves = worst.saving_per_month
    saving = "" if saves is None else f", worth {money(saves, worst.currency)} a month"
    what = f"{worst.units} of {worst.units_now} units of {cleaned(worst.resource)}"
    return f"More than needed: {what}{saving}{_DOUBTS[worst.advice]}{more}."


def waiting_sentence(resource: str, rows: Sequence[Waiting], currency: str) -> str:
    """Return what a month of waiting with the first order saves and risks."""
    at = {row.delay_months: row for row in rows}
    if 0 not in at or 1 not in at:
        return ""
    now, later = at[0], at[1]
    saves = "" if later.saved is None else f" saves {money(later.saved, currency)} and"
    who = f"Placing each order for {cleaned(resource)} a month later{saves}"
    if now.short_ratio is None or later.short_ratio is None:
        harm = f"leaves {later.units_short} unit(s) missing, on {plain_text(later.days_short)} days"
        return f"{who} {harm if later.is_short else 'does no harm'}, by the demand as stated."
    chances = [
        f"{what} {_percent(late or 0.0)} ({_percent(on_time or 0.0)} as planned)"
        for what, late, on_time in (
            ("of being short", later.short_ratio, now.short_ratio),
            ("of overload", later.overload_ratio, now.overload_ratio),
        )
    ]
    return f"{who} makes the chance {', '.join(chances)}."


def money(amount: float, currency: str) -> str:
    """Return an amount for a sentence."""
    return f"{plain_text(amount)} {cleaned(currency)}".strip()


def _total_sentence(total: TotalCost, costs: Sequence[ResourceCost]) -> str:
    months = max(cost.months_covered for cost in costs)
    text = f"Cost over {plain_text(months)} months: {money(total.on_demand.steps_cost, total.currency)} on demand"
    held = sum(cost.held_units for cost in costs)
    text += f" with {held} unit(s) under terms that run" if held else ""
    if total.on_demand.lower is not None and total.on_demand.upper is not None:
        text += f" (futures need {plain_text(total.on_demand.lower)} to {plain_text(total.on_demand.upper)})"
    now = [one for cost in costs for one in cost.mix if one.from_month == 0]
    if not total.with_mix.committed_units:
        has_offers = any(len(cost.expenses) > 2 for cost in costs)
        return f"{text}{'; no commitment offered pays' if has_offers else ''}."
    units = sum(one.units for one in now)
    first = f", {units} unit(s) committed now" if units else ", committed later"
    upfront = f" with {plain_text(total.upfront_now)} upfront" if total.upfront_now else ""
    even = max((one.break_even_ms for one in now if one.break_even_ms is not None), default=None)
    end = total.months[-1].from_ms if total.months else 0
    after = " (after this plan's end)" if even is not None and even > end + _MONTH_MS else ""
    pays = "" if even is None else f", paid back by {_day(even)}{after}"
    mix = f"{money(total.with_mix.steps_cost, total.currency)} with what is likely needed committed"
    return f"{text}, {mix}{first}{upfront}{pays}.{_dearer_than_all(costs)}"


def _dearer_than_all(costs: Sequence[ResourceCost]) -> str:
    """Say where committing every unit would be cheaper, if none of them is ever given back."""
    told = []
    for cost in costs:
        _, mix, *pure = cost.expenses
        best = min(pure, key=lambda one: one.steps_cost, default=mix)
        if best.steps_cost < mix.steps_cost * (1 - _WORTH_SAYING):
            amount = money(best.steps_cost, cost.currency)
            units = f"all {best.committed_units} unit(s) of {cleaned(cost.resource)}"
            told.append(f" With {units} committed for the whole time: {amount}, if none is ever given back.")
    return "".join(told)


def _interval(expense: Expense) -> list[float | None]:
    return [] if expense.lower is None else [expense.lower, expense.upper]


def _expense_part(expense: Expense) -> ExpensePart:
    return ExpensePart(
        name=cleaned(expense.name, limit=_MAX_NAME),
        figures=[
            expense.committed_units,
            expense.steps_cost,
            expense.expected,
            expense.lower,
            expense.upper,
            expense.lost_after,
        ],
    )


def _commitment_part(tranche: Tranche) -> CommitmentPart:
    return CommitmentPart(
        name=cleaned(tranche.commitment.name, limit=_MAX_NAME),
        start=_day(tranche.from_ms),
        until=_day(tranche.until_ms),
        break_even=None if tranche.break_even_ms is None else _day(tranche.break_even_ms),
        figures=[
            tranche.units,
            tranche.upfront,
            tranche.per_month,
            tranche.needed_ratio,
            tranche.break_even_use_ratio,
            tranche.saving,
        ],
    )


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.3g} %"


def _day(at_ms: int) -> str:
    return instant_from_ms(at_ms).date().isoformat()
