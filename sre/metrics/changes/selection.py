"""Which of very many series are worth a search: those whose level moves most against their own noise."""

import numpy as np

from sre.core.series import BoolArray, FloatArray

# Blocks whose medians are compared: short enough for an incident of an hour in a day, long enough to have a median.
_BLOCKS = 24


def by_movement(values: FloatArray) -> tuple[int, ...]:
    """Return row numbers, those first whose level moves most against the noise from one step to the next.

    Args:
        values: shape (series, steps), NaN where there is none.
    """
    series, steps = values.shape
    if steps < 2 * _BLOCKS:
        return tuple(range(series))
    known = np.isfinite(values)
    blocks = np.array_split(np.arange(steps), _BLOCKS)
    medians = np.column_stack([_median(values[:, block], known[:, block]) for block in blocks])
    spread = _highest(medians) - _lowest(medians)
    noise = _median(np.abs(np.diff(values, axis=1)), known[:, 1:] & known[:, :-1])
    # A series without noise that moves at all moves more than any other.
    scores = np.where(noise > 0, spread / np.where(noise > 0, noise, 1.0), np.where(spread > 0, np.inf, 0.0))
    return tuple(np.argsort(-np.nan_to_num(scores, nan=0.0, posinf=np.inf), kind="stable").tolist())


def _median(values: FloatArray, known: BoolArray) -> FloatArray:
    filled = np.sort(np.where(known, values, np.inf), axis=1)
    counts = known.sum(axis=1)
    place = np.maximum(counts - 1, 0) // 2
    middle: FloatArray = np.where(counts > 0, filled[np.arange(len(filled)), place], np.nan)
    return middle


def _highest(values: FloatArray) -> FloatArray:
    highest: FloatArray = np.where(np.isfinite(values), values, -np.inf).max(axis=1)
    return highest


def _lowest(values: FloatArray) -> FloatArray:
    lowest: FloatArray = np.where(np.isfinite(values), values, np.inf).min(axis=1)
    return lowest
