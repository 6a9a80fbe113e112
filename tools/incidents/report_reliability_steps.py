"""The steps of `report_reliability`: records, source and paging system asked at once; none may spoil the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import ConfigError, SreError
from sre.core.text import cleaned
from sre.core.times import Window, parse_duration
from sre.incidents.alert_load import ShiftLoad, shift_load
from sre.incidents.reliability import Reliability, reliability_of
from sre.incidents.statistics import Spread, spread_of
from tools.concurrent import all_of, outcome_of, seconds_left
from tools.context import in_thread, report_progress
from tools.incidents.records import all_incidents
from tools.incidents.report_reliability_alerts import AlertsRead, read_alert_load
from tools.incidents.report_reliability_availability import AvailabilityRead, read_availability
from tools.incidents.report_reliability_report import reliability_report
from tools.recording import record_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from connectors.base import MetricSource, OncallSource
    from server.deps import Deps
    from sre.toil.report import ToilReport
    from tools.context import ToolContext
    from tools.incidents.report_reliability_answer import ReportReliabilityAnswer
    from tools.recording import RecordTime

_MAX_SERVICE = 120


@dataclass(frozen=True, slots=True)
class ReliabilityQuestion:
    """The arguments of the call."""

    service: str
    window: str
    end: str
    shift_hours: float
    source: str


@dataclass(frozen=True, slots=True)
class PagesRead:
    """Pages of one origin; `acknowledged` None where the log was not read, `is_cut` where there are more pages."""

    origin: str
    load: ShiftLoad
    acknowledged: Spread | None = None
    is_log_read: bool = False
    is_cut: bool = False


@dataclass(slots=True)
class ReliabilityRead:
    """Everything that was read, each part None where it could not be."""

    window: Window
    now: datetime
    service: str
    source: str = ""
    records: Reliability | None = None
    toil: ToilReport | None = None
    availability: AvailabilityRead | None = None
    alerts: AlertsRead | None = None
    pages: list[PagesRead] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


async def reliability_answer(ctx: ToolContext, deps: Deps, asked: ReliabilityQuestion) -> ReportReliabilityAnswer:
    """Return the report.

    Raises:
        InputError: No window, or no such source.
        ConfigError: Neither records nor a metric source are configured.
    """
    time = await record_time(deps)
    found = ReliabilityRead(_window(asked, time), time.now, cleaned(asked.service, limit=_MAX_SERVICE))
    found.notes += time.notes
    source = _source(deps, asked, found)
    found.source = source.name if source else ""
    parts: dict[str, Callable[[], Awaitable[None]]] = {"records": partial(_read_records, deps, found)}
    if source is not None:
        parts["availability"] = partial(_read_availability, deps, source, found)
        parts["alerts"] = partial(_read_alerts, source, found, asked.shift_hours)
    if deps.oncall_source is not None:
        parts["pages"] = partial(_read_pages, deps.oncall_source, found, asked.shift_hours)
    done: list[str] = []

    async def run(name: str, read: Callable[[], Awaitable[None]]) -> None:
        await read()
        done.append(name)
        await report_progress(ctx, len(done), len(parts), f"Read {name}")

    await all_of([partial(run, name, read) for name, read in parts.items()])
    return await in_thread(lambda: reliability_report(found, shift_hours=asked.shift_hours))


def _window(asked: ReliabilityQuestion, time: RecordTime) -> Window:
    length = parse_duration(asked.window, field="window")
    end = time.read(asked.end, field="end")
    if end > time.now:
        time.notes.append("end lies in the future; the window ends now.")
        end = time.now
    return Window(end - timedelta(seconds=length.seconds), end)


def _source(deps: Deps, asked: ReliabilityQuestion, found: ReliabilityRead) -> MetricSource | None:
    try:
        return deps.sources.metric(asked.source or None)
    except ConfigError as error:
        if deps.journal is None:
            raise
        found.left_out.append(f"availability and alert volume: {error.message}")
        return None


async def _read_records(deps: Deps, found: ReliabilityRead) -> None:
    from sre.toil.model import KIND
    from sre.toil.records import tasks_of
    from sre.toil.report import toil_report

    async def read() -> None:
        known = await all_incidents(deps)
        streams = await deps.records().streams(KIND)
        found.records = await in_thread(
            lambda: reliability_of(known, found.window, service=found.service, now=found.now)
        )
        found.toil = await in_thread(lambda: toil_report(tasks_of(streams), found.window))

    outcome = await outcome_of(read, seconds=seconds_left(), system="the record")
    if isinstance(outcome, SreError):
        found.left_out.append(f"incidents, response times, actions and toil: {outcome.message}")


async def _read_availability(deps: Deps, source: MetricSource, found: ReliabilityRead) -> None:
    call = partial(read_availability, deps, source, found.window, service=found.service)
    outcome = await outcome_of(call, seconds=seconds_left(), system=source.name)
    if isinstance(outcome, SreError):
        found.left_out.append(f"availability: {outcome.message}")
    else:
        found.availability = outcome


async def _read_alerts(source: MetricSource, found: ReliabilityRead, shift_hours: float) -> None:
    call = partial(read_alert_load, source, found.window, service=found.service)
    outcome = await outcome_of(call, seconds=seconds_left(), system=source.name)
    if isinstance(outcome, SreError):
        found.left_out.append(f"alert volume: {outcome.message}")
        return
    found.alerts = outcome
    if outcome.load is not None and outcome.window is not None:
        from sre.core.times import instant_from_ms

        starts = [instant_from_ms(one.start_ms) for one in outcome.load.pages]
        load = shift_load(starts, outcome.window, shift_hours=shift_hours)
        found.pages.append(PagesRead(f"alerts that page, {outcome.origin}", load))


async def _read_pages(source: OncallSource, found: ReliabilityRead, shift_hours: float) -> None:
    from sre.incidents.paging import pages_of

    window, service = found.window, found.service.casefold()
    listed = await outcome_of(
        lambda: source.incidents(window=window, urgencies=("high",)), seconds=seconds_left(), system=source.name
    )
    if isinstance(listed, SreError):
        found.left_out.append(f"pages of {source.name}: {listed.message}")
        return
    own = [one for one in listed.items if not service or service in one.service.name.casefold()]
    if service and listed.items and not own:
        found.notes.append(f"{source.name} has no service whose name holds this one; its pages are not counted.")
        return
    log = await outcome_of(lambda: source.log_entries(window=window), seconds=seconds_left(), system=source.name)
    cut = [listed.left_out, "" if isinstance(log, SreError) else log.left_out]
    found.left_out += [f"pages of {source.name}: {text}" for text in cut if text]
    load = shift_load([one.created_at for one in own], window, shift_hours=shift_hours)
    if isinstance(log, SreError):
        found.left_out.append(f"how long pages of {source.name} waited for a person: {log.message}")
        found.pages.insert(0, PagesRead(source.name, load, is_cut=not listed.is_whole))
        return
    waited = [page.acknowledge_minutes for page in pages_of(own, log.items)]
    acknowledged = spread_of([minutes for minutes in waited if minutes is not None])
    found.pages.insert(0, PagesRead(source.name, load, acknowledged, is_log_read=True, is_cut=not listed.is_whole))
