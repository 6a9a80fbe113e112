"""Order statistics of the rows of a matrix that may hold NaN, fast for thousands of rows."""

import numpy as np

from sre.core.series import FloatArray, IntArray


def sorted_rows(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return each row sorted, NaN last, and how many numbers it holds; shapes (rows, columns) and (rows,)."""
    counts: IntArray = np.isfinite(values).sum(axis=1).astype(np.int64)
    return np.sort(np.where(np.isfinite(values), values, np.nan), axis=1), counts


def row_quantile(values: FloatArray, ratio: float) -> FloatArray:
    """Return a quantile of each row, NaN ignored, linear between neighbours; NaN for a row without numbers."""
    return quantile_of_sorted(*sorted_rows(values), ratio)


def row_median(values: FloatArray) -> FloatArray:
    """Return the median of each row, NaN ignored; NaN for a row without numbers."""
    return row_quantile(values, 0.5)


def quantile_of_sorted(rows: FloatArray, counts: IntArray, ratio: float) -> FloatArray:
    """Return a quantile of each row of what `sorted_rows` returned."""
    if rows.shape[1] == 0:
        return np.full(len(rows), np.nan)
    position = ratio * np.maximum(counts - 1, 0)
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(counts - 1, 0))
    index = np.arange(len(rows))
    low, high = rows[index, below], rows[index, above]
    found: FloatArray = low + (high - low) * (position - below)
    return np.where(counts > 0, found, np.nan)
