"""From measured series to the answer of `query_prometheus`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.times import epoch_ms, format_duration, format_instant
from sre.metrics.model import RANK_MEANINGS
from tools.answer import HARD_LIMIT_CHARS, WindowAnswer
from tools.metrics.query_answer import (
    DEFAULT_MAX_SERIES,
    MOST_SERIES,
    QueryAnswer,
    fit_for_points,
    series_row,
    shown_labels,
    totals_row,
    with_rows,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import MetricSource
    from sre.core.promql import Query
    from sre.metrics.emptiness import Emptiness
    from sre.metrics.series_figures import Measured
    from tools.metrics.query_run import QueryOutcome, QueryRequest

# What a caller gets who asked for nothing special: a glance, in bytes of JSON.
_GLANCE_BYTES = 3_600
_MAX_NEAREST = 10


def query_report(request: QueryRequest, outcome: QueryOutcome) -> QueryAnswer:
    """Return the answer for series that exist: ranked, within its size, with exact totals of the rest."""
    from sre.metrics.data_checks import STALE_SECONDS
    from sre.metrics.series_figures import figures_of, ranking, shared_labels, totals_of
    from sre.metrics.summaries import query_summary

    measured = outcome.measured
    order = ranking(measured, request.rank)
    shared = shared_labels(measured.labels)
    unit = unit_of(request.query)
    shown, points = min(request.max_series, len(order)), 0
    if request.wants_points:
        shown, points = fit_for_points(shown)
    top = [figures_of(measured, row) for row in order[:shown]]
    answer = QueryAnswer(
        summary=query_summary(measured, top[0] if top else None, unit=unit, window=request.window, shared=shared),
        window=window_answer(request),
        queries=[outcome.evidence],
        unit=unit,
        series_total=len(measured),
        ranked_by=RANK_MEANINGS[request.rank] if order else "",
        shared_labels=shown_labels(shared),
        all_series=totals_row(totals_of(measured, order)) if order else None,
        warnings=[*request.notes, *outcome.warnings, *_checked(request, measured)],
        text=outcome.text,
    )
    end_ms, stale_ms = epoch_ms(request.window.end), max(STALE_SECONDS, 2 * request.step.seconds) * 1000
    rows = [
        series_row(measured, one, shared=shared, end_ms=end_ms, stale_after_ms=stale_ms, max_points=points)
        for one in top
    ]
    answer.with_budget(HARD_LIMIT_CHARS)
    with_rows(answer, rows, budget_bytes=_budget(request))
    rest = order[len(answer.series) :]
    answer.others = totals_row(totals_of(measured, rest)) if rest else None
    answer.left_out = _left_out(request, measured, shown=len(answer.series), points=points)
    return answer


def empty_report(request: QueryRequest, outcome: QueryOutcome, causes: Sequence[Emptiness]) -> QueryAnswer:
    """Return the answer where there is nothing: why, and what exists instead."""
    from sre.core.text import cleaned

    said = " ".join(cause.because for cause in causes)
    over = f"{format_duration(request.window.seconds)} to {format_instant(request.window.end)}"
    return QueryAnswer(
        summary=f"No series over {over}: {said}",
        window=window_answer(request),
        queries=[outcome.evidence],
        warnings=[*request.notes, *outcome.warnings],
        empty_because=[cause.because for cause in causes],
        nearest=[cleaned(name) for cause in causes for name in cause.nearest][:_MAX_NEAREST],
        next_steps=list(dict.fromkeys(step for cause in causes for step in cause.next_steps)),
    )


def window_answer(request: QueryRequest) -> WindowAnswer:
    """Return the window as it is sent; a value of one instant has no step."""
    step = None if request.is_instant else request.step.seconds
    return WindowAnswer(start=request.window.start, end=request.window.end, step_seconds=step)


def unit_of(query: Query | None) -> str:
    """Return the unit of a query, empty where it is not known."""
    from sre.metrics.query_unit import unit_of_query

    return unit_of_query(query.ast) if query is not None else ""


async def counter_warnings(source: MetricSource, request: QueryRequest, measured: Measured) -> list[str]:
    """Return warnings about metrics that grow like counters, are counters by metadata, and are read without rate."""
    from sre.metrics.data_checks import grows_like_counter
    from sre.metrics.query_checks import counter_warning
    from tools.metrics.query_probes import counter_types

    metrics = _bare_metrics(request.query, are_counters=False) if request.query is not None else ()
    if not metrics or not grows_like_counter(measured):
        return []
    return [counter_warning(metric) for metric in await counter_types(source, metrics)]


def _budget(request: QueryRequest) -> int:
    is_glance = not request.wants_points and request.max_series <= DEFAULT_MAX_SERIES
    return _GLANCE_BYTES if is_glance else HARD_LIMIT_CHARS


def _checked(request: QueryRequest, measured: Measured) -> tuple[str, ...]:
    from sre.core.promql_tree import drops_points
    from sre.metrics.data_checks import data_warnings
    from sre.metrics.query_checks import query_warnings, unseen_between_points

    if request.query is None:
        return ("The query could not be read here, so it was sent as it is and not checked.",)
    node = request.query.ast
    said = query_warnings(node, step_seconds=None if request.is_instant else request.step.seconds)
    if not request.is_instant:
        said += unseen_between_points(node, step_seconds=request.step.seconds)
    shown = data_warnings(
        measured,
        step_seconds=request.step.seconds,
        end_ms=epoch_ms(request.window.end),
        filters_points=drops_points(node) or request.is_instant,
        is_raw_counter=bool(_bare_metrics(request.query, are_counters=True)),
    )
    return (*said, *shown)


def _bare_metrics(query: Query, *, are_counters: bool) -> tuple[str, ...]:
    """Return the metric that the query shows as it is: a counter by its name, or one whose name does not say."""
    from sre.core.promql.nodes import MatrixNode, VectorNode
    from sre.core.promql_tree import metric_of
    from sre.metrics.query_checks import possible_counters

    vector = query.ast.vector if isinstance(query.ast, MatrixNode) else query.ast
    name = metric_of(vector) if isinstance(vector, VectorNode) else ""
    return (name,) if name and (name not in possible_counters(query.ast)) == are_counters else ()


def _left_out(request: QueryRequest, measured: Measured, *, shown: int, points: int) -> list[str]:
    notes = []
    if shown < len(measured):
        notes.append(
            f"{len(measured) - shown} of {len(measured)} series are not shown, `others` says what they amount to: "
            f"raise max_series (at most {MOST_SERIES}), narrow the selector, or aggregate."
        )
    steps = int(measured.present.sum(axis=1).max()) if len(measured) else 0
    if request.wants_points and steps > points:
        notes.append(
            f"points: {points} of up to {steps} a series; of each slice of time the one furthest from the mean. "
            "Fewer max_series, a shorter window or a longer step shows all."
        )
    elif not request.wants_points and len(measured):
        notes.append("points: detail=points")
    return notes
