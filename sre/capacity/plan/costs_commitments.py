"""Which units to take on which commitment, from when: the cheapest mix for what simulated futures need.

Units are looked at one above the other: the n-th is needed whenever a future needs n or more. It is worth a
commitment while the share of time it is needed is above the commitment's price over the price on demand (the
break-even use), so the first units, which are always needed, are committed and the last stay on demand. Units do not
depend on each other, so the cheapest choice for each is the cheapest of all.

What lies beyond the plan's end counts only against a commitment: a unit is then taken to be needed as in the same
month of the year before, and never more than in the last months of the plan; what the rest of a term loses at that is
added to its cost, what it saves is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from sre.capacity.plan.costs_usage import DAYS_A_MONTH, Months, Usage
from sre.capacity.plan.model import Commitment
from sre.core.series import BoolArray, FloatArray, IntArray

# More units than this are looked at in groups of equal size.
_MAX_LAYERS = 2_000
_YEAR_MONTHS = 12
# The last months of the plan say how often a unit is needed beyond it at most.
_TAIL_MONTHS = 3
# Terms are looked at no further than this beyond the plan's end.
_MOST_BEYOND = 120
# A term that ends within a day or two of a month ends with it.
_TERM_SLACK_MONTHS = 0.07
_ON_DEMAND = -1
# Savings that are rounding only are none.
_LEAST_SAVING = 1e-9
# Days put into months make a term longer or shorter by at most this share.
_ROUNDING = 0.01


@dataclass(frozen=True, slots=True)
class Tranche:
    """Units taken together on one commitment; money is for all of them, in the currency of the prices.

    Attributes:
        from_month: Month of the plan it starts with.
        needed_ratio: Expected share of its time within the plan that the units are needed.
        break_even_use_ratio: What they must be needed for it to cost no more than on demand.
        saving: Expected over the plan, against the same units on demand when needed; what it is expected to lose after
            the plan's end is taken off.
        break_even_ms: When on demand would have cost as much as the whole term, with the use expected.
        total_cost: All payments of the term.
    """

    commitment: Commitment
    units: int
    from_month: int
    from_ms: int
    until_ms: int
    upfront: float
    per_month: float
    total_cost: float
    needed_ratio: float
    break_even_use_ratio: float
    saving: float
    break_even_ms: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """Commitments over time; the rest is on demand.

    Attributes:
        committed: shape (months,), units under commitment.
        cost_by_month: shape (months,), what these commitments cost, an upfront spread over its term.
        lost_after: What they are expected to lose after the plan's end.
    """

    tranches: tuple[Tranche, ...]
    committed: IntArray
    cost_by_month: FloatArray
    lost_after: float


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Units one above the other.

    Attributes:
        sizes: shape (layers,), units in each.
        needed: shape (layers, months), share of its days, over all futures, on which its topmost unit is needed.
        is_there: shape (layers, months), whether the plan has all of it in place all through the month.
    """

    sizes: IntArray
    needed: FloatArray
    is_there: BoolArray

    def needed_beyond(self) -> FloatArray:
        """Return how often each is needed in the months after the plan's end, shape (layers, 120).

        A unit that was there in the same month of the year before is needed as often as then, so that a season is not
        taken for what lasts; one that is new is needed as often as at the end.
        """
        tail = self.needed[:, -_TAIL_MONTHS:].mean(axis=1)[:, None]
        count = self.needed.shape[1]
        if count < _YEAR_MONTHS:
            return np.repeat(tail, _MOST_BEYOND, axis=1)
        before = count - _YEAR_MONTHS + np.arange(_MOST_BEYOND) % _YEAR_MONTHS
        return np.asarray(np.where(self.is_there[:, before], np.minimum(self.needed[:, before], tail), tail))


def effective_per_month(commitment: Commitment) -> float:
    """Return what a committed unit costs a month, an upfront spread over the term."""
    return commitment.per_month + commitment.upfront / commitment.term_months


def break_even_use_ratio(commitment: Commitment, *, on_demand_per_month: float) -> float:
    """Return the share of time a unit must be needed for the commitment to cost no more than on demand.

    Above 1 it never does. A commitment of 60 % of the price on demand breaks even at 60 % use; or, used all the time,
    after 60 % of its term.

    Args:
        on_demand_per_month: > 0.
    """
    return effective_per_month(commitment) / on_demand_per_month


