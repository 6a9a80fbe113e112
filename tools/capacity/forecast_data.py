"""The histories behind a forecast: counters asked for as rates, series told apart, ranked by urgency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre.core.errors import InputError, NoDataError, RefusedError, SreError
from sre.core.text import cleaned, listed, nearest_names, quoted
from sre.core.times import Duration, format_instant
from tools.concurrent import all_of, attempted, seconds_left

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.capacity.model import CapacityForecast, History
    from sre.core.labels import Labels
    from sre.core.series import RangeResult
    from sre.core.times import Window
    from tools.capacity.forecast_question import Question

# Each series takes up to a tenth of a second; more than these no reader ranks by hand either.
MAX_SERIES = 12
_MAX_LABELS = 8
# Whether a name is a counter's is a hint, and the history still has to be read (30 s at a usual source).
_TYPE_SECONDS = 13.0
_LEAST_RATE_SECONDS = 300.0
# The forecast itself takes at most this many steps; a finer horizon is answered on means over several steps.
_MAX_HORIZON_STEPS = 1000
# OpenMetrics 1.0: these suffixes name values that only grow; and shares that end at 1 or 100.
_COUNTER_SUFFIXES = ("_total", "_bucket", "_count", "_sum")
_CEILINGS = {"_ratio": 1.0, "_percent": 100.0}


@dataclass(frozen=True, slots=True, eq=False)
class NamedHistory:
    """A history and the labels it goes by."""

    labels: Labels
    history: History


@dataclass(frozen=True, slots=True, eq=False)
class NamedForecast:
    """A forecast and the labels it goes by."""

    labels: Labels
    forecast: CapacityForecast
    step_seconds: float

    @property
    def shown_labels(self) -> dict[str, str]:
        """The labels, cleaned and capped for an answer."""
        return {name: cleaned(value) for name, value in list(self.labels.items())[:_MAX_LABELS]}


async def rate_of_a_counter(source: MetricSource, query: str, *, step: Duration) -> tuple[str, tuple[str, ...]]:
    """Return the query to ask: a bare counter becomes its rate, anything else stays; with a note where it changed."""
    from sre.core.promql import parse
    from sre.metrics.query_checks import query_warnings

    try:
        parsed = parse(query)
    except (InputError, RefusedError):
        if source.kind == "prometheus":
            return query, ()
        raise
    notes = query_warnings(parsed.ast, step_seconds=step.seconds)
    selectors = parsed.selectors()
    if len(selectors) != 1 or not _is_plain_selector(query):
        return query, notes
    metric = selectors[0].metric
    if not metric.endswith(_COUNTER_SUFFIXES):
        return query, notes
    if metric.endswith(("_count", "_sum")):
        is_counter = await attempted(lambda: _is_told_to_count(source, metric), seconds=_TYPE_SECONDS)
        if is_counter is None:
            doubt = (
                f"The source did not say whether {quoted(metric)} is a counter; its values were forecast as they are."
            )
            return query, (*notes, doubt)
        if not is_counter:
            return query, notes
    rate = f"rate({query.strip()}[{Duration(max(step.seconds, _LEAST_RATE_SECONDS))}])"
    return rate, (f"{quoted(metric)} is a counter, so its rate a second was forecast.",)


async def read_histories(
    source: MetricSource, result: RangeResult, *, query: str, window: Window
) -> list[NamedHistory]:
    """Return one history a series.

    Raises:
        NoDataError: No series, or none with enough points.
        RefusedError: More series than can be told apart in one answer.
    """
    import numpy as np

    from sre.capacity.history import regular_history

    found = result.series
    if len(found) == 0 or found.point_count == 0:
        raise await _no_data(source, query, window)
    if len(found) > MAX_SERIES:
        raise _too_many(found.labels)
    times = found.grid.times_ms()
    histories, problems = [], []
    for labels, values, present in zip(found.labels, found.values, found.present, strict=True):
        usable = present & np.isfinite(values)
        try:
            history = regular_history(
                times,
                np.where(usable, values, np.nan),
                upper_bound=_ceiling(labels.metric),
                step_seconds=found.grid.step_ms / 1000,
            )
        except NoDataError as error:
            problems.append(error)
            continue
        histories.append(NamedHistory(labels, history))
    if not histories:
        raise problems[0]
    return histories


def forecasts_by_urgency(
    question: Question, histories: list[NamedHistory], *, now: datetime
) -> tuple[list[NamedForecast], list[str]]:
    """Return the forecasts, most urgent first, and what could not be forecast.

    Raises:
        SreError: Nothing could be forecast; the first reason.
    """
    made, problems = [], []
    for named in histories:
        try:
            made.append(_forecast(question, named, now=now))
        except SreError as error:
            problems.append((named.labels, error))
    if not made:
        raise problems[0][1]
    notes = [f"not forecast: {cleaned(str(labels))}: {error.message}" for labels, error in problems]
    return sorted(made, key=_urgency), notes


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
    return NamedForecast(named.labels, forecast(history, request), history.step.seconds)


def _urgency(named: NamedForecast) -> tuple[float, float, float]:
    found = named.forecast.exhaustion
    growth = named.forecast.growth.ratio_per_month
    if found is None:
        return (0.0, 0.0, -abs(growth or 0.0))
    at = float("inf") if found.expected_ms is None else float(found.expected_ms)
    return (at, -found.probability_ratio, -abs(growth or 0.0))


def _is_plain_selector(query: str) -> bool:
    from sre.core.promql import parse_selector

    try:
        parse_selector(query)
    except InputError:
        return False
    return True


async def _is_told_to_count(source: MetricSource, metric: str) -> bool:
    family = metric.rsplit("_", 1)[0]
    of_metric, of_family = await all_of([lambda: source.metadata(metric), lambda: source.metadata(family)])
    known = {**of_metric, **of_family}
    return any(entry.type in ("counter", "histogram", "summary") for entry in known.values())


def _ceiling(metric: str) -> float | None:
    return next((bound for suffix, bound in _CEILINGS.items() if metric.endswith(suffix)), None)


def _too_many(labels: tuple[Labels, ...]) -> RefusedError:
    names = sorted({name for one in labels for name in one if name != "__name__"})
    differing = [name for name in names if len({one.get(name, "") for one in labels}) > 1]
    return RefusedError(
        f"The query has {len(labels)} series; at most {MAX_SERIES} are forecast in one answer.",
        next_steps=(
            "forecast the whole: sum(<query>), or max(<query>) for a limit that each has",
            "only the largest: topk(5, <query>)",
            f"or select by one of the labels that differ: {cleaned(listed(differing))}",
        ),
    )


def _between(window: Window) -> str:
    return f"{format_instant(window.start)} and {format_instant(window.end)}"


async def _metric_names(source: MetricSource, window: Window) -> tuple[str, ...] | None:
    return await attempted(lambda: source.label_values("__name__", window=window), seconds=seconds_left())


async def _no_data(source: MetricSource, query: str, window: Window) -> NoDataError:
    from sre.core.promql import parse

    causes: list[str] = []
    nearest: tuple[str, ...] = ()
    try:
        metrics = [selector.metric for selector in parse(query).selectors() if selector.metric]
    except SreError:
        metrics = []
    names = await _metric_names(source, window) if metrics else ()
    unknown = [metric for metric in metrics if metric not in names] if names is not None else []
    if names is None:
        causes.append("whether the metric exists could not be looked up in time")
    elif unknown:
        causes.append(f"there is no metric {quoted(unknown[0])} in the window")
        nearest = tuple(cleaned(name) for name in nearest_names(unknown[0], names))
    else:
        causes.append("the metric exists, but no series has all of these label values in the window")
    return NoDataError(
        f"The query returned nothing between {_between(window)}.",
        causes=causes,
        nearest=nearest,
        next_steps=("find the metric with find_metrics", "try the query with query_prometheus"),
    )
