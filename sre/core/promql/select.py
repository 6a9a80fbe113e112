"""From a selector to values on the grid: which raw sample, or which window of samples, each step sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sre.core.labels import Labels
from sre.core.promql.frames import Vector, Windows, empty_vector
from sre.core.series import BoolArray, FloatArray, IntArray, Samples

# The NaN that Prometheus writes when a series ends (model/value in its source); a scraped NaN has other bits.
STALE_BITS = np.int64(0x7FF0000000000002)


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """Samples of many series in one pair of arrays.

    Attributes:
        timestamps_ms: shape (samples + 1,), series after series, one element of padding last.
        values: shape (samples + 1,).
        starts: shape (series + 1,), where each series begins; the last is the number of samples.
    """

    labels: tuple[Labels, ...]
    timestamps_ms: IntArray
    values: FloatArray
    starts: IntArray


def flattened(series: Sequence[Samples], *, start_ms: int, end_ms: int) -> Flat:
    """Return the samples in [start_ms, end_ms] of every series that has any."""
    labels, timestamps, values = [], [], []
    for one in series:
        low = int(np.searchsorted(one.timestamps_ms, start_ms, side="left"))
        high = int(np.searchsorted(one.timestamps_ms, end_ms, side="right"))
        if high > low:
            labels.append(one.labels)
            timestamps.append(one.timestamps_ms[low:high])
            values.append(one.values[low:high])
    starts = np.zeros(len(labels) + 1, dtype=np.int64)
    np.cumsum([len(part) for part in timestamps], out=starts[1:])
    return Flat(
        tuple(labels),
        np.concatenate([*timestamps, np.zeros(1, dtype=np.int64)]),
        np.concatenate([*values, np.zeros(1)]),
        starts,
    )


def is_stale(values: FloatArray) -> BoolArray:
    """Return where the values are staleness markers; same shape."""
    return np.asarray(values.view(np.int64) == STALE_BITS)


def without_stale(flat: Flat) -> Flat:
    """Return the samples without staleness markers, as range selectors see them."""
    if not np.isnan(flat.values).any():
        return flat
    kept = ~is_stale(flat.values)
    if kept.all():
        return flat
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(kept)])
    return Flat(flat.labels, flat.timestamps_ms[kept], flat.values[kept], before[flat.starts])


def positions(flat: Flat, instants_ms: IntArray, *, after_equal: bool) -> IntArray:
    """Return for every series and instant how far into `flat` the samples before the instant reach.

    Args:
        instants_ms: shape (steps,), ascending.
        after_equal: Whether a sample exactly at the instant counts as before it.

    Returns:
        shape (series, steps), indexes into `flat`.
    """
    side: Literal["left", "right"] = "right" if after_equal else "left"
    found = np.empty((len(flat.labels), len(instants_ms)), dtype=np.int64)
    previous: IntArray | None = None
    for row in range(len(flat.labels)):
        begin, end = int(flat.starts[row]), int(flat.starts[row + 1])
        timestamps = flat.timestamps_ms[begin:end]
        # Series scraped together share their times, and so the answer.
        if previous is not None and np.array_equal(previous, timestamps):
            found[row] = found[row - 1] - int(flat.starts[row - 1]) + begin
        else:
            found[row] = np.searchsorted(timestamps, instants_ms, side=side) + begin
        previous = timestamps
    return found


def latest_samples(flat: Flat, instants_ms: IntArray, *, lookback_ms: int, left_open: bool) -> tuple[Vector, IntArray]:
    """Return the value each instant sees, and its sample's time.

    Returns:
        The vector with all rows of `flat`, and timestamps of shape (series, steps), epoch milliseconds.
    """
    if not flat.labels:
        return empty_vector(len(instants_ms)), np.empty((0, len(instants_ms)), dtype=np.int64)
    index = positions(flat, instants_ms, after_equal=True) - 1
    found = index >= flat.starts[:-1, np.newaxis]
    index = np.maximum(index, 0)
    times = flat.timestamps_ms[index]
    oldest = instants_ms - lookback_ms
    values = flat.values[index]
    present = found & (times > oldest if left_open else times >= oldest) & ~is_stale(values)
    return Vector(flat.labels, values, present), times


def windows_of(flat: Flat, end_ms: IntArray, *, range_ms: int, left_open: bool) -> Windows:
    """Return the window of every series at every step; `end_ms` has shape (steps,), ascending."""
    return Windows(
        labels=flat.labels,
        timestamps_ms=flat.timestamps_ms,
        values=flat.values,
        starts=flat.starts[:-1],
        first=positions(flat, end_ms - range_ms, after_equal=left_open),
        stop=positions(flat, end_ms, after_equal=True),
        end_ms=end_ms,
        range_ms=range_ms,
    )


def flat_from_vector(vector: Vector, times_ms: IntArray) -> Flat:
    """Return the points of an evaluated vector as if they were raw samples (what a subquery hands on)."""
    counts = vector.present.sum(axis=1)
    grid = np.broadcast_to(times_ms, vector.present.shape)
    return Flat(
        vector.labels,
        np.append(grid[vector.present], 0),
        np.append(vector.values[vector.present], 0.0),
        np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)]),
    )
