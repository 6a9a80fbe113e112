"""What the panels of an SLO ask: the records that its rules keep, or the raw counters where there are none.

Everything comes as an instant vector with the SLO's `group_by` labels and no others, restricted to what is chosen
above the dashboard.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from sre.core.conventions import (
    BUDGET_REMAINING_RECORD,
    PERIOD_BAD_RECORD,
    PERIOD_TOTAL_RECORD,
    SLO_LABEL,
    bad_record,
    error_ratio_record,
    total_record,
)
from sre.core.exact import exact_number
from sre.core.promql_text import LabelMatch, selector
from sre.core.slo.budget import budget_ratio
from sre.core.slo.burn_rate import BurnRateTier
from sre.core.slo.model import Slo
from sre.core.slo.sli_queries import SliQueries, sli_queries
from sre.core.slo.windows import CalendarWindow, RollingWindow
from sre.dashboards.model import PANEL_RANGE, LabelVariable

# The range of a calendar window in Grafana: from its start until now.
_CALENDAR_RANGES: Final = {"week": "now/w", "month": "now/M", "quarter": "now/fQ", "year": "now/y"}


class SloQueries(Protocol):
    """What can be asked about an SLO."""

    @property
    def period_range(self) -> str:
        """Range that a panel over the period must have, or an empty string where any will do."""
        ...

    @property
    def variables(self) -> tuple[LabelVariable, ...]:
        """One choice for each label the SLO falls into groups by."""
        ...

    def budget_left(self) -> str:
        """Return the share of the budget that is left; negative when overspent."""
        ...

    def budget_over_time(self) -> str:
        """Return the same for a graph, or an empty string where no graph can show it."""
        ...

    def period_error_ratio(self) -> str:
        """Return the share of bad events in the period."""
        ...

    def period_bad(self) -> str:
        """Return the bad events of the period."""
        ...

    def period_total(self) -> str:
        """Return all events of the period."""
        ...

    def error_ratio(self, window_seconds: float) -> str:
        """Return the share of bad events in a window."""
        ...

    def bad(self) -> str:
        """Return the bad events of the last few minutes."""
        ...

    def total(self) -> str:
        """Return all events of the last few minutes."""
        ...


def records_of(tiers: tuple[BurnRateTier, ...], *, base_seconds: float) -> tuple[str, ...]:
    """Return the records that a dashboard reads where the SLO's rules are loaded.

    Args:
        tiers: Those that the SLO alerts by.
        base_seconds: Length of the window whose counts are recorded.
    """
    windows = sorted({seconds for tier in tiers for seconds in (tier.long_seconds, tier.short_seconds)})
    period = (BUDGET_REMAINING_RECORD, PERIOD_BAD_RECORD, PERIOD_TOTAL_RECORD)
    base = (bad_record(base_seconds), total_record(base_seconds))
    return (*period, *base, *(error_ratio_record(seconds) for seconds in windows))


@dataclass(frozen=True, slots=True)
class RecordedQueries:
    """Reads the records of the SLO's rules.

    Attributes:
        base_seconds: Length of the window whose counts are recorded.
    """

    slo: Slo
    base_seconds: float
    period_range: str = ""

    @property
    def variables(self) -> tuple[LabelVariable, ...]:
        """One choice for each label the SLO falls into groups by."""
        chosen = selector(total_record(self.base_seconds), [(SLO_LABEL, "=", self.slo.name)])
        return tuple(LabelVariable(label, f"label_values({chosen}, {label})") for label in self.slo.group_by)

    def budget_left(self) -> str:
        """Return the record of the budget that is left."""
        return self._record(BUDGET_REMAINING_RECORD)

    def budget_over_time(self) -> str:
        """Return the record of the budget that is left."""
        return self._record(BUDGET_REMAINING_RECORD)

    def period_error_ratio(self) -> str:
        """Return the recorded bad events of the period over all of them."""
        return f"{self.period_bad()} / ({self.period_total()} > 0)"

    def period_bad(self) -> str:
        """Return the record of bad events of the period."""
        return self._record(PERIOD_BAD_RECORD)

    def period_total(self) -> str:
        """Return the record of all events of the period."""
        return self._record(PERIOD_TOTAL_RECORD)

    def error_ratio(self, window_seconds: float) -> str:
        """Return the record of the share of bad events in a window."""
        return self._record(error_ratio_record(window_seconds))

    def bad(self) -> str:
        """Return the record of bad events of the last few minutes."""
        return self._record(bad_record(self.base_seconds))

    def total(self) -> str:
        """Return the record of all events of the last few minutes."""
        return self._record(total_record(self.base_seconds))

    def _record(self, name: str) -> str:
        """Return one series a group; two Prometheus that record the same are one, and not the double."""
        chosen: list[LabelMatch] = [(label.label, "=~", label.reference) for label in self.variables]
        series = selector(name, [(SLO_LABEL, "=", self.slo.name), *chosen])
        by = f" by ({', '.join(self.slo.group_by)})" if self.slo.group_by else ""
        return f"max{by} ({series})"


@dataclass(frozen=True, slots=True)
class RawQueries:
    """Counts the SLO's events from its own metrics.

    Attributes:
        elapsed: PromQL of the share of a calendar period that has passed, one value without labels; empty for a
            rolling window.
    """

    slo: Slo
    counts: SliQueries
    elapsed: str = ""

    @property
    def period_range(self) -> str:
        """The calendar period so far, or an empty string for a rolling one, whose length stands in the queries."""
        return _CALENDAR_RANGES[self.slo.window.unit] if isinstance(self.slo.window, CalendarWindow) else ""

    @property
    def variables(self) -> tuple[LabelVariable, ...]:
        """One choice for each label the SLO falls into groups by."""
        return tuple(
            LabelVariable(
                label,
                f"query_result(count by ({label}) ({self.counts.total_over(self.counts.base_seconds)}))",
                regex=f'/{label}="([^"]+)"/',
            )
            for label in self.slo.group_by
        )

    def budget_left(self) -> str:
        """Return what is left; the allowance of a calendar period is projected from the traffic so far."""
        passed = f" * on () group_left () ({self.elapsed})" if self.elapsed else ""
        budget = exact_number(budget_ratio(self.slo.objective_ratio))
        return f"1 - ({self.period_error_ratio()}){passed} / {budget}"

    def budget_over_time(self) -> str:
        """Return the same; a calendar period, which starts afresh, is beyond one query over its own range."""
        return self.budget_left() if isinstance(self.slo.window, RollingWindow) else ""

    def period_error_ratio(self) -> str:
        """Return the share of bad events in the period."""
        bad, total = self._over_period()
        return self._chosen(f"({bad}) / (({total}) > 0)")

    def period_bad(self) -> str:
        """Return the bad events of the period."""
        return self._chosen(self._over_period()[0])

    def period_total(self) -> str:
        """Return all events of the period."""
        return self._chosen(self._over_period()[1])

    def error_ratio(self, window_seconds: float) -> str:
        """Return the share of bad events in a window, or in the shortest that makes sense."""
        return self._chosen(self.counts.error_ratio_over(max(window_seconds, self.counts.base_seconds)))

    def bad(self) -> str:
        """Return the bad events of the shortest window that makes sense."""
        return self._chosen(self.counts.bad_over(self.counts.base_seconds))

    def total(self) -> str:
        """Return all events of the shortest window that makes sense."""
        return self._chosen(self.counts.total_over(self.counts.base_seconds))

    def _over_period(self) -> tuple[str, str]:
        """Return the bad and all events of the period; of a calendar one, over the panel's range."""
        if isinstance(self.slo.window, RollingWindow):
            seconds = self.slo.window.duration.seconds
            return self.counts.bad_over(seconds), self.counts.total_over(seconds)
        return self.counts.counts_over(window=PANEL_RANGE, span=PANEL_RANGE, seconds=f"{PANEL_RANGE}_s")

    def _chosen(self, query: str) -> str:
        """Return the groups that are chosen above the dashboard.

        A selector inside the query may be anything a person wrote, so the result is restricted: what passes the
        variable is marked, and what is marked stays.
        """
        for label in self.variables:
            mark = f"chosen_{label.label}"
            passed = f'label_replace({query}, "{mark}", "yes", "{label.label}", "{label.reference}")'
            query = f'{passed} and on ({mark}) label_replace(vector(1), "{mark}", "yes", "", "")'
        by = f" by ({', '.join(self.slo.group_by)})"
        return f"sum{by} ({query})" if self.slo.group_by else query


def queries_of(slo: Slo, *, is_recorded: bool, elapsed: str = "") -> SloQueries:
    """Return what to ask about an SLO.

    Args:
        elapsed: As in `RawQueries`.

    Raises:
        InputError: A counter expression of a ratio is not one.
    """
    counts = sli_queries(slo)
    return RecordedQueries(slo, counts.base_seconds) if is_recorded else RawQueries(slo, counts, elapsed)
