"""How the history of an SLO is read: which windows, how far apart, and from when on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import InputError, RefusedError
from sre.core.times import Duration, Window, epoch_ms, format_duration, format_instant
from tools.concurrent import attempted

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.series import Grid
    from sre.core.slo.model import Slo
    from sre.core.slo.sli_queries import SliQueries

# As often as rules are usually evaluated (Prometheus' default evaluation interval).
_STEP_SECONDS = 60.0
# A minute's steps for a month and the longest window before it; beyond, a step is a whole base window.
_MAX_STEPS = 50_000
# Of less, nothing can be said of how often somebody is paged (our choice).
_LEAST_SECONDS = 3_600.0
# Groups x steps; each takes some 50 bytes while it is judged.
_MAX_CELLS = 4_000_000
_COUNT_SECONDS = 5.0
# increase() needs two samples in its range; with two and a half there are two nearly always.
_SPACINGS_IN_BASE = 2.5
_EXAMPLES = ("now-7d", "now-30d")


@dataclass(frozen=True, slots=True)
class HistoryPlan:
    """How an SLO is read.

    Attributes:
        base_seconds: Length of the window that is counted at each step.
        grid: From the beginning of the longest window to the end.
    """

    queries: SliQueries
    base_seconds: float
    grid: Grid
    notes: tuple[str, ...]

    @property
    def bad(self) -> str:
        """PromQL of the bad events."""
        return self.queries.bad_over(self.base_seconds)

    @property
    def total(self) -> str:
        """PromQL of all events."""
        return self.queries.total_over(self.base_seconds)


async def history_plan(source: MetricSource, slo: Slo, *, window: Window, reach_seconds: float) -> HistoryPlan:
    """Return how to read an SLO over a window and the `reach_seconds` before it.

    Raises:
        InputError: The window is too long or too short, or the SLO's queries do not parse.
        RefusedError: Too many groups.
    """
    from sre.core.slo.sli_queries import sli_queries

    if window.seconds < _LEAST_SECONDS:
        raise InputError("There is too little time to replay; ask for at least 1h.", field="start", valid=_EXAMPLES)
    queries = sli_queries(slo)
    base, notes = _base_seconds(queries.base_seconds, await source.sample_spacing())
    coverage = await source.coverage()
    start = window.start - timedelta(seconds=reach_seconds)
    start = max(start, coverage.start) if coverage is not None else start
    groups = await _group_count(source, queries.total_over(base), at=window.end) if slo.group_by else 1
    step = _step_seconds((window.end - start).total_seconds(), base_seconds=base, groups=groups)
    if step > _STEP_SECONDS and base > _STEP_SECONDS:
        notes = (*notes, f"Read every {format_duration(step)}: alerts may be up to that much later than they say.")
    return HistoryPlan(queries, base, _grid(start, window.end, step), notes)


def _base_seconds(base: float, spacing: Duration | None) -> tuple[float, tuple[str, ...]]:
    if spacing is None or spacing.seconds * _SPACINGS_IN_BASE <= base:
        return base, ()
    wide = math.ceil(spacing.seconds * _SPACINGS_IN_BASE / base) * base
    note = (
        f"Samples are {spacing} apart, so {format_duration(base)} hold too few to count: events are counted over "
        f"{format_duration(wide)}, and shorter windows are widened to that. Live rules would see more."
    )
    return wide, (note,)


async def _group_count(source: MetricSource, total: str, *, at: datetime) -> int:
    found = await attempted(partial(source.instant_query, f"count({total})", at=at), seconds=_COUNT_SECONDS)
    return max(1, int(found.values.sum())) if found is not None else 1


def _step_seconds(seconds: float, *, base_seconds: float, groups: int) -> float:
    fine = _fine_step(base_seconds)
    for step in (fine, base_seconds):
        steps = seconds / step
        if steps <= _MAX_STEPS and steps * groups <= _MAX_CELLS:
            return step
    longest = Duration(min(_MAX_STEPS, _MAX_CELLS // groups) * base_seconds // 3600 * 3600)
    if groups > 1 and seconds / base_seconds <= _MAX_STEPS:
        raise RefusedError(
            f"{groups:,} groups over so long a time are too many to replay.",
            next_steps=(f"ask for at most {longest} including the longest window, or group by fewer labels.",),
        )
    raise InputError(f"The time is too long to replay; at most {longest} at once.", field="start")


def _fine_step(base_seconds: float) -> float:
    """Return the usual step, or the longest shorter one that divides the base window."""
    for step in (60.0, 50.0, 40.0, 30.0, 20.0, 15.0, 10.0):
        if step <= base_seconds and base_seconds % step == 0:
            return step
    return base_seconds


def _grid(start: datetime, end: datetime, step_seconds: float) -> Grid:
    """Return the steps on whole multiples of the step, as slices of time lie on them too."""
    from sre.core.series import Grid

    step_ms = round(step_seconds * 1000)
    first, last = -(-epoch_ms(start) // step_ms), epoch_ms(end) // step_ms
    if last <= first:
        raise InputError(
            f"Between {format_instant(start)} and {format_instant(end)} there is less than one step of "
            f"{format_duration(step_seconds)}.",
            field="start",
            valid=_EXAMPLES,
        )
    return Grid(first * step_ms, step_ms, last - first + 1)
