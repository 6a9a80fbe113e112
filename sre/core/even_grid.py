"""A series passed by its samples, put on an even grid."""

from dataclasses import dataclass

import numpy as np

from sre.core.errors import InputError, NoDataError
from sre.core.series import FloatArray, Grid, IntArray
from sre.core.times import format_duration

# A grid larger than this is mostly gaps: its step was told from a burst (our choice).
_MAX_STEPS = 400_000
# Two samples have a distance; with fewer there is no step.
_LEAST_TIMES = 2


@dataclass(frozen=True, slots=True, eq=False)
class EvenSeries:
    """Values on a grid.

    Attributes:
        values: shape (steps,), NaN where there is no sample.
        notes: What had to be mended; our words.
    """

    grid: Grid
    values: FloatArray
    notes: tuple[str, ...] = ()


def on_even_grid(timestamps_ms: IntArray, values: FloatArray) -> EvenSeries:
    """Return samples on a grid whose step is their median distance.

    Args:
        timestamps_ms: shape (samples,), epoch milliseconds, in any order.
        values: shape (samples,), NaN or infinite where missing; of several at one step the last is kept.

    Raises:
        NoDataError: Fewer than two times with a value.
        InputError: The samples are too uneven for one step.
    """
    notes: list[str] = []
    if bool((np.diff(timestamps_ms) < 0).any()):
        notes.append("Timestamps were not in order; they were sorted.")
    order = np.argsort(timestamps_ms, kind="stable")
    times, sorted_values = timestamps_ms[order], values[order]
    distinct = np.unique(times)
    if distinct.size < _LEAST_TIMES or not np.isfinite(values).any():
        raise NoDataError("The series has fewer than two times, or no value at all.")
    step_ms = max(1, round(float(np.median(np.diff(distinct)))))
    index = np.round((times - times[0]) / step_ms).astype(np.int64)
    if index[-1] >= _MAX_STEPS:
        raise InputError(
            f"The samples are too uneven: at their usual distance of {format_duration(step_ms / 1000)} most of the "
            "series would be gaps.",
            field="series",
            next_steps=("aggregate the series to an even step first",),
        )
    usable = np.isfinite(sorted_values)
    placed = np.full(int(index[-1]) + 1, np.nan)
    placed[index[usable]] = sorted_values[usable]
    merged = int(usable.sum()) - int(np.unique(index[usable]).size)
    if merged:
        notes.append(f"{merged} samples fell on a step that already had one; the last was kept.")
    return EvenSeries(Grid(int(times[0]), step_ms, placed.size), placed, tuple(notes))
