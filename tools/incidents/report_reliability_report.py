"""What was read of reliability as an answer: rows, what makes them less sure, and a summary that stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.text import cleaned, listed
from sre.core.times import format_instant
from sre.incidents.alert_load import PAGES_A_SHIFT
from sre.incidents.records.facts import began_at
from sre.incidents.statistics import LEAST_FOR_VERDICT
from tools.answer import WindowAnswer
from tools.incidents.report_reliability_answer import (
    AlertVolumeRow,
    AvailabilityRow,
    IncidentBrief,
    MeasureRow,
    OverdueRow,
    PagesRow,
    ReportReliabilityAnswer,
    SeverityRow,
    ToilShare,
)
from tools.incidents.report_reliability_availability import gap_words
from tools.incidents.report_reliability_words import reliability_summary

if TYPE_CHECKING:
    from datetime import date

    from sre.core.times import Window
    from sre.incidents.records.actions import OwnedAction
    from sre.incidents.records.model import Incident
    from sre.incidents.reliability import Measure, Reliability, SeverityCount
    from sre.toil.report import ToilReport
    from tools.incidents.report_reliability_alerts import AlertsRead
    from tools.incidents.report_reliability_availability import Availability
    from tools.incidents.report_reliability_steps import PagesRead, ReliabilityRead

_NAME, _TITLE = 80, 160
_MAX_INCIDENTS = 20
_MAX_OVERDUE, _MAX_TOP, _MAX_REFERENCES = 10, 5, 8
_MINUTES_AN_HOUR = 60.0
_DEFINITIONS = (
    "mttd: start of harm to detection; mtta: detection to acknowledgement; mttm: start to mitigation; mttr: start to "
    "end; mtbf: start of one incident to the start of the next. An incident belongs to the window it began in.",
    "low, high: interval of the median by order statistics (Conover 1999), from six values on. ratio: Hodges-Lehmann "
    "on logarithms with its rank-sum interval; a change is said only where 1 lies outside. Incidents a month: exact "
    "Poisson interval (Garwood 1936).",
    "Availability: counts of equal parts of the window, added up (increase(): an estimate); is_met holds the objective "
    "over this window, not over the SLO's own.",
    f"Targets count as in get_incidents. Pages a shift: more than {PAGES_A_SHIFT} are too many (Site Reliability "
    "Engineering, 2016, ch. 11); shifts from midnight UTC.",
)


def reliability_report(found: ReliabilityRead, *, shift_hours: float) -> ReportReliabilityAnswer:
    """Return the answer."""
    answer = ReportReliabilityAnswer(
        summary="",
        source=found.source or None,
        window=WindowAnswer(start=found.window.start, end=found.window.end),
        service=found.service,
        now=found.now,
        definitions=list(_DEFINITIONS),
        warnings=list(found.notes),
        left_out=list(found.left_out),
    )
    if found.records is not None:
        _fill_records(answer, found.records, today=found.now.date())
    if found.availability is not None:
        answer.availability = [_availability_row(one, found.window) for one in found.availability.rows]
        answer.queries += found.availability.queries
        answer.warnings += found.availability.notes
        answer.left_out += found.availability.left_out
    if found.alerts is not None:
        answer.alerts = _alerts_row(found.alerts)
        answer.queries += found.alerts.queries
        answer.warnings += found.alerts.notes
        answer.left_out += found.alerts.left_out
    answer.pages = [_pages_row(one) for one in found.pages]
    answer.toil = _toil_row(found.toil)
    answer.warnings += _toil_notes(found.toil, found.service)
    answer.summary = reliability_summary(found, answer, shift_hours)
    return answer


def _fill_records(answer: ReportReliabilityAnswer, records: Reliability, *, today: date) -> None:
    answer.incident_count, answer.open_count = len(records.incidents), len(records.still_open)
    answer.incidents_a_month = records.a_month
    answer.low_a_month, answer.high_a_month = records.low_a_month, records.high_a_month
    answer.before_count = records.before_count
    answer.count_change = records.rate_comparison.change if records.rate_comparison else ""
    answer.measures = [_measure_row(one) for one in records.measures]
    answer.severities = [_severity_row(one) for one in records.severities]
    answer.incidents = [_incident_row(one) for one in sorted(records.incidents, key=_weight)[:_MAX_INCIDENTS]]
    if len(records.incidents) > _MAX_INCIDENTS:
        answer.left_out.append(f"{len(records.incidents) - _MAX_INCIDENTS} less severe incidents: get_incidents.")
    answer.open_action_count, answer.overdue_action_count = records.open_actions, len(records.overdue)
    answer.overdue = [_overdue_row(one, today) for one in records.overdue[:_MAX_OVERDUE]]
    if len(records.overdue) > _MAX_OVERDUE:
        answer.left_out.append(f"{len(records.overdue) - _MAX_OVERDUE} more overdue actions: track_action_items.")
    answer.warnings += _record_notes(records)


def _weight(one: Incident) -> tuple[str, float, int]:
    """Return what sorts the severest first, and of these those that lasted longest."""
    return one.severity, -(_lasted(one) or float("inf")), one.number


def _lasted(one: Incident) -> float | None:
    start, end = one.times.get("start"), one.times.get("end")
    return (end - start).total_seconds() / 60.0 if start and end and start <= end else None


def _incident_row(one: Incident) -> IncidentBrief:
    return IncidentBrief(
        id=one.reference,
        title=cleaned(one.title, limit=_NAME),
        severity=one.severity,
        status=one.status,
        began_at=began_at(one).replace(microsecond=0),
        minutes=_lasted(one),
    )


def _record_notes(records: Reliability) -> list[str]:
    count = len(records.incidents)
    begin = records.records_begin
    if begin is None:
        return []
    notes = []
    if begin > records.window.start:
        notes.append(
            f"The first incident of all records began {format_instant(begin.replace(microsecond=0))}, "
            "inside the window: what was before it may not have been recorded."
        )
    elif records.before_count is None:
        notes.append("Records do not reach back over the period before, so nothing is compared.")
    if 0 < count < LEAST_FOR_VERDICT:
        notes.append(
            f"{count} incident{'s are' if count > 1 else ' is'} too few for a verdict on response times: "
            f"at least {LEAST_FOR_VERDICT} are needed."
        )
    if records.still_open:
        names = listed([one.reference for one in records.still_open], limit=_MAX_REFERENCES)
        notes.append(f"Not over yet, so their length is in no time to resolve, which makes it look shorter: {names}.")
    return notes


def _measure_row(one: Measure) -> MeasureRow:
    scale, unit = (1 / _MINUTES_AN_HOUR, "hours") if one.name == "mtbf" else (1.0, "minutes")

    def scaled(value: float | None) -> float | None:
        return None if value is None else value * scale

    row = MeasureRow(measure=one.name, unit=unit, count=one.spread.count if one.spread else 0)
    row.missing = [f"{why}: {listed(names, limit=_MAX_REFERENCES)}" for why, names in one.missing]
    if (own := one.spread) is not None:
        row.median, row.p90, row.mean = scaled(own.median), scaled(own.p90), scaled(own.mean)
        row.deviation, row.low, row.high = scaled(own.deviation), scaled(own.low), scaled(own.high)
        row.confidence, row.is_enough = own.confidence, own.count >= LEAST_FOR_VERDICT
    if one.comparison is not None:
        row.before_count = one.before.count if one.before else 0
        row.before_median = scaled(one.before.median) if one.before else None
        row.ratio, row.ratio_low, row.ratio_high = one.comparison.ratio, one.comparison.low, one.comparison.high
        row.change = one.comparison.change
    return row


def _severity_row(one: SeverityCount) -> SeverityRow:
    return SeverityRow(
        severity=one.severity,
        count=one.count,
        open=one.open_count,
        respond_met=one.respond.met,
        respond_missed=one.respond.missed,
        respond_unknown=one.respond.unknown,
        repair_met=one.repair.met,
        repair_missed=one.repair.missed,
        repair_unknown=one.repair.unknown,
    )


def _availability_row(one: Availability, window: Window) -> AvailabilityRow:
    lost = None if one.ratio is None else (1 - one.ratio) * window.seconds * one.covered_ratio / 60.0
    return AvailabilityRow(
        service=cleaned(one.service, limit=_NAME),
        slo=cleaned(one.slo, limit=_NAME),
        group=one.group,
        ratio=one.ratio,
        objective_ratio=one.objective_ratio,
        is_met=one.is_met,
        bad=one.bad,
        total=one.total,
        counted=one.counted,
        outage_minutes=lost,
        covered_ratio=one.covered_ratio,
        gaps=gap_words(one.gaps),
    )


def _alerts_row(read: AlertsRead) -> AlertVolumeRow | None:
    if read.load is None or read.window is None:
        return None
    days = read.window.seconds / 86_400
    return AlertVolumeRow(
        origin=read.origin,
        days=days,
        count=read.load.count,
        pages=len(read.load.pages),
        tickets=len(read.load.tickets),
        per_day=read.load.count / days,
        per_week=read.load.count / days * 7,
        standing=read.load.standing,
        top=dict(read.load.by_alert[:_MAX_TOP]),
    )


def _pages_row(read: PagesRead) -> PagesRow:
    load = read.load
    waited = read.acknowledged
    return PagesRow(
        origin=read.origin,
        count=load.count,
        is_cut=read.is_cut,
        per_day=load.per_day,
        per_week=load.per_week,
        per_shift=load.per_shift,
        busiest_shift=load.busiest,
        busiest_shift_at=load.busiest_at,
        shifts_over_target=load.over_target,
        acknowledge_minutes=waited.median if waited else None,
        acknowledged=(waited.count if waited else 0) if read.is_log_read else None,
    )


def _overdue_row(one: OwnedAction, today: date) -> OverdueRow:
    due = one.action.due or today
    return OverdueRow(
        id=one.reference,
        title=cleaned(one.action.title, limit=_TITLE),
        owner=cleaned(one.action.owner, limit=_NAME),
        due=due.isoformat(),
        days=(today - due).days,
    )


def _toil_row(report: ToilReport | None) -> ToilShare | None:
    from sre.toil.report import BUDGET_RATIO

    if report is None:
        return None
    return ToilShare(
        hours=report.hours or None,
        people=len(report.people),
        share_ratio=report.share_ratio if report.hours else None,
        budget_ratio=BUDGET_RATIO,
        verdict=report.verdict,
    )


def _toil_notes(report: ToilReport | None, service: str) -> list[str]:
    if report is None or not report.hours:
        return []
    of_all = " Toil is of all people, not of one service." if service else ""
    return [f"Toil is what was recorded, at 40 h a week for each of those who ever did: the least it can be.{of_all}"]
