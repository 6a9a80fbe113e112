"""What the recorded budget of an SLO must be in a scenario, by plain addition."""

from collections.abc import Sequence
from typing import Final

from sre.core.conventions import (
    BUDGET_REMAINING_RECORD,
    PERIOD_BAD_RECORD,
    PERIOD_TOTAL_RECORD,
    SLO_LABEL,
    WINDOW_LABEL,
    bad_record,
)
from sre.core.labels import Labels
from sre.core.promql_text import selector
from sre.core.slo.budget import budget_ratio
from sre.core.slo.windows import RollingWindow
from sre.slo.alert_rules import slo_labels
from sre.slo.calendar_rules import is_utc
from sre.slo.period_rules import window_label
from sre.slo.timelines import Phase, Timeline
from sre.slo.trial import Subject, ValueCheck

# Tests begin at epoch 0, the first instant of the month, quarter and year of January 1970, but not of a week.
_FIRST_PERIOD_DAYS: Final = {"month": 31, "quarter": 90, "year": 365}
# A value this close to where rounding turns is not compared.
_ROUNDING_MARGIN: Final = 0.05


def budget_checks(subject: Subject, phases: Sequence[Phase]) -> tuple[ValueCheck, ...]:
    """Return the counts of the period and the budget left at the end of the phases."""
    slo = subject.rules.slo
    step = subject.period_step_minutes
    minute = sum(phase.minutes for phase in phases) // step * step
    elapsed = _elapsed(subject, minute)
    if minute < max(step, 2 * subject.base_minutes) or elapsed is None:
        return ()
    good = [Phase(phase.minutes, 0.0, subject.traffic) for phase in phases]
    timelines = [subject.timeline(phases if index == 0 else good) for index in range(len(subject.series))]
    labels = tuple(Labels({**slo_labels(slo), WINDOW_LABEL: window_label(slo), **one.group}) for one in subject.series)
    checks = []
    for expr, values in _expected(subject, timelines, minute, elapsed).items():
        if all(abs(value % 1 - 0.5) > _ROUNDING_MARGIN for value in values):
            checks.append(ValueCheck(minute, expr, tuple(float(round(value)) for value in values), labels))
    return tuple(checks)


def no_bad_events_check(subject: Subject, minute: int) -> ValueCheck:
    """Return the check that no bad events are recorded as 0, and not as nothing."""
    slo = subject.rules.slo
    record = selector(bad_record(subject.rules.expressions.base_seconds), [(SLO_LABEL, "=", slo.name)])
    labels = tuple(Labels({**slo_labels(slo), **one.group}) for one in subject.series)
    return ValueCheck(minute, f"round({record})", (0.0,) * len(labels), labels)


def _expected(subject: Subject, timelines: Sequence[Timeline], minute: int, elapsed: float) -> dict[str, list[float]]:
    slo = subject.rules.slo
    budget = budget_ratio(slo.objective_ratio)
    bad = [timeline.bad_until(minute) for timeline in timelines]
    total = [timeline.total_until(minute) for timeline in timelines]
    left = [100 * (1 - few / many * elapsed / budget) for few, many in zip(bad, total, strict=True)]
    record = {
        name: selector(name, [(SLO_LABEL, "=", slo.name)])
        for name in (PERIOD_BAD_RECORD, PERIOD_TOTAL_RECORD, BUDGET_REMAINING_RECORD)
    }
    return {
        f"round({record[PERIOD_BAD_RECORD]})": bad,
        f"round({record[PERIOD_TOTAL_RECORD]})": total,
        f"round(100 * {record[BUDGET_REMAINING_RECORD]})": left,
    }


def _elapsed(subject: Subject, minute: int) -> float | None:
    """Return the share of the first period that has passed, 1 of a rolling one; None where tests cannot say."""
    window = subject.rules.slo.window
    if isinstance(window, RollingWindow):
        return 1.0
    if not is_utc(window) or window.unit not in _FIRST_PERIOD_DAYS:
        return None
    return minute / (_FIRST_PERIOD_DAYS[window.unit] * 1440)
