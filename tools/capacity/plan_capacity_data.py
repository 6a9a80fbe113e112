"""The demands of a plan that have to be measured: peaks of queries and of series passed in the call, forecast."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from sre.core.errors import InputError, NoDataError, SreError, TimedOutError
from sre.core.text import cleaned, listed
from sre.core.times import Duration, Window, epoch_ms, instant_from_ms
from tools.answer import QueryEvidence
from tools.concurrent import all_of, attempted, outcome_of, seconds_left
from tools.context import in_thread
from tools.inline_series import inline_arrays

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.capacity.plan.model import Demand
    from sre.capacity.plan.request import PlanRequest, ResourceRequest
    from sre.core.series import FloatArray, IntArray, RangeResult

_DAY_SECONDS = 86_400.0
# Four times the horizon, as for a forecast, and weeks at least.
_HISTORY_TO_HORIZON, _LEAST_DAYS, _MOST_DAYS = 4, 28, 730
# How finely peaks are looked for, by length of history: a source reads about as many points each time.
_FINENESS = ((60, Duration(300)), (200, Duration(900)), (_MOST_DAYS, Duration(3600)))
_RATE_STEP = Duration(300)
# Forecasts and the plan of twenty resources take less.
_SPARE_SECONDS = 12.0
_SPARE_FOR_PLAN_SECONDS = 8.0
# A series may end with the last whole month and still be about now.
_STILL_NOW_DAYS = 35


@dataclass(slots=True)
class Measured:
    """Demands by resource, what they rest on, and why others are missing.

    Attributes:
        failures: Resource and reason; text from outside in it is quoted.
        window: Of the history that queries read; None where there is none.
    """

    demands: dict[str, Demand] = field(default_factory=dict)
    evidence: list[QueryEvidence] = field(default_factory=list)
    failures: dict[str, SreError] = field(default_factory=dict)
    window: Window | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class _Peaks:
    """Peaks of one query."""

    query: str
    times_ms: IntArray
    values: FloatArray
    step_seconds: float
    notes: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many peaks there are."""
        import numpy as np

        return int(np.isfinite(self.values).sum())


def asked_of_source(request: PlanRequest) -> bool:
    """Return whether any demand is a query."""
    from sre.capacity.plan.request import QueryDemand

    return any(isinstance(one.demand, QueryDemand) for one in request.resources)


def start_of_plan(request: PlanRequest, *, now: datetime) -> datetime:
    """Return the present of a plan from series alone: the clock's, or their end where that is another time.

    Recorded data from another year are planned from where they end.
    """
    from sre.capacity.plan.request import SeriesDemand

    ends = []
    for one in request.resources:
        if isinstance(one.demand, SeriesDemand) and one.demand.timestamps:
            times, _, _ = inline_arrays(one.demand.timestamps, one.demand.values, now=now)
            ends.append(instant_from_ms(int(times.max())))
    if not ends or abs((max(ends) - now).total_seconds()) <= _STILL_NOW_DAYS * _DAY_SECONDS:
        return max([now, *ends])
    return max(ends)


async def measured_demands(request: PlanRequest, source: MetricSource | None, *, now: datetime, days: int) -> Measured:
    """Return the demands that come from queries and series; one that fails does not fail the others."""
    from sre.capacity.plan.request import QueryDemand, SeriesDemand

    found = Measured()
    inline = [one for one in request.resources if isinstance(one.demand, SeriesDemand)]
    queried = [one for one in request.resources if isinstance(one.demand, QueryDemand)] if source else []
    for one in inline:
        await in_thread(lambda one=one: _add_series(found, one, now=now, days=days))  # type: ignore[misc]
    if source is None:
        return found
    window = found.window = _history_window(now, days, await source.coverage())
    outcomes = await all_of([_peaks_call(source, one, window) for one in queried])
    for one, outcome in zip(queried, outcomes, strict=True):
        if isinstance(outcome, SreError):
            found.failures[one.name] = outcome
        elif seconds_left(spare_seconds=_SPARE_FOR_PLAN_SECONDS) <= 0:
            found.failures[one.name] = _no_time(source.name)
        else:
            await in_thread(lambda one=one, outcome=outcome: _add(found, one, outcome, now=now, days=days))  # type: ignore[misc]
    return found


def _no_time(system: str) -> TimedOutError:
    return TimedOutError(
        "There was no time left to forecast it.",
        system=system,
        retryable=True,
        next_steps=("plan fewer resources in one call",),
    )


def _history_window(now: datetime, days: int, coverage: Window | None) -> Window:
    back = min(max(_HISTORY_TO_HORIZON * days, _LEAST_DAYS), _MOST_DAYS)
    if coverage is not None and coverage.start < now:
        covered = (now - coverage.start).total_seconds() / _DAY_SECONDS
        # A span more than there is does no harm: those without samples are left out.
        back = min(back, ceil(covered) + 1)
    return Window(now - timedelta(days=back), now)


def _peaks_call(
    source: MetricSource, one: ResourceRequest, window: Window
) -> Callable[[], Awaitable[_Peaks | SreError]]:
    from sre.capacity.plan.request import QueryDemand

    assert isinstance(one.demand, QueryDemand)
    query = one.demand.query

    async def call() -> _Peaks | SreError:
        seconds = seconds_left(spare_seconds=_SPARE_SECONDS)
        return await outcome_of(lambda: _peaks(source, query, window), seconds=seconds, system=source.name)

    return call


