"""How many units are paid for in a plan, day by day: by the plan's steps, and in each simulated future.

Months are twelfths of a year counted from the present, not those of the calendar, so that terms end on their borders.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre.capacity.model import DAY_SECONDS, MONTH_SECONDS
from sre.capacity.plan.model import DAY_MS, Held, Resource, ResourcePlan
from sre.capacity.plan.supply import units_needed
from sre.core.series import FloatArray, IntArray

DAYS_A_MONTH = MONTH_SECONDS / DAY_SECONDS


@dataclass(frozen=True, slots=True, eq=False)
class Months:
    """The months of a plan.

    Attributes:
        first_days: shape (months,), the day each begins on.
        days: How many days all have together.
        lengths: shape (months,), in months; 1 but for rounding to days, the last may be less.
    """

    start_ms: int
    first_days: IntArray
    days: int
    lengths: FloatArray

    @property
    def ends(self) -> FloatArray:
        """Borders of the months, in months, shape (months + 1,)."""
        return np.concatenate([[0.0], np.cumsum(self.lengths)])

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.first_days.size)

    @property
    def total(self) -> float:
        """Length of all together, in months."""
        return float(self.lengths.sum())

    def by_day(self, values: FloatArray) -> FloatArray:
        """Return a value of each month on each of its days, shape (days,)."""
        return np.repeat(values, np.diff(np.append(self.first_days, self.days)))

    def mean_of(self, values: FloatArray) -> FloatArray:
        """Return the mean over the days of each month, shape (..., months), of values of shape (..., days)."""
        sums = np.add.reduceat(values, self.first_days, axis=-1)
        return np.asarray(sums / np.diff(np.append(self.first_days, self.days)))

    def start_of(self, month: int) -> int:
        """Return when a month begins, epoch milliseconds."""
        return self.start_ms + int(self.first_days[month]) * DAY_MS

    def at(self, months: float) -> int:
        """Return the instant so many months from the present, epoch milliseconds."""
        return self.start_ms + round(months * MONTH_SECONDS * 1000)


@dataclass(frozen=True, slots=True, eq=False)
class Usage:
    """Units of one resource that are to be paid for, beyond those under terms that run already.

    Attributes:
        planned: shape (days,), units in place by the plan's steps.
        planned_least: shape (months,), units in place all through the month by the plan's steps.
        futures: shape (futures, days), units that each future pays for.
        held: shape (days,), units under terms that run already.
        held_cost: shape (months,), what is still paid for these, needed or not.
    """

    months: Months
    planned: FloatArray
    planned_least: IntArray
    futures: IntArray
    held: IntArray
    held_cost: FloatArray


def months_of(*, start_ms: int, days: int) -> Months:
    """Return the months of so many days; a rest of a day or two belongs to the month before.

    Args:
        days: >= 1.
    """
    index = np.floor((np.arange(days) + 0.5) / DAYS_A_MONTH).astype(np.int64)
    counts = np.bincount(index)
    if counts.size > 1 and counts[-1] <= 2:
        counts = np.append(counts[:-2], counts[-2] + counts[-1])
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return Months(start_ms, np.asarray(first, dtype=np.int64), days, np.asarray(counts / DAYS_A_MONTH))


def usage(plan: ResourcePlan) -> Usage:
    """Return the units of a resource, over the days its demand is known for."""
    days = min(plan.in_place.size, plan.resource.demand.days)
    months = months_of(start_ms=plan.resource.demand.start_ms, days=days)
    prices = plan.resource.prices
    held, per_day = _held(() if prices is None else prices.held, months)
    planned = np.maximum(plan.in_place[:days] - held, 0)
    return Usage(
        months=months,
        planned=planned.astype(np.float64),
        planned_least=np.minimum.reduceat(planned, months.first_days),
        futures=np.maximum(units_paid(plan.resource, months) - held, 0),
        held=held,
        held_cost=months.mean_of(per_day) * months.lengths,
    )


def _held(terms: Sequence[Held], months: Months) -> tuple[IntArray, FloatArray]:
    """Return units under terms on each day and what they cost at that day's rate a month, both of shape (days,)."""
    ends = [(term.until_ms - months.start_ms) / DAY_MS for term in terms]
    days = np.arange(months.days)
    units, cost = np.zeros(months.days, dtype=np.int64), np.zeros(months.days)
    for term, end in zip(terms, ends, strict=True):
        units += np.where(days < end, term.units, 0)
        cost += np.where(days < end, term.units * term.per_month, 0.0)
    return units, cost


def units_paid(resource: Resource, months: Months) -> IntArray:
    """Return the units that each future pays for day by day, shape (futures, days).

    Units are added on the day they are needed and may be given back at the end of a month of the plan; a disk only
    grows, so its units stay.
    """
    paths = resource.demand.paths[:, : months.days]
    needed = units_needed(paths, unit_capacity=resource.unit_capacity, sizing=resource.sizing)
    if resource.kind == "disk":
        return np.maximum.accumulate(np.maximum(needed, resource.units_now), axis=1)
    parts = np.split(needed, months.first_days[1:], axis=1)
    return np.concatenate([np.maximum.accumulate(part, axis=1) for part in parts], axis=1)
