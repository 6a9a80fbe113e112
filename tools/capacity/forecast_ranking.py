"""Many series forecast one after the other, the most urgent by a first guess first, as far as the time allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.text import cleaned
from sre.core.times import epoch_ms, format_instant, instant_from_ms
from tools.charts import telling_labels
from tools.concurrent import seconds_left
from tools.context import in_thread, report_progress

if TYPE_CHECKING:
    from datetime import datetime

    from sre.capacity.model import CapacityForecast, History
    from sre.core.labels import Labels
    from tools.capacity.forecast_data import NamedHistory
    from tools.capacity.forecast_question import Question
    from tools.context import ToolContext

# Each takes 30 to 100 ms of CPU (measured); what a first guess puts behind so many is hardly urgent (our choice).
MAX_FORECASTS = 48
# A chart and the answer still have to be made.
_SPARE_SECONDS = 12.0
_MAX_LABELS = 8
_MAX_TOLD_PROBLEMS = 5
# The forecast itself takes at most this many steps; a finer horizon is answered on means over several steps.
_MAX_HORIZON_STEPS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class NamedForecast:
    """A forecast and the labels it goes by."""

    labels: Labels
    history: History
    forecast: CapacityForecast
    step_seconds: float
    telling_names: tuple[str, ...] = ()

    @property
    def shown_labels(self) -> dict[str, str]:
        """The labels, cleaned and capped for an answer."""
        return {cleaned(name): cleaned(value) for name, value in list(self.labels.items())[:_MAX_LABELS]}

    @property
    def telling(self) -> dict[str, str]:
        """The labels that tell it from the others, capped for an answer."""
        return {cleaned(name): cleaned(self.labels.get(name, "")) for name in self.telling_names[:_MAX_LABELS]}


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The forecasts that were made, most urgent first, and what was not forecast.

    Attributes:
        plain: The first of them without the scenario; None where there is none.
    """

    forecasts: list[NamedForecast]
    left_out: list[str]
    plain: CapacityForecast | None = None


async def ranked_forecasts(
    ctx: ToolContext, question: Question, histories: list[NamedHistory], *, now: datetime
) -> Ranking:
    """Return the forecasts of the series that a first guess finds most urgent.

    Raises:
        SreError: Nothing could be forecast; the first reason.
    """
    running, stopped = _without_stopped(histories, now)
    ordered = running if len(running) == 1 else await in_thread(lambda: _by_guess(question, running))
    chosen = ordered[:MAX_FORECASTS]
    made: list[NamedForecast] = []
    problems: list[tuple[Labels, SreError]] = []
    for index, named in enumerate(chosen):
        if made and seconds_left(spare_seconds=_SPARE_SECONDS) <= 0:
            break
        await report_progress(ctx, 1 + index, 1 + len(chosen), f"Forecasting series {index + 1} of {len(chosen)}")
        try:
            made.append(await in_thread(partial(_forecast, question, named, now=now)))
        except SreError as error:
            problems.append((named.labels, error))
    if not made:
        raise problems[0][1]
    first = min(made, key=_urgency)
    plain = await in_thread(lambda: _without_scenario(question, first, now=now)) if question.scenario else None
    behind = len(running) - len(made) - len(problems)
    telling = telling_labels([one.labels for one in made])
    ranked = [replace(one, telling_names=telling) for one in sorted(made, key=_urgency)]
    return Ranking(ranked, [*_not_reached(behind, len(histories)), *stopped, *_not_forecast(problems)], plain)


def _without_stopped(histories: list[NamedHistory], now: datetime) -> tuple[list[NamedHistory], list[str]]:
    """Return the series that still report, or all where none does, and what is said about the others.

    Containers come and go: what grew until it ended last week fills nothing up.
    """
    stopped = [one for one in histories if one.history.has_stopped(epoch_ms(now))]
    if not stopped or len(stopped) == len(histories):
        return histories, []
    last = max(stopped, key=lambda one: one.history.last_ms)
    when = format_instant(instant_from_ms(last.history.last_ms))
    note = f"{len(stopped)} of {len(histories)} series have stopped and were not forecast, the last {when}."
    return [one for one in histories if one not in stopped], [note]


def _by_guess(question: Question, histories: list[NamedHistory]) -> list[NamedHistory]:
    from sre.capacity.screening import guessed_urgency

    return sorted(
        histories,
        key=lambda one: guessed_urgency(one.history, threshold=question.threshold, direction=question.direction),
    )


def _forecast(question: Question, named: NamedHistory, *, now: datetime) -> NamedForecast:
    from sre.capacity.forecast import forecast
    from sre.capacity.history import coarsened
    from sre.capacity.scenario import check_reach

    history = named.history
    steps = question.horizon.in_steps(history.step.seconds)
    factor = -(-steps // _MAX_HORIZON_STEPS) if question.horizon.steps is None else 1
    history = coarsened(history, factor)
    request = question.request(step_seconds=history.step.seconds, now=now)
    check_reach(request, last_ms=history.last_ms, step=history.step)
    # The simulated futures have done their work, and of many series they would fill the memory.
    made = replace(forecast(history, request), paths=None)
    return NamedForecast(named.labels, history, made, history.step.seconds)


def _without_scenario(question: Question, first: NamedForecast, *, now: datetime) -> CapacityForecast | None:
    from sre.capacity.forecast import forecast
    from sre.capacity.model import Scenario

    request = question.request(step_seconds=first.step_seconds, now=now)
    if request.scenario.is_plain:
        return None
    return replace(forecast(first.history, replace(request, scenario=Scenario())), paths=None)


def _urgency(named: NamedForecast) -> tuple[float, float, float]:
    found = named.forecast.exhaustion
    growth = named.forecast.growth.per_month
    if found is None:
        return (0.0, 0.0, -abs(growth or 0.0))
    at = float("inf") if found.expected_ms is None else float(found.expected_ms)
    return (at, -found.probability_ratio, -abs(growth or 0.0))


def _not_reached(count: int, total: int) -> list[str]:
    if count <= 0:
        return []
    return [
        f"{count} of {total} series were not forecast: a straight line through their history is less urgent. "
        "Narrow the query for one of them, or ask for the whole: sum(<query>)."
    ]


def _not_forecast(problems: list[tuple[Labels, SreError]]) -> list[str]:
    told = [f"not forecast: {cleaned(str(labels))}: {error.message}" for labels, error in problems[:_MAX_TOLD_PROBLEMS]]
    more = len(problems) - len(told)
    return [*told, f"not forecast: {more} further series, for reasons like these."] if more > 0 else told
