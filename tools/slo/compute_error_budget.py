"""The tool `compute_error_budget`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sre.core.errors import NoDataError
from sre.core.times import ReadInstant, format_duration, format_instant, parse_instant
from tools.answer import QueryEvidence, WindowAnswer
from tools.context import ToolContext, deps_of, report_progress
from tools.slo.budget_answer import ErrorBudgetAnswer, PolicyAnswer, summary_of, tier_rows, whole_events

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.slo.budget import EventCounts
    from sre.core.slo.burn_rate import BurnRateTier
    from sre.core.slo.windows import Period
    from sre.slo.report import BudgetFacts, Exhaustion
    from tools.slo.budget_data import BudgetData, BudgetReader
    from tools.slo.budget_question import BudgetQuestion

_Short = Annotated[str, Field(max_length=64)]
_Count = float | Annotated[str, Field(max_length=4000)]


@dataclass(frozen=True, slots=True)
class _Case:
    """One question placed in time."""

    question: BudgetQuestion
    period: Period
    tiers: tuple[BurnRateTier, ...]
    notes: tuple[str, ...]


async def compute_error_budget(
    ctx: ToolContext,
    *,
    slo: Annotated[str, Field(max_length=253)] = "",
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

    Use when asked how an SLO stands or whether to release. Pass `slo` (a name), or `objective` (0.999) and two of good,
    bad, total: event counts, or PromQL counters like `reqs_total{code=~"5.."}` (no rate), or with `[$window]`.
    Not for health now (`check_service_health`). Ratios are 0..1; burn rate 1 spends the budget in one window.
    """
    from tools.slo.budget_question import question_from_arguments, question_from_slo, refuse_beside_slo

    deps = deps_of(ctx)
    if slo:
        refuse_beside_slo(objective=objective or None, window=window, good=good, bad=bad, total=total)
        question = await question_from_slo(deps, slo)
    else:
        question = question_from_arguments(
            objective=objective or None, window=window or None, time_zone=time_zone, good=good, bad=bad, total=total
        )
    if question.counts is not None:
        case = _case(question, parse_instant(at, now=deps.clock.now(), field="at"))
        return _answer_from_counts(case)
    metrics = deps.sources.metric(source or _known_source(deps, question.source_name))
    case = _case(question, parse_instant(at, now=await deps.now_of(metrics), field="at"))
    return await _answer_from_source(ctx, case, metrics)


def _known_source(deps: Deps, name: str | None) -> str | None:
    return name if name in deps.sources.names() else None


def _case(question: BudgetQuestion, at: ReadInstant) -> _Case:
    from sre.core.slo.burn_rate import tiers_for
    from sre.core.slo.tiers import default_tiers
    from sre.core.slo.windows import period_at

    period = period_at(question.window, at=at.at)
    if period.elapsed_seconds < 1:
        raise NoDataError("The calendar period begins at this very instant; nothing has happened in it yet.")
    tiers = tiers_for(default_tiers(), objective_ratio=question.objective_ratio, period_seconds=period.seconds)
    return _Case(question, period, tiers, (*question.notes, *at.notes))


def _answer_from_counts(case: _Case) -> ErrorBudgetAnswer:
    from sre.core.slo.budget import EventCounts
    from sre.slo.report import BudgetFacts

    counts = case.question.counts or EventCounts(0, 0)
    facts = BudgetFacts(case.question.objective_ratio, case.period, counts, case.tiers, window_counts={})
    answer = _answer(case, facts, counting="as given")
    answer.left_out.append(
        "burn rates over 1h, 6h, 1d and 3d: pass good, bad and total as PromQL counters, with a source."
    )
    return answer


async def _answer_from_source(ctx: ToolContext, case: _Case, metrics: MetricSource) -> ErrorBudgetAnswer:
    from sre.core.slo.budget import EventCounts
    from sre.slo.report import BudgetFacts
    from tools.slo.budget_data import BudgetReader
    from tools.slo.budget_question import RatioQueries

    reader = BudgetReader(metrics, case.question.queries or RatioQueries())
    await report_progress(ctx, 0, 2, f"Counting events over {case.question.window}")
    data = await reader.read(case.period, case.tiers)
    await report_progress(ctx, 1, 2, "Judging the budget")
    counts = data.total.counts or EventCounts(0, 0)
    facts = BudgetFacts(
        case.question.objective_ratio, case.period, counts, case.tiers, data.window_counts, data.history
    )
    counting = (
        "exact: differences of the counters' own values"
        if data.total.is_exact
        else "estimate: increase() extrapolates to the ends of the window"
    )
    answer = _answer(case, facts, counting=counting, spent=await _spent_since(reader, case, counts))
    answer.source = metrics.name
    answer.queries = [*data.total.evidence, *_burn_queries(reader, case.tiers)]
    _add_data_notes(answer, data, case.period)
    return answer


