"""The tool `investigate_incident`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sre.core.errors import NoDataError
from sre.core.times import format_instant
from tools.arguments import EndTime, SourceName, StartTime
from tools.concurrent import all_of
from tools.context import ToolContext, deps_of, in_thread, read_window, report_progress
from tools.incidents.investigation_answer import InvestigationAnswer

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.series import BoolArray
    from sre.core.times import Window
    from sre.incidents.suspects.model import Ranking
    from tools.incidents.metric_scan import Scan
    from tools.incidents.nearby_changes import Nearby
    from tools.incidents.scan_discovery import Discovered

# Described, so that the strongest of each service are among them.
_MAX_SUSPECTS = 200
# Samples from which one can begin to tell what is normal, and the share of series that must have them (our choice).
_LEAST_SAMPLES = 8
_LEAST_KNOWN_RATIO = 0.1


async def investigate_incident(
    ctx: ToolContext,
    *,
    start: StartTime,
    end: EndTime = "now",
    service: Annotated[str, Field(description="Where it hurts, if known", max_length=200)] = "",
    source: SourceName = "",
) -> InvestigationAnswer:
    """Find what started an incident: all metrics of a source scanned, services ranked by who moved first.

    Use when something broke and the cause is unknown; start where the symptom began. Gives onset, size against their
    own normal, changes before (versions, restarts, alerts), who only followed, next calls; or that nothing is visible.
    Not for a service's state now (use `check_service_health`) or one query (use `query_prometheus`).
    """
    from sre.incidents.scan.findings import findings_of
    from tools.incidents.investigation_report import investigation_answer
    from tools.incidents.scan_discovery import discovered

    deps = deps_of(ctx)
    metrics = deps.sources.metric(source or None)
    read = await read_window(deps, metrics, start=start, end=end)
    await report_progress(ctx, 0, 100, "Finding the metrics")
    asked, notes = _until(read.window, read.now)
    found = await discovered(metrics, asked, service=service)
    await report_progress(ctx, 10, 100, "Reading metrics and changes")
    scan, nearby = await _read(ctx, metrics, found)
    await report_progress(ctx, 90, 100, "Ranking")
    timeline = found.windows.timeline()
    _check_history(scan, timeline.is_normal, metrics.name)
    ranking = await in_thread(lambda: _ranked(scan, found, service))
    findings = await in_thread(
        lambda: findings_of(ranking, scanned=scan.scanned, changes=nearby.changes, timeline=timeline)
    )
    answer = investigation_answer(found, scan, nearby, ranking=ranking, findings=findings, service=service)
    answer.source = metrics.name
    answer.warnings[:0] = (*read.notes, *notes)
    return answer


async def _read(ctx: ToolContext, source: MetricSource, found: Discovered) -> tuple[Scan, Nearby]:
    from tools.incidents.metric_scan import scan_metrics
    from tools.incidents.nearby_changes import nearby_changes

    scans: list[Scan] = []
    changes: list[Nearby] = []

    async def told(done: int, total: int) -> None:
        await report_progress(ctx, 10 + 80 * done / total, 100, f"Read {done} of {total} groups of metrics")

    async def scan() -> None:
        scans.append(await scan_metrics(source, found, found.windows, told=told))

    async def look() -> None:
        changes.append(await nearby_changes(source, found.changes, found.windows))

    await all_of([scan, look])
    return scans[0], changes[0]


def _until(window: Window, now: datetime) -> tuple[Window, tuple[str, ...]]:
    """Return the window without what lies ahead."""
    from sre.core.times import Window

    if window.end <= now or window.start >= now:
        return window, ()
    return Window(window.start, now), (f"end lies ahead of now and was moved to {format_instant(now)}.",)


def _check_history(scan: Scan, is_normal: BoolArray, source: str) -> None:
    import numpy as np

    known = sum(np.isfinite(one.behaviour.values[is_normal]).sum() >= _LEAST_SAMPLES for one in scan.scanned)
    if known < _LEAST_KNOWN_RATIO * len(scan.scanned):
        raise NoDataError(
            f"{source} has too little before {format_instant(scan.windows.incident_start)} to know what is normal.",
            causes=("the source keeps nothing older, or", "collection began with the window."),
            next_steps=("choose a later start, or", "judge single metrics with query_prometheus."),
        )


def _ranked(scan: Scan, found: Discovered, service: str) -> Ranking:
    from sre.incidents.suspects.model import Symptom
    from sre.incidents.suspects.ranking import rank_suspects

    return rank_suspects(
        [one.behaviour for one in scan.scanned],
        found.windows.timeline(),
        callers=found.edges,
        symptom=Symptom(service) if service else None,
        suspects_limit=_MAX_SUSPECTS,
    )