async def _peaks(source: MetricSource, query: str, window: Window) -> _Peaks:
    """Return the peaks of each day, or of quarters of days where there are few days."""
    from sre.capacity.plan.measured import LEAST_DAYS_OF_DAILY_PEAKS, SHORT_STEP_SECONDS
    from tools.capacity.forecast_data import rate_of_a_counter

    asked, notes = await rate_of_a_counter(source, query, step=_RATE_STEP)
    daily = await _ranged(source, asked, window, step_seconds=_DAY_SECONDS, notes=notes)
    if daily.times_ms.size > LEAST_DAYS_OF_DAILY_PEAKS:
        return _without_first(daily)
    begin = instant_from_ms(int(daily.times_ms[0])) - timedelta(days=1)
    span = Window(max(begin, window.start), window.end)
    short = await attempted(
        lambda: _ranged(source, asked, span, step_seconds=SHORT_STEP_SECONDS, notes=notes),
        seconds=seconds_left(spare_seconds=_SPARE_SECONDS),
    )
    return _without_first(short or daily)


def _without_first(peaks: _Peaks) -> _Peaks:
    """Return the peaks without the first: a series that begins within a span has shown only part of its peak."""
    if peaks.times_ms.size < 2:
        return peaks
    return replace(peaks, times_ms=peaks.times_ms[1:], values=peaks.values[1:])


async def _ranged(
    source: MetricSource, asked: str, window: Window, *, step_seconds: float, notes: tuple[str, ...]
) -> _Peaks:
    """Return the peaks of all spans that end within the window, from the first one that has any."""
    import numpy as np

    span = Duration(step_seconds)
    fine = next(step for most, step in _FINENESS if window.seconds / _DAY_SECONDS <= most + 1)
    query = f"max_over_time(({asked})[{span}:{fine}])"
    count = max(1, round(window.seconds / step_seconds) - 1)
    inside = Window(window.end - timedelta(seconds=count * step_seconds), window.end)
    result = await source.range_query(query, window=inside, step=span)
    _check_one(result)
    values = np.where(result.series.present[0], result.series.values[0], np.nan)
    known = np.flatnonzero(np.isfinite(values))
    if known.size == 0:
        raise NoDataError("The query returned no numbers.", next_steps=("try it with query_prometheus",))
    times = result.series.grid.times_ms()
    return _Peaks(query, times[known[0] :], values[known[0] :], step_seconds, (*notes, *result.warnings))


def _check_one(result: RangeResult) -> None:
    count = len(result.series)
    if count == 0 or result.series.point_count == 0:
        raise NoDataError(
            "The query returned nothing in the history.",
            causes=("no such metric or label value, or no data in the window",),
            next_steps=("find the metric with find_metrics", "try the query with query_prometheus"),
        )
    if count > 1:
        names = sorted({name for labels in result.series.labels for name in labels if name != "__name__"})
        raise InputError(
            f"The query has {count} series; a demand is one.",
            field="resources",
            next_steps=(
                "sum(...) where they share the resource, max(...) where each has its own",
                f"or select one by its labels: {cleaned(listed(names))}",
            ),
        )


def _add(found: Measured, one: ResourceRequest, peaks: _Peaks, *, now: datetime, days: int) -> None:
    from sre.capacity.plan.measured import measured_demand
    from sre.capacity.plan.planning import read_scenario
    from sre.capacity.plan.request import QueryDemand

    assert isinstance(one.demand, QueryDemand)
    found.evidence.append(QueryEvidence(query=peaks.query, series_count=1, sample_count=peaks.count))
    found.warnings += [f"{one.name}: {note}" for note in peaks.notes]
    try:
        demand = measured_demand(
            peaks.times_ms,
            peaks.values,
            step_seconds=peaks.step_seconds,
            start_ms=epoch_ms(now),
            days=days,
            scenario=read_scenario(one.demand.scenario, start_ms=epoch_ms(now)),
        )
    except SreError as error:
        found.failures[one.name] = error
        return
    found.demands[one.name] = replace(demand, queries=(peaks.query,), selector=one.demand.query)


def _add_series(found: Measured, one: ResourceRequest, *, now: datetime, days: int) -> None:
    from sre.capacity.plan.measured import measured_demand, peaks
    from sre.capacity.plan.planning import read_scenario
    from sre.capacity.plan.request import SeriesDemand

    assert isinstance(one.demand, SeriesDemand)
    try:
        times, values, notes = inline_arrays(one.demand.timestamps, one.demand.values, now=now)
        found.warnings += [f"{one.name}: {note}" for note in notes]
        times, values, step_seconds = peaks(times, values, end_ms=int(times.max()) if times.size else 0)
        demand = measured_demand(
            times,
            values,
            step_seconds=step_seconds,
            start_ms=epoch_ms(now),
            days=days,
            scenario=read_scenario(one.demand.scenario, start_ms=epoch_ms(now)),
        )
    except SreError as error:
        found.failures[one.name] = error
        return
    count = sum(value is not None for value in one.demand.values)
    found.evidence.append(QueryEvidence(query="inline series", series_count=1, sample_count=count))
    found.demands[one.name] = demand
