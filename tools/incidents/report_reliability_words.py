"""The summary of a reliability report: a few sentences that stand alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.figures import plain_text, seconds_text
from sre.core.text import listed, quoted
from sre.core.times import format_duration, format_instant
from sre.incidents.alert_load import PAGES_A_SHIFT
from sre.incidents.statistics import LEAST_FOR_VERDICT

if TYPE_CHECKING:
    from sre.incidents.reliability import Measure, MeasureName, Reliability
    from sre.toil.report import ToilReport
    from tools.incidents.report_reliability_answer import AvailabilityRow, ReportReliabilityAnswer
    from tools.incidents.report_reliability_steps import ReliabilityRead

_NAME, _MAX_SAID = 80, 3
# A share of data this close to all of a window is all of it.
_WHOLE = 0.99
_WORDS: dict[MeasureName, str] = {
    "mttd": "to detect", "mtta": "to acknowledge", "mttm": "to mitigate", "mttr": "to resolve",
    "mtbf": "between incidents",
}  # fmt: skip


def reliability_summary(found: ReliabilityRead, answer: ReportReliabilityAnswer, shift_hours: float) -> str:
    """Return what a person could read out, numbers and verdicts."""
    of = f" of {quoted(found.service, limit=_NAME)}" if found.service else ""
    lead = f"Reliability{of}, {format_duration(found.window.seconds)} to {format_instant(found.window.end)}:"
    parts = [f"{lead} {_incidents(found.records)}"]
    if found.records is not None:
        parts += [_times(found.records), _targets(found.records)]
    parts += [_availability(answer), _pages(answer, shift_hours)]
    if found.records is not None:
        late = len(found.records.overdue)
        parts.append(
            f"{late} of {found.records.open_actions} open actions overdue." if found.records.open_actions else ""
        )
    parts.append(_toil(found.toil))
    return " ".join(part for part in parts if part)


def _incidents(records: Reliability | None) -> str:
    if records is None:
        return "incident records could not be read."
    count = len(records.incidents)
    if records.records_begin is None:
        return "no incident is recorded at all, which is no proof that there was none."
    if not count:
        return f"no incident recorded (at most {plain_text(records.high_a_month or 0.0)} in 30 d, 95 %)."
    levels = listed([f"{one.count} {one.severity}" for one in records.severities])
    still = f", {len(records.still_open)} still open" if records.still_open else ""
    change = _count_change(records)
    return f"{count} incident{'s' if count > 1 else ''} ({levels}{still}){change}."


def _count_change(records: Reliability) -> str:
    if records.before_count is None or records.rate_comparison is None:
        return ""
    word = {
        "fewer": "fewer than", "more": "more than", "no_clear_change": "no clear change from",
        "too_few": "too few to compare with",
    }[records.rate_comparison.change]  # fmt: skip
    return f", {word} the {records.before_count} of the period before"


def _times(records: Reliability) -> str:
    known = [one for one in records.measures if one.spread is not None]
    if not known:
        return "No response time is known: milestones are missing." if records.incidents else ""
    few = [one for one in known if one.spread and one.spread.count < LEAST_FOR_VERDICT]
    told = [_time(one, is_few=one in few and len(few) < len(known)) for one in known]
    caution = "; too few for a verdict" if len(few) == len(known) else ""
    return f"Median {'; '.join(told)}{caution}.{_unchanged(records)}"


def _unchanged(records: Reliability) -> str:
    """Return what to say of times that were held against the period before and show no change."""
    changes = [one.comparison.change for one in records.measures if one.comparison and one.spread]
    if "no_clear_change" not in changes:
        return ""
    rest = " otherwise" if {"shorter", "longer"} & set(changes) else ""
    return f" No clear change of these times against the period before{rest}."


def _time(one: Measure, *, is_few: bool) -> str:
    own = one.spread
    assert own is not None
    between = f", {_length(own.low)} to {_length(own.high)}" if own.low is not None and own.high is not None else ""
    change = one.comparison.change if one.comparison else ""
    word = f", {change} than before" if change in ("shorter", "longer") else ", too few" if is_few else ""
    return f"{_WORDS[one.name]} {_length(own.median)} (n={own.count}{between}{word})"


def _length(minutes: float) -> str:
    return seconds_text(minutes * 60.0)


def _targets(records: Reliability) -> str:
    told = []
    for kind, counts in (
        ("response", [one.respond for one in records.severities]),
        ("repair", [one.repair for one in records.severities]),
    ):
        met, missed = sum(one.met for one in counts), sum(one.missed for one in counts)
        if met + missed:
            told.append(f"{kind} {met} of {met + missed}")
    return f"Targets met: {', '.join(told)}." if told else ""


def _availability(answer: ReportReliabilityAnswer) -> str:
    rows = answer.availability
    if not rows:
        return ""
    judged = [one for one in rows if one.is_met is not None]
    missed = [one for one in judged if not one.is_met]
    covered = min(one.covered_ratio or 0.0 for one in rows)
    part = f" in the {covered:.0%} of the window with data" if covered < _WHOLE else ""
    if not judged:
        return f"Availability {_percent(rows[0].ratio)} of requests{part}, no objective."
    if not missed:
        kept = f"All {len(judged)} SLOs kept" if len(judged) > 1 else f"SLO kept: {_slo(judged[0])}"
        return f"{kept}{part}."
    said = listed([_slo(one) for one in missed], limit=_MAX_SAID)
    return f"{len(missed)} of {len(judged)} SLOs missed{part}: {said}."


def _slo(row: AvailabilityRow) -> str:
    return f"{quoted(row.slo, limit=_NAME)} {_percent(row.ratio)} against {_percent(row.objective_ratio)}"


def _percent(ratio: float | None) -> str:
    # As many digits as the distance to all of it needs.
    if ratio is None:
        return "unknown"
    lost = round(1 - ratio, 12)
    return f"{100 * (1 - float(f'{lost:.3g}')):.10g} %"


def _pages(answer: ReportReliabilityAnswer, shift_hours: float) -> str:
    told = []
    if answer.alerts is not None:
        row = answer.alerts
        said = f"{row.count} time{'s' * (row.count != 1)} in {plain_text(row.days or 0)} d"
        told.append(f"Alerts called {said}, {plain_text(row.per_week or 0)} a week.")
    if answer.pages:
        pages = answer.pages[0]
        shift = f"{plain_text(pages.per_shift or 0)} a shift of {plain_text(shift_hours)} h"
        many = pages.shifts_over_target
        over = f", {many} shift{'s' * (many != 1)} above {PAGES_A_SHIFT}" if many else ""
        least = "At least " if pages.is_cut else ""
        told.append(f"{least}{pages.count} page{'s' * (pages.count != 1)} ({pages.origin}), {shift}{over}.")
    return " ".join(told)


def _toil(report: ToilReport | None) -> str:
    if report is None or not report.hours or report.share_ratio is None:
        return ""
    verdict = {"over_budget": "over the 50 % budget", "within_budget": "within the 50 % budget as far as recorded"}
    said = verdict.get(report.verdict, "too short a record to judge")
    return f"Toil {plain_text(report.hours)} h, at least {report.share_ratio:.0%} of the time, {said}."
