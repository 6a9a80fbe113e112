"""Where a series may have changed: every stretch of a nested set is split where its two parts differ most.

The statistic is the two-sample Anderson-Darling distance, maximised over the splits: it looks at the order of the
values alone, so outliers, skew, caps and units do not matter, and at all quantiles, so a shift of one mode of several
is seen.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sre.core.changes.memory import long_run_factor
from sre.core.series import BoolArray, FloatArray, IntArray

# Quantiles at which two parts are compared: beyond a dozen the power does not grow.
_QUANTILES = 12
# Points on each side of a split; fewer are a passing anomaly, not a level.
SIDE_MIN = 4
SHORTEST = 12
# Lengths shrink by this factor and neighbours overlap by half, so that each change is alone in some stretch (Kovacs,
# Buhlmann, Li and Munk, "Seeded binary segmentation", Biometrika 110, 2023).
_SHRINKING = math.sqrt(0.5)
# Stretches from which the memory of the noise is told: long enough to estimate it, short enough to hold few changes.
_TELLING_MIN, _TELLING_MAX = 48, 192
# What the maximum over the splits grows by when a stretch gets twice as long as this one: simulated.
_OF_SPLITS, _LENGTH = 0.8, 60
# What it grows by with a memory longer than this, as long memories are told less surely: simulated.
_OF_MEMORY, _SHORT_MEMORY = 1.5, 4.0
# The largest component is found by squaring: 32 steps of the power method.
_SQUARINGS = 5
# The elements of one piece of work, so that memory stays small.
_PIECE = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """The best split of each stretch.

    Attributes:
        start, stop: shape (stretches,), the stretch is start <= step < stop.
        at: shape (stretches,), first step of its second part.
        strength: shape (stretches,), the statistic on the scale of a chi-squared with one degree of freedom,
            maximised over the splits, as if the noise were independent.
        memory: shape (stretches,), how many times more the mean of the noise varies than if it were independent.
    """

    start: IntArray
    stop: IntArray
    at: IntArray
    strength: FloatArray
    memory: FloatArray

    def evidence(self, count: int) -> FloatArray:
        """Return how far each split is beyond chance in a series of `count` steps, shape (stretches,).

        The strength that is left when the memory of the noise is allowed for, less what the many splits of a stretch
        and the many stretches of its length make likely.
        """
        lengths = (self.stop - self.start) * 1.0
        many = _OF_SPLITS * np.log2(lengths / _LENGTH) + 2 * np.log(count / lengths)
        unsure = _OF_MEMORY * np.log(np.maximum(self.memory / _SHORT_MEMORY, 1))
        return np.asarray(self.strength / self.memory - many - unsure)


def best_splits(values: FloatArray) -> Splits:
    """Return the best split of each of the nested stretches, longest first; `values` has shape (steps,), all finite."""
    layers = [_split_layer(values, length, starts) for length, starts in _stretches(len(values))]
    found = Splits(*(np.concatenate(parts) for parts in zip(*layers, strict=True)))
    return Splits(found.start, found.stop, found.at, found.strength, _with_floor(found))


def best_split(values: FloatArray) -> Splits:
    """Return the best split of the whole alone, as arrays of one; `values` has shape (steps,), 8 or more, finite."""
    return Splits(*_split_layer(values, len(values), np.zeros(1, dtype=np.int64)))


def split_curve(values: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return the strength of each split of the whole and whether its second part is higher, each shape (steps - 1,)."""
    scores, kept = _quantile_scores(values[None, :])
    share, _ = _leading(scores, kept)
    rises = np.cumsum(scores[0].mean(axis=0))[:-1] < 0
    return _distances(scores, kept)[0] / share[0], rises


def _stretches(count: int) -> list[tuple[int, IntArray]]:
    """Return the lengths, each with its starts; the first is the whole."""
    out = [(count, np.zeros(1, dtype=np.int64))]
    length = count * _SHRINKING
    while round(length) >= SHORTEST:
        width = round(length)
        number = math.ceil((count - width) / (width / 2)) + 1
        out.append((width, np.round(np.linspace(0, count - width, number)).astype(np.int64)))
        length *= _SHRINKING
    return out


