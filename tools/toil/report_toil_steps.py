"""The steps of `report_toil`: read the records, add them up, say how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.figures import plain_text
from sre.core.text import cleaned, listed, quoted
from sre.core.times import Window, format_duration, format_instant, parse_duration
from sre.toil.report import BUDGET_RATIO, ToilReport, toil_report
from sre.toil.trend import LEAST_WEEKS
from tools.answer import WindowAnswer
from tools.context import in_thread
from tools.recording import record_time
from tools.toil.report_toil import PersonToilRow, ReportToilAnswer, TaskToil, ToilWeek
from tools.toil.toil_journal import MAX_NAME_CHARS, all_tasks, names_in

if TYPE_CHECKING:
    from server.deps import Deps
    from sre.toil.payback import Candidate

_NAME = 160
_MAX_TASKS, _MAX_PEOPLE, _MAX_WEEKS, _MAX_NAMED = 40, 40, 60, 5
_DEFINITIONS = (
    "Toil: manual, repetitive, automatable, tactical work without lasting value that grows with the service "
    "(Beyer et al., Site Reliability Engineering, 2016, ch. 5); the budget is 50 % of each SRE's time.",
    "share: recorded hours / (people x hours_available x weeks). hours a month: recorded hours since recording began, "
    "over 30.44 days. payback_months: automation_hours / hours_a_month, if automation takes away all of it and "
    "needs no upkeep.",
)


@dataclass(frozen=True, slots=True)
class ToilQuestion:
    """The arguments of the call."""

    window: str
    end: str
    who: str
    hours_available: float


async def reported_answer(deps: Deps, asked: ToilQuestion) -> ReportToilAnswer:
    """Return the report of a window.

    Raises:
        ConfigError: There is no place for records.
        InputError: No window.
    """
    time = await record_time(deps)
    length = parse_duration(asked.window, field="window")
    end = time.read(asked.end, field="end")
    window = Window(end - timedelta(seconds=length.seconds), end)
    tasks = await all_tasks(deps)
    team = names_in(asked.who)
    report = await in_thread(lambda: toil_report(tasks, window, team=team, hours_a_week=asked.hours_available))
    answer = _filled(report)
    answer.warnings = [*time.notes, *_warnings(report, is_team_said=bool(team), is_empty=not tasks)]
    answer.left_out = _left_out(report)
    answer.summary = _summary(report, asked.hours_available)
    return answer


def _filled(report: ToilReport) -> ReportToilAnswer:
    return ReportToilAnswer(
        summary="",
        verdict=report.verdict,
        hours=report.hours,
        share_ratio=report.share_ratio if report.hours else None,
        budget_ratio=BUDGET_RATIO,
        available_hours=report.available_hours,
        people=[
            PersonToilRow(
                who=cleaned(one.who, limit=MAX_NAME_CHARS),
                hours=one.hours or None,
                share_ratio=one.share_ratio if one.hours else None,
            )
            for one in report.people[:_MAX_PEOPLE]
        ],
        tasks=[_task_row(one) for one in report.candidates[:_MAX_TASKS]],
        task_count=len(report.candidates),
        hours_by_kind={kind or "not said": hours for kind, hours in report.by_kind},
        weeks=[ToilWeek(start=one.start, hours=one.hours, times=one.times) for one in report.weeks[-_MAX_WEEKS:]],
        trend=report.trend.direction,
        trend_hours_a_week=report.trend.hours_a_week,
        definitions=list(_DEFINITIONS),
        window=WindowAnswer(start=report.window.start, end=report.window.end),
        observed_since=report.observed.start.replace(microsecond=0),
    )


def _task_row(one: Candidate) -> TaskToil:
    return TaskToil(
        id=one.task.reference,
        task=cleaned(one.task.name, limit=_NAME),
        kind=one.task.kind,
        people=[cleaned(name, limit=MAX_NAME_CHARS) for name in one.people[:_MAX_NAMED]],
        times=one.times,
        hours=one.hours,
        hours_a_month=one.hours_a_month,
        low_hours_a_month=one.low_hours_a_month,
        high_hours_a_month=one.high_hours_a_month,
        basis=one.basis,
        automation_hours=one.task.automation_hours,
        payback_months=one.payback_months,
        payback_range_months=list(one.payback_range_months or ()),
        break_even=one.break_even.date().isoformat() if one.break_even else None,
        worth_hours=one.worth_hours,
    )


def _warnings(report: ToilReport, *, is_team_said: bool, is_empty: bool) -> list[str]:
    if not report.hours:
        told = "Nobody ever recorded toil" if is_empty else "Nobody recorded toil in the window"
        return [f"{told}; that says nothing about how much there is."]
    found = ["What nobody recorded is not in here, so shares and hours are the least that they can be."]
    if report.silent:
        names = listed([quoted(name, limit=60) for name in report.silent], limit=_MAX_NAMED)
        found.append(f"Recorded nothing in the window, and counted as people without toil: {names}.")
    if not is_team_said:
        count = len(report.people)
        found.append(
            f"The team is taken to be the {count} {'person' if count == 1 else 'people'} who ever recorded toil; "
            "pass who for the whole team."
        )
    if report.observed.start > report.window.start:
        since = format_instant(report.observed.start.replace(microsecond=0))
        found.append(f"Counted since {since}, when recording began (at least one week), not over the whole window.")
    once = [quoted(one.task.name, limit=60) for one in report.candidates if one.basis == "unknown"]
    if once:
        found.append(f"Recorded on one day only, so not extrapolated: {listed(once, limit=_MAX_NAMED)}.")
    if report.trend.direction == "too_few_weeks":
        count = len(report.weeks)
        weeks = "1 whole week is" if count == 1 else f"{count} whole weeks are"
        found.append(f"{weeks} too few to tell a trend ({LEAST_WEEKS} are needed).")
    return found


def _left_out(report: ToilReport) -> list[str]:
    cut = (
        ("tasks", len(report.candidates) - _MAX_TASKS, "a shorter window or one person has fewer"),
        ("people", len(report.people) - _MAX_PEOPLE, "pass who"),
        ("earlier weeks", len(report.weeks) - _MAX_WEEKS, "pass end"),
    )
    return [f"{count} {what}: {how}." for what, count, how in cut if count > 0]


def _summary(report: ToilReport, hours_available: float) -> str:
    length = format_duration(report.window.seconds)
    if not report.hours:
        until = format_instant(report.window.end)
        return f"No toil is recorded in {length} to {until}; whether there is none is not known."
    people = len(report.people)
    share = report.share_ratio or 0.0
    who = f"{people} {'person' if people == 1 else 'people'} at {plain_text(hours_available)} h a week"
    lead = (
        f"Toil in {length} to {format_instant(report.window.end)}: {plain_text(report.hours)} h recorded, "
        f"at least {share:.0%} of the time of {who}: {_verdict(report)}."
    )
    return f"{lead}{_over(report)}{_best(report)}{_trend(report)}"


def _verdict(report: ToilReport) -> str:
    budget = f"{BUDGET_RATIO:.0%}"
    return {
        "over_budget": f"over the {budget} budget",
        "within_budget": f"within the {budget} budget as far as recorded",
        "too_short": f"less than two weeks of records, too short to hold against the {budget} budget",
        "nothing_recorded": "nothing recorded",
    }[report.verdict]


def _over(report: ToilReport) -> str:
    if report.verdict == "too_short" or not report.over:
        return ""
    names = [f"{quoted(one.who, limit=60)} ({one.share_ratio:.0%})" for one in report.people if one.who in report.over]
    return f" Above it by themselves: {listed(names, limit=_MAX_NAMED)}."


def _best(report: ToilReport) -> str:
    first = next((one for one in report.candidates if one.hours_a_month), None)
    if first is None:
        return ""
    name, month = quoted(first.task.name, limit=80), plain_text(first.hours_a_month or 0.0)
    stated = " (as stated)" if first.basis == "stated" else ""
    if first.payback_months is None:
        worth = plain_text(first.worth_hours or 0.0)
        return f" Largest task: {name}, {month} h a month{stated}; up to {worth} build hours pay back within a year."
    date = f", by {first.break_even.date().isoformat()}" if first.break_even else ""
    bounds = first.payback_range_months
    between = f" ({plain_text(bounds[0])} to {plain_text(bounds[1])})" if bounds else ""
    short = ", by less than two weeks of records" if report.verdict == "too_short" and bounds else ""
    paid = f"{plain_text(first.payback_months)}{between} months{date}"
    return f" Automate first: {name}, {month} h a month{stated}, paid back in {paid}{short}."


def _trend(report: ToilReport) -> str:
    if report.trend.direction in ("rising", "falling"):
        change = plain_text(report.trend.hours_a_week or 0.0)
        return f" Hours a week are {report.trend.direction}, by {change} h each week."
    return ""
