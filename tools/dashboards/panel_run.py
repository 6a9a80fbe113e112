"""Every panel query run against the source, so that no empty panel goes unnoticed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.errors import NoDataError, SreError, TimedOutError
from sre.core.times import Duration, Window
from tools.concurrent import all_of, outcome_of, seconds_left

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.series import InstantResult, RangeResult
    from sre.dashboards.model import Dashboard, Panel, Target
    from sre.dashboards.runnable import PanelTime

# Enough to see whether there is anything; Grafana itself asks for some 1,000.
_POINTS = 60
# What Grafana takes where nobody set it: 15 s. Sources that we cannot ask are read as scraped once a minute.
DEFAULT_SCRAPE_SECONDS = 60.0
_USUAL_SCRAPES = (5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0)
_COUNTED_MINUTES = 10


@dataclass(frozen=True, slots=True)
class PanelRun:
    """What the queries of a panel found.

    Attributes:
        series: All queries together; None where none could be run.
        problem: Why it shows nothing, or not all it should; empty if nothing is wrong.
    """

    panel: Panel
    series: int | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RunTimes:
    """When the queries are run.

    Attributes:
        scrape_seconds: Usual distance of samples.
    """

    now: datetime
    scrape_seconds: float


async def scrape_seconds(source: MetricSource, *, now: datetime) -> float | None:
    """Return the usual distance of samples, or None where the source does not show it."""
    told = await source.sample_spacing()
    if told is not None:
        return told.seconds
    query = f"max(count_over_time(up[{_COUNTED_MINUTES}m]))"
    counted = await outcome_of(
        lambda: source.instant_query(query, at=now), seconds=min(5.0, seconds_left()), system=source.name
    )
    if isinstance(counted, SreError) or len(counted.values) != 1:
        return None
    spacing = _COUNTED_MINUTES * 60.0 / max(1.0, float(counted.values[0]))
    return min(_USUAL_SCRAPES, key=lambda usual: abs(usual - spacing))


async def run_panels(source: MetricSource, dashboard: Dashboard, times: RunTimes) -> tuple[PanelRun, ...]:
    """Run the queries of all panels at once, each bounded in time; a failure is told, not raised."""
    panels = [panel for panel in dashboard.panels() if panel.targets]
    return tuple(await all_of([_panel_call(source, dashboard, panel, times) for panel in panels]))


def _panel_call(
    source: MetricSource, dashboard: Dashboard, panel: Panel, times: RunTimes
) -> Callable[[], Awaitable[PanelRun]]:
    async def run() -> PanelRun:
        calls = [_target_call(source, dashboard, panel, target, times) for target in panel.targets]
        return _panel_run(panel, await all_of(calls))

    return run


def _panel_run(panel: Panel, outcomes: Sequence[int | SreError]) -> PanelRun:
    counts = [outcome for outcome in outcomes if isinstance(outcome, int)]
    failures = [outcome for outcome in outcomes if isinstance(outcome, SreError)]
    empty = [failure for failure in failures if isinstance(failure, NoDataError)]
    if not counts and len(empty) < len(failures):
        return PanelRun(panel, None, failures[0].message)
    return PanelRun(panel, sum(counts), failures[0].message if failures else "")


def _target_call(
    source: MetricSource, dashboard: Dashboard, panel: Panel, target: Target, times: RunTimes
) -> Callable[[], Awaitable[int | SreError]]:
    """Return a call that gives how many series a query finds, or why it finds none."""
    from sre.dashboards.runnable import PanelTime, range_seconds, runnable
    from tools.dashboards.panel_gaps import reason_for_nothing

    zone = "UTC" if dashboard.time_zone in {"browser", "utc"} else dashboard.time_zone
    seconds = range_seconds(panel.time_from or dashboard.time_from, now=times.now, time_zone=zone)
    time = PanelTime(seconds, _step(panel, seconds, times), times.scrape_seconds)
    query = runnable(target.expr, time=time, choices=[variable.name for variable in dashboard.variables])
    window = Window(times.now - timedelta(seconds=seconds), times.now)

    async def run() -> int | SreError:
        left = seconds_left()
        if left <= 0:
            return TimedOutError("there was no time left to run its query.", system=source.name)
        outcome = await outcome_of(lambda: _found(source, panel, query, window, time), seconds=left, system=source.name)
        if isinstance(outcome, SreError) or outcome > 0 or target.may_be_empty:
            return outcome
        if target.recorded_from:
            return NoDataError(await _unrecorded(source, panel, target, window, time))
        return NoDataError(await reason_for_nothing(source, query, window=window))

    return run


async def _unrecorded(source: MetricSource, panel: Panel, target: Target, window: Window, time: PanelTime) -> str:
    """Return why a recorded series is not there: nobody records it yet, or there is nothing to record."""
    outcome = await outcome_of(
        lambda: _found(source, panel, target.recorded_from, window, time), seconds=seconds_left(), system=source.name
    )
    if isinstance(outcome, int) and outcome > 0:
        return f"nobody records it yet: load the rules. Its expression finds {outcome} series."
    return f"nobody records it, and its expression finds nothing: {await _why(source, target, window)}"


async def _why(source: MetricSource, target: Target, window: Window) -> str:
    from tools.dashboards.panel_gaps import reason_for_nothing

    return await reason_for_nothing(source, target.recorded_from, window=window)


def _step(panel: Panel, seconds: float, times: RunTimes) -> float:
    if panel.kind == "stat":
        return times.scrape_seconds
    return max(seconds / _POINTS, times.scrape_seconds)


async def _found(source: MetricSource, panel: Panel, query: str, window: Window, time: PanelTime) -> int:
    if panel.kind == "stat":
        return _instant_series(await source.instant_query(query, at=window.end))
    step = Duration(float(round(time.step_seconds)))
    return _range_series(await source.range_query(query, window=window, step=step))


def _instant_series(result: InstantResult) -> int:
    import numpy as np

    return int(np.isfinite(result.values).sum())


def _range_series(result: RangeResult) -> int:
    import numpy as np

    # A panel of nothing but NaN is as empty as one of nothing.
    shown = result.series.present & np.isfinite(result.series.values)
    return int(shown.any(axis=1).sum()) if len(result.series) else 0
