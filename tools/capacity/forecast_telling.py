"""From forecasts to the answer of `forecast_capacity`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.errors import InputError, SreError
from sre.core.times import epoch_ms, format_duration, format_instant, instant_from_ms
from tools.answer import QueryEvidence, WindowAnswer
from tools.capacity.forecast_answer import (
    ForecastAnswer,
    filled_in,
    other_series,
    scenario_notes,
    threshold_doubts,
    without_scenario,
)
from tools.capacity.forecast_summary import compared_sentence, forecast_sentences, lead_of_many, named_series

if TYPE_CHECKING:
    from datetime import datetime

    from sre.capacity.model import CapacityForecast, Request, Step
    from sre.core.times import Window
    from tools.capacity.forecast_data import NamedHistory
    from tools.capacity.forecast_question import Question
    from tools.capacity.forecast_ranking import Ranking

_MAX_OTHERS = 20
# Less of the history than this is worth a word: forecasts rest on it (our choice).
_MOST_OF_HISTORY = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The histories to forecast, and where they came from."""

    histories: list[NamedHistory]
    now: datetime
    window: Window | None
    evidence: list[QueryEvidence]
    source: str | None
    warnings: tuple[str, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of a forecast is shown."""

    max_points: int
    chart: bool


def measured_answer(question: Question, found: Found, ranking: Ranking, shown: Shown) -> ForecastAnswer:
    """Return the most urgent forecast in full and the others in short."""
    first = ranking.forecasts[0]
    made, unit = first.forecast, _unit_of(found)
    answer = ForecastAnswer(summary="", source=found.source, queries=found.evidence, unit=unit)
    answer.interval_ratio = question.interval_ratio
    answer.labels = first.shown_labels
    answer.warnings = [*found.warnings, *_late_begin(found, made)]
    request = question.request(step_seconds=first.step_seconds, now=found.now)
    _add_frame(answer, request, made, step_seconds=first.step_seconds, shown=shown)
    answer.window = _window_answer(found, made, first.step_seconds)
    _add_others(answer, question, ranking)
    answer.left_out += found.left_out
    answer.warnings += threshold_doubts(made, is_direction_given=question.direction is not None, unit=unit)
    answer.summary = _summary(answer, question, ranking, found)
    if shown.chart:
        query = found.evidence[0].query
        title = f"{{{named_series(first)}}} of {query}" if len(ranking.forecasts) > 1 else query
        _add_chart(answer, question, made, title=title, without=ranking.plain)
    return answer


def assumed_answer(question: Question, start_value: float, shown: Shown, *, now: datetime) -> ForecastAnswer:
    """Return what follows from a start value and a scenario, without any history.

    Raises:
        InputError: The scenario does not say how the value grows, or has no place in the horizon.
    """
    from sre.capacity.assumed import assumed_growth
    from sre.capacity.model import DAY_SECONDS, Step
    from sre.capacity.scenario import assumed_step_seconds, check_reach

    step = Step(assumed_step_seconds(question.horizon.in_seconds(DAY_SECONDS)))
    request, start_ms = question.request(step_seconds=step.seconds, now=now), epoch_ms(now)
    if request.scenario.is_plain:
        raise InputError(
            "start_value has no history, so say how it grows.", field="scenario", valid=("+15%/month", "x2 from DATE")
        )
    check_reach(request, last_ms=start_ms, step=step)
    made = assumed_growth(start_value=start_value, start_ms=start_ms, step=step, request=request)
    answer = ForecastAnswer(summary="", interval_ratio=None)
    _add_frame(answer, request, made, step_seconds=step.seconds, shown=shown)
    told = forecast_sentences(made, unit="", interval=question.interval_ratio, now_ms=start_ms)
    answer.summary = f"By what was given, not measured: {answer.scenario}. {told}"
    alone = _growth_alone(request, step, start_value=start_value, start_ms=start_ms)
    if alone is not None:
        answer.without_scenario = without_scenario(alone)
        answer.summary += f" {compared_sentence(alone, unit='', now_ms=start_ms, without='By growth alone')}"
    if shown.chart:
        _add_chart(answer, question, made, title=f"{start_value:g}, {answer.scenario}", without=alone)
    return answer


def _late_begin(found: Found, made: CapacityForecast) -> list[str]:
    """Return how much of the history there is, where that is much less than was asked for."""
    if found.window is None or made.history is None:
        return []
    there = (len(made.history) - 1) * made.history.step.seconds
    if there >= _MOST_OF_HISTORY * found.window.seconds:
        return []
    begin = format_instant(found.window.end - timedelta(seconds=there))
    asked = format_duration(found.window.seconds)
    return [f"Of the {asked} of history asked for there are {format_duration(there)}: the data begin at {begin}."]


def _growth_alone(request: Request, step: Step, *, start_value: float, start_ms: int) -> CapacityForecast | None:
    """Return the path without what happens on given days, None where that is all there is or nothing."""
    from sre.capacity.assumed import assumed_growth

    scenario = request.scenario
    if not scenario.changes or not scenario.extra_growth_ratio_per_month:
        return None
    growing = replace(request, scenario=replace(scenario, changes=()))
    return assumed_growth(start_value=start_value, start_ms=start_ms, step=step, request=growing)


def _add_frame(
    answer: ForecastAnswer, request: Request, made: CapacityForecast, *, step_seconds: float, shown: Shown
) -> None:
    from sre.capacity.model import Step
    from sre.capacity.scenario_text import scenario_words

    filled_in(answer, made, max_points=shown.max_points, step_seconds=step_seconds)
    step = made.history.step if made.history is not None else Step(step_seconds)
    answer.step, answer.horizon = step.span(1), step.span(int(made.times_ms.size))
    answer.scenario = scenario_words(request.scenario, unit=answer.unit)
    answer.warnings += scenario_notes(request.scenario, made)


def _add_others(answer: ForecastAnswer, question: Question, ranking: Ranking) -> None:
    others = ranking.forecasts[1:]
    answer.others = [other_series(one.forecast, one.telling) for one in others[:_MAX_OTHERS]]
    if others:
        answer.others_ranked_by = (
            "time to the threshold, then probability" if question.threshold is not None else "growth a month, absolute"
        )
        some = f"{_MAX_OTHERS} of {len(others)} shown, by rank; " if len(others) > _MAX_OTHERS else ""
        answer.left_out.append(f"others: {some}narrow the query to one series for its rows, accuracy and method.")
    answer.left_out += ranking.left_out


def _add_chart(
    answer: ForecastAnswer, question: Question, made: CapacityForecast, *, title: str, without: CapacityForecast | None
) -> None:
    from tools.capacity.chart import Caption, forecast_png

    caption = Caption(title, answer.unit, question.interval_ratio)
    answer.with_image(forecast_png(made, caption, without_scenario=without))


def _window_answer(found: Found, made: CapacityForecast, step_seconds: float) -> WindowAnswer:
    if found.window is not None:
        return WindowAnswer(start=found.window.start, end=found.window.end, step_seconds=step_seconds)
    assert made.history is not None
    first, *_, last = made.history.step.times_until(made.history.last_ms, len(made.history))
    return WindowAnswer(start=instant_from_ms(int(first)), end=instant_from_ms(int(last)), step_seconds=step_seconds)


def _summary(answer: ForecastAnswer, question: Question, ranking: Ranking, found: Found) -> str:
    made, now_ms = ranking.forecasts[0].forecast, epoch_ms(found.now)
    parts = [
        lead_of_many(ranking.forecasts, has_threshold=question.threshold is not None, total=len(found.histories)),
        forecast_sentences(made, unit=answer.unit, interval=question.interval_ratio, now_ms=now_ms),
    ]
    if ranking.plain is not None:
        answer.without_scenario = without_scenario(ranking.plain)
        compared = compared_sentence(ranking.plain, unit=answer.unit, now_ms=now_ms)
        parts = [f"Scenario: {answer.scenario}.", *parts, compared]
    return " ".join(filter(None, parts))


def _unit_of(found: Found) -> str:
    if found.source is None:
        return ""
    # Only here, since reading PromQL costs a fresh process a fifth of its first forecast.
    from sre.core.promql import parse
    from sre.metrics.query_unit import unit_of_query

    try:
        return unit_of_query(parse(found.evidence[0].query).ast)
    except SreError:
        # A dialect only the source itself reads.
        return ""
