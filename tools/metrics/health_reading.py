"""Reading the golden signals of a service: now, in the last minutes, and at the same time on earlier days."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.times import Duration, Window
from tools.concurrent import all_of, attempted

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


@dataclass(frozen=True, slots=True)
class Reading:
    """One signal of one service, in the unit of its query.

    Attributes:
        query: As it was run, over the window.
        recent: Over the last minutes, None where the window is no longer than they are.
        points: How many values it was read from.
    """

    query: str
    convention: str
    now: float | None
    recent: float | None
    baseline: Baseline
    points: int


@dataclass(frozen=True, slots=True)
class ResourceReading:
    """How full one resource is."""

    resource: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class ServiceReadings:
    """All that was read about a service; None for a signal without query."""

    traffic: Reading | None
    errors: Reading | None
    latency: Reading | None
    saturation: tuple[ResourceReading, ...]
    percentiles: tuple[tuple[str, float | None], ...]


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


async def service_readings(source: MetricSource, signals: ServiceSignals, question: HealthQuestion) -> ServiceReadings:
    """Read every signal of a service, all at once."""
    singles = (signals.traffic, signals.errors, signals.main_latency)
    asked = [(one.query, one.convention) for one in singles if one is not None]
    asked += [(one.query, one.convention) for one in signals.saturation]
    others = [one for one in signals.latency if one.quantile is not None and one is not signals.main_latency]
    readings: list[Reading] = []
    percentiles: list[float | None] = []

    async def read_signals() -> None:
        readings.extend(await all_of([_reading_call(source, query, name, question) for query, name in asked]))

    async def read_percentiles() -> None:
        calls = [_value_call(source, one.query, question.window, question.at) for one in others]
        percentiles.extend(await all_of(calls))

    await all_of([read_signals, read_percentiles])
    rest = iter(readings)
    traffic, errors, latency = (next(rest) if one is not None else None for one in singles)
    named = [(one.quantile or 0.0, value) for one, value in zip(others, percentiles, strict=True)]
    if latency is not None and signals.main_latency is not None and signals.main_latency.quantile is not None:
        named.append((signals.main_latency.quantile, latency.now))
    return ServiceReadings(
        traffic=traffic,
        errors=errors,
        latency=latency,
        saturation=tuple(ResourceReading(one.resource, next(rest)) for one in signals.saturation),
        percentiles=tuple((f"p{quantile * 100:g}", value) for quantile, value in sorted(named)),
    )


def _reading_call(
    source: MetricSource, query: str, convention: str, question: HealthQuestion
) -> Callable[[], Awaitable[Reading]]:
    async def read() -> Reading:
        from sre.core.golden_signals import with_window
        from sre.metrics.health import baseline_of

        text = with_window(query, question.window)
        has_recent = question.window.seconds > RECENT.seconds
        calls = [_history_call(source, text, question)]
        if has_recent:
            calls.append(_history_call(source, with_window(query, RECENT), question, only_now=True))
        history, *recent = await all_of(calls)
        step_days = question.step.seconds / _DAY_SECONDS
        days = [step_days * back for back in range(len(history) - 1, 0, -1)]
        return Reading(
            query=text,
            convention=convention,
            now=history[-1],
            recent=recent[0][-1] if recent else None,
            baseline=baseline_of(history[:-1], days_back=days),
            points=sum(value is not None for value in history),
        )

    return read


def _history_call(
    source: MetricSource, text: str, question: HealthQuestion, *, only_now: bool = False
) -> Callable[[], Awaitable[Sequence[float | None]]]:
    """Return a call for the values of a query, oldest first, now last; one range query brings them all."""

    async def history() -> Sequence[float | None]:
        if not only_now:
            start = question.at - timedelta(seconds=question.step.seconds * question.steps_back)
            result = await attempted(
                lambda: source.range_query(text, window=Window(start, question.at), step=question.step)
            )
            if result is not None:
                from sre.metrics.series_figures import measured_on_grid, single_line

                return single_line(measured_on_grid(result.series), steps=question.steps_back + 1)
        return [await _value(source, text, question.at)]

    return history


def _value_call(
    source: MetricSource, query: str, window: Duration, at: datetime
) -> Callable[[], Awaitable[float | None]]:
    async def value() -> float | None:
        from sre.core.golden_signals import with_window

        return await _value(source, with_window(query, window), at)

    return value


async def _value(source: MetricSource, text: str, at: datetime) -> float | None:
    result = await source.instant_query(text, at=at)
    values = [float(value) for value in result.values if math.isfinite(value)]
    return max(values) if values else None
