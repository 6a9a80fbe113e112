"""The tool `forecast_capacity`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, WithJsonSchema

from sre.core.errors import InputError, SreError
from sre.core.times import Duration, epoch_ms, format_duration, format_instant, instant_from_ms
from tools.answer import QueryEvidence, WindowAnswer
from tools.arguments import MAX_QUERY_CHARS, InlineSeries
from tools.capacity.forecast_answer import (
    ForecastAnswer,
    OtherSeries,
    crossing_sentence,
    exhaustion_part,
    filled_in,
    threshold_doubts,
)
from tools.capacity.forecast_question import (
    Question,
    history_window,
    inline_arrays,
    parsed_horizon,
)
from tools.context import ToolContext, deps_of, in_thread, recorded_note, report_progress

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic.config import JsonDict

    from server.deps import Deps
    from sre.capacity.model import CapacityForecast
    from sre.core.times import Window
    from tools.capacity.forecast_data import NamedHistory

_MAX_ROWS = 500
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
    await report_progress(ctx, 1, 2, f"Forecasting {len(found.histories)} series")
    return await in_thread(lambda: _answer(question, found, max_points=max_points, chart=chart))


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
    answer.summary = f"By the growth given, not measured: {crossing_sentence(made.exhaustion)} {_ends_at(made)}"
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
    from tools.capacity.forecast_data import rate_of_a_counter, read_histories

    metrics = deps.sources.metric(source or None)
    now = await deps.now_of(metrics)
    window, chosen = history_window(
        question.horizon, start=start, end=end, step=step, now=now, coverage=await metrics.coverage()
    )
    asked, notes = await rate_of_a_counter(metrics, query, step=chosen)
    result = await metrics.range_query(asked, window=window, step=chosen)
    histories = await read_histories(metrics, result, query=query, window=window)
    evidence = QueryEvidence(query=asked, series_count=len(result.series), sample_count=result.series.point_count)
    recorded = await metrics.latest()
    if recorded is not None:
        notes = (*notes, recorded_note(now))
    return _Found(histories, window.end, window, [evidence], metrics.name, (*notes, *result.warnings))


def _answer(question: Question, found: _Found, *, max_points: int, chart: bool) -> ForecastAnswer:
    from tools.capacity.forecast_data import forecasts_by_urgency

    ranked, failures = forecasts_by_urgency(question, found.histories, now=found.now)
    first = ranked[0]
    answer = ForecastAnswer(summary="", source=found.source, queries=found.evidence)
    answer.interval_ratio = question.interval_ratio
    answer.labels = first.shown_labels
    answer.unit = _unit_of(found.evidence[0].query)
    answer.warnings = [*found.warnings]
    _add_frame(answer, question, first.forecast, step_seconds=first.step_seconds, max_points=max_points, now=found.now)
    answer.window = _window_answer(found, first.forecast, first.step_seconds)
    answer.others = [
        OtherSeries(
            labels=other.shown_labels,
            present_level=other.forecast.present_level,
            ratio_per_month=other.forecast.growth.ratio_per_month,
            exhaustion=exhaustion_part(other.forecast.exhaustion),
            trust=other.forecast.judgement.trust,
        )
        for other in ranked[1:]
    ]
    if answer.others:
        answer.others_ranked_by = (
            "time to the threshold, then probability" if question.threshold is not None else "growth a month, relative"
        )
        answer.left_out.append("others: narrow the query to one series for its rows, accuracy and method.")
    answer.left_out += failures
    answer.warnings += threshold_doubts(
        first.forecast, is_direction_given=question.direction is not None, unit=answer.unit
    )
    answer.summary = _summary(answer, question, first.forecast, count=len(ranked))
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


def _summary(answer: ForecastAnswer, question: Question, made: CapacityForecast, *, count: int) -> str:
    rank = "Most urgent" if question.threshold is not None else "Fastest moving"
    lead = f"{rank} of {count} series: " if count > 1 else ""
    scenario = f" Under the scenario {answer.scenario}." if answer.scenario else ""
    crossing = f"{crossing_sentence(made.exhaustion, unit=answer.unit)} " if question.threshold is not None else ""
    return f"{lead}{crossing}{_ends_at(made, unit=answer.unit)}{scenario} Trust: {answer.trust}."


def _ends_at(made: CapacityForecast, *, unit: str = "") -> str:
    from sre.core.figures import figure_text

    at = format_instant(instant_from_ms(int(made.times_ms[-1])))[:16] + "Z"
    between = ""
    if made.lower is not None and made.upper is not None:
        between = f" ({figure_text(float(made.lower[-1]), unit)} to {figure_text(float(made.upper[-1]), unit)})"
    now = made.present_level if made.history is None else float(made.history.values[-1])
    then = figure_text(float(made.expected[-1]), unit)
    return f"From {figure_text(now, unit)} now to {then}{between} on {at}."


def _unit_of(query: str) -> str:
    from sre.core.promql import parse
    from sre.metrics.query_unit import unit_of_query

    try:
        return unit_of_query(parse(query).ast)
    except SreError:
        # An inline series, or a dialect only the source itself reads.
        return ""
