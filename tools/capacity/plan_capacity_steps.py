"""The steps of `plan_capacity`: read what is asked, measure the demands, plan, tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre.core.errors import InputError, SreError
from sre.core.text import cleaned, listed
from sre.core.times import epoch_ms, parse_duration
from tools.answer import WindowAnswer
from tools.capacity.plan_capacity_answer import AssumptionRow, PlanAnswer, fill_in, summary_of
from tools.capacity.plan_capacity_consequences import add_consequences
from tools.capacity.plan_capacity_data import Measured, asked_of_source, measured_demands, start_of_plan
from tools.context import ToolContext, deps_of, in_thread, recorded_note, report_progress

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.capacity.plan.model import Plan
    from sre.capacity.plan.request import PlanRequest

_DAY_SECONDS = 86_400.0
_LEAST_DAYS, _MOST_DAYS = 7, 731
_USUAL_HEADROOM, _USUAL_LEAD_TIME = 0.3, "14d"
_LEAST_RISK, _MOST_RISK = 0.02, 0.5
_MOST_HEADROOM = 0.95
_MOST_LEAD_DAYS = 1000


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked beside the resources.

    Attributes:
        given: Names of arguments that differ from their defaults.
    """

    days: int
    headroom_ratio: float
    lead_time_days: float
    risk_ratio: float
    given: frozenset[str]

    @classmethod
    def read(cls, *, horizon: str, headroom: float, lead_time: str, risk: float) -> Question:
        """Return the question.

        Raises:
            InputError: Something is out of range.
        """
        days = parse_duration(horizon, field="horizon").seconds / _DAY_SECONDS
        if not _LEAST_DAYS <= days <= _MOST_DAYS:
            raise InputError(
                f"horizon must be from {_LEAST_DAYS} d to two years.", field="horizon", valid=("90d", "180d", "1y")
            )
        lead_days = parse_duration(lead_time, field="lead_time").seconds / _DAY_SECONDS
        if lead_days > _MOST_LEAD_DAYS:
            raise InputError(f"lead_time must be at most {_MOST_LEAD_DAYS} d.", field="lead_time", valid=("14d", "12w"))
        _check("headroom", headroom, 0.0, _MOST_HEADROOM, means="0.3 keeps 30 % of the capacity free")
        _check(
            "risk", risk, _LEAST_RISK, _MOST_RISK, means="0.1 accepts being late once in ten; 0.5 plans on the middle"
        )
        given = {"headroom"} if headroom != _USUAL_HEADROOM else set()
        given |= {"lead_time"} if lead_time != _USUAL_LEAD_TIME else set()
        return cls(round(days), headroom, lead_days, risk, frozenset(given))


async def planned(
    ctx: ToolContext, resources: object, question: Question, *, source: str, output_dir: str, overwrite: bool
) -> PlanAnswer:
    """Return the plan, told.

    Raises:
        InputError: The description of resources is wrong.
        NoDataError: No demand could be had.
    """
    deps = deps_of(ctx)
    request = await in_thread(lambda: _request(resources, question))
    await report_progress(ctx, 0, 2, f"Reading the demand of {len(request.resources)} resource(s)")
    metrics, start, notes = await _present(deps, request, source)
    await in_thread(lambda: _check_scenarios(request, start))
    measured = await measured_demands(request, metrics, now=start, days=question.days)
    await report_progress(ctx, 1, 2, "Planning")
    plan, unknown = await in_thread(lambda: _plan(request, measured, question, start=start))
    answer = PlanAnswer(summary="", source=metrics.name if metrics else None)
    answer.warnings += [*notes, *_notes_on_units(request), *measured.warnings]
    answer.queries = measured.evidence
    if measured.window is not None:
        answer.window = WindowAnswer(start=measured.window.start, end=measured.window.end)
    fill_in(answer, plan)
    answer.assumptions += _measured_rows(plan)
    answer.left_out += _failures(measured, unknown)
    follows = await add_consequences(answer, plan, deps=deps, output_dir=output_dir, overwrite=overwrite)
    answer.summary = " ".join([summary_of(plan), *follows, *_guessed(request), *_not_planned(unknown)])
    return answer


