"""The tool `forecast_capacity`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, WithJsonSchema

from sre.core.errors import InputError
from sre.core.times import instant_from_ms
from tools.answer import QueryEvidence
from tools.arguments import MAX_QUERY_CHARS, InlineSeries
from tools.capacity.forecast_answer import ForecastAnswer
from tools.capacity.forecast_question import (
    Question,
    check_scenario,
    history_window,
    naive_time_note,
    parsed_horizon,
)
from tools.capacity.forecast_ranking import ranked_forecasts
from tools.capacity.forecast_telling import Found, Shown, assumed_answer, measured_answer
from tools.context import ToolContext, deps_of, in_thread, recorded_note, report_progress
from tools.inline_series import inline_arrays

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic.config import JsonDict

    from server.deps import Deps
    from sre.core.series import FloatArray

_MAX_ROWS = 500
_MAX_SCENARIO_CHARS = 500
# Values that rise this often without ever falling may be a counter's.
_RISING_SHARE = 0.5


def _without_default(schema: JsonDict) -> None:
    # An empty default tells a client nothing, and every client pays for it in tokens.
    schema.pop("default", None)


def _without_limits(schema: JsonDict) -> None:
    # A number out of range is answered with the range.
    schema.pop("minimum", None)
    schema.pop("maximum", None)


_Text = Annotated[str, Field(max_length=64, json_schema_extra=_without_default)]
# The lean schema: what a client needs to know; the models behind check the rest.
_Number = Annotated[float | None, WithJsonSchema({"type": "number"}), Field(json_schema_extra=_without_default)]
_Series = Annotated[
    InlineSeries | None,
    WithJsonSchema({"type": "object", "description": "{timestamps: [], values: []}"}),
    Field(json_schema_extra=_without_default),
]
_Rows = Annotated[int, Field(ge=1, le=_MAX_ROWS, json_schema_extra=_without_limits)]
_Horizon = Annotated[str | int, WithJsonSchema({"type": ["string", "integer"], "maxLength": 64})]


async def forecast_capacity(
    ctx: ToolContext,
    *,
    query: Annotated[str, Field(max_length=MAX_QUERY_CHARS, json_schema_extra=_without_default)] = "",
    series: _Series = None,
    start_value: _Number = None,
    horizon: _Horizon = "30d",
    threshold: _Number = None,
    direction: Literal["auto", "up", "down"] = "auto",
    interval: float = 0.8,
    scenario: Annotated[str, Field(max_length=_MAX_SCENARIO_CHARS, json_schema_extra=_without_default)] = "",
    start: _Text = "",
    end: _Text = "now",
    step: _Text = "",
    source: _Text = "",
    max_points: _Rows = 40,
    chart: bool = False,
) -> ForecastAnswer:
    """Forecast a series: interval, measured accuracy, growth, and when it meets a threshold.

    Use when asked how long until full, or what if.
    Give query, series, or start_value. scenario: "growth +20%, +15%/month, x3 on 2026-11-27 for 2d, +500 from
    2026-12-01". horizon: 30d, or steps. Not for the past (use `query_prometheus`).
    """
    deps = deps_of(ctx)
    question = Question(
        horizon=parsed_horizon(horizon),
        threshold=threshold,
        direction=None if direction == "auto" else direction,
        interval_ratio=interval,
        scenario=scenario,
    )
    _check_one_of(query=bool(query), series=series is not None, start_value=start_value is not None)
    if not query:
        _check_alone(start=start, end="" if end == "now" else end, step=step, source=source)
    shown = Shown(max_points, chart)
    if start_value is not None:
        return await in_thread(lambda: assumed_answer(question, start_value, shown, now=deps.clock.now()))
    await report_progress(ctx, 0, 2, "Reading the history")
    if series is not None:
        found = await in_thread(lambda: _inline(series, now=deps.clock.now()))
    else:
        found = await _queried(deps, query, question, start=start, end=end, step=step, source=source)
    ranking = await ranked_forecasts(ctx, question, found.histories, now=found.now)
    return await in_thread(lambda: measured_answer(question, found, ranking, shown))


def _check_one_of(**given: bool) -> None:
    if sum(given.values()) != 1:
        raise InputError(
            "Pass exactly one of query, series and start_value: what should be forecast?",
            field="query",
            valid=tuple(given),
        )


def _check_alone(**given: str) -> None:
    unused = [name for name, value in given.items() if value]
    if unused:
        raise InputError(f"{', '.join(unused)} go with query; a series or start_value has none.", field=unused[0])


def _inline(series: InlineSeries, *, now: datetime) -> Found:
    import numpy as np

    from sre.capacity.history import regular_history
    from sre.core.labels import Labels
    from tools.capacity.forecast_data import NamedHistory

    times, values, _ = inline_arrays(series.timestamps, series.values, now=now)
    history = regular_history(times, values)
    # An inline series ends with its last time, whatever the clock says: it has stopped where values miss before that.
    ended = instant_from_ms(max(history.last_ms, int(times.max())))
    evidence = [QueryEvidence(query="inline series", series_count=1, sample_count=int(np.isfinite(values).sum()))]
    notes = (*naive_time_note(series), *_stock_note(values))
    return Found([NamedHistory(Labels(), history)], ended, None, evidence, None, notes)


def _stock_note(values: FloatArray) -> tuple[str, ...]:
    """Return how a series that only rises is read, which may be a counter of events as well as a disk that fills."""
    import numpy as np

    known = values[np.isfinite(values)]
    if (np.diff(known) < 0).any() or (np.diff(known) > 0).mean() < _RISING_SHARE:
        return ()
    return ("The series only rises, so it is forecast as what fills up; if it counts events, pass their rate.",)


async def _queried(
    deps: Deps, query: str, question: Question, *, start: str, end: str, step: str, source: str
) -> Found:
    from tools.capacity.forecast_data import rate_of_a_counter, read_histories, read_range

    metrics = deps.sources.metric(source or None)
    now = await deps.now_of(metrics)
    check_scenario(question.scenario, now=now)
    window, chosen = history_window(
        question.horizon, start=start, end=end, step=step, now=now, coverage=await metrics.coverage()
    )
    asked, notes = await rate_of_a_counter(metrics, query, step=chosen)
    read = await read_range(metrics, asked, window=window, step=chosen)
    result = read.result
    histories, left_out = await read_histories(metrics, result, query=query, window=read.window)
    evidence = QueryEvidence(query=asked, series_count=len(result.series), sample_count=result.series.point_count)
    recorded = await metrics.latest()
    if recorded is not None:
        notes = (*notes, recorded_note(now))
    warnings = (*notes, *read.notes, *result.warnings)
    return Found(histories, window.end, read.window, [evidence], metrics.name, warnings, tuple(left_out))
