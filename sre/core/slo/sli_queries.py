"""What to ask a source to count an SLO's events: one PromQL for all events and one for the bad ones, over any window.

Every kind of indicator and both ways of budgeting come down to these two counts, so that rules, backtests, dashboards
and runbooks need not know which kind an SLO is. Both are instant vectors with the SLO's `group_by` labels and no
others. Bad is 0 where there were events and no series of bad ones exists (yet), and absent where there were no events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sre.core.conventions import BASE_SECONDS
from sre.core.exact import exact_number
from sre.core.promql_text import WINDOW
from sre.core.slo.budget import budget_ratio
from sre.core.slo.count_query import CountTerm, parse_count_query
from sre.core.slo.model import (
    MaintenanceWindow,
    RatioIndicator,
    RawRatioIndicator,
    Slo,
    ThresholdIndicator,
    ThresholdOp,
    TimeSlices,
)
from sre.core.times import format_duration

Counted: TypeAlias = Literal["events", "samples", "slices"]

# A raw ratio or a threshold is looked at once a minute, whatever the scrape interval is (our choice).
SAMPLE_SECONDS: Final = 60.0
# The length of `$window` as a number: PromQL has no way to turn a duration into one.
_SECONDS: Final = "$seconds"
# The range of a subquery over `$window`. Prometheus 3 leaves out a step that lies exactly at the start of a range,
# 2.x takes it in and would count one sample or slice too many; a range that is this much shorter has neither.
_SPAN: Final = "$span"
_SHORTER_SECONDS: Final = 0.001
_OPERATORS: dict[ThresholdOp, str] = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


@dataclass(frozen=True, slots=True)
class SliQueries:
    """The two counts of an SLO.

    Attributes:
        bad: PromQL of bad events by group, with marks for the window, to be filled by `bad_over`.
        total: PromQL of all events by group, with marks for the window, to be filled by `total_over`.
        counted: What an event is: a real one, a sample looked at every minute, or a slice of time.
        base_seconds: Shortest window that makes sense; longer ones are multiples of it.
    """

    bad: str
    total: str
    counted: Counted
    base_seconds: float = BASE_SECONDS

    def bad_over(self, window_seconds: float) -> str:
        """Return the PromQL of bad events in a window."""
        return _over(self.bad, window_seconds)

    def total_over(self, window_seconds: float) -> str:
        """Return the PromQL of all events in a window."""
        return _over(self.total, window_seconds)

    def error_ratio_over(self, window_seconds: float) -> str:
        """Return the PromQL of the share of bad events, 0..1; absent (not NaN) where there were no events."""
        return f"({self.bad_over(window_seconds)}) / (({self.total_over(window_seconds)}) > 0)"

    def counts_over(self, *, window: str, span: str, seconds: str) -> tuple[str, str]:
        """Return the PromQL of bad and of all events in a window that is spelt otherwise, as by Grafana's variables.

        Args:
            window: Its length as a range.
            span: The range of a subquery over it.
            seconds: Its length as a number.
        """
        bad, total = (
            query.replace(WINDOW, window).replace(_SECONDS, seconds).replace(_SPAN, span)
            for query in (self.bad, self.total)
        )
        return bad, total


def sli_queries(slo: Slo) -> SliQueries:
    """Return the two counts of an SLO, leaving out its maintenance windows.

    Raises:
        InputError: A counter expression of a ratio is not one.
    """
    is_sampled = not isinstance(slo.indicator, RatioIndicator) and not isinstance(slo.budgeting, TimeSlices)
    plain = _sliced(slo, _plain(slo, leave_out=slo.maintenance if is_sampled else ()))
    if is_sampled or not slo.maintenance:
        return plain
    mask = maintenance_mask(slo.maintenance, reach_seconds=plain.base_seconds)
    step = format_duration(plain.base_seconds)
    bad, total = (
        f"sum_over_time((({query}) unless on () ({mask}))[{_SPAN}:{step}])"
        for query in (plain.bad_over(plain.base_seconds), plain.total_over(plain.base_seconds))
    )
    return SliQueries(bad, total, plain.counted, plain.base_seconds)


def maintenance_mask(windows: Sequence[MaintenanceWindow], *, reach_seconds: float) -> str:
    """Return PromQL that has a value whenever a count over the last `reach_seconds` touches a maintenance window.

    Args:
        reach_seconds: 0 asks about the instant itself.
    """
    begun = ">" if reach_seconds else ">="
    spans = (
        f"vector(time()) {begun} {exact_number(window.start.timestamp())}"
        f" < {exact_number(window.end.timestamp() + reach_seconds)}"
        for window in windows
    )
    return " or ".join(spans)


def _over(query: str, window_seconds: float) -> str:
    filled = query.replace(WINDOW, format_duration(window_seconds)).replace(_SECONDS, exact_number(window_seconds))
    return filled.replace(_SPAN, format_duration(window_seconds - _SHORTER_SECONDS))


def _plain(slo: Slo, *, leave_out: Sequence[MaintenanceWindow]) -> SliQueries:
    """Return the counts of events or samples.

    Args:
        leave_out: Times whose samples do not count; events cannot be told apart like that.
    """
    match slo.indicator:
        case RatioIndicator():
            return _ratio(slo.indicator, slo.group_by)
        case RawRatioIndicator(query=query, is_failure=is_failure):
            # NaN is no ratio; the comparison drops it.
            ratio = f"clamp(({query}) >= -Inf, 0, 1)"
            return _sampled(ratio if is_failure else f"1 - {ratio}", slo.group_by, leave_out)
        case ThresholdIndicator(query=query, op=op, value=value):
            is_good = f"(({query}) >= -Inf) {_OPERATORS[op]} bool {exact_number(value)}"
            return _sampled(f"1 - ({is_good})", slo.group_by, leave_out)


def _sliced(slo: Slo, queries: SliQueries) -> SliQueries:
    if not isinstance(slo.budgeting, TimeSlices):
        return queries
    seconds = slo.budgeting.slice_window.seconds
    allowed = 0.0 if slo.budgeting.target_ratio >= 1 else budget_ratio(slo.budgeting.target_ratio)
    is_bad = f"({queries.error_ratio_over(seconds)}) > bool {exact_number(allowed)}"
    subquery = f"[{_SPAN}:{format_duration(seconds)}]"
    return SliQueries(
        bad=f"sum_over_time(({is_bad}){subquery})",
        total=f"count_over_time(({is_bad}){subquery})",
        counted="slices",
        base_seconds=seconds,
    )


def _sampled(failure_share: str, group_by: tuple[str, ...], leave_out: Sequence[MaintenanceWindow]) -> SliQueries:
    subquery = f"[{_SPAN}:{format_duration(SAMPLE_SECONDS)}]"
    if leave_out:
        failure_share = f"({failure_share}) unless on () ({maintenance_mask(leave_out, reach_seconds=0)})"
    return SliQueries(
        bad=f"{_sum(group_by)} (sum_over_time(({failure_share}){subquery}))",
        total=f"{_sum(group_by)} (count_over_time(({failure_share}){subquery}))",
        counted="samples",
    )


def _ratio(indicator: RatioIndicator, group_by: tuple[str, ...]) -> SliQueries:
    good, bad, total = (
        _count(text, field=field, group_by=group_by) if text else ""
        for field, text in (("good", indicator.good), ("bad", indicator.bad), ("total", indicator.total))
    )
    if not total:
        total = f"({good} or 0 * {bad}) + ({bad} or 0 * {good})"
    wrong = f"{bad} or 0 * ({total})" if bad else f"clamp_min(({total}) - ({good} or 0 * ({total})), 0)"
    return SliQueries(bad=wrong, total=total, counted="events")


def _count(text: str, *, field: str, group_by: tuple[str, ...]) -> str:
    """Return one side as PromQL: its counters added up, one that does not exist counting nothing."""
    terms = parse_count_query(text, field=field).terms
    counts = [_term(term, group_by) for term in terms]
    if len(counts) == 1:
        return counts[0]
    anything = " or ".join(counts)
    parts = [f"({count} or 0 * ({anything}))" for count in counts]
    signs = ["-" if term.sign < 0 else "+" for term in terms]
    joined = " ".join(f"{sign} {part}" for sign, part in zip(signs, parts, strict=True)).removeprefix("+ ")
    return f"({joined})"


def _term(term: CountTerm, group_by: tuple[str, ...]) -> str:
    if term.counter is not None:
        return f"{_sum(group_by)} (increase({term.counter}[{WINDOW}]))"
    counted = f"{_sum(group_by)} ({term.template})"
    return f"{counted} * {_SECONDS}" if term.is_per_second else counted


def _sum(group_by: tuple[str, ...]) -> str:
    return f"sum by ({', '.join(group_by)})" if group_by else "sum"