def _answer(case: _Case, facts: BudgetFacts, *, counting: str, spent: Exhaustion | None = None) -> ErrorBudgetAnswer:
    from sre.core.slo.budget import budget_ratio

    answer = ErrorBudgetAnswer(
        summary="",
        window=WindowAnswer(start=case.period.start, end=case.period.at),
        objective_ratio=facts.objective_ratio,
        slo_window=str(case.question.window),
        total_events=whole_events(facts.counts.total),
        bad_events=whole_events(facts.counts.bad),
        counting=counting,
        budget_ratio=budget_ratio(facts.objective_ratio),
        warnings=list(case.notes),
    )
    if facts.counts.total <= 0:
        return _without_traffic(answer, case)
    _fill(answer, case, facts, spent)
    return answer


def _without_traffic(answer: ErrorBudgetAnswer, case: _Case) -> ErrorBudgetAnswer:
    answer.summary = (
        f"{case.question.name}: no events in {case.question.window}, so neither an SLI nor a budget exists."
    )
    answer.warnings.append("No traffic: null means unknown, not good; no policy level follows from it.")
    answer.deploy_reason = "Unknown: without events the budget cannot be judged."
    return answer


def _fill(answer: ErrorBudgetAnswer, case: _Case, facts: BudgetFacts, spent: Exhaustion | None) -> None:
    from sre.slo.low_traffic import budget_note
    from sre.slo.report import budget_report

    report = budget_report(facts)
    budget = report.budget
    answer.sli_ratio, answer.allowed_bad_events = budget.sli_ratio, budget.allowed_bad
    answer.consumed_ratio, answer.remaining_ratio = budget.consumed_ratio, budget.remaining_ratio
    answer.remaining_minutes, answer.window_burn_rate = budget.remaining_minutes, report.period_burn_rate
    answer.budget_basis = _basis(case)
    answer.elapsed_consumed_ratio = report.period_burn_rate if case.period.is_calendar else None
    answer.burn_rates = tier_rows(report.tiers, window_counts=facts.window_counts, budget_ratio=budget.budget_ratio)
    exhaustion = spent or report.exhaustion
    answer.exhausted_at, answer.exhausted_at_basis = exhaustion.at, exhaustion.basis
    answer.policy = PolicyAnswer(level=report.policy.level, action=report.policy.action)
    answer.deploy_allowed, answer.deploy_reason = report.deploy.is_allowed, report.deploy.reason
    answer.warnings += [note for note in (budget_note(budget.allowed_bad),) if note]
    answer.summary = summary_of(
        case.question.name,
        facts,
        report,
        slo_window=str(case.question.window),
        spent_since=exhaustion.at if budget.is_exhausted else None,
    )


def _basis(case: _Case) -> str:
    period = case.period
    if not period.is_calendar:
        return "the rolling window"
    return (
        f"the whole period to {format_instant(period.end)}, its traffic projected from the "
        f"{period.elapsed_ratio:.0%} that has passed"
    )


def _burn_queries(reader: BudgetReader, tiers: tuple[BurnRateTier, ...]) -> list[QueryEvidence]:
    windows = len({seconds for tier in tiers for seconds in (tier.long_seconds, tier.short_seconds)})
    templates = [term.template for query in reader.queries.used for term in query.terms]
    return [QueryEvidence(query=template, series_count=1, sample_count=windows) for template in templates]


def _add_data_notes(answer: ErrorBudgetAnswer, data: BudgetData, period: Period) -> None:
    from tools.slo.budget_data import coverage_note

    answer.warnings += [*data.notes, *data.total.notes]
    if data.history is None:
        return
    answer.coverage_ratio = data.history.coverage_ratio
    note = coverage_note(data.history, period_seconds=period.elapsed_seconds)
    answer.warnings += [note] if note else []


async def _spent_since(reader: BudgetReader, case: _Case, counts: EventCounts) -> Exhaustion | None:
    """Return since when a rolling budget has been spent; that takes the period before this one too."""
    from sre.core.slo.budget import budget_ratio
    from sre.slo.history import spent_since_rolling
    from sre.slo.report import Exhaustion

    allowed_ratio = budget_ratio(case.question.objective_ratio)
    if case.period.is_calendar or counts.total <= 0 or counts.bad < allowed_ratio * counts.total:
        return None
    start = case.period.start - timedelta(seconds=case.period.seconds)
    history = await reader.history(start=start, end=case.period.at, slices=240)
    if history is None:
        return None
    slices = max(1, round(case.period.seconds / history.slice_seconds))
    since = spent_since_rolling(history, slices_in_period=slices, budget_ratio=allowed_ratio)
    return Exhaustion(since, f"spent since then, to {format_duration(history.slice_seconds)}") if since else None
