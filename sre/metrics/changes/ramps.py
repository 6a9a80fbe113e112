"""A level that moves over a while to another one: when it left the old level, and when it was at the new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.series import BoolArray, FloatArray
from sre.metrics.changes.location import LIKELIHOOD_RATIO_95, long_run_variance

# What a ramp has to explain beyond a step, in variances of the noise: as much as one more free place would by chance in
# one of a thousand series (chi-square with two degrees, 13.8), because a step is the simpler story.
_BETTER: Final = 13.8
# Values on each side from which a level can be told (our choice).
_LEAST_SIDE: Final = 4
# More points than this are thinned: a place known to 1/300 of the stretch is known well enough.
_MOST_POINTS: Final = 300
_CLIP: Final = 3.0
_MAD_TO_SD: Final = 1.4826


@dataclass(frozen=True, slots=True)
class Ramp:
    """A move of the level that takes its time.

    Attributes:
        begins: First value off the old level.
        earliest, latest: It begins between these, both included, with 95 % confidence where the noise is near normal.
        full: First value on the new level.
    """

    begins: int
    earliest: int
    latest: int
    full: int


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Errors of all ramps: shape (places, places), from the last value on the old level to the first on the new."""

    errors: FloatArray
    last: int
    full: int


def ramp_in(values: FloatArray, *, least_steps: float = 2.0) -> Ramp | None:
    """Return the ramp between two levels that a stretch shows; None where a step tells as much.

    Args:
        values: shape (steps,), NaN where there is none.
        least_steps: Shorter moves are steps: a value that sums up a range makes a ramp of its own length.
    """
    known = np.flatnonzero(np.isfinite(values))
    thin = max(1, -(-known.size // _MOST_POINTS))
    if thin > 1:
        known = known[: known.size // thin * thin].reshape(-1, thin)[:, 0]
    if known.size < 2 * _LEAST_SIDE + 2:
        return None
    line = _thinned(values, known, thin)
    fit = _fitted(line)
    for _ in range(2):
        line = _without_spikes(_thinned(values, known, thin), fit)
        fit = _fitted(line)
    shape = _shape(line.size, fit.last, fit.full)
    level, size = _levels(line, shape)
    noise = long_run_variance(line - level - size * shape)
    step_error = float(np.diagonal(fit.errors, offset=1).min())
    best = float(fit.errors.min())
    # A step inside a mean over some points looks like a ramp over two of them.
    least = max(2.0, least_steps / thin)
    if fit.full - fit.last <= least or step_error - best <= _BETTER * noise or size == 0:
        return None
    likely = np.flatnonzero(fit.errors.min(axis=1) - best <= LIKELIHOOD_RATIO_95 * noise)
    return Ramp(int(known[fit.last + 1]), int(known[likely[0]]) + 1, int(known[likely[-1] + 1]), int(known[fit.full]))


def _thinned(values: FloatArray, known: np.ndarray[tuple[int], np.dtype[np.int64]], thin: int) -> FloatArray:
    if thin == 1:
        line: FloatArray = values[known]
        return line
    ends = np.append(known[1:], values.size)
    return np.array([np.nanmean(values[a:b]) for a, b in zip(known, ends, strict=True)])


def _shape(count: int, last: int, full: int) -> FloatArray:
    shape: FloatArray = np.clip((np.arange(count) - last) / (full - last), 0.0, 1.0)
    return shape


def _levels(line: FloatArray, shape: FloatArray) -> tuple[float, float]:
    centred = shape - shape.mean()
    size = float(centred @ line) / float(centred @ centred)
    return float(line.mean() - size * shape.mean()), size


def _fitted(line: FloatArray) -> _Fit:
    """Return the squared errors of the best two levels for each pair of places, by sums up to each place."""
    count = line.size
    centred = line - line.mean()
    place = np.arange(count, dtype=np.float64)
    sums, moments = np.cumsum(centred), np.cumsum(place * centred)
    first, second = np.cumsum(place), np.cumsum(place**2)
    total = float(centred @ centred)
    last, full = np.arange(count)[:, None], np.arange(count)[None, :]
    width = np.maximum(full - last, 1).astype(np.float64)
    # Sums over the ramp itself, last < t <= full, of (t - last) / width and its like.
    many = (full - last).astype(np.float64)
    rising = (first[full] - first[last] - last * many) / width
    squared = (second[full] - second[last] - 2 * last * (first[full] - first[last]) + last**2 * many) / width**2
    product = (moments[full] - moments[last] - last * (sums[full] - sums[last])) / width
    beyond = (count - 1 - full).astype(np.float64)
    sum_shape, sum_square = rising + beyond, squared + beyond
    sum_product = product + sums[-1] - sums[full]
    spread = sum_square - sum_shape**2 / count
    # The line is centred, so what the shape explains is its product with the line alone.
    explained = np.where(spread > 0, sum_product**2 / np.where(spread > 0, spread, 1.0), 0.0)
    errors: FloatArray = np.where(_allowed(count), total - explained, np.inf)
    best_last, best_full = np.unravel_index(int(np.argmin(errors)), errors.shape)
    return _Fit(errors, int(best_last), int(best_full))


def _allowed(count: int) -> BoolArray:
    last, full = np.arange(count)[:, None], np.arange(count)[None, :]
    allowed: BoolArray = (full > last) & (last >= _LEAST_SIDE - 1) & (full <= count - _LEAST_SIDE)
    return allowed


def _without_spikes(line: FloatArray, fit: _Fit) -> FloatArray:
    shape = _shape(line.size, fit.last, fit.full)
    level, size = _levels(line, shape)
    expected = level + size * shape
    rest = line - expected
    spread = _MAD_TO_SD * float(np.median(np.abs(rest - np.median(rest))))
    if spread == 0:
        return line
    clipped: FloatArray = expected + np.clip(rest, -_CLIP * spread, _CLIP * spread)
    return clipped