def _check(field: str, value: float, low: float, high: float, *, means: str) -> None:
    if not low <= value <= high:
        raise InputError(f"{field} must be from {low:g} to {high:g}; {means}.", field=field)


def _request(resources: object, question: Question) -> PlanRequest:
    from sre.capacity.plan.document import Defaults, read_plan_request

    defaults = Defaults(question.headroom_ratio, question.lead_time_days, question.given)
    return read_plan_request(resources, defaults=defaults)


async def _present(deps: Deps, request: PlanRequest, source: str) -> tuple[MetricSource | None, datetime, list[str]]:
    """Return the source where one is needed, and the present of the plan with notes on it."""
    clock = deps.clock.now().replace(microsecond=0)
    if not asked_of_source(request):
        start = await in_thread(lambda: start_of_plan(request, now=clock))
        moved = [] if start == clock else [f"The plan starts where the series end, {start.date().isoformat()}."]
        return None, start, moved
    metrics = deps.sources.metric(source or None)
    now = await deps.now_of(metrics)
    recorded = await metrics.latest()
    return metrics, now, [] if recorded is None else [recorded_note(now)]


def _plan(
    request: PlanRequest, measured: Measured, question: Question, *, start: datetime
) -> tuple[Plan, tuple[str, ...]]:
    from sre.capacity.plan.planning import plan_of, resolved

    start_ms = epoch_ms(start)
    resources, unknown = resolved(request, measured.demands, start_ms=start_ms, days=question.days)
    if not resources:
        raise next(iter(measured.failures.values()), InputError("No demand is known.", field="resources"))
    plan = plan_of(
        resources,
        start_ms=start_ms,
        days=question.days,
        risk_ratio=question.risk_ratio,
        assumptions=request.assumptions,
    )
    return plan, unknown


def _check_scenarios(request: PlanRequest, start: datetime) -> None:
    from sre.capacity.plan.planning import check_scenarios

    check_scenarios(request, start_ms=epoch_ms(start))


def _guessed(request: PlanRequest) -> list[str]:
    guessed = request.usage.guessed if request.usage else ()
    if not guessed:
        return []
    return [f"The load of the users rests on rules of thumb, not on your data, for {listed(guessed)}: measure them."]


def _not_planned(unknown: tuple[str, ...]) -> list[str]:
    return [f"Not planned, see left_out: {cleaned(listed(unknown))}."] if unknown else []


def _notes_on_units(request: PlanRequest) -> list[str]:
    return [f"{cleaned(one.name)}: {cleaned(note, limit=300)}" for one in request.resources for note in one.notes]


def _measured_rows(plan: Plan) -> list[AssumptionRow]:
    """Return one row for all demands that were measured; how each was stands with its resource."""
    measured = [one.resource for one in plan.resources if one.resource.demand.basis == "forecast"]
    if not measured:
        return []
    known = listed([f"{cleaned(one.name)} ({one.demand.history_days:.0f} d)" for one in measured])
    why = "length of history in brackets; what the history has not seen is not in the forecast"
    return [AssumptionRow(path="demand", value=f"goes on as measured for {known}", source="measured", why=why)]


def _failures(measured: Measured, unknown: tuple[str, ...]) -> list[str]:
    """Return why resources are not in the plan; those that follow one of them only name it."""
    told = [f"{cleaned(name)}: not planned: {_why(error)}" for name, error in measured.failures.items()]
    following = [name for name in unknown if name not in measured.failures]
    return told + [f"{cleaned(name)}: not planned: the demand it follows is not known" for name in following]


def _why(error: SreError) -> str:
    steps = f" {error.next_steps[0]}." if error.next_steps else ""
    return cleaned(f"{error.message}{steps}", limit=300)
