"""histogram_quantile over classic histograms: one series a bucket, its upper bound in the label `le`."""

import re

import numpy as np

from sre.core.labels import Labels
from sre.core.promql.frames import Vector, empty_vector, joined_rows
from sre.core.series import FloatArray, IntArray

BUCKET_LABEL = "le"
_GO_FLOAT = re.compile(
    r"[+-]?(?:inf|infinity|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)p[+-]?\d+)",
    re.IGNORECASE,
)


def histogram_quantile(quantile: FloatArray, buckets: Vector) -> Vector:
    """Return the quantile of each histogram.

    Args:
        quantile: shape (steps,).
        buckets: Bucket counts or their rates; rows without a readable `le` are left out.

    Source:
        The rules of `histogram_quantile()` as Prometheus documents them: linear interpolation inside a bucket, the
        lowest bucket starting at 0 unless its bound is negative, NaN without observations or without a `+Inf` bucket.
    """
    histograms: dict[Labels, list[tuple[float, int]]] = {}
    for row, labels in enumerate(buckets.labels):
        bound = read_bound(labels.get(BUCKET_LABEL, ""))
        if bound is not None:
            histograms.setdefault(labels.without(BUCKET_LABEL), []).append((bound, row))
    if not histograms:
        return empty_vector(len(quantile))
    values = np.full((len(histograms), len(quantile)), np.nan)
    present = np.zeros(values.shape, dtype=np.bool_)
    for number, rows in enumerate(histograms.values()):
        rows.sort()
        indexes = [row for _, row in rows]
        there = buckets.present[indexes]
        present[number] = there.any(axis=0)
        bounds = np.array([bound for bound, _ in rows])
        _fill_quantiles(values[number], quantile, bounds, buckets.values[indexes], there)
    return joined_rows(Vector(tuple(histograms), values, present).nameless())


def read_bound(text: str) -> float | None:
    """Return the number as Go would read it, or None."""
    if _GO_FLOAT.fullmatch(text) is None:
        return None
    return float.fromhex(text) if "x" in text.lower() else float(text)


def _fill_quantiles(
    result: FloatArray,
    quantile: FloatArray,
    bounds: FloatArray,
    counts: FloatArray,
    there: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
) -> None:
    """Write the quantiles of one histogram, pattern by pattern of which buckets exist at a step."""
    patterns, pattern_of_step = np.unique(there, axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        rows = patterns[:, number]
        steps = np.flatnonzero(pattern_of_step.reshape(-1) == number)
        if rows.any():
            result[steps] = _quantiles(quantile[steps], bounds[rows], counts[rows][:, steps])


def _quantiles(quantile: FloatArray, bounds: FloatArray, counts: FloatArray) -> FloatArray:
    """Return quantiles for counts of shape (buckets, steps), bounds ascending."""
    outside = np.where(quantile < 0, -np.inf, np.where(quantile > 1, np.inf, np.nan))
    usable = (quantile >= 0) & (quantile <= 1)
    if not np.isposinf(bounds[-1]):
        return np.where(usable, np.nan, outside)
    bounds, starts = np.unique(bounds, return_index=True)
    counts = _rising(np.add.reduceat(counts, starts, axis=0))
    if len(bounds) < 2:
        return np.where(usable, np.nan, outside)
    total = counts[-1]
    rank = quantile * total
    bucket = _first_reaching(counts, rank)
    result = _interpolated(bucket, rank, bounds, counts)
    result = np.where((bucket == 0) & (bounds[0] <= 0), bounds[0], result)
    result = np.where(bucket == len(bounds) - 1, bounds[-2], result)
    result = np.where(total == 0, np.nan, result)
    return np.where(usable, result, outside)


def _rising(counts: FloatArray) -> FloatArray:
    """Return cumulative counts that never fall from one bucket to the next (scrapes of buckets are not atomic)."""
    highest = np.fmax.accumulate(counts, axis=0)
    untouched = np.isnan(counts) | np.isnan(counts[0])
    return np.where(untouched, counts, highest)


def _first_reaching(counts: FloatArray, rank: FloatArray) -> IntArray:
    """Return the first bucket whose count reaches the rank, or the last bucket; bisection, all steps at once."""
    low = np.zeros(len(rank), dtype=np.int64)
    high = np.full(len(rank), len(counts) - 1, dtype=np.int64)
    steps = np.arange(len(rank))
    while (low < high).any():
        middle = (low + high) // 2
        reached = counts[middle, steps] >= rank
        high, low = np.where((low < high) & reached, middle, high), np.where((low < high) & ~reached, middle + 1, low)
    return low


def _interpolated(bucket: IntArray, rank: FloatArray, bounds: FloatArray, counts: FloatArray) -> FloatArray:
    steps = np.arange(len(rank))
    below = np.maximum(bucket - 1, 0)
    is_first = bucket == 0
    start = np.where(is_first, 0.0, bounds[below])
    already = np.where(is_first, 0.0, counts[below, steps])
    return np.asarray(start + (bounds[bucket] - start) * ((rank - already) / (counts[bucket, steps] - already)))
