"""Reductions over many windows of one flat array at once, with bounded memory."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sre.core.promql.frames import Vector, Windows
from sre.core.series import BoolArray, FloatArray, IntArray

_Number = TypeVar("_Number", np.float64, np.int64)

# Elements of one intermediate array; 2^16 doubles are 512 kB, which the processor's caches hold (2^20 took twice as
# long for regression and quantiles).
CHUNK_ELEMENTS = 1 << 16
# A plain sum of n terms is off by at most about n * eps * sum(|terms|); beyond this share of the sum it is
# done again with compensation, as Prometheus always does.
PLAIN_SUM_TOLERANCE = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Windows that hold at least one sample, as flat lists.

    Attributes:
        timestamps_ms, values: The samples, as in `Windows`.
        first, stop: shape (windows,), ascending inside a series.
        end_ms: shape (windows,), where each window ends.
        step: shape (windows,), the index of its step.
        range_ms: Length of the windows.
        left_open: Prometheus 3 rules rather than 2.
    """

    timestamps_ms: IntArray
    values: FloatArray
    first: IntArray
    stop: IntArray
    end_ms: IntArray
    step: IntArray
    range_ms: int
    left_open: bool

    @property
    def counts(self) -> IntArray:
        """How many samples each window has, shape (windows,)."""
        return self.stop - self.first

    def part(self, chosen: slice | BoolArray) -> "Batch":
        """Return the chosen windows alone."""
        return Batch(
            self.timestamps_ms,
            self.values,
            self.first[chosen],
            self.stop[chosen],
            self.end_ms[chosen],
            self.step[chosen],
            self.range_ms,
            self.left_open,
        )

    def parts(self) -> Iterator[tuple[slice, "Batch"]]:
        """Yield pieces whose padded form stays within CHUNK_ELEMENTS (or is one window)."""
        total = len(self.first)
        if total == 0:
            return
        size = max(1, CHUNK_ELEMENTS // int(self.counts.max()))
        for begin in range(0, total, size):
            chosen = slice(begin, min(begin + size, total))
            yield chosen, self.part(chosen)

    def inside(self) -> BoolArray:
        """Return which places of the padded form belong to the window, shape (windows, longest)."""
        return np.asarray(np.arange(int(self.counts.max())) < self.counts[:, np.newaxis])

    def padded_values(self) -> FloatArray:
        """Return the values side by side, shape (windows, longest), short windows filled up with their first."""
        return _padded(self.values, self.first, self.counts)

    def padded_seconds(self) -> FloatArray:
        """Return seconds since the first sample of the window, shape (windows, longest), filled up with 0."""
        times = _padded(self.timestamps_ms, self.first, self.counts)
        return (times - self.timestamps_ms[self.first][:, np.newaxis]) / 1000


def _padded(array: NDArray[_Number], first: IntArray, counts: IntArray) -> NDArray[_Number]:
    width, begin = int(counts.max()), int(first.min())
    source = array[begin : int(first.max()) + width]
    missing = int(first.max()) + width - begin - len(source)
    if missing > 0:
        source = np.concatenate([source, np.zeros(missing, dtype=array.dtype)])
    rows = sliding_window_view(source, width)[first - begin]
    short = np.flatnonzero(counts < width)
    if len(short):
        outside = np.arange(width) >= counts[short, np.newaxis]
        rows[short] = np.where(outside, array[first[short], np.newaxis], rows[short])
    return rows


# values of shape (windows,), and which of them exist, or None for all.
Kernel: TypeAlias = Callable[[Batch], tuple[FloatArray, BoolArray | None]]


def over_windows(windows: Windows, kernel: Kernel, *, left_open: bool, pause: Callable[[], None]) -> Vector:
    """Return the vector of `kernel` over every non-empty window.

    Args:
        pause: Called between chunks; may raise to end the work.
    """
    shape = windows.first.shape
    values = np.zeros(shape)
    present = np.zeros(shape, dtype=np.bool_)
    rows = max(1, CHUNK_ELEMENTS // max(1, shape[1]))
    for begin in range(0, shape[0], rows):
        pause()
        chosen = slice(begin, begin + rows)
        filled = windows.stop[chosen] > windows.first[chosen]
        if not filled.any():
            continue
        batch = _batch(windows, chosen, filled, left_open=left_open)
        result, exists = kernel(batch)
        values[chosen][filled] = result
        present[chosen][filled] = True if exists is None else exists
    return Vector(windows.labels, values, present)


def _batch(windows: Windows, rows: slice, filled: BoolArray, *, left_open: bool) -> Batch:
    """Return the filled windows of some rows, over no more samples than theirs (kernels may look at all of them)."""
    first, stop = windows.first[rows][filled], windows.stop[rows][filled]
    step = np.broadcast_to(np.arange(filled.shape[1]), filled.shape)[filled]
    begin, end = int(first.min()), int(stop.max())
    return Batch(
        windows.timestamps_ms[begin : end + 1],
        windows.values[begin : end + 1],
        first - begin,
        stop - begin,
        windows.end_ms[step],
        step,
        windows.range_ms,
        left_open,
    )


def reduced(ufunc: np.ufunc, values: FloatArray, first: IntArray, stop: IntArray) -> FloatArray:
    """Return `ufunc` over values[first:stop] for every (non-empty, ascending) window; shape (windows,)."""
    if len(first) == 0:
        return np.empty(0)
    edges = np.empty(2 * len(first), dtype=np.int64)
    edges[0::2] = first
    edges[1::2] = stop
    # Every second result is what lies between windows; nothing after the last window needs reading.
    return np.asarray(ufunc.reduceat(values[: int(stop.max()) + 1], edges)[::2])


def window_sums(batch: Batch) -> FloatArray:
    """Return the sum of each window to about 1e-11 relative, infinities and NaN as IEEE adds them."""
    values = batch.values
    sums = reduced(np.add, values, batch.first, batch.stop)
    used = values[int(batch.first.min()) : int(batch.stop.max())]
    if not (used < 0).any() or not (used > 0).any():
        return sums
    sizes = reduced(np.add, np.abs(values), batch.first, batch.stop)
    doubtful = np.isfinite(sums) & (batch.counts * np.finfo(float).eps * sizes > PLAIN_SUM_TOLERANCE * np.abs(sums))
    if doubtful.any():
        sums[doubtful] = _compensated_sums(batch.part(doubtful))
    return sums


def window_means(batch: Batch) -> FloatArray:
    """Return the mean of each window; a sum that overflows is done again on scaled values."""
    means = window_sums(batch) / batch.counts
    overflowed = np.isinf(means)
    if overflowed.any():
        again = batch.part(overflowed)
        scale = 2.0 ** -math.ceil(math.log2(int(again.counts.max()) + 1))
        scaled = reduced(np.add, again.values * scale, again.first, again.stop) / again.counts
        means[overflowed] = scaled / scale
    return means


def _compensated_sums(batch: Batch) -> FloatArray:
    sums = np.empty(len(batch.first))
    for chosen, part in batch.parts():
        sums[chosen] = _tree_sum(np.where(part.inside(), part.padded_values(), 0.0))
    return sums


def _tree_sum(terms: FloatArray) -> FloatArray:
    """Return the sums along the last axis, halving it again and again and keeping every rounding error.

    Source:
        Knuth, The Art of Computer Programming, vol. 2, 4.2.2, theorem B (the error of one addition is exact).
    """
    errors = np.zeros(terms.shape[:-1])
    while terms.shape[-1] > 1:
        half = terms.shape[-1] // 2
        left, right, odd = terms[..., :half], terms[..., half : 2 * half], terms[..., 2 * half :]
        total = left + right
        virtual = total - left
        errors = errors + ((left - (total - virtual)) + (right - virtual)).sum(axis=-1)
        terms = np.concatenate([total, odd], axis=-1)
    return np.asarray(terms[..., 0] + errors)
