"""The tool `query_prometheus`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field

from sre.metrics.model import RankKey
from tools.arguments import EndTime, PromQL, SourceName, StartTime
from tools.context import ToolContext, deps_of, in_thread, read_window, report_progress
from tools.metrics.query_answer import DEFAULT_MAX_SERIES, MOST_SERIES, QueryAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.metrics.query_run import QueryOutcome, QueryRequest


Result = TypeVar("Result")

# About a millisecond of work.
_SHORT_QUERY_CHARS = 1_000
_FEW_POINTS = 5_000


async def query_prometheus(
    ctx: ToolContext,
    *,
    query: PromQL,
    start: StartTime = "now-1h",
    end: EndTime = "now",
    step: Annotated[str, Field(description="Default: up to 250 points", max_length=64)] = "",
    source: SourceName = "",
    max_series: Annotated[int, Field(ge=1, le=MOST_SERIES)] = DEFAULT_MAX_SERIES,
    rank: RankKey = "max",
    detail: Literal["summary", "points"] = "summary",
    chart: bool = False,
) -> QueryAnswer:
    """Run PromQL over a window: ranked series as figures and sparklines, exact totals of the rest, what is odd.

    Use when you know the metric; for a single instant read `last`. detail=points adds values, chart=true a PNG.
    Not for finding metric names (use `find_metrics`) or judging a service (use `check_service_health`).
    Values are in the query's own unit (`unit`); null is no data, not zero. An empty answer says why.
    """
    from tools.metrics.empty_answers import diagnosed
    from tools.metrics.query_report import counter_warnings, empty_report, query_report
    from tools.metrics.query_run import QueryRequest, chosen_step, readable_query, run_query

    deps = deps_of(ctx)
    metrics = deps.sources.metric(source or None)
    read = await read_window(deps, metrics, start=start, end=end)
    request = QueryRequest(
        text=query,
        query=await _aside(lambda: readable_query(metrics, query), is_large=len(query) > _SHORT_QUERY_CHARS),
        window=read.window,
        step=chosen_step(step, read.window, sample_spacing=await metrics.sample_spacing()),
        rank=rank,
        max_series=max_series,
        wants_points=detail == "points",
        notes=read.notes,
    )
    await report_progress(ctx, 0, 2, "Asking the source")
    outcome = await run_query(metrics, request)
    await report_progress(ctx, 1, 2, "Reading the series")
    if len(outcome.measured) or outcome.text is not None:
        is_large = outcome.measured.point_count > _FEW_POINTS
        answer = await _aside(lambda: query_report(request, outcome), is_large=is_large)
        answer.warnings += await counter_warnings(metrics, request, outcome.measured)
    else:
        step_seconds = None if request.is_instant else request.step.seconds
        causes = await diagnosed(metrics, request.query, window=request.window, step_seconds=step_seconds)
        answer = empty_report(request, outcome, causes)
    answer.source = metrics.name
    if chart and len(outcome.measured):
        answer.with_image(await in_thread(lambda: _chart(request, outcome, answer.unit)))
    return answer


async def _aside(work: Callable[[], Result], *, is_large: bool) -> Result:
    """Do large work in a thread; small work takes less time than changing threads."""
    return await in_thread(work) if is_large else work()


def _chart(request: QueryRequest, outcome: QueryOutcome, unit: str) -> bytes:
    from sre.metrics.series_figures import ranking
    from tools.charts import series_chart_png

    order = ranking(outcome.measured, request.rank)
    return series_chart_png(outcome.measured, order, title=request.text, unit=unit)
