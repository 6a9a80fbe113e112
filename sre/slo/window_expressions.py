"""The share of bad events over a window as a rule computes it: from the source's own series, or from recorded counts.

Straight from the series, a fresh install knows every window at once and an outage is seen without delay. From recorded
counts, a window costs little however long it is, and one that touches maintenance leaves just that out.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

from sre.core.conventions import SLO_LABEL, bad_record, total_record
from sre.core.promql_text import selector
from sre.core.slo.model import MaintenanceWindow, Occurrences, RatioIndicator, Slo, TimeSlices
from sre.core.slo.sli_queries import SAMPLE_SECONDS, Counted, SliQueries, maintenance_mask, sli_queries
from sre.core.times import format_duration
from sre.slo.alert_tiers import nominal_period_seconds

# How many samples or slices a rule may look at one by one, each time it is evaluated; a window of more is added up from
# recorded counts. With 72 the windows of the fast page are looked at (an hour, minute by minute; our choice).
MAX_DIRECT_STEPS = 72
# A period of up to this length is added up from base counts (9,000 of 5 minutes in a month); a longer one from counts
# of an hour, which is twelve times cheaper and lags by up to an hour, a two-thousandth of a quarter (our choice).
_FINE_PERIOD_SECONDS = 35 * 86400.0
_COARSE_SECONDS = 3600.0
# One count too many of as few as these would show; in longer windows it does not, and `30d` reads better.
_EDGE_MATTERS_BELOW = 100


@dataclass(frozen=True)
class WindowExpressions:
    """PromQL over the windows of one SLO.

    Attributes:
        maintenance: Those windows of the SLO that still matter.
    """

    slo: Slo
    maintenance: tuple[MaintenanceWindow, ...] = ()

    @cached_property
    def base_seconds(self) -> float:
        """Length of the window that is recorded as counts."""
        return self._direct.base_seconds

    @property
    def counted(self) -> Counted:
        """What an event is."""
        return self._direct.counted

    @cached_property
    def period_step_seconds(self) -> float:
        """Length of the counts that the period is added up from: the base window, or about an hour."""
        base = self.base_seconds
        if nominal_period_seconds(self.slo.window) <= _FINE_PERIOD_SECONDS:
            return base
        return math.ceil(_COARSE_SECONDS / base) * base

    def base_bad(self) -> str:
        """Return what is recorded as bad events of the base window; absent while it touches maintenance."""
        return self._outside_maintenance(self._direct.bad_over(self.base_seconds), self.base_seconds)

    def base_total(self) -> str:
        """Return what is recorded as all events of the base window; absent while it touches maintenance."""
        return self._outside_maintenance(self._direct.total_over(self.base_seconds), self.base_seconds)

    def error_ratio(self, seconds: float) -> str:
        """Return the share of bad events over a window; absent, not NaN, where there were none at all."""
        if seconds == self.base_seconds:
            return f"{self._record(bad_record(seconds))} / ({self._record(total_record(seconds))} > 0)"
        recorded = f"{self.recorded_bad(seconds)} / ({self.recorded_total(seconds)} > 0)"
        return self._direct_or(self._direct.error_ratio_over(seconds), recorded, seconds)

    def missing(self) -> str:
        """Return what has a value when there are no series to count; no traffic is something to count."""
        if not isinstance(self.slo.budgeting, TimeSlices):
            absent = f"absent({self._record(total_record(self.base_seconds))})"
        else:
            # Without traffic there are no slices, though their series are there.
            events = sli_queries(replace(self.slo, budgeting=Occurrences(), maintenance=()))
            absent = f"absent({events.total_over(max(self.base_seconds, events.base_seconds))})"
        if not self.maintenance:
            return absent
        return f"{absent} unless on () ({maintenance_mask(self.maintenance, reach_seconds=self.base_seconds)})"

    def bad(self, seconds: float) -> str:
        """Return the bad events over a window."""
        return self._direct_or(self._direct.bad_over(seconds), self.recorded_bad(seconds), seconds)

    def is_direct(self, seconds: float) -> bool:
        """Whether a window outside maintenance is counted from the source's own series."""
        if self._direct.counted == "events":
            return True
        step = SAMPLE_SECONDS if self._direct.counted == "samples" else self.base_seconds
        return seconds / step <= MAX_DIRECT_STEPS

    def recorded_bad(self, seconds: float) -> str:
        """Return the sum of the recorded base counts of bad events that lie end to end in a window."""
        return self._summed(bad_record(self.base_seconds), seconds, self.base_seconds)

    def recorded_total(self, seconds: float) -> str:
        """Return the sum of the recorded base counts of all events that lie end to end in a window."""
        return self._summed(total_record(self.base_seconds), seconds, self.base_seconds)

    def period_bad(self, seconds: float) -> str:
        """Return the bad events of a rolling period, from recorded counts."""
        return self._summed(bad_record(self.period_step_seconds), seconds, self.period_step_seconds)

    def period_total(self, seconds: float) -> str:
        """Return all events of a rolling period, from recorded counts."""
        return self._summed(total_record(self.period_step_seconds), seconds, self.period_step_seconds)

    @cached_property
    def _direct(self) -> SliQueries:
        # Single samples can be left out where they are counted, events and slices only with their whole base window.
        kept = self.maintenance if self._is_sampled else ()
        return sli_queries(replace(self.slo, maintenance=kept))

    @property
    def _is_sampled(self) -> bool:
        return not isinstance(self.slo.indicator, RatioIndicator) and not isinstance(self.slo.budgeting, TimeSlices)

    def _direct_or(self, direct: str, recorded: str, seconds: float) -> str:
        if not self.is_direct(seconds):
            return recorded
        if self._is_sampled or not self.maintenance:
            return direct
        # Both sides need the same labels, or there would be two answers where both have one.
        by = f" by ({', '.join(self.slo.group_by)})" if self.slo.group_by else ""
        return f"({self._outside_maintenance(direct, seconds)}) or sum{by} ({recorded})"

    def _outside_maintenance(self, query: str, reach_seconds: float) -> str:
        if self._is_sampled or not self.maintenance:
            return query
        return f"({query}) unless on () ({maintenance_mask(self.maintenance, reach_seconds=reach_seconds)})"

    def _summed(self, record: str, seconds: float, step_seconds: float) -> str:
        # A hair short, like the counts themselves: a step exactly at the start counts in Prometheus 2 and not in 3.
        is_edge_heavy = seconds / step_seconds <= _EDGE_MATTERS_BELOW
        span = f"[{format_duration(seconds - (0.001 if is_edge_heavy else 0))}:{format_duration(step_seconds)}]"
        return f"sum_over_time({self._record(record)}{span})"

    def _record(self, name: str) -> str:
        return selector(name, [(SLO_LABEL, "=", self.slo.name)])
