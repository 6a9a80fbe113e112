"""The tool `forecast_capacity`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, WithJsonSchema

from sre.core.errors import InputError, SreError
from sre.core.times import Duration, epoch_ms, format_duration, instant_from_ms
from tools.answer import QueryEvidence, WindowAnswer
from tools.arguments import MAX_QUERY_CHARS, InlineSeries
from tools.capacity.forecast_answer import (
    ForecastAnswer,
    filled_in,
    other_series,
    scenario_notes,
    threshold_doubts,
    without_scenario,
)
from tools.capacity.forecast_question import (
    Question,
    check_scenario,
    history_window,
    inline_arrays,
    parsed_horizon,
)
from tools.capacity.forecast_ranking import Ranking, ranked_forecasts
from tools.capacity.forecast_summary import compared_sentence, forecast_sentences, lead_of_many
from tools.context import ToolContext, deps_of, in_thread, recorded_note, report_progress

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic.config import JsonDict

    from server.deps import Deps
    from sre.capacity.model import CapacityForecast
    from sre.core.times import Window
    from tools.capacity.forecast_data import NamedHistory

_MAX_ROWS = 500
_MAX_OTHERS = 20
_MAX_SCENARIO_CHARS = 500


def _without_default(schema: JsonDict) -> None:
    # An empty default tells a client nothing, and every client pays for it in tokens.
    schema.pop("default", None)


_Text = Annotated[str, Field(max_length=64, json_schema_extra=_without_default)]
# The lean schema: what a client needs to know; the models behind check the rest.
_Number = Annotated[float | None, WithJsonSchema({"type": "number"}), Field(json_schema_extra=_without_default)]
_Series = Annotated[
    InlineSeries | None,
    WithJsonSchema({"type": "object", "description": "{timestamps: [], values: []}"}),
    Field(json_schema_extra=_without_default),
]
_Horizon = Annotated[str | int, WithJsonSchema({"type": ["string", "integer"], "maxLength": 64})]


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The histories to forecast, and where they came from."""

    histories: list[NamedHistory]
    now: datetime
    window: Window | None
    evidence: list[QueryEvidence]
    source: str | None
    warnings: tuple[str, ...]


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
    max_points: Annotated[int, Field(ge=1, le=_MAX_ROWS)] = 40,
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
    if start_value is not None:
        return await in_thread(lambda: _assumed(question, start_value, now=deps.clock.now(), max_points=max_points))
    await report_progress(ctx, 0, 2, "Reading the history")
    if series is not None:
        found = await in_thread(lambda: _inline(series, now=deps.clock.now()))
    else:
        found = await _queried(deps, query, question, start=start, end=end, step=step, source=source)
    ranking = await ranked_forecasts(ctx, question, found.histories, now=found.now)
    return await in_thread(lambda: _answer(question, found, ranking, max_points=max_points, chart=chart))


def _check_one_of(**given: bool) -> None:
    if sum(given.values()) != 1:
        raise InputError(
            "Pass exactly one of query, series and start_value: what should be forecast?",
            field="query",
            valid=tuple(given),
        )


def _assumed(question: Question, start_value: float, *, now: datetime, max_points: int) -> ForecastAnswer:
    from sre.capacity.assumed import assumed_growth
    from sre.capacity.model import DAY_SECONDS, Step
    from sre.capacity.scenario import assumed_step_seconds, check_reach

    step = Step(assumed_step_seconds(question.horizon.in_seconds(DAY_SECONDS)))
    request = question.request(step_seconds=step.seconds, now=now)
    if request.scenario.is_plain:
        raise InputError(
            "start_value has no history, so say how it grows.", field="scenario", valid=("+15%/month", "x2 from DATE")
        )
    start_ms = epoch_ms(now)
    check_reach(request, last_ms=start_ms, step=step)
    made = assumed_growth(start_value=start_value, start_ms=start_ms, step=step, request=request)
    answer = ForecastAnswer(summary="", interval_ratio=None)
    _add_frame(answer, question, made, step_seconds=step.seconds, max_points=max_points, now=now)
    answer.warnings += scenario_notes(request.scenario, made)
    told = forecast_sentences(made, unit="", interval=question.interval_ratio, now_ms=start_ms)
    answer.summary = f"By what was given, not measured: {answer.scenario}. {told}"
    if request.scenario.changes and request.scenario.extra_growth_ratio_per_month:
        growing = replace(request, scenario=replace(request.scenario, changes=()))
        alone = assumed_growth(start_value=start_value, start_ms=start_ms, step=step, request=growing)
        answer.without_scenario = without_scenario(alone)
        answer.summary += f" {compared_sentence(alone, unit='', now_ms=start_ms, without='By growth alone')}"
    return answer