def _with_floor(found: Splits) -> FloatArray:
    """Return the memories, where short stretches, which cannot tell theirs, have at least that of longer ones."""
    lengths = found.stop - found.start
    telling = found.memory[(lengths >= _TELLING_MIN) & (lengths <= _TELLING_MAX)]
    if not len(telling):
        return found.memory
    floor = float(np.median(telling))
    return np.where(lengths <= _TELLING_MAX, np.maximum(found.memory, floor), found.memory)


_Scores = NDArray[np.float32]
_Layer = tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray]


def _split_layer(values: FloatArray, length: int, starts: IntArray) -> _Layer:
    """Return start, stop, split, strength and memory of the stretches of one length."""
    at_once = max(1, _PIECE // (length * _QUANTILES))
    pieces = [_split_rows(values, length, starts[low : low + at_once]) for low in range(0, len(starts), at_once)]
    split, strength, memory = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    return starts, starts + length, starts + split, strength, memory


def _split_rows(values: FloatArray, length: int, starts: IntArray) -> tuple[IntArray, FloatArray, FloatArray]:
    rows = values[starts[:, None] + np.arange(length)]
    scores, kept = _quantile_scores(rows)
    distance = _distances(scores, kept)
    split = distance.argmax(axis=1) + 1
    top = distance[np.arange(len(rows)), split - 1]
    share, leading = _leading(scores, kept)
    return split, top / share, long_run_factor(_without_step(leading, split))


def _quantile_scores(rows: FloatArray) -> tuple[_Scores, IntArray]:
    """Return for each quantile whether a value is above it: centred, of unit variance, shape (rows, quantiles, steps).

    Also how many quantiles tell anything in each row: where values are equal, some do not.
    """
    length = rows.shape[1]
    count = min(_QUANTILES, length // 2)
    places = ((np.arange(count) + 0.5) / count * length).astype(np.int64)
    levels = np.sort(rows, axis=1)[:, places][:, :, None]
    above = (rows[:, None, :] > levels).astype(np.float32)
    above += np.float32(0.5) * (rows[:, None, :] == levels)
    above -= above.mean(axis=2, keepdims=True)
    variance = np.einsum("mkl,mkl->mk", above, above) / length
    tells = variance > 1e-9
    above /= np.sqrt(np.where(tells, variance, 1.0)).astype(np.float32)[:, :, None]
    return above, np.maximum(tells.sum(axis=1), 1)


def _distances(scores: _Scores, kept: IntArray) -> FloatArray:
    """Return the Anderson-Darling distance of the parts of each split, shape (rows, steps - 1)."""
    length = scores.shape[2]
    sums = np.cumsum(scores, axis=2)[:, :, :-1]
    first = np.arange(1, length)
    weights = length / (first * (length - first) * 1.0)
    out = np.einsum("mkl,mkl->ml", sums, sums) * weights / kept[:, None]
    out[:, : SIDE_MIN - 1] = 0.0
    out[:, length - SIDE_MIN :] = 0.0
    return np.asarray(out, dtype=np.float64)


def _leading(scores: _Scores, kept: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the share of the largest principal component of the scores, and the component, shape (rows, steps).

    The tail of the sum of all quantiles is that of its largest component.
    """
    products = (scores @ scores.transpose(0, 2, 1) / np.float32(scores.shape[2])).astype(np.float64)
    powers = products / kept[:, None, None]
    for _ in range(_SQUARINGS):
        powers = powers @ powers
        powers /= np.maximum(np.abs(powers).max(axis=(1, 2)), 1e-300)[:, None, None]
    directions = powers.sum(axis=2)
    directions /= np.maximum(np.sqrt((directions**2).sum(axis=1)), 1e-300)[:, None]
    sizes = np.einsum("mk,mkj,mj->m", directions, products, directions)
    leading = (directions.astype(np.float32)[:, None, :] @ scores)[:, 0, :]
    return np.maximum(sizes, 1e-9) / kept, leading.astype(np.float64)


def _without_step(rows: FloatArray, split: IntArray) -> FloatArray:
    """Return the rows less the mean of each of the two parts."""
    length = rows.shape[1]
    is_first = np.arange(length)[None, :] < split[:, None]
    first = (rows * is_first).sum(axis=1) / split
    second = (rows * ~is_first).sum(axis=1) / (length - split)
    return np.asarray(rows - np.where(is_first, first[:, None], second[:, None]))
