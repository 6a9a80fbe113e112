"""Which latency to promise: the bounds of a histogram's buckets, and the share of requests that stayed under each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre.core.series import FloatArray
from sre.core.slo.budget import budget_ratio
from sre.slo.recommendation import LEAST_WEEKS_MET_RATIO, MOST_USED_RATIO

# Shares of requests that are usually promised for a latency (The Site Reliability Workbook, ch. 2, promises 90 % and
# 99 %; 95 % is as common).
LATENCY_OBJECTIVES = (0.9, 0.95, 0.99)
_DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bucket's bound and how many requests were faster.

    Attributes:
        share_ratio: Of all requests, 0..1.
        worst_day_ratio: Of the requests of the worst day.
    """

    bound_seconds: float
    share_ratio: float
    worst_day_ratio: float


@dataclass(frozen=True, eq=False)
class BucketDays:
    """Requests by bucket and day.

    Attributes:
        bounds_seconds: Ascending and finite.
        faster: shape (bounds, days), requests at most as slow as each bound; NaN where a day is unknown.
        total: shape (days,), all requests of a day, the last day last; NaN where unknown.
    """

    bounds_seconds: tuple[float, ...]
    faster: FloatArray
    total: FloatArray

    def thresholds(self) -> tuple[Threshold, ...]:
        """Return all bounds with the shares under them; none where there was no traffic."""
        days = np.isfinite(self.total) & (self.total > 0)
        if not days.any():
            return ()
        total = self.total[days]
        # Counts by bucket are estimates on their own; none can be more than all.
        faster = np.minimum(np.nan_to_num(self.faster[:, days]), total)
        whole, worst = faster.sum(axis=1) / total.sum(), (faster / total).min(axis=1)
        rows = zip(self.bounds_seconds, whole.tolist(), worst.tolist(), strict=True)
        return tuple(Threshold(bound, share, worst_share) for bound, share, worst_share in rows)

    def least_bound(self, objective_ratio: float) -> float | None:
        """Return the smallest bound that history kept with room to spare, in the whole and week by week, or None."""
        budget = budget_ratio(objective_ratio)
        for row, threshold in enumerate(self.thresholds()):
            if 1.0 - threshold.share_ratio > MOST_USED_RATIO * budget:
                continue
            met = self._weeks_met(row, budget)
            if not met or sum(met) >= LEAST_WEEKS_MET_RATIO * len(met):
                return threshold.bound_seconds
        return None

    def _weeks_met(self, row: int, budget: float) -> Sequence[bool]:
        """Return for each whole week, counted back from the end, whether it stayed within its budget."""
        found = []
        for end in range(self.total.size, _DAYS_A_WEEK - 1, -_DAYS_A_WEEK):
            total = np.nan_to_num(self.total[end - _DAYS_A_WEEK : end])
            faster = np.minimum(np.nan_to_num(self.faster[row, end - _DAYS_A_WEEK : end]), total)
            if total.sum() > 0:
                found.append(bool(total.sum() - faster.sum() <= budget * total.sum() * (1 + 1e-9)))
        return found
