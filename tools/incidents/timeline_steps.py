"""The steps of `build_timeline`: who is asked what, all at once, and what comes of it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import InputError
from sre.core.text import cleaned, quoted
from sre.core.times import Window, format_instant, parse_instant
from sre.incidents.chronicle import chronicle, without_known_resets
from sre.incidents.records.facts import began_at
from tools.concurrent import all_of, attempted
from tools.context import deps_of, in_thread, recorded_note, report_progress
from tools.incidents.records import read_incident
from tools.incidents.timeline_alerts import read_alerts, read_notified
from tools.incidents.timeline_annotations import read_annotations
from tools.incidents.timeline_answer import TimelineAnswer, timeline_answer
from tools.incidents.timeline_changes import read_changes
from tools.incidents.timeline_pages import read_pages
from tools.incidents.timeline_record import recorded
from tools.incidents.timeline_signals import read_signals
from tools.incidents.timeline_window import Asked, timeline_window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.incidents.records.model import Incident
    from tools.context import ToolContext
    from tools.incidents.timeline_window import TimelineWindow

_MAX_TITLE = 80
_MAX_DAYS = 14
_COVERAGE_SECONDS = 3.0
# Newest samples are this old at most where scraping works: the look-back of Prometheus.
_FRESHNESS = timedelta(minutes=5)


async def built_timeline(
    ctx: ToolContext, *, incident: str, start: str, end: str, services: Sequence[str], source: str
) -> TimelineAnswer:
    """Return what happened, from all systems that can be asked.

    Raises:
        ConfigError: Neither a record nor any system to ask.
        InputError: Neither an incident nor a start; or a time that is none.
    """
    deps = deps_of(ctx)
    record = await read_incident(deps, incident) if incident.strip() else None
    if record is None and not start.strip():
        raise InputError(
            "Say which incident, or when it was.",
            field="incident",
            next_steps=('pass incident="INC-7", or start and end, such as start="now-2h".',),
        )
    metrics = deps.sources.metric(source or None) if source or deps.sources.names() or record is None else None
    now = await deps.now_of(metrics) if metrics else deps.clock.now()
    asked, notes = _window(record, start, end, now=now)
    window = await timeline_window(metrics, asked, now=now)
    named = list(
        dict.fromkeys(name.strip() for name in (*services, *(record.services if record else ())) if name.strip())
    )
    await report_progress(ctx, 0, 2, "Asking all systems")
    answers = await all_of(_calls(deps, metrics, window, named))
    for part in answers:
        if part.status == "partly" and not part.queries and not part.happenings:
            part.status = "failed"
    parts = [*([recorded(record)] if record else []), *answers, *_not_asked(deps, metrics)]
    await report_progress(ctx, 1, 2, "Putting it together")
    happenings = await in_thread(lambda: without_known_resets(chronicle(*(part.happenings for part in parts))))
    answer = await in_thread(lambda: timeline_answer(_title(record, asked), happenings, parts, window))
    answer.source = metrics.name if metrics else None
    answer.warnings[:0] = notes
    if metrics is not None:
        answer.warnings += await _coverage_notes(metrics, window)
    if metrics is not None and await metrics.latest() is not None:
        answer.warnings.append(recorded_note(now))
    return answer


async def _coverage_notes(source: MetricSource, window: TimelineWindow) -> list[str]:
    covered = await attempted(source.coverage, seconds=_COVERAGE_SECONDS)
    if covered is None or (covered.start <= window.asked.start and window.asked.end <= covered.end + _FRESHNESS):
        return []
    span = " to ".join(format_instant(at.replace(microsecond=0)) for at in (covered.start, covered.end))
    return [f"The data of {source.name} cover {span} only; what happened outside of that is not told by them."]


def _window(record: Incident | None, start: str, end: str, *, now: datetime) -> tuple[Window, list[str]]:
    notes: list[str] = []

    def instant(spelt: str, field: str) -> datetime:
        read = parse_instant(spelt, now=now, field=field)
        notes.extend(read.notes)
        return read.at

    begin = instant(start, "start") if start.strip() else began_at(record) if record else now
    over = record.times.get("end") or record.times.get("mitigated") if record else None
    last = instant(end, "end") if end.strip() else over or max(now, begin)
    if last <= begin:
        if end.strip() or start.strip():
            raise InputError(
                f"start ({format_instant(begin)}) is not before end ({format_instant(last)}).", field="start"
            )
        raise InputError(
            f"The incident begins at {format_instant(begin)}, and the data end before that; name start and end.",
            field="start",
        )
    if (last - begin).days >= _MAX_DAYS:
        raise InputError(f"A timeline covers up to {_MAX_DAYS} days; ask for a shorter window.", field="start")
    return Window(begin, last), notes


def _calls(
    deps: Deps, metrics: MetricSource | None, window: TimelineWindow, services: list[str]
) -> list[Callable[[], Awaitable[Asked]]]:
    calls: list[Callable[[], Awaitable[Asked]]] = []
    if metrics is not None:
        calls.append(partial(read_changes, metrics, window, services=services))
        calls.append(partial(read_signals, deps, metrics, window, services=services))
        calls.append(partial(read_alerts, metrics, window, services=services))
    if deps.alert_source is not None:
        calls.append(partial(read_notified, deps.alert_source, window, services=services))
    if deps.dashboard_store is not None:
        calls.append(partial(read_annotations, deps.dashboard_store, window, services=services))
    if deps.oncall_source is not None:
        calls.append(partial(read_pages, deps.oncall_source, window, services=services))
    return calls


def _not_asked(deps: Deps, metrics: MetricSource | None) -> list[Asked]:
    silent = []
    if metrics is None:
        silent.append(Asked("metrics", "changes, signals, alerts", "not_asked", "No source is configured."))
    if deps.alert_source is None:
        silent.append(Asked("Alertmanager", "alerts as notified", "not_asked", "ALERTMANAGER_URL is not set."))
    if deps.dashboard_store is None:
        silent.append(Asked("Grafana", "annotations", "not_asked", "GRAFANA_URL is not set."))
    if deps.oncall_source is None:
        silent.append(Asked("PagerDuty", "pages and answers", "not_asked", "PAGERDUTY_TOKEN is not set."))
    return silent


def _title(record: Incident | None, window: Window) -> str:
    span = (
        f"{format_instant(window.start.replace(microsecond=0))} to {format_instant(window.end.replace(microsecond=0))}"
    )
    return f"{record.reference} {quoted(cleaned(record.title), limit=_MAX_TITLE)}, {span}" if record else span