def _inline(series: InlineSeries, *, now: datetime) -> _Found:
    import numpy as np

    from sre.capacity.history import regular_history
    from sre.core.labels import Labels
    from tools.capacity.forecast_data import NamedHistory

    times, values = inline_arrays(series, now=now)
    history = regular_history(times, values)
    # An inline series ends when it ends: it has not stopped, whatever the clock says.
    ended = instant_from_ms(history.last_ms)
    evidence = [QueryEvidence(query="inline series", series_count=1, sample_count=int(np.isfinite(values).sum()))]
    return _Found([NamedHistory(Labels(), history)], ended, None, evidence, None, ())


async def _queried(
    deps: Deps, query: str, question: Question, *, start: str, end: str, step: str, source: str
) -> _Found:
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
    histories = await read_histories(metrics, result, query=query, window=read.window)
    evidence = QueryEvidence(query=asked, series_count=len(result.series), sample_count=result.series.point_count)
    recorded = await metrics.latest()
    if recorded is not None:
        notes = (*notes, recorded_note(now))
    return _Found(histories, window.end, read.window, [evidence], metrics.name, (*notes, *read.notes, *result.warnings))


def _answer(question: Question, found: _Found, ranking: Ranking, *, max_points: int, chart: bool) -> ForecastAnswer:
    ranked = ranking.forecasts
    first = ranked[0]
    answer = ForecastAnswer(summary="", source=found.source, queries=found.evidence)
    answer.interval_ratio = question.interval_ratio
    answer.labels = first.shown_labels
    answer.unit = _unit_of(found.evidence[0].query)
    answer.warnings = [*found.warnings]
    request = question.request(step_seconds=first.step_seconds, now=found.now)
    _add_frame(answer, question, first.forecast, step_seconds=first.step_seconds, max_points=max_points, now=found.now)
    answer.window = _window_answer(found, first.forecast, first.step_seconds)
    answer.others = [other_series(one.forecast, one.telling) for one in ranked[1 : 1 + _MAX_OTHERS]]
    if answer.others:
        answer.others_ranked_by = (
            "time to the threshold, then probability" if question.threshold is not None else "growth a month, absolute"
        )
        answer.left_out.append(_others_left_out(len(answer.others), len(ranked) - 1))
    answer.left_out += ranking.left_out
    answer.warnings += scenario_notes(request.scenario, first.forecast)
    answer.warnings += threshold_doubts(
        first.forecast, is_direction_given=question.direction is not None, unit=answer.unit
    )
    answer.summary = _summary(answer, question, ranking, found)
    if chart:
        from tools.capacity.chart import forecast_png

        answer.with_image(
            forecast_png(
                first.forecast,
                title=found.evidence[0].query,
                interval=question.interval_ratio,
                unit=answer.unit,
            )
        )
    return answer


def _add_frame(
    answer: ForecastAnswer,
    question: Question,
    made: CapacityForecast,
    *,
    step_seconds: float,
    max_points: int,
    now: datetime,
) -> None:
    from sre.capacity.scenario_text import scenario_words

    filled_in(answer, made, max_points=max_points, step_seconds=step_seconds)
    answer.step = str(Duration(step_seconds))
    answer.horizon = format_duration(made.times_ms.size * step_seconds)
    request = question.request(step_seconds=step_seconds, now=now)
    answer.scenario = scenario_words(request.scenario, unit=answer.unit)


def _window_answer(found: _Found, made: CapacityForecast, step_seconds: float) -> WindowAnswer:
    assert made.history is not None
    end = instant_from_ms(made.history.last_ms)
    start = instant_from_ms(made.history.last_ms - round((len(made.history) - 1) * step_seconds * 1000))
    if found.window is not None:
        start, end = found.window.start, found.window.end
    return WindowAnswer(start=start, end=end, step_seconds=step_seconds)


def _others_left_out(shown: int, total: int) -> str:
    rest = f"{shown} of {total} shown, by rank; " if shown < total else ""
    return f"others: {rest}narrow the query to one series for its rows, accuracy and method."


def _summary(answer: ForecastAnswer, question: Question, ranking: Ranking, found: _Found) -> str:
    made, now_ms = ranking.forecasts[0].forecast, epoch_ms(found.now)
    lead = lead_of_many(ranking.forecasts, has_threshold=question.threshold is not None, total=len(found.histories))
    told = forecast_sentences(made, unit=answer.unit, interval=question.interval_ratio, now_ms=now_ms)
    if ranking.plain is None:
        return f"{lead} {told}".strip()
    answer.without_scenario = without_scenario(ranking.plain)
    compared = compared_sentence(ranking.plain, unit=answer.unit, now_ms=now_ms)
    return f"Scenario: {answer.scenario}. {lead} {told} {compared}".replace("  ", " ")


def _unit_of(query: str) -> str:
    from sre.core.promql import parse
    from sre.metrics.query_unit import unit_of_query

    try:
        return unit_of_query(parse(query).ast)
    except SreError:
        # An inline series, or a dialect only the source itself reads.
        return ""
