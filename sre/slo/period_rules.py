"""Records of the SLO period: events, bad events, and the share of the budget that is left.

They rest on recorded counts, one for every base window, never on a mean of ratios: an hour at night then weighs what
its traffic weighs.
"""

from datetime import datetime

from sre.core.conventions import (
    BUDGET_REMAINING_RECORD,
    OBJECTIVE_RECORD,
    PERIOD_BAD_RECORD,
    PERIOD_ELAPSED_RECORD,
    PERIOD_START_RECORD,
    PERIOD_TOTAL_RECORD,
    SLO_LABEL,
    WINDOW_LABEL,
    bad_record,
    error_ratio_record,
    total_record,
)
from sre.core.exact import exact_number
from sre.core.promql_text import selector
from sre.core.rules import RecordingRule
from sre.core.slo.budget import budget_ratio
from sre.core.slo.model import Slo
from sre.core.slo.windows import CalendarWindow, RollingWindow
from sre.core.times import format_duration
from sre.slo.calendar_rules import CalendarQueries, calendar_queries
from sre.slo.window_expressions import WindowExpressions

# A label by which counts of the period under way are told from those before.
_PERIOD_LABEL = "period_start"


def window_label(slo: Slo) -> str:
    """Return what the label `window` of a period's records says."""
    window = slo.window
    return str(window) if isinstance(window, RollingWindow) else f"calendar-{window.unit}"


def period_rules(
    slo: Slo, expressions: WindowExpressions, *, labels: dict[str, str], at: datetime, recorded: frozenset[str]
) -> tuple[RecordingRule, ...]:
    """Return the records of the period.

    Args:
        labels: Of every record of the SLO.
        at: When the rules are made, aware.
        recorded: Names of records that other groups make.
    """
    steps = tuple(rule for rule in _steps(expressions, labels) if rule.record not in recorded)
    return (*steps, *_records(slo, expressions, labels={**labels, WINDOW_LABEL: window_label(slo)}, at=at))


def _steps(expressions: WindowExpressions, labels: dict[str, str]) -> tuple[RecordingRule, ...]:
    """Return the counts that the period is added up from, where they are not the base counts."""
    step = expressions.period_step_seconds
    if step == expressions.base_seconds:
        return ()
    return (
        RecordingRule(bad_record(step), expressions.recorded_bad(step), labels),
        RecordingRule(total_record(step), expressions.recorded_total(step), labels),
    )


def _records(
    slo: Slo, expressions: WindowExpressions, *, labels: dict[str, str], at: datetime
) -> tuple[RecordingRule, ...]:
    objective = RecordingRule(OBJECTIVE_RECORD, f"vector({exact_number(slo.objective_ratio)})", labels)
    if isinstance(slo.window, CalendarWindow):
        return objective, *_calendar(slo, expressions, calendar_queries(slo.window, at=at), labels)
    return objective, *_rolling(slo, expressions, slo.window.duration.seconds, labels)


def _rolling(
    slo: Slo, expressions: WindowExpressions, seconds: float, labels: dict[str, str]
) -> tuple[RecordingRule, ...]:
    bad, total = _of(slo, PERIOD_BAD_RECORD), _of(slo, PERIOD_TOTAL_RECORD)
    ratio = f"{bad} / ({total} > 0)"
    ratio_labels = {name: value for name, value in labels.items() if name != WINDOW_LABEL}
    budget = exact_number(budget_ratio(slo.objective_ratio))
    return (
        RecordingRule(PERIOD_BAD_RECORD, expressions.period_bad(seconds), labels),
        RecordingRule(PERIOD_TOTAL_RECORD, expressions.period_total(seconds), labels),
        RecordingRule(error_ratio_record(seconds), f"sum without ({WINDOW_LABEL}) ({ratio})", ratio_labels),
        RecordingRule(BUDGET_REMAINING_RECORD, f"1 - {ratio} / {budget}", labels),
    )


def _calendar(
    slo: Slo, expressions: WindowExpressions, calendar: CalendarQueries, labels: dict[str, str]
) -> tuple[RecordingRule, ...]:
    step = expressions.period_step_seconds
    bad, total = _of(slo, PERIOD_BAD_RECORD), _of(slo, PERIOD_TOTAL_RECORD)
    start, elapsed = _of(slo, PERIOD_START_RECORD), _of(slo, PERIOD_ELAPSED_RECORD)
    budget = exact_number(budget_ratio(slo.objective_ratio))
    return (
        RecordingRule(PERIOD_START_RECORD, calendar.start, labels),
        RecordingRule(PERIOD_ELAPSED_RECORD, f"(time() - {start}) / on () group_left () ({calendar.length})", labels),
        RecordingRule(PERIOD_BAD_RECORD, _in_period(slo, bad_record(step), calendar, step), labels),
        RecordingRule(PERIOD_TOTAL_RECORD, _in_period(slo, total_record(step), calendar, step), labels),
        # The whole period's allowance is projected from the traffic so far, as compute_error_budget does it.
        RecordingRule(
            BUDGET_REMAINING_RECORD,
            f"1 - {bad} / ({total} > 0) * on () group_left () {elapsed} / {budget}",
            labels,
        ),
    )


def _in_period(slo: Slo, record: str, calendar: CalendarQueries, step_seconds: float) -> str:
    """Return the sum of those recorded counts whose window began in the period under way.

    Each count gets the start of its period as a label, and those with the present one are kept. So one subquery does
    for every unit and zone, and it reads nothing but what was recorded.
    """
    start, step = _of(slo, PERIOD_START_RECORD), format_duration(step_seconds)
    began = f'count_values("{_PERIOD_LABEL}", {start} offset {step})'
    marked = f"{_of(slo, record)} * on () group_left ({_PERIOD_LABEL}) {began}"
    summed = f"sum_over_time(({marked})[{calendar.longest_days}d:{step}])"
    kept = f'{summed} and on ({_PERIOD_LABEL}) count_values("{_PERIOD_LABEL}", {start})'
    return f"sum without ({_PERIOD_LABEL}) ({kept})"


def _of(slo: Slo, record: str) -> str:
    return selector(record, [(SLO_LABEL, "=", slo.name)])
