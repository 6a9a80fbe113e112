"""What happens to an SLO in a scenario, minute by minute, and what its alerts must therefore do.

This is plain addition on events, on purpose not PromQL: it is what the rules are held against.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.series import BoolArray, FloatArray
from sre.core.slo.burn_rate import BurnRateTier
from sre.core.slo.sli_queries import Counted

# Closer than this to a threshold nothing is expected: what a window holds at its edges differs a little between
# Prometheus 2 and 3.
_MARGIN_RATIO: Final = 0.03
# And that many samples or slices may be in a window or not, for the same reason.
_MARGIN_COUNT: Final = 1.5
_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Phase:
    """Some minutes of the same.

    Attributes:
        share: Bad events of all, 0..1.
        events_per_minute: Traffic; of a metric that is looked at once a minute, 1.
        is_gone: The series are not there at all.
        restarts: Counters begin again from 0 with the first minute.
    """

    minutes: int
    share: float = 0.0
    events_per_minute: float = 1.0
    is_gone: bool = False
    restarts: bool = False


@dataclass(frozen=True, eq=False)
class Timeline:
    """Events of one group, by the minute mark at which they are known.

    Attributes:
        bad: shape (minutes + 1,), bad events of the minute that ends at the mark.
        total: shape (minutes + 1,), all events likewise.
        is_gone: shape (minutes + 1,), whether the series are not there.
        restarts: Marks at which counters have begun again.
    """

    bad: FloatArray
    total: FloatArray
    is_gone: BoolArray
    restarts: tuple[int, ...] = ()

    @classmethod
    def of(cls, phases: Sequence[Phase], *, from_mark_0: bool = False) -> "Timeline":
        """Return the phases laid end to end.

        Args:
            from_mark_0: A value that is looked at counts at mark 0 too; an event needs a minute to happen in.
        """
        total = np.concatenate([[0.0], *(np.full(phase.minutes, phase.events_per_minute) for phase in phases)])
        share = np.concatenate([[0.0], *(np.full(phase.minutes, phase.share) for phase in phases)])
        gone = np.concatenate([[False], *(np.full(phase.minutes, phase.is_gone) for phase in phases)])
        if from_mark_0:
            total[0], share[0] = total[1], share[1]
        total = np.where(gone, 0.0, total)
        starts = np.cumsum([1, *(phase.minutes for phase in phases)])
        restarts = tuple(int(start) for start, phase in zip(starts, phases, strict=False) if phase.restarts)
        return cls(share * total, total, gone, restarts)

    @property
    def minutes(self) -> int:
        """Length."""
        return len(self.total) - 1

    def shares(self) -> FloatArray:
        """Return the share of bad events of each minute, shape (minutes + 1,); that of mark 0 is that of mark 1."""
        safe = np.where(self.total > 0, self.total, 1.0)
        shares: FloatArray = np.where(self.total > 0, self.bad / safe, 0.0)
        shares[0] = shares[1]
        return shares

    def sliced(self, *, slice_minutes: int, target_ratio: float) -> "Timeline":
        """Return the same with slices as events: one at every whole slice, bad where too many of its events were."""
        bad, total = self._over(slice_minutes)
        marks = np.arange(self.minutes + 1)
        is_slice = (marks % slice_minutes == 0) & (total > 0)
        allowed = 1.0 - target_ratio
        safe = np.where(total > 0, total, 1.0)
        is_bad = is_slice & (bad / safe > allowed + 1e-12)
        return Timeline(is_bad.astype(np.float64), is_slice.astype(np.float64), self.is_gone, self.restarts)

    def expected(self, tier: BurnRateTier, *, threshold: float, counted: Counted, least_bad: float = 0.0) -> FloatArray:
        """Return what a tier must do at each mark, shape (minutes + 1,): 1 fires, 0 is silent, NaN too close to say.

        Args:
            threshold: Share of bad events that both windows must exceed.
            least_bad: Bad events the long window must hold.
        """
        long = self._compared(tier.long_seconds, threshold, counted)
        short = self._compared(tier.short_seconds, threshold, counted)
        if least_bad > 0:
            bad, _ = self._over(round(tier.long_seconds / _MINUTE))
            enough = np.where(bad >= least_bad * (1 + _MARGIN_RATIO), 1.0, np.nan)
            long = _both(long, np.where(bad <= least_bad * (1 - _MARGIN_RATIO), 0.0, enough))
        return _both(long, short)

    def bad_until(self, minute: int) -> float:
        """Return the bad events from the beginning to a mark."""
        return float(self.bad[: minute + 1].sum())

    def total_until(self, minute: int) -> float:
        """Return all events from the beginning to a mark."""
        return float(self.total[: minute + 1].sum())

    def _compared(self, window_seconds: float, threshold: float, counted: Counted) -> FloatArray:
        bad, total = self._over(round(window_seconds / _MINUTE))
        safe = np.where(total > 0, total, 1.0)
        ratio = bad / safe
        margin = np.full(ratio.shape, threshold * _MARGIN_RATIO)
        if counted != "events":
            # An edge matters only where what lies there differs from the rest of the window.
            changes = np.concatenate([[0.0], (np.diff(self._last_shares()) != 0).astype(np.float64)])
            uneven = _sums(changes, round(window_seconds / _MINUTE) + 2) > 0
            margin = np.where(uneven, np.maximum(margin, _MARGIN_COUNT / safe), margin)
        state = np.where(ratio > threshold + margin, 1.0, np.where(ratio < threshold - margin, 0.0, np.nan))
        compared: FloatArray = np.where(total > 0, state, 0.0)
        return compared

    def _last_shares(self) -> FloatArray:
        """Return the share of bad events at each mark, or of the last mark before it that had events."""
        marks = np.arange(len(self.total))
        last = np.maximum.accumulate(np.where(self.total > 0, marks, 0))
        shares: FloatArray = np.round(self.shares()[last], 9)
        return shares

    def _over(self, minutes: int) -> tuple[FloatArray, FloatArray]:
        return _sums(self.bad, minutes), _sums(self.total, minutes)


def _sums(values: FloatArray, minutes: int) -> FloatArray:
    """Return at each mark the sum of the last `minutes` values."""
    reached = np.cumsum(values)
    before = np.concatenate([np.zeros(minutes), reached])[: len(reached)]
    sums: FloatArray = np.maximum(np.round(reached - before, 9), 0.0)
    return sums


def _both(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the state of `left and right`: silent where either is, whatever the other may be."""
    both: FloatArray = np.where((left == 0) | (right == 0), 0.0, np.where((left == 1) & (right == 1), 1.0, np.nan))
    return both
