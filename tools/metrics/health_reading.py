"""Reading the golden signals of a service: now, in the last minutes, and at the same time on earlier days."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.times import Duration, Window
from tools.concurrent import all_of, outcome_of, seconds_left, with_stand_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.golden_signals import ServiceSignals
    from sre.metrics.health import Baseline

_DAY_SECONDS = 86_400.0
# Long enough for several scrapes, short enough to show what began just now.
RECENT = Duration(300.0)
_MAX_DAYS = 31
# Finding the service may take 25 s (`tools/golden_signals.py`): with this it is 45 s, and the call ends after 50 s.
SIGNAL_SECONDS = 20.0
# A week of values that takes longer than this may never come; the value of now is then asked for beside it.
PATIENCE_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One signal of one service, in the unit of its query.

    Attributes:
        query: As it was run, over the window.
        recent: Over the last minutes, None where the window is no longer than they are.
        points: How many values it was read from.
        error: Why the value over the window could not be read; None where it was, even if there are no data.
        is_compared: The earlier days were read, whatever they held.
        has_recent: The last minutes were read, or did not have to be.
    """

    query: str
    convention: str
    now: float | None
    recent: float | None
    baseline: Baseline
    points: int
    error: SreError | None = None
    is_compared: bool = True
    has_recent: bool = True


@dataclass(frozen=True, slots=True)
class ResourceReading:
    """How full one resource is."""

    resource: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class ServiceReadings:
    """All that was read about a service; None for a signal without query.

    Attributes:
        percentiles: By name; None where there are no data.
        unread_percentiles: Names of those that could not be read.
    """

    traffic: Reading | None
    errors: Reading | None
    latency: Reading | None
    saturation: tuple[ResourceReading, ...]
    percentiles: tuple[tuple[str, float | None], ...]
    unread_percentiles: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[Reading, ...]:
        """Every reading, what users feel first."""
        singles = (self.errors, self.latency, self.traffic)
        return (*(one for one in singles if one is not None), *(one.reading for one in self.saturation))


