"""Long windows with a small step: Prometheus refuses more than 11,000 points a series, so they are asked in pieces."""

import re

from sre.core.errors import RefusedError
from sre.core.series import Grid
from sre.core.times import format_duration

# Prometheus, web/api/v1 (query_range): "exceeded maximum resolution of 11,000 points per timeseries".
MAX_POINTS = 11_000
# Our choice: 30 days in steps of 10 s. Each piece costs the source a whole evaluation.
MAX_PIECES = 24

# `@ start()` and `@ end()` mean the ends of the request, which a piece would move. Found inside a string too: then
# the window is refused without need, but never answered wrongly.
_ENDS_OF_REQUEST = re.compile(r"@\s*(?:start|end)\s*\(")


def pieces_of(grid: Grid, *, query: str) -> tuple[Grid, ...]:
    """Return consecutive pieces of the grid that a Prometheus accepts; together they are exactly the grid.

    Raises:
        RefusedError: Too many pieces, or the query means something else in pieces.
    """
    if grid.count <= MAX_POINTS:
        return (grid,)
    if grid.count > MAX_POINTS * MAX_PIECES:
        raise _too_fine(grid, points=MAX_POINTS * MAX_PIECES, reason="are more points a series than are asked for")
    if _ENDS_OF_REQUEST.search(query):
        raise _too_fine(grid, points=MAX_POINTS, reason="need several requests, which would move @ start() and @ end()")
    starts = range(0, grid.count, MAX_POINTS)
    return tuple(
        Grid(grid.start_ms + grid.step_ms * first, grid.step_ms, min(MAX_POINTS, grid.count - first))
        for first in starts
    )


def _too_fine(grid: Grid, *, points: int, reason: str) -> RefusedError:
    span_seconds = (grid.end_ms - grid.start_ms) / 1000
    least = format_duration(-(-span_seconds // (points - 1)))
    return RefusedError(
        f"{grid.count} steps of {format_duration(grid.step_ms / 1000)} {reason}.",
        next_steps=(f"Use a step of {least} or more for this window, or leave the step out.", "Use a shorter window."),
    )
