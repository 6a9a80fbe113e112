"""From steps of a grid to instants: a value that sums up a range lags behind what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.deploy_matching import Moment
from sre.metrics.changes.model import DatedAnomaly, DatedChange, Rows

if TYPE_CHECKING:
    from sre.core.changes.model import AnomalyWindow, Change, Found


def moment_of(rows: Rows, index: int, *, earliest: int, latest: int) -> Moment:
    """Return when something happened of which the step `index` is the first to tell.

    A value at t sums up the range before t, so what happened at T is half seen at T + range/2. And the step before had
    to be free of it: it lies after that step's own range began.

    Args:
        index, earliest, latest: Steps; the last two enclose the first one that tells.
    """
    grid, lag = rows.grid, rows.range_ms
    first = grid.start_ms + grid.step_ms * (earliest - 1) - lag
    last = grid.start_ms + grid.step_ms * latest
    at = grid.start_ms + grid.step_ms * index - lag // 2
    return Moment(max(first, min(at, last)), first, last)


def dated_changes(rows: Rows, row: int, found: Found) -> list[DatedChange]:
    """Return the changes of one series with their instants."""
    return [_dated(rows, row, change) for change in found.changes]


def dated_anomalies(rows: Rows, row: int, found: Found) -> list[DatedAnomaly]:
    """Return the anomalies of one series with their instants."""
    return [_window(rows, row, window) for window in found.anomalies]


def _dated(rows: Rows, row: int, change: Change) -> DatedChange:
    moment = moment_of(rows, change.index, earliest=change.earliest_index, latest=change.latest_index)
    return DatedChange(
        row, moment, change.before, change.after, change.direction, change.effect, change.ratio, change.confidence
    )


def _window(rows: Rows, row: int, window: AnomalyWindow) -> DatedAnomaly:
    start, after = window.start_index, window.end_index + 1
    return DatedAnomaly(
        row,
        moment_of(rows, start, earliest=start, latest=start),
        moment_of(rows, after, earliest=after, latest=after),
        window.expected,
        window.worst,
        window.direction,
        window.score,
        is_open=after >= rows.grid.count,
    )
