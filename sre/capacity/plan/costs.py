"""What a plan costs: month by month on demand, with the cheapest mix of commitments, and in each simulated future.

For the tool: `resource_cost(plan)` gives the cost of one resource, None where it has no price on demand;
`total_costs(costs)` adds them up by currency. Money is in the currency of the prices, whatever that is.

Two things are told apart. Following the steps is the budget: units are bought when the plan says and kept. What the
futures need is what demand will turn out to ask for, month by month; it gives the interval, and says what is safe to
commit to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sre.capacity.plan.costs_commitments import (
    Mix,
    Tranche,
    cheapest_mix,
    committed_throughout,
    cost_of_futures,
    cost_of_steps,
)
from sre.capacity.plan.costs_usage import DAYS_A_MONTH, Usage, units_paid, usage
from sre.capacity.plan.demand import as_futures
from sre.capacity.plan.model import Commitment, ResourcePlan
from sre.core.series import FloatArray

INTERVAL_RATIO = 0.8
_SENSITIVITY = (0.8, 1.0, 1.2)
# Demand this far below the forecast is another service; what pays even then always pays.
_LEAST_DEMAND = 0.01
_HALVINGS = 10
# Enough futures to find that share to a hundredth.
_FUTURES_TRIED = 100


@dataclass(frozen=True, slots=True)
class Expense:
    """What one way to buy costs over the plan.

    Attributes:
        name: `on demand`, `committed by need`, or the commitment's own name, text from outside.
        committed_units: Most units under commitment at once.
        steps_cost: Following the plan's steps.
        expected: Mean over what the futures need.
        lower, upper: Middle 80 % of the futures; None where there is one future only.
        lost_after: What commitments are expected to lose after the plan's end; not in the costs before.
    """

    name: str
    committed_units: int
    steps_cost: float
    expected: float
    lower: float | None
    upper: float | None
    lost_after: float = 0.0


@dataclass(frozen=True, slots=True)
class MonthCost:
    """One month of following the plan's steps; `units` is the mean over its days."""

    from_ms: int
    units: float
    on_demand: float
    with_mix: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Expected cost over the plan if all demand is so many times the forecast, with commitments of today only."""

    demand_ratio: float
    on_demand: float
    with_mix: float


@dataclass(frozen=True, slots=True, eq=False)
class ResourceCost:
    """The cost of one resource.

    Attributes:
        months_covered: Length of what is counted; shorter than the plan where demand is not known to its end.
        held_units: Under terms that run already, at their own price in every sum.
        expenses: On demand first, then the cheapest mix, then everything on each commitment.
        mix: What the cheapest mix commits to, by when it starts.
        dearer_below_ratio: With demand below this share of the forecast, today's commitments cost more than they save;
            None where nothing is committed today or they pay at any demand.
        futures_on_demand, futures_with_mix: shape (futures,), cost over the plan.
    """

    resource: str
    currency: str
    months_covered: float
    held_units: int
    on_demand_per_month: float
    months: tuple[MonthCost, ...]
    expenses: tuple[Expense, ...]
    mix: tuple[Tranche, ...]
    sensitivity: tuple[Sensitivity, ...]
    dearer_below_ratio: float | None
    futures_on_demand: FloatArray
    futures_with_mix: FloatArray

    @property
    def on_demand(self) -> Expense:
        """Everything on demand."""
        return self.expenses[0]

    @property
    def with_mix(self) -> Expense:
        """The cheapest mix; the same as on demand where no commitment pays."""
        return self.expenses[1]


@dataclass(frozen=True, slots=True)
class TotalCost:
    """All resources with prices in one currency; futures of different resources are taken as independent."""

    currency: str
    resources: tuple[str, ...]
    months: tuple[MonthCost, ...]
    on_demand: Expense
    with_mix: Expense
    upfront_now: float


def resource_cost(plan: ResourcePlan) -> ResourceCost | None:
    """Return what a resource costs over the plan, or None where it has no price on demand."""
    prices = plan.resource.prices
    if prices is None or prices.on_demand_per_month is None or plan.resource.demand.days == 0:
        return None
    price, used = prices.on_demand_per_month, usage(plan)
    offers = prices.commitments if price > 0 else ()
    mix = cheapest_mix(used, offers, on_demand_per_month=price)
    return ResourceCost(
        resource=plan.resource.name,
        currency=prices.currency,
        months_covered=used.months.total,
        held_units=sum(term.units for term in prices.held),
        on_demand_per_month=price,
        months=_months(plan, used, mix, price),
        expenses=(
            _expense("on demand", used, None, price),
            _expense("committed by need", used, mix, price),
            *(_committed(used, one, price) for one in offers),
        ),
        mix=mix.tranches,
        sensitivity=tuple(_sensitivity(plan, used, mix, price, ratio=ratio) for ratio in _SENSITIVITY),
        dearer_below_ratio=_dearer_below(plan, used, mix, price),
        futures_on_demand=cost_of_futures(used, None, on_demand_per_month=price),
        futures_with_mix=cost_of_futures(used, mix, on_demand_per_month=price),
    )


def total_costs(costs: Sequence[ResourceCost]) -> tuple[TotalCost, ...]:
    """Return the sums, one for each currency, in the order met."""
    currencies = dict.fromkeys(cost.currency for cost in costs)
    return tuple(_total([cost for cost in costs if cost.currency == currency], currency) for currency in currencies)


def _months(plan: ResourcePlan, used: Usage, mix: Mix, price: float) -> tuple[MonthCost, ...]:
    on_demand = cost_of_steps(used, None, on_demand_per_month=price)
    with_mix = cost_of_steps(used, mix, on_demand_per_month=price)
    units = used.months.mean_of(plan.in_place[: used.months.days].astype(np.float64))
    return tuple(
        MonthCost(
            used.months.start_of(month),
            float(units[month]),
            float(on_demand[month]),
            float(with_mix[month]),
        )
        for month in range(used.months.count)
    )


def _committed(used: Usage, commitment: Commitment, price: float) -> Expense:
    mix = committed_throughout(used, commitment, on_demand_per_month=price)
    return _expense(f"all on {commitment.name}", used, mix, price)


def _expense(name: str, used: Usage, mix: Mix | None, price: float) -> Expense:
    futures = cost_of_futures(used, mix, on_demand_per_month=price)
    steps = cost_of_steps(used, mix, on_demand_per_month=price)
    return _of_futures(
        name,
        futures,
        steps_cost=float(steps.sum()),
        committed_units=0 if mix is None else int(mix.committed.max(initial=0)),
        lost_after=0.0 if mix is None else mix.lost_after,
    )


def _of_futures(
    name: str, futures: FloatArray, *, steps_cost: float, committed_units: int, lost_after: float
) -> Expense:
    tail = (1 - INTERVAL_RATIO) / 2
    is_certain = futures.size == 1
    return Expense(
        name=name,
        committed_units=committed_units,
        steps_cost=steps_cost,
        expected=float(futures.mean()),
        lower=None if is_certain else float(np.quantile(futures, tail)),
        upper=None if is_certain else float(np.quantile(futures, 1 - tail)),
        lost_after=lost_after,
    )


def _today(mix: Mix, used: Usage) -> tuple[FloatArray, float]:
    """Return units under commitments made today, shape (days,), and what those cost over the plan."""
    months = used.months
    committed, cost = np.zeros(months.count), 0.0
    for one in (one for one in mix.tranches if one.from_month == 0):
        term = one.commitment.term_months
        is_running = months.ends[:-1] + months.lengths / 2 < term
        committed[is_running] += one.units
        cost += one.total_cost / term * float(months.lengths[is_running].sum())
    return months.by_day(committed), cost


def _scaled(plan: ResourcePlan, used: Usage, ratio: float) -> FloatArray:
    """Return units that each future pays for beyond held ones, if demand is so many times the forecast.

    Returns:
        shape (futures, days).
    """
    demand = plan.resource.demand
    resource = replace(plan.resource, demand=replace(demand, paths=demand.paths * ratio))
    return np.asarray(np.maximum(units_paid(resource, used.months) - used.held, 0), dtype=np.float64)


def _sensitivity(plan: ResourcePlan, used: Usage, mix: Mix, price: float, *, ratio: float) -> Sensitivity:
    units = _scaled(plan, used, ratio)
    committed, cost = _today(mix, used)
    per_day = price / DAYS_A_MONTH
    held = float(used.held_cost.sum())
    on_demand = held + float(units.sum(axis=1).mean()) * per_day
    rest = held + float(np.maximum(units - committed, 0).sum(axis=1).mean()) * per_day
    return Sensitivity(ratio, on_demand, rest + cost)


def _dearer_below(plan: ResourcePlan, used: Usage, mix: Mix, price: float) -> float | None:
    """Return the share of the forecast below which today's commitments lose, by halving: less demand saves less."""
    demand = plan.resource.demand
    tried = replace(demand, paths=as_futures(demand.paths, min(_FUTURES_TRIED, demand.paths.shape[0])))
    fewer = replace(plan, resource=replace(plan.resource, demand=tried))

    def loses(ratio: float) -> bool:
        row = _sensitivity(fewer, used, mix, price, ratio=ratio)
        return row.with_mix > row.on_demand

    if not any(one.from_month == 0 for one in mix.tranches) or not loses(_LEAST_DEMAND) or loses(1.0):
        return None
    low, high = _LEAST_DEMAND, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if loses(middle) else (low, middle)
    return high