@dataclass(frozen=True, slots=True)
class HealthQuestion:
    """When a service is looked at: the window ends `at`, and is compared with `baseline` before it."""

    at: datetime
    window: Duration
    baseline: Duration

    @property
    def step(self) -> Duration:
        """Distance of the values compared: a day, so that the time of day is the same, or the whole baseline."""
        return Duration(min(self.baseline.seconds, _DAY_SECONDS))

    @property
    def steps_back(self) -> int:
        """How many earlier values there can be."""
        return max(1, min(_MAX_DAYS, int(self.baseline.seconds // self.step.seconds)))


@dataclass(frozen=True, slots=True)
class _Line:
    """Values of a query, oldest first, now last, or why there are none; `is_whole` with those of earlier days."""

    values: Sequence[float | None]
    error: SreError | None = None
    is_whole: bool = True


async def service_readings(source: MetricSource, signals: ServiceSignals, question: HealthQuestion) -> ServiceReadings:
    """Read every signal of a service, all at once; one that fails or is late says so and costs no other.

    Raises:
        SreError: Nothing at all could be read; the first reason.
    """
    # First what users feel, for a source that takes few questions at a time.
    singles = (signals.errors, signals.main_latency, signals.traffic)
    asked = [(one.query, one.convention) for one in singles if one is not None]
    asked += [(one.query, one.convention) for one in signals.saturation]
    others = [one for one in signals.latency if one.quantile is not None and one is not signals.main_latency]
    readings: list[Reading] = []
    percentiles: list[float | SreError | None] = []

    async def read_signals() -> None:
        readings.extend(await all_of([_reading_call(source, query, name, question) for query, name in asked]))

    async def read_percentiles() -> None:
        percentiles.extend(await all_of([_value_call(source, one.query, question) for one in others]))

    await all_of([read_signals, read_percentiles])
    rest = iter(readings)
    errors, latency, traffic = (next(rest) if one is not None else None for one in singles)
    named = list(zip((one.quantile or 0.0 for one in others), percentiles, strict=True))
    if latency is not None and signals.main_latency is not None and signals.main_latency.quantile is not None:
        named.append((signals.main_latency.quantile, latency.error or latency.now))
    shown = [(f"p{quantile * 100:g}", value) for quantile, value in sorted(named, key=lambda pair: pair[0])]
    found = ServiceReadings(
        traffic=traffic,
        errors=errors,
        latency=latency,
        saturation=tuple(ResourceReading(one.resource, next(rest)) for one in signals.saturation),
        percentiles=tuple((name, value) for name, value in shown if not isinstance(value, SreError)),
        unread_percentiles=tuple(name for name, value in shown if isinstance(value, SreError)),
    )
    _raise_if_all_failed(found)
    return found


def _raise_if_all_failed(readings: ServiceReadings) -> None:
    failures = [one.error for one in readings.asked if one.error is not None and one.recent is None]
    if failures and len(failures) == len(readings.asked):
        raise failures[0]


def _reading_call(
    source: MetricSource, query: str, convention: str, question: HealthQuestion
) -> Callable[[], Awaitable[Reading]]:
    async def read() -> Reading:
        from sre.core.golden_signals import with_window
        from sre.metrics.health import baseline_of

        text = with_window(query, question.window)
        calls = [_history_call(source, text, question)]
        if question.window.seconds > RECENT.seconds:
            calls.append(_now_call(source, with_window(query, RECENT), question))
        line, *others = await all_of(calls)
        recent = others[0] if others else _Line((None,))
        step_days = question.step.seconds / _DAY_SECONDS
        days = [step_days * back for back in range(len(line.values) - 1, 0, -1)]
        return Reading(
            query=text,
            convention=convention,
            now=line.values[-1] if line.values else None,
            recent=recent.values[-1] if recent.values else None,
            baseline=baseline_of(line.values[:-1], days_back=days),
            points=sum(value is not None for value in line.values),
            error=line.error,
            is_compared=line.error is None and line.is_whole,
            has_recent=recent.error is None,
        )

    return read


def _history_call(source: MetricSource, text: str, question: HealthQuestion) -> Callable[[], Awaitable[_Line]]:
    """Return a call for the values of a query on earlier days and now; one range query brings them all."""

    async def days() -> Sequence[float | None]:
        from sre.metrics.series_figures import measured_on_grid, single_line

        start = question.at - timedelta(seconds=question.step.seconds * question.steps_back)
        result = await source.range_query(text, window=Window(start, question.at), step=question.step)
        return single_line(measured_on_grid(result.series), steps=question.steps_back + 1)

    async def only_now() -> Sequence[float | None]:
        return [await _value(source, text, question.at)]

    async def history() -> _Line:
        values, is_stand_in = await with_stand_in(
            days, only_now, after_seconds=PATIENCE_SECONDS, seconds=_share_seconds(), system=source.name
        )
        return _Line((), error=values) if isinstance(values, SreError) else _Line(values, is_whole=not is_stand_in)

    return history


def _now_call(source: MetricSource, text: str, question: HealthQuestion) -> Callable[[], Awaitable[_Line]]:
    async def now() -> _Line:
        value = await _read_value(source, text, question)
        return _Line((), error=value) if isinstance(value, SreError) else _Line((value,))

    return now


def _value_call(
    source: MetricSource, query: str, question: HealthQuestion
) -> Callable[[], Awaitable[float | SreError | None]]:
    async def value() -> float | SreError | None:
        from sre.core.golden_signals import with_window

        return await _read_value(source, with_window(query, question.window), question)

    return value


async def _read_value(source: MetricSource, text: str, question: HealthQuestion) -> float | SreError | None:
    return await outcome_of(lambda: _value(source, text, question.at), seconds=_share_seconds(), system=source.name)


def _share_seconds() -> float:
    return min(SIGNAL_SECONDS, seconds_left())


async def _value(source: MetricSource, text: str, at: datetime) -> float | None:
    result = await source.instant_query(text, at=at)
    values = [float(value) for value in result.values if math.isfinite(value)]
    return max(values) if values else None
