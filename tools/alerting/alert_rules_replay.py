"""What new alerts would have done in the history of a source: their expressions asked for, and `for` held to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.times import Duration, instant_from_ms
from tools.concurrent import all_of, outcome_of, seconds_left

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.alerting.planned_alert import PlannedAlert
    from sre.core.rules.alert_states import AlertEpisode
    from sre.core.times import Window

# What pages is looked at every two minutes, what waits every five: 14 days then stay under the 11,000 points that a
# Prometheus gives at once.
_FINE, _COARSE = Duration(120.0), Duration(300.0)
# Kept for the checks by promtool and the answer itself.
_KEPT_SECONDS = 14.0
_MAX_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Past:
    """What an alert would have done.

    Attributes:
        count: Times it fired; alerts of several series at the same time are one.
        firing_seconds: How long altogether.
        last: When it fired last.
        fires_now: Whether it fires at the end of the window.
        problem: Why it is not known; empty if it is.
    """

    count: int = 0
    firing_seconds: float = 0.0
    last: datetime | None = None
    fires_now: bool = False
    problem: str = ""


async def pasts_of(metrics: MetricSource, alerts: Sequence[PlannedAlert], *, window: Window) -> list[Past]:
    """Return what each alert would have done in a window."""
    return await all_of([_past_call(metrics, planned, window) for planned in alerts])


def _past_call(metrics: MetricSource, planned: PlannedAlert, window: Window) -> Callable[[], Awaitable[Past]]:
    async def past() -> Past:
        from sre.core.rules.replay import alert_episodes

        step = _FINE if planned.severity == "page" else _COARSE
        found = await outcome_of(
            lambda: metrics.range_query(planned.rule.expr, window=window, step=step),
            seconds=min(_MAX_SECONDS, seconds_left(spare_seconds=_KEPT_SECONDS)),
            system=metrics.name,
        )
        if isinstance(found, SreError):
            return Past(problem=found.message)
        try:
            episodes = alert_episodes(planned.rule, found.series)
        except SreError as error:
            return Past(problem=error.message)
        return _summed(episodes, end_ms=found.series.grid.end_ms)

    return past


def _summed(episodes: Sequence[AlertEpisode], *, end_ms: int) -> Past:
    spans = sorted((one.firing_ms, one.resolved_ms or end_ms) for one in episodes if one.firing_ms is not None)
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    seconds = sum(end - start for start, end in joined) / 1000
    if not joined:
        return Past()
    return Past(len(joined), seconds, instant_from_ms(joined[-1][0]), fires_now=joined[-1][1] >= end_ms)
