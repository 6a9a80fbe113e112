"""Reading what an SLO counted: base counts step by step from any source, the newest part first."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import anyio

from sre.core.errors import NoDataError, SreError
from sre.core.figures import figure_text
from sre.core.labels import Labels
from sre.core.text import quoted
from sre.core.times import Duration, Window, epoch_ms, format_instant, instant_from_ms
from tools.answer import QueryEvidence
from tools.concurrent import all_of, outcome_of, seconds_left
from tools.slo.event_history_plan import HistoryPlan, history_plan

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.series import BoolArray, FloatArray, Grid, RangeResult
    from sre.core.slo.model import MaintenanceWindow, Slo
    from sre.slo.burn_history import BaseHistory

# One question; a month is a dozen of them a side, so that a slow source still answers the newest ones.
_PIECE_STEPS = 4_000
_AT_ONCE = 3
# What replaying and answering takes after the last question.
_SPARE_SECONDS = 10.0
_LEAST_COVERAGE = 0.98


@dataclass(frozen=True, slots=True, eq=False)
class ReadHistory:
    """What was read.

    Attributes:
        window: What was asked about and could be read, without what only fills the longest window.
        has_run_up: Data reach back far enough to fill the longest window at its start.
    """

    history: BaseHistory
    window: Window
    has_run_up: bool
    evidence: tuple[QueryEvidence, ...]
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class _Pieces:
    """The pieces of the grid, newest first, and what came of each."""

    grids: tuple[Grid, ...]
    read: dict[int, tuple[RangeResult, RangeResult]] = field(default_factory=dict)
    failures: dict[int, SreError] = field(default_factory=dict)

    def newest(self) -> list[tuple[RangeResult, RangeResult]]:
        """Return the unbroken run of pieces up to the end, oldest first."""
        run = []
        for index in range(len(self.grids)):
            if index not in self.read:
                break
            run.append(self.read[index])
        return run[::-1]

    def first_failure(self) -> SreError | None:
        """Return why the run ended."""
        return self.failures[min(self.failures)] if self.failures else None


async def read_history(
    source: MetricSource,
    slo: Slo,
    *,
    window: Window,
    reach_seconds: float,
    progress: Callable[[int, int], Awaitable[None]],
) -> ReadHistory:
    """Return the base counts of an SLO over a window and the `reach_seconds` before it.

    Under a slow source it is the newest part, as far as time allows.

    Args:
        reach_seconds: The longest window that will be counted.
        progress: Told how many questions of how many are answered.

    Raises:
        InputError: The window is too long, or the SLO's queries do not parse.
        NoDataError: Nothing was counted in the window.
        RefusedError: Too many groups.
        SreError: The source did not even answer for the newest part.
    """
    plan = await history_plan(source, slo, window=window, reach_seconds=reach_seconds)
    pieces = await _read_pieces(source, plan, progress)
    run = pieces.newest()
    if not run:
        raise pieces.first_failure() or await _nothing(source, plan, window)
    history = _assembled(run, plan, slo.maintenance)
    if not _has_events(history):
        raise await _nothing(source, plan, window)
    return _told(history, plan, pieces, window=window, reach_seconds=reach_seconds)


async def _read_pieces(
    source: MetricSource, plan: HistoryPlan, progress: Callable[[int, int], Awaitable[None]]
) -> _Pieces:
    pieces = _Pieces(_cut(plan.grid))
    limiter = anyio.Semaphore(_AT_ONCE)

    async def read(index: int, grid: Grid) -> None:
        # Those that wait get their turn in this order: the newest first.
        async with limiter:
            if pieces.failures:
                return
            outcome = await outcome_of(
                partial(_both_sides, source, plan, grid),
                seconds=seconds_left(spare_seconds=_SPARE_SECONDS),
                system=source.name,
            )
            if isinstance(outcome, SreError):
                pieces.failures[index] = outcome
            else:
                pieces.read[index] = outcome
        await progress(len(pieces.read), len(pieces.grids))

    async with anyio.create_task_group() as group:
        for index, grid in enumerate(pieces.grids):
            group.start_soon(read, index, grid)
    return pieces


def _cut(grid: Grid) -> tuple[Grid, ...]:
    """Return pieces of nearly equal length, the newest first."""
    from sre.core.series import Grid

    count = max(1, -(-grid.count // _PIECE_STEPS))
    bounds = [round(grid.count * index / count) for index in range(count + 1)]
    pieces = [
        Grid(grid.start_ms + grid.step_ms * first, grid.step_ms, stop - first) for first, stop in pairwise(bounds)
    ]
    return tuple(pieces[::-1])


async def _both_sides(source: MetricSource, plan: HistoryPlan, grid: Grid) -> tuple[RangeResult, RangeResult]:
    window, step = Window(*(instant_from_ms(at) for at in (grid.start_ms, grid.end_ms))), Duration(grid.step_ms / 1000)
    asked = [partial(source.range_query, query, window=window, step=step) for query in (plan.bad, plan.total)]
    bad, total = await all_of(asked)
    return bad, total


def _assembled(
    run: Sequence[tuple[RangeResult, RangeResult]], plan: HistoryPlan, maintenance: Sequence[MaintenanceWindow]
) -> BaseHistory:
    """Return the pieces as one history; the counts of a group that a piece does not have are unknown there."""
    import numpy as np

    from sre.core.series import Grid
    from sre.slo.burn_history import BaseHistory

    groups = tuple(sorted({labels for _, total in run for labels in total.series.labels}, key=str)) or (Labels(),)
    rows = {labels: row for row, labels in enumerate(groups)}
    start = run[0][1].series.grid.start_ms
    count = sum(total.series.grid.count for _, total in run)
    grid = Grid(start, plan.grid.step_ms, count)
    bad, total_counts = (np.full((len(groups), count), np.nan) for _ in range(2))
    for side, counts in ((0, bad), (1, total_counts)):
        for piece in run:
            _lay(piece[side], counts, rows, grid)
    bad[np.isnan(bad) & np.isfinite(total_counts)] = 0.0
    _without_maintenance(grid, plan.base_seconds, maintenance, bad, total_counts)
    if plan.queries.counted == "slices":
        _without_idle_slices(bad, total_counts)
    return BaseHistory(groups, grid, plan.base_seconds, bad, total_counts)


def _lay(result: RangeResult, counts: FloatArray, rows: dict[Labels, int], grid: Grid) -> None:
    first = (result.series.grid.start_ms - grid.start_ms) // grid.step_ms
    for labels, values in zip(result.series.labels, result.series.values, strict=True):
        if labels in rows:
            counts[rows[labels], first : first + values.size] = values


def _without_maintenance(
    grid: Grid, base_seconds: float, windows: Sequence[MaintenanceWindow], bad: FloatArray, total: FloatArray
) -> None:
    """Count nothing where maintenance is why nothing was counted; that is knowledge, not a gap."""
    import numpy as np

    times = grid.times_ms()
    for window in windows:
        until = epoch_ms(window.end) + round(2000 * base_seconds)
        touched: BoolArray = (times > epoch_ms(window.start)) & (times < until)
        idle = touched[np.newaxis] & np.isnan(total)
        bad[idle], total[idle] = 0.0, 0.0


def _without_idle_slices(bad: FloatArray, total: FloatArray) -> None:
    """Count nothing for slices without events, which a source leaves out as it does a gap."""
    import numpy as np

    known = np.flatnonzero(np.isfinite(total).any(axis=0))
    if known.size:
        inside = np.zeros(total.shape, dtype=np.bool_)
        inside[:, known[0] : known[-1] + 1] = True
        idle = inside & np.isnan(total)
        bad[idle], total[idle] = 0.0, 0.0


def _has_events(history: BaseHistory) -> bool:
    return bool((history.total > 0).any())


def _told(
    history: BaseHistory, plan: HistoryPlan, pieces: _Pieces, *, window: Window, reach_seconds: float
) -> ReadHistory:
    first = instant_from_ms(history.grid.start_ms)
    start = max(window.start, first)
    left_out = []
    if history.grid.start_ms > plan.grid.start_ms and start > window.start:
        failure = pieces.first_failure()
        reason = failure.message if failure is not None else "it was not read."
        left_out.append(f"everything before {format_instant(start)}: {reason} Ask for it on its own with end.")
    return ReadHistory(
        history=history,
        window=Window(start, instant_from_ms(history.grid.end_ms)),
        has_run_up=(start - first).total_seconds() >= reach_seconds - history.base_seconds,
        evidence=_evidence(history, plan),
        notes=(*plan.notes, *_coverage_notes(history, start=start)),
        left_out=tuple(left_out),
    )


def _evidence(history: BaseHistory, plan: HistoryPlan) -> tuple[QueryEvidence, ...]:
    import numpy as np

    sides = ((plan.bad, history.bad), (plan.total, history.total))
    return tuple(
        QueryEvidence(query=query, series_count=len(history.groups), sample_count=int(np.isfinite(counts).sum()))
        for query, counts in sides
    )


def _coverage_notes(history: BaseHistory, *, start: datetime) -> tuple[str, ...]:
    import numpy as np

    first = max(0, (epoch_ms(start) - history.grid.start_ms) // history.grid.step_ms)
    # The first windows of a recording have no samples yet; that is no gap.
    known = np.isfinite(history.total[:, first:]).any(axis=0)
    ratio = float(known.mean())
    if ratio >= _LEAST_COVERAGE:
        return ()
    return (
        f"{figure_text(1 - ratio, 'ratio')} of the time has no data; a window of which less than half is known alerts "
        "for nothing here.",
    )


async def _nothing(source: MetricSource, plan: HistoryPlan, window: Window) -> NoDataError:
    return NoDataError(
        f"{quoted(source.name)} counted no events of this SLO between {format_instant(window.start)} and "
        f"{format_instant(window.end)}.",
        causes=("no series has these names and labels", "the time lies outside the recorded data", "no traffic"),
        next_steps=(f"look at {quoted(plan.total)} with query_prometheus, or for the metric with find_metrics.",),
    )
