"""The tool `query_prometheus`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sre.core.errors import InputError, RefusedError
from sre.core.times import Duration, epoch_ms, format_duration, format_instant, parse_duration
from sre.metrics.model import RANK_MEANINGS, RankKey
from tools.answer import DEFAULT_BUDGET_CHARS, HARD_LIMIT_CHARS, QueryEvidence, WindowAnswer
from tools.arguments import EndTime, PromQL, StartTime
from tools.concurrent import beside
from tools.context import ToolContext, deps_of, in_thread, read_window, report_progress
from tools.metrics.query_answer import (
    QueryAnswer,
    points_that_fit,
    rows_that_fit,
    series_row,
    shown_labels,
    totals_row,
)

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from sre.core.promql import Query
    from sre.core.series import InstantResult, RangeResult
    from sre.core.times import Window
    from sre.metrics.series_figures import Measured

# A hint about scrapes may delay the answer of a live source by this much, no more.
_HINT_PATIENCE_SECONDS = 0.15
_MAX_SERIES = 100


@dataclass(frozen=True, slots=True)
class _Request:
    """The question, with times resolved."""

    text: str
    query: Query | None
    window: Window
    step: Duration
    rank: RankKey
    max_series: int
    wants_points: bool
    notes: tuple[str, ...]

    @property
    def is_instant(self) -> bool:
        """Whether its value exists only at one instant: raw samples, or text."""
        return self.query is not None and self.query.value_type in ("matrix", "string")


async def query_prometheus(
    ctx: ToolContext,
    *,
    query: PromQL,
    start: StartTime = "now-1h",
    end: EndTime = "now",
    step: Annotated[str, Field(description="Default: about 250 points", max_length=64)] = "",
    source: Annotated[str, Field(description="Default source if empty", max_length=200)] = "",
    max_series: Annotated[int, Field(ge=1, le=_MAX_SERIES)] = 10,
    rank: RankKey = "max",
    detail: Literal["summary", "points"] = "summary",
    chart: bool = False,
) -> QueryAnswer:
    """Run PromQL over a window: ranked series as figures and sparklines, exact totals of the rest, what is odd.

    Use when you know the metric; for a single instant read `last`. detail=points adds values, chart=true a PNG.
    Not for finding metric names (use `find_metrics`) or judging a service (use `check_service_health`).
    Values are in the query's own unit (`unit`); null is no data, not zero. An empty answer says why.
    """
    deps = deps_of(ctx)
    metrics = deps.sources.metric(source or None)
    read = await read_window(deps, metrics, start=start, end=end)
    request = _Request(
        text=query,
        query=await in_thread(lambda: _readable(metrics, query)),
        window=read.window,
        step=_step(step, read.window),
        rank=rank,
        max_series=max_series,
        wants_points=detail == "points",
        notes=read.notes,
    )
    await report_progress(ctx, 0, 3, "Asking the source")
    measured, evidence, warnings, text = await _asked(metrics, request)
    await report_progress(ctx, 1, 3, "Reading the series")
    if len(measured) == 0 and text is None:
        return await _empty(metrics, request, evidence, warnings)
    answer = await in_thread(lambda: _answer(request, measured, evidence, warnings))
    answer.source, answer.text = metrics.name, text
    answer.warnings += await _counter_warnings(metrics, request, measured)
    if chart and len(measured):
        await report_progress(ctx, 2, 3, "Drawing the chart")
        answer.with_image(await in_thread(lambda: _chart(request, measured, answer.unit)))
    return answer


def _readable(source: MetricSource, text: str) -> Query | None:
    """Return the parsed query, or None where a live source may still understand what we do not."""
    from sre.core.promql import parse

    try:
        return parse(text)
    except (InputError, RefusedError):
        if source.kind == "prometheus":
            return None
        raise


def _step(text: str, window: Window) -> Duration:
    from sre.core.steps import default_step
    from sre.metrics.query_cost import MAX_STEPS, coarser_step

    if not text:
        return default_step(window)
    step = parse_duration(text, field="step")
    if step.seconds > window.seconds:
        raise InputError(f"step ({step}) is longer than the window ({format_duration(window.seconds)}).", field="step")
    steps = window.seconds / step.seconds
    if steps > MAX_STEPS:
        raise RefusedError(
            f"step={step} makes {steps:,.0f} points a series; at most {MAX_STEPS:,} are answered.",
            next_steps=(f"step={format_duration(coarser_step(window.seconds))}", "a shorter window", "no step at all"),
        )
    return step


async def _asked(
    source: MetricSource, request: _Request
) -> tuple[Measured, QueryEvidence, tuple[str, ...], str | None]:
    from tools.metrics.query_probes import RateHints, needs_rate_hints, rate_hints, refuse_if_too_costly

    query = request.query
    if request.is_instant:
        return _instant_parts(await source.instant_query(request.text, at=request.window.end))
    if query is None or not needs_rate_hints(query):
        if query is not None:
            await refuse_if_too_costly(source, query, window=request.window, steps=_steps(request))
        result, hints = await _ranged(source, request), RateHints(())
    else:
        await refuse_if_too_costly(source, query, window=request.window, steps=_steps(request))
        patience = None if await source.latest() is not None else _HINT_PATIENCE_SECONDS
        result, found = await beside(
            lambda: _ranged(source, request),
            lambda: rate_hints(source, query, window=request.window),
            patience_seconds=patience,
        )
        hints = found or RateHints(())
    return _range_parts(result, hints.warnings)


async def _ranged(source: MetricSource, request: _Request) -> RangeResult:
    """Ask for the range; a refusal of the source gains the queries that would be cheaper."""
    from sre.metrics.query_cost import cheaper_queries

    try:
        return await source.range_query(request.text, window=request.window, step=request.step)
    except RefusedError as refusal:
        if request.query is None:
            raise
        seconds = request.window.seconds
        ways = cheaper_queries(request.text, request.query.ast, labels=(), window_seconds=seconds)
        raise RefusedError(refusal.message, next_steps=(*ways, *refusal.next_steps)) from refusal


def _steps(request: _Request) -> int:
    return int(request.window.seconds / request.step.seconds) + 1


def _range_parts(
    result: RangeResult, hints: tuple[str, ...]
) -> tuple[Measured, QueryEvidence, tuple[str, ...], str | None]:
    from sre.core.text import quoted
    from sre.metrics.series_figures import measured_on_grid

    measured = measured_on_grid(result.series)
    said = tuple(f"The source warns: {quoted(text)}" for text in result.warnings[:5])
    return measured, _evidence(result.query, measured), (*hints, *said), None


def _instant_parts(result: InstantResult) -> tuple[Measured, QueryEvidence, tuple[str, ...], str | None]:
    from sre.core.text import cleaned
    from sre.metrics.series_figures import measured_samples

    measured = measured_samples(result.samples)
    note = "A range selector gives raw samples, read at the end of the window; figures are over those samples."
    if result.kind == "string":
        return measured, _evidence(result.query, measured), (), cleaned(result.text)
    return measured, _evidence(result.query, measured), (note,), None


def _evidence(query: str, measured: Measured) -> QueryEvidence:
    return QueryEvidence(query=query, series_count=len(measured), sample_count=measured.point_count)


def _window_answer(request: _Request) -> WindowAnswer:
    step = None if request.is_instant else request.step.seconds
    return WindowAnswer(start=request.window.start, end=request.window.end, step_seconds=step)


def _answer(request: _Request, measured: Measured, evidence: QueryEvidence, warnings: tuple[str, ...]) -> QueryAnswer:
    from sre.metrics.series_figures import figures_of, ranking, shared_labels, totals_of
    from sre.metrics.summaries import query_summary

    order = ranking(measured, request.rank)
    shared = shared_labels(measured.labels)
    top = [figures_of(measured, row) for row in order[: request.max_series]]
    points = points_that_fit(len(top)) if request.wants_points else 0
    end_ms, stale_ms = epoch_ms(request.window.end), max(300.0, 2 * request.step.seconds) * 1000
    rows = [
        series_row(measured, one, shared=shared, end_ms=end_ms, stale_after_ms=stale_ms, max_points=points)
        for one in top
    ]
    answer = QueryAnswer(
        summary="",
        window=_window_answer(request),
        queries=[evidence],
        unit=_unit(request.query),
        series_total=len(measured),
        ranked_by=RANK_MEANINGS[request.rank],
        shared_labels=shown_labels(shared),
        all_series=totals_row(totals_of(measured, order)) if order else None,
        warnings=[*request.notes, *warnings, *_checked(request, measured)],
    )
    budget = HARD_LIMIT_CHARS if request.wants_points or request.max_series > 10 else DEFAULT_BUDGET_CHARS
    answer.with_budget(budget)
    answer.series = rows[: rows_that_fit(rows, budget_chars=budget)]
    rest = order[len(answer.series) :]
    answer.others = totals_row(totals_of(measured, rest)) if rest else None
    answer.left_out = _left_out(request, measured, shown=len(answer.series), points=points)
    facts = top[0] if top else None
    answer.summary = query_summary(measured, facts, unit=answer.unit, window=request.window, shared=shared)
    return answer


def _unit(query: Query | None) -> str:
    from sre.metrics.query_unit import unit_of_query

    return unit_of_query(query.ast) if query is not None else ""


def _checked(request: _Request, measured: Measured) -> tuple[str, ...]:
    from sre.metrics.data_checks import data_warnings
    from sre.metrics.query_checks import query_warnings
    from sre.metrics.query_tree import drops_points

    if request.query is None:
        return ("The query could not be read here, so it was sent as it is and not checked.",)
    node = request.query.ast
    step = None if request.is_instant else request.step.seconds
    said = query_warnings(node, step_seconds=step)
    shown = data_warnings(
        measured,
        step_seconds=request.step.seconds,
        end_ms=epoch_ms(request.window.end),
        filters_points=drops_points(node) or request.is_instant,
        is_raw_counter=bool(_bare_counters(request.query, sure=True)),
    )
    return (*said, *shown)


def _bare_counters(query: Query, *, sure: bool) -> tuple[str, ...]:
    """Return metrics that the query shows as they are: counters by their name, or those whose name does not say."""
    from sre.core.promql.nodes import MatrixNode, VectorNode
    from sre.metrics.query_checks import possible_counters
    from sre.metrics.query_tree import metric_of

    vector = query.ast.vector if isinstance(query.ast, MatrixNode) else query.ast
    if not isinstance(vector, VectorNode):
        return ()
    open_cases = possible_counters(query.ast)
    name = metric_of(vector)
    return (name,) if name and (name not in open_cases) == sure else ()


async def _counter_warnings(source: MetricSource, request: _Request, measured: Measured) -> list[str]:
    from sre.metrics.data_checks import grows_like_counter
    from sre.metrics.query_checks import counter_warning
    from tools.metrics.query_probes import counter_types

    metrics = _bare_counters(request.query, sure=False) if request.query is not None else ()
    if not metrics or not grows_like_counter(measured):
        return []
    return [counter_warning(metric) for metric in await counter_types(source, metrics)]


def _left_out(request: _Request, measured: Measured, *, shown: int, points: int) -> list[str]:
    notes = []
    if shown < len(measured):
        notes.append(
            f"{len(measured) - shown} of {len(measured)} series are not shown, `others` says what they amount to: "
            f"raise max_series (now {request.max_series}, at most {_MAX_SERIES}), narrow the selector, or aggregate."
        )
    steps = int(measured.present.sum(axis=1).max()) if len(measured) else 0
    if request.wants_points and steps > points:
        notes.append(
            f"points: {points} of up to {steps} a series; of each slice of time the one furthest from the mean. "
            "Fewer max_series, a shorter window or a longer step shows all."
        )
    elif not request.wants_points:
        notes.append("points: detail=points")
    return notes


async def _empty(
    source: MetricSource, request: _Request, evidence: QueryEvidence, warnings: tuple[str, ...]
) -> QueryAnswer:
    from sre.core.text import cleaned
    from tools.metrics.empty_answers import diagnosed

    causes = await diagnosed(source, request.query, window=request.window)
    said = " ".join(cause.because for cause in causes)
    end = format_instant(request.window.end)
    return QueryAnswer(
        summary=f"No data in {format_duration(request.window.seconds)} to {end}: {said} No data is not zero.",
        source=source.name,
        window=_window_answer(request),
        queries=[evidence],
        warnings=[*request.notes, *warnings],
        empty_because=[cause.because for cause in causes],
        nearest=[cleaned(name) for cause in causes for name in cause.nearest][:10],
        next_steps=[step for cause in causes for step in cause.next_steps],
    )


def _chart(request: _Request, measured: Measured, unit: str) -> bytes:
    from sre.metrics.series_figures import ranking
    from tools.charts import series_chart_png

    return series_chart_png(measured, ranking(measured, request.rank), title=request.text, unit=unit)
