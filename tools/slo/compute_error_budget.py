"""The tool `compute_error_budget`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sre.core.errors import NoDataError
from sre.core.times import ReadInstant, format_duration, parse_instant
from tools.answer import QueryEvidence
from tools.context import ToolContext, deps_of, report_progress
from tools.slo.budget_answer import ErrorBudgetAnswer
from tools.slo_lookup import SloArgument

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.slo.burn_rate import BurnRateTier
    from sre.core.slo.windows import Period
    from sre.slo.history import EventHistory
    from sre.slo.report import Exhaustion
    from tools.slo.budget_data import BudgetData, BudgetReader
    from tools.slo.budget_filling import BudgetCase, JudgedGroup
    from tools.slo.budget_question import BudgetQuestion
    from tools.slo.budget_reading import GroupsRead, SloCase

_Short = Annotated[str, Field(max_length=64)]
_Count = float | Annotated[str, Field(max_length=4000)]
# Queries beyond these say the same of other pieces between maintenance windows.
_MAX_QUERIES = 8


async def compute_error_budget(
    ctx: ToolContext,
    *,
    slo: SloArgument = "",
    objective: float = 0.0,
    window: Annotated[str, Field(max_length=64, description="7d, calendar-week|month|quarter|year")] = "",
    good: _Count = "",
    bad: _Count = "",
    total: _Count = "",
    at: _Short = "now",
    time_zone: _Short = "UTC",
    source: _Short = "",
) -> ErrorBudgetAnswer:
    """Compute an error budget: SLI, share spent and left, burn rates, exhaustion, policy, may we deploy.

    Use when asked how an SLO stands or whether to release. Pass `slo`, or `objective` (0.999) and two of good,
    bad, total: event counts, or PromQL counters like `reqs_total{code=~"5.."}` (no rate), or with `[$window]`.
    Not for health now (`check_service_health`). Ratios are 0..1; burn rate 1 spends the budget in one window.
    """
    deps = deps_of(ctx)
    question = await _question(
        deps, slo, objective=objective, window=window, good=good, bad=bad, total=total, time_zone=time_zone
    )
    if question.counts is not None:
        return _answer_from_counts(_case(question, parse_instant(at, now=deps.clock.now(), field="at")))
    metrics = deps.sources.metric(source or _known_source(deps, question.source_name))
    case = _case(question, parse_instant(at, now=await deps.now_of(metrics), field="at"))
    if question.counts_whole_events(case.period):
        return await _answer_from_source(ctx, case, metrics)
    return await _answer_by_group(ctx, case, metrics)


async def _question(
    deps: Deps,
    slo: str,
    *,
    objective: float,
    window: str,
    good: _Count,
    bad: _Count,
    total: _Count,
    time_zone: str,
) -> BudgetQuestion:
    from tools.slo.budget_question import question_from_arguments, question_from_slo, refuse_beside_slo
    from tools.slo_lookup import slo_of

    if slo:
        refuse_beside_slo(objective=objective or None, window=window, good=good, bad=bad, total=total)
        return question_from_slo(await slo_of(deps, slo))
    return question_from_arguments(
        objective=objective or None, window=window or None, time_zone=time_zone, good=good, bad=bad, total=total
    )


def _known_source(deps: Deps, name: str | None) -> str | None:
    return name if name in deps.sources.names() else None


def _case(question: BudgetQuestion, at: ReadInstant) -> BudgetCase:
    from sre.core.slo.burn_rate import tiers_for
    from sre.core.slo.sli_queries import sli_queries
    from sre.core.slo.tiers import default_tiers
    from sre.core.slo.windows import period_at
    from sre.slo.maintenance import counted_seconds
    from sre.slo.period_tiers import period_tiers
    from tools.slo.budget_filling import BudgetCase

    period = period_at(question.window, at=at.at)
    if period.elapsed_seconds < 1:
        raise NoDataError("The calendar period begins at this very instant; nothing has happened in it yet.")
    if counted_seconds(question.maintenance, start=period.start, end=period.at) <= 0:
        raise NoDataError("The whole period so far is maintenance, so nothing in it counts.")
    notes = (*question.notes, *at.notes)
    if question.slo is None:
        tiers = tiers_for(default_tiers(), objective_ratio=question.objective_ratio, period_seconds=period.seconds)
        return BudgetCase(question, period, tiers, notes)
    queries = sli_queries(question.slo)
    is_sliced = queries.counted == "slices"
    base = queries.base_seconds if is_sliced else None
    tiers = period_tiers(question.slo, period_seconds=period.seconds, base_seconds=base)
    counted = f"slices of {format_duration(queries.base_seconds)}" if is_sliced else queries.counted
    return BudgetCase(question, period, tiers, notes, counted, queries.counted.removesuffix("s"))


def _answer_from_counts(case: BudgetCase) -> ErrorBudgetAnswer:
    from sre.core.slo.budget import EventCounts
    from sre.slo.report import BudgetFacts
    from tools.slo.budget_filling import answer_of

    counts = case.question.counts or EventCounts(0, 0)
    facts = BudgetFacts(case.question.objective_ratio, case.period, counts, case.tiers, window_counts={})
    answer = answer_of(case, facts, counting="as given")
    answer.left_out.append(
        "burn rates over 1h, 6h, 1d and 3d: pass good, bad and total as PromQL counters, with a source."
    )
    return answer


async def _answer_from_source(ctx: ToolContext, case: BudgetCase, metrics: MetricSource) -> ErrorBudgetAnswer:
    """Count the events of a whole service, exactly where that can be."""
    from sre.core.slo.budget import EventCounts
    from sre.slo.report import BudgetFacts
    from tools.slo.budget_data import BudgetReader
    from tools.slo.budget_filling import answer_of
    from tools.slo.budget_question import RatioQueries

    reader = BudgetReader(metrics, case.question.queries or RatioQueries(), case.question.slo)
    await report_progress(ctx, 0, 2, f"Counting events over {case.question.window}")
    data = await reader.read(case.period, case.tiers)
    await report_progress(ctx, 1, 2, "Judging the budget")
    counts = data.total.counts or EventCounts(0, 0)
    facts = BudgetFacts(
        case.question.objective_ratio,
        case.period,
        counts,
        case.tiers,
        data.window_counts,
        data.history,
        case.question.maintenance,
    )
    counting = (
        "exact: differences of the counters' own values"
        if data.total.is_exact
        else "estimate: increase() extrapolates to the ends of the window"
    )
    spent = await _spent_since(reader, case, data)
    answer = answer_of(case, facts, counting=counting, spent=spent)
    answer.source = metrics.name
    _add_queries(answer, data.total.evidence, _burn_queries(reader, case.tiers))
    _add_data_notes(answer, data, case.period)
    return answer


async def _answer_by_group(ctx: ToolContext, case: BudgetCase, metrics: MetricSource) -> ErrorBudgetAnswer:
    """Count an SLO of any kind: by group, samples or slices of time."""
    from tools.counter_types import counter_notes
    from tools.slo.budget_filling import add_groups, answer_of, group_name, judged_groups
    from tools.slo.budget_groups import no_group
    from tools.slo.budget_reading import SloCase

    slo = case.question.slo
    if slo is None:
        raise AssertionError("only an SLO has groups, samples or slices")
    placed = SloCase(slo, metrics, case.period, case.tiers)
    await report_progress(ctx, 0, 2, f"Counting {case.counted} over {case.question.window}")
    notes = await counter_notes(placed.reader.source, tuple(placed.reader.sides().values()))
    found = await placed.read()
    if not found.whole.by_group:
        raise await no_group(placed.reader, case.period)
    await report_progress(ctx, 1, 2, "Judging the budget")
    groups = judged_groups({labels: placed.facts(labels, found) for labels in found.whole.by_group})
    spent = await _spent_since_in_group(placed, groups[0])
    name = f"The worst, {group_name(groups[0])}" if slo.group_by else ""
    answer = answer_of(case, groups[0].facts, counting=_counting(case), spent=spent, name=name)
    answer.source = metrics.name
    if slo.group_by:
        add_groups(answer, case, groups)
    _add_queries(answer, found.whole.evidence, _window_queries(found))
    _add_group_notes(answer, found, placed, notes=notes)
    return answer


def _counting(case: BudgetCase) -> str:
    if case.thing == "sample":
        return "samples: the metric is looked at once a minute, every series weighing the same"
    if case.thing == "slice":
        return "slices of time, in step with the clock; one without events counts neither way"
    return "estimate: increase() extrapolates to the ends of the window; series that begin inside it count from zero"


def _burn_queries(reader: BudgetReader, tiers: tuple[BurnRateTier, ...]) -> list[QueryEvidence]:
    from tools.slo.budget_reading import window_lengths

    templates = [term.template for query in reader.queries.used for term in query.terms]
    windows = len(window_lengths(tiers))
    return [QueryEvidence(query=template, series_count=1, sample_count=windows) for template in templates]


def _window_queries(found: GroupsRead) -> list[QueryEvidence]:
    longest = max(found.windows, default=None)
    return list(found.windows[longest].evidence) if longest is not None else []


def _add_queries(answer: ErrorBudgetAnswer, whole: tuple[QueryEvidence, ...], recent: list[QueryEvidence]) -> None:
    answer.queries = [*whole[:_MAX_QUERIES], *recent[:_MAX_QUERIES]]
    if len(whole) > _MAX_QUERIES:
        answer.left_out.append(
            f"{len(whole) - _MAX_QUERIES} queries of the same form, for the other pieces between maintenance windows."
        )


def _add_data_notes(answer: ErrorBudgetAnswer, data: BudgetData, period: Period) -> None:
    answer.warnings += [*data.notes, *data.total.notes]
    if data.history is not None:
        _add_coverage(answer, data.history, period)


def _add_group_notes(answer: ErrorBudgetAnswer, found: GroupsRead, placed: SloCase, *, notes: tuple[str, ...]) -> None:
    from sre.core.text import listed

    answer.warnings += [*notes, *found.whole.notes]
    if found.whole.newborn_events > 0:
        events = f"{found.whole.newborn_events:.6g}"
        answer.warnings.append(f"Series that began inside the window count from zero; that adds {events} events.")
    missing = [format_duration(seconds) for seconds in placed.lengths if seconds not in found.windows]
    if missing:
        answer.warnings.append(f"The source did not count the last {listed(missing)}; those burn rates are null.")
    if found.histories is None:
        answer.warnings.append("How the budget was spent over time could not be read.")
        return
    best = max(found.histories.values(), key=lambda one: one.coverage_ratio, default=None)
    if best is not None:
        _add_coverage(answer, best, placed.period)


def _add_coverage(answer: ErrorBudgetAnswer, history: EventHistory, period: Period) -> None:
    from tools.slo.budget_missing import coverage_note

    answer.coverage_ratio = history.coverage_ratio
    note = coverage_note(history, period_seconds=period.elapsed_seconds)
    answer.warnings += [note] if note else []


async def _spent_since(reader: BudgetReader, case: BudgetCase, data: BudgetData) -> Exhaustion | None:
    """Return since when a rolling budget has been spent; that takes the period before this one too."""
    from sre.core.slo.budget import EventCounts, budget_ratio

    counts = data.total.counts or EventCounts(0, 0)
    allowed_ratio = budget_ratio(case.question.objective_ratio)
    if case.period.is_calendar or counts.total <= 0 or counts.bad < allowed_ratio * counts.total:
        return None
    start = case.period.start - timedelta(seconds=case.period.seconds)
    history = await reader.history(start=start, end=case.period.at, slices=240, born_since=data.born_since)
    return _spent(history, case.period, allowed_ratio) if history is not None else None


async def _spent_since_in_group(placed: SloCase, group: JudgedGroup) -> Exhaustion | None:
    from functools import partial

    from tools.concurrent import attempted, seconds_left
    from tools.slo.budget_reading import REFINEMENT_SECONDS

    if placed.period.is_calendar or group.report is None or not group.report.budget.is_exhausted:
        return None
    start = placed.period.start - timedelta(seconds=placed.period.seconds)
    ask = partial(placed.reader.histories, start=start, end=placed.period.at, slices=240)
    histories = await attempted(ask, seconds=min(REFINEMENT_SECONDS, seconds_left())) or {}
    history = histories.get(group.labels)
    return _spent(history, placed.period, group.report.budget.budget_ratio) if history is not None else None


def _spent(history: EventHistory, period: Period, allowed_ratio: float) -> Exhaustion | None:
    from sre.slo.history import spent_since_rolling
    from sre.slo.report import Exhaustion

    slices = max(1, round(period.seconds / history.slice_seconds))
    since = spent_since_rolling(history, slices_in_period=slices, budget_ratio=allowed_ratio)
    return Exhaustion(since, f"spent since then, to {format_duration(history.slice_seconds)}") if since else None
