"""The tool `detect_changes`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, WithJsonSchema

from sre.core.errors import InputError
from tools.arguments import MAX_QUERY_CHARS, InlineSeries
from tools.concurrent import all_of
from tools.context import ToolContext, deps_of, in_thread, read_window, report_progress
from tools.metrics.detect_changes_answer import ChangesAnswer

if TYPE_CHECKING:
    from pydantic.config import JsonDict

    from connectors.base import MetricSource
    from server.deps import Deps
    from tools.deploys import KnownDeploys
    from tools.metrics.detect_changes_question import ChangesQuestion
    from tools.metrics.detect_changes_reading import Reading


def _without_default(schema: JsonDict) -> None:
    # An empty default tells a client nothing, and every client pays for it in tokens.
    schema.pop("default", None)


_Text = Annotated[str, Field(max_length=64, json_schema_extra=_without_default)]
_Series = Annotated[
    InlineSeries | None,
    WithJsonSchema({"type": "object", "description": "{timestamps: [], values: []}"}),
    Field(json_schema_extra=_without_default),
]


async def detect_changes(
    ctx: ToolContext,
    *,
    query: Annotated[str, Field(max_length=MAX_QUERY_CHARS, json_schema_extra=_without_default)] = "",
    series: _Series = None,
    start: Annotated[str, Field(max_length=64)] = "now-7d",
    end: _Text = "now",
    step: _Text = "",
    source: _Text = "",
    chart: bool = False,
) -> ChangesAnswer:
    """Find when series changed: lasting changes of level, passing anomalies, and the deploy before each.

    Use when asked since when, what changed, or whether a deploy did it. Daily and weekly patterns are no changes.
    Not for why all went wrong (use `investigate_incident`) or what comes (use `forecast_capacity`).
    """
    from tools.metrics.detect_changes_refining import refined
    from tools.metrics.detect_changes_report import report
    from tools.metrics.detect_changes_search import searched

    deps = deps_of(ctx)
    if bool(query) == (series is not None):
        raise InputError("Pass exactly one of query and series.", field="query", valid=("query", "series"))
    metrics = deps.sources.metric(source or None) if query or source else None
    known: KnownDeploys | None = None
    await report_progress(ctx, 0, 100, "Reading")
    if series is not None:
        reading = await in_thread(partial(_inline, series, deps))
        known = await _deploys(deps, metrics, reading)
    else:
        assert metrics is not None
        reading, known = await _queried(deps, metrics, query, start=start, end=end, step=step)
    await report_progress(ctx, 20, 100, f"Searching {len(reading.rows)} series")
    search = await searched(ctx, reading)
    await report_progress(ctx, 75, 100, "Dating what was found")
    found = await refined(metrics, reading, search)
    answer = await in_thread(lambda: report(reading, found, known, source=metrics.name if metrics else None))
    if chart:
        from tools.metrics.detect_changes_chart import changes_png

        title = query or "series"
        answer.with_image(await in_thread(lambda: changes_png(reading, found.search, known, title=title)))
    return answer


def _inline(series: InlineSeries, deps: Deps) -> Reading:
    from dataclasses import replace

    from tools.metrics.detect_changes_reading import as_rates, inline_reading

    reading = inline_reading(series, now=deps.clock.now())
    rows, notes = as_rates(reading.rows)
    return replace(reading, rows=rows, notes=(*reading.notes, *notes))


async def _deploys(deps: Deps, metrics: MetricSource | None, reading: Reading) -> KnownDeploys | None:
    from tools.deploys import read_deploys

    return await read_deploys(metrics, reading.asked, dashboards=deps.dashboard_store) if metrics else None


async def _queried(
    deps: Deps, metrics: MetricSource, query: str, *, start: str, end: str, step: str
) -> tuple[Reading, KnownDeploys]:
    from tools.deploys import read_deploys
    from tools.metrics.detect_changes_question import resolved

    window = await read_window(deps, metrics, start=start, end=end)
    question = resolved(window, step=step, coverage=await metrics.coverage(), spacing=await metrics.sample_spacing())
    readings: list[Reading] = []
    known: list[KnownDeploys] = []

    async def read() -> None:
        readings.append(await _read(metrics, query, question))

    async def ask() -> None:
        known.append(await read_deploys(metrics, question.deploys, dashboards=deps.dashboard_store))

    await all_of([read, ask])
    return readings[0], known[0]


async def _read(metrics: MetricSource, query: str, question: ChangesQuestion) -> Reading:
    from tools.answer import QueryEvidence
    from tools.metrics.detect_changes_reading import Reading, asking_of, nothing_found, read_rows, warned_by_source

    asking, spacing = await asking_of(metrics, query, question)
    rows, result = await read_rows(metrics, asking, window=question.read, step=question.step, spacing=spacing)
    if len(rows) == 0 or not rows.present.any():
        raise await nothing_found(metrics, asking, question.asked, question.step)
    evidence = QueryEvidence(query=result.query, series_count=len(rows), sample_count=result.series.point_count)
    return Reading(
        rows,
        question.read,
        question.asked,
        evidence,
        unit=asking.unit(),
        asking=asking,
        spacing=spacing,
        notes=(*question.notes, *asking.notes(question.step, spacing=spacing), *warned_by_source(result)),
    )
