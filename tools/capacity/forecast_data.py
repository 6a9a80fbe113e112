"""The histories behind a forecast: counters asked for as rates, series told apart, a shorter past from slow sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.errors import InputError, NoDataError, RefusedError, SreError, TimedOutError
from sre.core.text import cleaned, listed, nearest_names, quoted
from sre.core.times import Duration, Window, format_duration, format_instant
from tools.concurrent import all_of, attempted, seconds_left, with_stand_in
from tools.context import in_thread

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from sre.capacity.model import History
    from sre.core.labels import Labels
    from sre.core.series import RangeResult

# More series than these are hardly one question (our choice); a first guess says which of them to forecast.
MAX_SERIES = 500
# Whether a name is a counter's is a hint, and the history still has to be read (30 s at a usual source).
_TYPE_SECONDS = 13.0
_LEAST_RATE_SECONDS = 300.0
# How long the whole history is waited for alone, and by how much the past asked for in its place is shorter.
_PATIENCE_SECONDS, _SHORTER = 18.0, 4
# Kept back from the deadline for the forecast itself (our choice).
_FORECAST_SECONDS = 15.0
# OpenMetrics 1.0: these suffixes name values that only grow.
_COUNTER_SUFFIXES = ("_total", "_bucket", "_count", "_sum")


@dataclass(frozen=True, slots=True, eq=False)
class NamedHistory:
    """A history and the labels it goes by."""

    labels: Labels
    history: History


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


@dataclass(frozen=True, slots=True, eq=False)
class ReadRange:
    """What a source gave for the history, and of which window; notes where that is not all that was asked for."""

    result: RangeResult
    window: Window
    notes: tuple[str, ...] = ()


async def read_range(source: MetricSource, query: str, *, window: Window, step: Duration) -> ReadRange:
    """Return the history, or its last quarter where a slow source does not give all of it in time.

    Raises:
        SreError: Neither came.
    """
    shorter = _last_quarter(window, step)
    failures: list[SreError] = []

    async def all_of_it() -> RangeResult:
        try:
            return await source.range_query(query, window=window, step=step)
        except SreError as error:
            failures.append(error)
            raise

    async def part_of_it() -> RangeResult:
        if failures and not isinstance(failures[0], (TimedOutError, RefusedError)):
            # A wrong query or a closed door is the same for a shorter history.
            raise failures[0]
        return await source.range_query(query, window=shorter, step=step)

    outcome, is_shorter = await with_stand_in(
        all_of_it,
        part_of_it,
        after_seconds=_PATIENCE_SECONDS,
        seconds=seconds_left(spare_seconds=_FORECAST_SECONDS),
        system=source.name,
    )
    if isinstance(outcome, SreError):
        raise outcome
    if not is_shorter:
        return ReadRange(outcome, window)
    note = (
        f"{quoted(source.name)} did not give the {format_duration(window.seconds)} of history that were asked for; "
        f"the forecast rests on the last {format_duration(shorter.seconds)} alone."
    )
    return ReadRange(outcome, shorter, (note,))


def _last_quarter(window: Window, step: Duration) -> Window:
    steps = max(1, round(window.seconds / step.seconds / _SHORTER))
    return Window(window.end - timedelta(seconds=steps * step.seconds), window.end)


async def read_histories(
    source: MetricSource, result: RangeResult, *, query: str, window: Window
) -> tuple[list[NamedHistory], list[str]]:
    """Return one history a series, and what is said about series that are too short or too odd for one.

    Raises:
        NoDataError: No series, or none with enough points.
        RefusedError: More series than can be told apart in one answer.
    """
    found = result.series
    if len(found) == 0 or found.point_count == 0:
        raise await _no_data(source, query, window)
    if len(found) > MAX_SERIES:
        raise _too_many(found.labels)
    histories, problems = await in_thread(lambda: _histories(result, _ceiling(query)))
    if not histories:
        raise problems[0]
    if not problems:
        return histories, []
    return histories, [f"{len(problems)} of {len(found)} series were not forecast: {problems[0].message}"]


def _histories(result: RangeResult, ceiling: float | None) -> tuple[list[NamedHistory], list[SreError]]:
    import numpy as np

    from sre.capacity.ceiling import ceiling_of_metric
    from sre.capacity.history import regular_history

    found, histories, problems = result.series, list[NamedHistory](), list[SreError]()
    times = found.grid.times_ms()
    for labels, values, present in zip(found.labels, found.values, found.present, strict=True):
        usable = present & np.isfinite(values)
        try:
            history = regular_history(
                times,
                np.where(usable, values, np.nan),
                upper_bound=ceiling_of_metric(labels.metric) or ceiling,
                step_seconds=found.grid.step_ms / 1000,
            )
        except SreError as error:
            problems.append(error)
        else:
            histories.append(NamedHistory(labels, history))
    return histories, problems


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


def _ceiling(query: str) -> float | None:
    from sre.capacity.ceiling import ceiling_of_query
    from sre.core.promql import parse

    try:
        return ceiling_of_query(parse(query).ast)
    except SreError:
        # A dialect only the source itself reads.
        return None


def _too_many(labels: tuple[Labels, ...]) -> RefusedError:
    names = sorted({name for one in labels for name in one if name != "__name__"})
    differing = [name for name in names if len({one.get(name, "") for one in labels}) > 1]
    return RefusedError(
        f"The query has {len(labels)} series; at most {MAX_SERIES} are compared in one answer.",
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
