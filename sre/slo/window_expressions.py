"""The share of bad events over a window as a rule computes it: from the source's own series, or from recorded counts.

Straight from the series, a fresh install knows every window at once and an outage is seen without delay. From recorded
counts, a window costs little however long it is, and one that touches maintenance leaves just that out.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from sre.core.conventions import SLO_LABEL, bad_record, total_record
from sre.core.promql_text import selector
from sre.core.slo.model import MaintenanceWindow, RatioIndicator, Slo, TimeSlices
from sre.core.slo.sli_queries import SAMPLE_SECONDS, SliQueries, maintenance_mask, sli_queries
from sre.core.times import format_duration

# How many samples or slices a rule may look at one by one; what is longer is added up from recorded counts. With 360,
# the windows of a page are (6 h minute by minute), those of a ticket are not (our choice).
MAX_DIRECT_STEPS = 360


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
    def counted(self) -> str:
        """What an event is: `events`, `samples` or `slices`."""
        return self._direct.counted

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
        """Return the sum of the recorded counts of bad events that lie end to end in a window."""
        return self._summed(bad_record(self.base_seconds), seconds)

    def recorded_total(self, seconds: float) -> str:
        """Return the sum of the recorded counts of all events that lie end to end in a window."""
        return self._summed(total_record(self.base_seconds), seconds)

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
        return f"({self._outside_maintenance(direct, seconds)}) or ({recorded})"

    def _outside_maintenance(self, query: str, reach_seconds: float) -> str:
        if self._is_sampled or not self.maintenance:
            return query
        return f"({query}) unless on () ({maintenance_mask(self.maintenance, reach_seconds=reach_seconds)})"

    def _summed(self, record: str, seconds: float) -> str:
        span = f"[{format_duration(seconds)}:{format_duration(self.base_seconds)}]"
        return f"sum_over_time({self._record(record)}{span})"

    def _record(self, name: str) -> str:
        return selector(name, [(SLO_LABEL, "=", self.slo.name)])
