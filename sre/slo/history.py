"""How a period's budget was spent: events in even slices of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class EventHistory:
    """Events in consecutive slices of equal length.

    Attributes:
        start: Start of the first slice, aware UTC.
        slice_seconds: Length of a slice.
        totals: Events in each slice; None where the source has no data.
        bads: Bad events in each slice; 0 where nothing bad is known.
        excluded: Slices that lie in maintenance; that nothing is known of them is no gap.
    """

    start: datetime
    slice_seconds: float
    totals: tuple[float | None, ...]
    bads: tuple[float, ...]
    excluded: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if len(self.totals) != len(self.bads) or self.slice_seconds <= 0:
            raise ValueError("a history needs as many bad as total counts, in slices of some length")

    @property
    def coverage_ratio(self) -> float:
        """Share of the slices outside maintenance that have data, 0..1."""
        judged = [total for index, total in enumerate(self.totals) if index not in self.excluded]
        return sum(total is not None for total in judged) / len(judged) if judged else 0.0

    @property
    def data_start(self) -> datetime | None:
        """Start of the first slice with data."""
        for index, total in enumerate(self.totals):
            if total is not None:
                return self.slice_end(index - 1)
        return None

    def slice_end(self, index: int) -> datetime:
        """Return the end of a slice."""
        return self.start + timedelta(seconds=self.slice_seconds * (index + 1))


def spent_since_start(history: EventHistory, *, allowed_bad: float) -> datetime | None:
    """Return the end of the slice in which the bad events since the start reach the allowance (calendar period).

    Args:
        allowed_bad: Bad events the whole period can bear, > 0.
    """
    bad = 0.0
    for index, bad_in_slice in enumerate(history.bads):
        bad += bad_in_slice
        if bad >= allowed_bad:
            return history.slice_end(index)
    return None


def spent_since_rolling(history: EventHistory, *, slices_in_period: int, budget_ratio: float) -> datetime | None:
    """Return since when the rolling budget has been spent without a break, or None if it is not spent at the end.

    Args:
        history: At least one period long; what lies before its first slice with data counts as no events.
        slices_in_period: Slices in the SLO period.
        budget_ratio: Share of events that may be bad.
    """
    bads, totals = _prefix_sums(history.bads), _prefix_sums([total or 0.0 for total in history.totals])
    since: int | None = None
    for index in reversed(range(len(history.bads))):
        first = max(0, index + 1 - slices_in_period)
        bad, total = bads[index + 1] - bads[first], totals[index + 1] - totals[first]
        if total <= 0 or bad < budget_ratio * total:
            break
        since = index
    return None if since is None else history.slice_end(since)


def _prefix_sums(values: Sequence[float]) -> list[float]:
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    return sums
