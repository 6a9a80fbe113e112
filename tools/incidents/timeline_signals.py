"""When the golden signals of services left their normal, and when they came back, for a timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.figures import figure_text
from sre.core.text import listed, quoted
from sre.core.times import Window, epoch_ms, instant_from_ms
from sre.incidents.chronicle import RESET, Evidence, Happening
from tools.concurrent import all_of, outcome_of, seconds_left
from tools.context import in_thread
from tools.golden_signals import found_service
from tools.incidents.service_list import all_services
from tools.incidents.timeline_window import Asked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.golden_signals import ServiceSignals
    from sre.core.series import BoolArray, FloatArray, SeriesSet
    from sre.incidents.deviation import Deviation, Direction, Floor
    from tools.incidents.timeline_window import TimelineWindow

MAX_SERVICES = 8
_READ_SECONDS = 20.0
_MAX_RESOURCES = 4
_MAX_EACH = 3
_DAY = timedelta(days=1)
_MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class _Signal:
    """One signal to watch.

    Attributes:
        name: errors, latency, traffic or saturation.
        what: For a sentence.
        unit: As `figure_text` takes it.
        against_yesterday: It is compared with the same time a day before, since it goes with the time of day.
    """

    name: str
    what: str
    query: str
    unit: str
    floor: Floor
    direction: Direction = "up"
    against_yesterday: bool = False


async def read_signals(deps: Deps, source: MetricSource, window: TimelineWindow, *, services: Sequence[str]) -> Asked:
    """Return when users felt something, and what filled up before: first deviations, worst moments, recoveries."""
    asked = Asked(source.name, "golden signals")
    named = list(services) or await _all_services(source, window, asked)
    parts = await all_of([partial(_of_service, deps, source, window, name, asked) for name in named[:MAX_SERVICES]])
    asked.happenings = [one for part in parts for one in part]
    if len(named) > MAX_SERVICES:
        left = listed([quoted(name, limit=_MAX_NAME) for name in named[MAX_SERVICES:]])
        asked.status, asked.note = "partly", f"{asked.note} Not looked at: {left}.".strip()
    return asked


async def _all_services(source: MetricSource, window: TimelineWindow, asked: Asked) -> list[str]:
    try:
        found = await all_services(source, window=window.searched)
    except SreError as error:
        asked.status, asked.note = "failed", error.message
        return []
    if not found:
        asked.status, asked.note = "not_asked", "No service was named, and no label of the source names any."
    return list(found)


async def _of_service(
    deps: Deps, source: MetricSource, window: TimelineWindow, service: str, asked: Asked
) -> list[Happening]:
    try:
        found = await found_service(
            source, service, window=window.searched, mapping=deps.services.get(service), with_hosts=False
        )
    except SreError as error:
        _missed(asked, error.message)
        return []
    signals = _signals(found.signals, window)
    if not signals:
        _missed(asked, f"No signal of {quoted(service, limit=_MAX_NAME)} is published under a known name.")
    calls = [partial(_of_signal, source, window, service, signal, asked) for signal in signals]
    if found.signals.request_counter:
        calls.append(partial(_resets, source, window, service, found.signals.request_counter, asked))
    return [one for part in await all_of(calls) for one in part]


async def _resets(
    source: MetricSource, window: TimelineWindow, service: str, counter: str, asked: Asked
) -> list[Happening]:
    """Return when counters of requests began anew, for services that do not tell when their processes started."""
    query = f"sum(resets({counter}[{window.rate}])) > 0"
    outcome = await outcome_of(
        lambda: source.range_query(query, window=window.searched, step=window.step),
        seconds=min(_READ_SECONDS, seconds_left()),
        system=source.name,
    )
    if isinstance(outcome, SreError):
        _missed(asked, outcome.message)
        return []
    asked.queries.append((query, len(outcome.series), outcome.series.point_count))
    return await in_thread(lambda: _began_anew(outcome.series, source.name, query, service))


def _began_anew(series: SeriesSet, system: str, query: str, service: str) -> list[Happening]:
    import numpy as np

    from sre.core.rules.alert_states import runs

    if not len(series):
        return []
    seen: BoolArray = np.asarray(series.present.any(axis=0))
    starts, _ = runs(seen)
    instants = [instant_from_ms(int(series.grid.times_ms()[place])) for place in starts.tolist() if place > 0]
    text = f"{quoted(service, limit=_MAX_NAME)}: counters of requests begin anew, as after a restart."
    return [
        Happening(at, "restart", text, service, evidence=(Evidence(system, query, at),), key=f"{RESET}:{service}")
        for at in instants
    ]


def _signals(signals: ServiceSignals, window: TimelineWindow) -> list[_Signal]:
    from sre.core.golden_signals import with_window
    from sre.incidents.deviation import Floor

    # Floors are our choice: half a percent of requests, a quarter of the latency (buckets tell no less), four tenths
    # of the traffic of the day before, a tenth of a resource that is at least half in use.
    found = []
    if signals.errors is not None:
        query = with_window(signals.errors.query, window.rate)
        found.append(_Signal("errors", "share of failing requests", query, "ratio", Floor(0.005, 2.0)))
    if signals.main_latency is not None:
        query = with_window(signals.main_latency.query, window.rate)
        quantile = signals.main_latency.quantile
        what = f"latency (p{quantile * 100:g})" if quantile else "latency"
        found.append(_Signal("latency", what, query, "seconds", Floor(0.01, 0.25)))
    if signals.traffic is not None:
        query = with_window(signals.traffic.query, window.rate)
        found.append(_Signal("traffic", "traffic", query, "ratio", Floor(0.4, 0.0), "both", against_yesterday=True))
    for resource in signals.saturation[:_MAX_RESOURCES]:
        query = with_window(resource.query, window.rate)
        found.append(_Signal("saturation", resource.resource, query, "ratio", Floor(0.1, 0.0, least_high=0.5)))
    return found


async def _of_signal(
    source: MetricSource, window: TimelineWindow, service: str, signal: _Signal, asked: Asked
) -> list[Happening]:
    series = await _read(source, window.with_normal, signal, window, asked)
    if series is None:
        return []
    before = None
    if signal.against_yesterday:
        earlier = Window(window.with_normal.start - _DAY, window.with_normal.end - _DAY)
        before = await _read(source, earlier, signal, window, None)
        if before is None or not len(before):
            return []
    return await in_thread(lambda: _happenings(series, before, source.name, window, service=service, signal=signal))


async def _read(
    source: MetricSource, span: Window, signal: _Signal, window: TimelineWindow, asked: Asked | None
) -> SeriesSet | None:
    outcome = await outcome_of(
        lambda: source.range_query(signal.query, window=span, step=window.step),
        seconds=min(_READ_SECONDS, seconds_left()),
        system=source.name,
    )
    if isinstance(outcome, SreError):
        if asked is not None:
            _missed(asked, outcome.message)
        return None
    if asked is not None:
        asked.queries.append((signal.query, len(outcome.series), outcome.series.point_count))
    return outcome.series


def _missed(asked: Asked, why: str) -> None:
    asked.status = "partly"
    if why not in asked.note:
        asked.note = f"{asked.note} {why}".strip()


def _happenings(
    series: SeriesSet,
    before: SeriesSet | None,
    system: str,
    window: TimelineWindow,
    *,
    service: str,
    signal: _Signal,
) -> list[Happening]:
    import numpy as np

    from sre.incidents.deviation import deviations

    if not len(series):
        return []
    # Of several (pools, replicas) the worst counts.
    values = np.where(series.present, series.values, np.nan)
    line = _highest(values)
    if before is not None:
        past = _highest(np.where(before.present, before.values, np.nan))
        if past.shape != line.shape:
            return []
        line = np.divide(line, past, out=np.full_like(line, np.nan), where=past > 0)
    times = series.grid.times_ms()
    is_normal = times < epoch_ms(window.searched.start)
    found = deviations(times, line, is_normal=is_normal, floor=signal.floor, direction=signal.direction)
    return [
        happening
        for one in found[:_MAX_EACH]
        for happening in _told(one, system, window, service=service, signal=signal)
    ]


def _highest(values: FloatArray) -> FloatArray:
    import warnings

    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        highest: FloatArray = np.nanmax(values, axis=0)
    return highest


def _told(one: Deviation, system: str, window: TimelineWindow, *, service: str, signal: _Signal) -> list[Happening]:
    def evidence(at: datetime, value: float) -> tuple[Evidence, ...]:
        return (Evidence(system, signal.query, at, value, signal.unit),)

    whom = f"{quoted(service, limit=_MAX_NAME)}: {signal.what}"
    after, first, last, worst_at = (
        instant_from_ms(ms) for ms in (one.after_ms, one.first_ms, one.last_ms, one.worst_ms)
    )
    usual, seen, worst = (figure_text(value, signal.unit) for value in (one.normal.median, one.first, one.worst))
    of = " of the day before" if signal.against_yesterday else ""
    reached = f", later {worst}{of}" if one.worst_ms != one.first_ms else ""
    is_felt = signal.name in ("errors", "latency") or (signal.name == "traffic" and not one.is_up)
    moved = "rises above" if one.is_up else "falls below"
    text = f"{whom} {moved} normal (usually {usual}{of}): {seen}{of} at {first:%H:%M:%S}{reached}."
    found = [
        Happening(after, "deviation" if is_felt else "pressure", text, service, evidence=evidence(first, one.first))
    ]
    if signal.name == "errors" and one.worst_ms not in (one.first_ms, one.last_ms):
        found.append(
            Happening(
                worst_at,
                "worst",
                f"{whom} is at its worst: {worst}.",
                service,
                evidence=evidence(worst_at, one.worst),
            )
        )
    if is_felt and not one.is_open:
        over = last - window.hangover
        lasted = figure_text((over - after).total_seconds(), "seconds")
        text = f"{whom} is back to normal (usually {usual}{of}), after {lasted}."
        found.append(Happening(over, "recovery", text, service, evidence=evidence(last, one.normal.median)))
    return found
