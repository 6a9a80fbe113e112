"""What the same time of earlier days was like, so that the course of a day is not taken for a change."""

from typing import Final

import numpy as np

from sre.core.series import FloatArray, IntArray
from sre.metrics.changes.model import Rows

_DAY_MS: Final = 86_400_000
_MOST_DAYS: Final = 7
# One day may have been odd itself.
_LEAST_DAYS: Final = 2


def without_usual(rows: Rows, row: int, *, times_ms: IntArray, values: FloatArray, before_ms: int) -> FloatArray:
    """Return values less the course of the earlier days, where those foretell it; else the values as they are.

    Args:
        rows: The series over many days; `row` is its number there.
        times_ms, values: shape (points,), a short stretch of the series at its own instants.
        before_ms: Only what was before this is usual.
    """
    grid = rows.grid
    known = np.isfinite(rows.values[row]) & (grid.times_ms() < before_ms)
    if not known.any():
        return values
    places, line = grid.times_ms()[known], rows.values[row][known]
    days = [times_ms - day * _DAY_MS for day in range(1, _MOST_DAYS + 1)]
    courses = [_course(day, places, line) for day in days if _is_inside(day, places)]
    if len(courses) < _LEAST_DAYS:
        return values
    usual = np.median(np.array(courses), axis=0)
    adjusted: FloatArray = values - usual + np.median(usual)
    return adjusted if _is_calmer(adjusted, values, times_ms < before_ms) else values


def _is_inside(times_ms: IntArray, places: IntArray) -> bool:
    return bool(times_ms[0] >= places[0] and times_ms[-1] <= places[-1])


def _course(times_ms: IntArray, places: IntArray, line: FloatArray) -> FloatArray:
    # A mean over some steps: the noise of earlier days must not be added to that of this one.
    width = max(1, min(5, line.size // 3))
    smooth = np.convolve(np.pad(line, width // 2, mode="edge"), np.ones(width) / width, mode="valid")
    course: FloatArray = np.interp(times_ms, places, smooth[: line.size])
    return course


def _is_calmer(adjusted: FloatArray, values: FloatArray, before: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> bool:
    """Whether what is left varies less before the change; afterwards the change itself is in both."""
    shown = before & np.isfinite(values)
    return bool(shown.sum() > _LEAST_DAYS and adjusted[shown].std() < values[shown].std())