def _total(costs: Sequence[ResourceCost], currency: str) -> TotalCost:
    today = [one for cost in costs for one in cost.mix if one.from_month == 0]
    return TotalCost(
        currency=currency,
        resources=tuple(cost.resource for cost in costs),
        months=_summed_months(costs),
        on_demand=_sum("on demand", [(cost.on_demand, cost.futures_on_demand) for cost in costs]),
        with_mix=_sum("committed by need", [(cost.with_mix, cost.futures_with_mix) for cost in costs]),
        upfront_now=sum(one.upfront for one in today),
    )


def _sum(name: str, parts: Sequence[tuple[Expense, FloatArray]]) -> Expense:
    count = max(futures.size for _, futures in parts)
    return _of_futures(
        name,
        np.sum([as_futures(futures[:, None], count)[:, 0] for _, futures in parts], axis=0),
        steps_cost=sum(expense.steps_cost for expense, _ in parts),
        committed_units=sum(expense.committed_units for expense, _ in parts),
        lost_after=sum(expense.lost_after for expense, _ in parts),
    )


def _summed_months(costs: Sequence[ResourceCost]) -> tuple[MonthCost, ...]:
    """Return the sums by month, as long as every resource is known."""
    return tuple(
        MonthCost(
            rows[0].from_ms,
            sum(row.units for row in rows),
            sum(row.on_demand for row in rows),
            sum(row.with_mix for row in rows),
        )
        for rows in zip(*(cost.months for cost in costs), strict=False)
    )