def layers_of(usage: Usage) -> Layers:
    """Return the units that the plan ever has in place for a month, one above the other."""
    most = int(usage.planned_least.max(initial=0))
    group = max(1, -(-most // _MAX_LAYERS))
    tops = np.minimum(np.arange(1, -(-most // group) + 1) * group, most)
    needed = np.zeros((tops.size, usage.months.count))
    for month, days in enumerate(np.split(usage.futures, usage.months.first_days[1:], axis=1)):
        needed[:, month] = 1 - np.searchsorted(np.sort(days, axis=None), tops) / days.size
    return Layers(
        sizes=np.diff(tops, prepend=0),
        needed=needed,
        is_there=usage.planned_least[None, :] >= tops[:, None],
    )


def cheapest_mix(usage: Usage, commitments: Sequence[Commitment], *, on_demand_per_month: float) -> Mix:
    """Return the commitments that cost least over what the futures need.

    Each layer's cheapest sequence of months on demand and terms is found backwards from the plan's end. A unit can be
    committed from the first whole month that the plan has it.
    """
    layers, months = layers_of(usage), usage.months
    terms = [_Term.of(one, layers, months, on_demand_per_month) for one in commitments]
    cost = np.zeros((layers.sizes.size, months.count + 1))
    choice = np.full((layers.sizes.size, months.count), _ON_DEMAND)
    for month in reversed(range(months.count)):
        best = on_demand_per_month * months.lengths[month] * layers.needed[:, month] + cost[:, month + 1]
        for index, term in enumerate(terms):
            committed = term.cost(month) + cost[:, term.end(month)]
            is_better = layers.is_there[:, month] & (committed < best - _LEAST_SAVING * np.abs(best))
            best, choice[is_better, month] = np.where(is_better, committed, best), index
        cost[:, month] = best
    return _mix(layers, months, terms, choice)


def committed_throughout(usage: Usage, commitment: Commitment, *, on_demand_per_month: float) -> Mix:
    """Return the mix that takes every unit of the plan on one commitment as soon as it is there, term after term."""
    layers, months = layers_of(usage), usage.months
    term = _Term.of(commitment, layers, months, on_demand_per_month)
    return _mix(layers, months, [term], np.where(layers.is_there, 0, _ON_DEMAND))


def cost_of_futures(usage: Usage, mix: Mix | None, *, on_demand_per_month: float) -> FloatArray:
    """Return what each future costs over the plan, shape (futures,).

    Args:
        mix: The commitments made; None for none.
    """
    rest = _uncommitted(usage, usage.futures, mix).sum(axis=1) / DAYS_A_MONTH * on_demand_per_month
    return np.asarray(rest + usage.held_cost.sum() + (0.0 if mix is None else mix.cost_by_month.sum()))


def cost_of_steps(usage: Usage, mix: Mix | None, *, on_demand_per_month: float) -> FloatArray:
    """Return what following the plan's steps costs by month, shape (months,)."""
    rest = usage.months.mean_of(_uncommitted(usage, usage.planned, mix)) * usage.months.lengths * on_demand_per_month
    return np.asarray(rest + usage.held_cost + (0.0 if mix is None else mix.cost_by_month))


def _uncommitted(usage: Usage, units: FloatArray | IntArray, mix: Mix | None) -> FloatArray:
    """Return the units that are paid on demand, shape (..., days)."""
    committed = np.zeros(usage.months.days) if mix is None else usage.months.by_day(mix.committed.astype(np.float64))
    return np.asarray(np.maximum(units - committed, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class _Term:
    """A commitment on the months of a plan.

    Attributes:
        months: Its length in whole months.
        ends: shape (months + 1,), the borders of the plan's months, in months.
        beyond: shape (layers, 120), how often each layer is needed after the plan's end.
    """

    commitment: Commitment
    months: int
    per_month: float
    on_demand_per_month: float
    ends: FloatArray
    beyond: FloatArray

    @classmethod
    def of(cls, commitment: Commitment, layers: Layers, months: Months, on_demand: float) -> "_Term":
        length = max(1, ceil(commitment.term_months - _TERM_SLACK_MONTHS))
        price = effective_per_month(commitment)
        return cls(commitment, length, price, on_demand, months.ends, layers.needed_beyond())

    def end(self, month: int) -> int:
        """Return the month that a term from `month` on ends before, within the plan."""
        return min(month + self.months, self.ends.size - 1)

    def used_beyond(self, month: int) -> FloatArray:
        """Return how often each layer is needed in the months of a term that lie after the plan's end."""
        return self.beyond[:, : max(0, month + self.months - self.ends.size + 1)]

    def lost(self, month: int) -> FloatArray:
        """Return what a unit of each layer is expected to lose after the plan's end, shape (layers,)."""
        used = self.used_beyond(month)
        rest = self.commitment.term_months - float(self.ends[-1] - self.ends[month]) if used.size else 0.0
        return np.asarray(
            np.maximum(self.per_month * max(rest, 0.0) - self.on_demand_per_month * used.sum(axis=1), 0.0)
        )

    def cost(self, month: int) -> FloatArray:
        """Return what a unit of each layer costs from `month` on, shape (layers,)."""
        within = float(self.ends[self.end(month)] - self.ends[month])
        return np.asarray(self.per_month * within + self.lost(month))


def _mix(layers: Layers, months: Months, terms: Sequence[_Term], choice: IntArray) -> Mix:
    """Follow the choices from the first month on; layers that choose alike are one tranche."""
    free_from = np.zeros(layers.sizes.size, dtype=np.int64)
    committed, costs = np.zeros(months.count, dtype=np.int64), np.zeros(months.count)
    tranches, lost = [], 0.0
    for month in range(months.count):
        is_free = free_from <= month
        for index, term in enumerate(terms):
            chosen = is_free & (choice[:, month] == index)
            if not chosen.any():
                continue
            end, units = term.end(month), int(layers.sizes[chosen].sum())
            free_from[chosen] = end
            committed[month:end] += units
            costs[month:end] += units * term.per_month * months.lengths[month:end]
            lost += float(layers.sizes[chosen] @ term.lost(month)[chosen])
            tranches.append(_tranche(layers, months, term, chosen, month=month))
    return Mix(tuple(tranches), committed, costs, lost)


def _tranche(layers: Layers, months: Months, term: _Term, chosen: BoolArray, *, month: int) -> Tranche:
    commitment, sizes = term.commitment, layers.sizes[chosen]
    units, lengths = int(sizes.sum()), months.lengths[month : term.end(month)]
    used = sizes @ layers.needed[chosen, month : term.end(month)] * lengths
    after = sizes @ term.used_beyond(month)[chosen]
    total = term.per_month * commitment.term_months * units
    within, start = float(lengths.sum()), float(term.ends[month])
    even = _months_to_pay(
        np.concatenate([used, after]),
        np.concatenate([lengths, np.ones(after.size)]),
        wanted=total / term.on_demand_per_month,
    )
    lost = float(sizes @ term.lost(month)[chosen])
    return Tranche(
        commitment=commitment,
        units=units,
        from_month=month,
        from_ms=months.start_of(month),
        until_ms=months.at(start + commitment.term_months),
        upfront=commitment.upfront * units,
        per_month=commitment.per_month * units,
        total_cost=total,
        needed_ratio=float(used.sum()) / (units * within),
        break_even_use_ratio=term.per_month / term.on_demand_per_month,
        saving=term.on_demand_per_month * float(used.sum()) - term.per_month * within * units - lost,
        break_even_ms=None if even is None else months.at(start + min(even, commitment.term_months)),
    )


def _months_to_pay(used: FloatArray, lengths: FloatArray, *, wanted: float) -> float | None:
    """Return after how many months the unit-months used reach `wanted`; None if they never do.

    Args:
        used: shape (months,), unit-months used in each month of the term.
        lengths: shape (months,), in months.
    """
    sums = np.cumsum(used)
    # What is rounding of days to months is not a commitment that never pays.
    if sums[-1] < wanted * (1 - _ROUNDING):
        return None
    at = int(np.argmax(sums >= min(wanted, sums[-1])))
    missing = sums[at] - min(wanted, sums[-1])
    return float(lengths[: at + 1].sum() - lengths[at] * missing / used[at])
