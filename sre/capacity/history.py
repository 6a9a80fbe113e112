"""From timestamps and values as they come to a history on an even grid."""

import numpy as np

from sre.capacity.model import MONTH_SECONDS, History, Step
from sre.core.errors import InputError, NoDataError
from sre.core.series import FloatArray, IntArray

# Below this no model can be told from another.
MIN_POINTS = 8
# A grid larger than this is mostly gaps: the step was inferred from a burst.
_MAX_GRID_STEPS = 400_000
_SHORT_MONTH_SECONDS, _LONG_MONTH_SECONDS = 27.9 * 86400, 31.1 * 86400
_JITTER_SHARE = 0.1
# Squares of anything larger overflow.
_LARGEST_VALUE = 1e100


def regular_history(
    timestamps_ms: IntArray,
    values: FloatArray,
    *,
    step_seconds: float | None = None,
    is_counter_name: bool = False,
    upper_bound: float | None = None,
) -> History:
    """Return the series on an even grid.

    Args:
        timestamps_ms: shape (samples,), epoch milliseconds, any order.
        values: shape (samples,), NaN or infinite where missing.
        step_seconds: Distance of two points; None takes the median distance of the samples.

    Raises:
        InputError: Lengths differ, or no step fits.
        NoDataError: Fewer than MIN_POINTS usable samples.
    """
    if timestamps_ms.shape != values.shape:
        raise InputError(
            f"timestamps ({timestamps_ms.size}) and values ({values.size}) differ in length.", field="series"
        )
    usable = np.isfinite(values)
    if (np.abs(values[usable]) > _LARGEST_VALUE).any():
        raise InputError("The series holds values beyond 1e100; use a larger unit.", field="series")
    if usable.sum() < MIN_POINTS:
        raise NoDataError(
            f"A forecast needs at least {MIN_POINTS} values; this series has {int(usable.sum())}.",
            causes=("the series is new, or the window or the step leaves too few points",),
            next_steps=("widen the history with an earlier start", "use a smaller step"),
        )
    times, kept, notes = _sorted_unique(timestamps_ms[usable], values[usable])
    step = _step_of(times) if step_seconds is None else Step(step_seconds)
    index = _grid_index(times, step)
    grid = np.full(int(index[-1]) + 1, np.nan)
    grid[index] = kept
    notes += _gap_notes(grid, index, step)
    return History(step, int(times[-1]), grid, notes, is_counter_name, upper_bound)


def coarsened(history: History, factor: int) -> History:
    """Return the history with means over `factor` steps, aligned to its end; a counter keeps its last value."""
    if factor <= 1 or history.step.is_month:
        return history
    cut = len(history) - len(history) % factor
    rows = history.values[-cut:].reshape(-1, factor)
    known = np.isfinite(rows)
    sums = np.where(known, rows, 0.0).sum(axis=1)
    means = np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), np.nan)
    values = rows[:, -1] if history.is_counter_name else means
    return History(
        Step(history.step.seconds * factor),
        history.last_ms,
        values,
        history.notes,
        history.is_counter_name,
        history.upper_bound,
    )


def _sorted_unique(times: IntArray, values: FloatArray) -> tuple[IntArray, FloatArray, tuple[str, ...]]:
    notes: tuple[str, ...] = ()
    order = np.argsort(times, kind="stable")
    if bool((np.diff(times) < 0).any()):
        notes += ("Timestamps were not in order; they were sorted.",)
    times, values = times[order], values[order]
    last_of_time = np.append(np.diff(times) > 0, True)
    if not last_of_time.all():
        notes += (f"{int((~last_of_time).sum())} timestamps came twice; the last value was kept.",)
    return times[last_of_time], values[last_of_time], notes


def _step_of(times: IntArray) -> Step:
    if times.size < MIN_POINTS:
        raise NoDataError(f"A forecast needs at least {MIN_POINTS} distinct times; this series has {times.size}.")
    distances = np.diff(times) / 1000
    seconds = float(np.median(distances))
    if _SHORT_MONTH_SECONDS <= seconds <= _LONG_MONTH_SECONDS and np.ptp(distances[distances < 1.5 * seconds]) > 0:
        return Step(MONTH_SECONDS, is_month=True)
    return Step(seconds)


def _grid_index(times: IntArray, step: Step) -> IntArray:
    if step.is_month:
        months = times.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
        return np.asarray(months - months[0], dtype=np.int64)
    index = np.round((times - times[-1]) / (step.seconds * 1000)).astype(np.int64)
    index = index - index[0]
    if index[-1] > _MAX_GRID_STEPS:
        raise InputError(
            "The samples are too uneven for one step: most of the grid would be gaps.",
            field="series",
            next_steps=("aggregate the series to an even step first",),
        )
    return np.asarray(index, dtype=np.int64)


def _gap_notes(grid: FloatArray, index: IntArray, step: Step) -> tuple[str, ...]:
    missing = int(np.isnan(grid).sum())
    notes: tuple[str, ...] = ()
    if missing:
        longest = int(np.diff(index).max()) - 1
        notes += (
            f"{missing} of {grid.size} steps have no value (longest gap {step.span(longest)}); "
            "they were filled for the fit and not counted in the accuracy.",
        )
    merged = index.size - np.unique(index).size
    if merged > _JITTER_SHARE * index.size:
        notes += (f"{merged} samples fell on a step that already had one; the last value was kept.",)
    return notes
