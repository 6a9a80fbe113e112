"""How many units are paid for in each month of a plan: by the plan's steps, and in each simulated future.

Months are twelfths of a year counted from the present, not those of the calendar, so that terms end on their borders.
"""

from dataclasses import dataclass

import numpy as np

from sre.capacity.model import DAY_SECONDS, MONTH_SECONDS
from sre.capacity.plan.model import DAY_MS, Resource, ResourcePlan
from sre.capacity.plan.supply import units_needed
from sre.core.series import FloatArray, IntArray

DAYS_A_MONTH = MONTH_SECONDS / DAY_SECONDS


@dataclass(frozen=True, slots=True, eq=False)
class Months:
    """The months of a plan.

    Attributes:
        first_days: shape (months,), the day each begins on.
        lengths: shape (months,), in months; 1 but for rounding to days, the last may be less.
    """

    start_ms: int
    first_days: IntArray
    lengths: FloatArray

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.first_days.size)

    @property
    def total(self) -> float:
        """Length of all together, in months."""
        return float(self.lengths.sum())

    def start_of(self, month: int) -> int:
        """Return when a month begins, epoch milliseconds."""
        return self.start_ms + int(self.first_days[month]) * DAY_MS

    def at(self, months: float) -> int:
        """Return the instant so many months from the present, epoch milliseconds."""
        return self.start_ms + round(months * MONTH_SECONDS * 1000)


@dataclass(frozen=True, slots=True, eq=False)
class Usage:
    """Units of one resource by month.

    Attributes:
        planned: shape (months,), mean of the units in place by the plan's steps.
        planned_least: shape (months,), units in place all through the month by the plan's steps.
        futures: shape (futures, months), units that each future needs for its peak of the month.
    """

    months: Months
    planned: FloatArray
    planned_least: IntArray
    futures: IntArray


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
    return Months(start_ms, np.asarray(first, dtype=np.int64), np.asarray(counts / DAYS_A_MONTH))


def usage(plan: ResourcePlan) -> Usage:
    """Return the units of a resource by month, over the days its demand is known for."""
    days = min(plan.in_place.size, plan.resource.demand.days)
    months = months_of(start_ms=plan.resource.demand.start_ms, days=days)
    in_place = plan.in_place[:days].astype(np.float64)
    sums = np.add.reduceat(in_place, months.first_days)
    counts = np.diff(np.append(months.first_days, days))
    least = np.minimum.reduceat(plan.in_place[:days], months.first_days)
    return Usage(months, sums / counts, least, futures_by_month(plan.resource, months, days=days))


def futures_by_month(resource: Resource, months: Months, *, days: int) -> IntArray:
    """Return the units that each future needs, shape (futures, months).

    What is bought may be given back from month to month; a disk only grows, so its units stay.
    """
    peaks = np.maximum.reduceat(resource.demand.paths[:, :days], months.first_days, axis=1)
    needed = units_needed(peaks, unit_capacity=resource.unit_capacity, sizing=resource.sizing)
    if resource.kind != "disk":
        return needed
    return np.maximum.accumulate(np.maximum(needed, resource.units_now), axis=1)
