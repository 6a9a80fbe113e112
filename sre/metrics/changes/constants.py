"""A series that always has the same value, and for once has another: no noise to compare with, and no doubt."""

from dataclasses import replace
from typing import Final

import numpy as np

from sre.core.changes.model import AnomalyWindow, Found
from sre.core.series import FloatArray

# So much of the time it is the same value, and it leaves it no more often than this (our choice).
_CONSTANT_SHARE, _MOST_TIMES = 0.98, 3
# Beyond any noise, as the search caps it.
_SCORE: Final = 1000.0


def with_left_constants(found: Found, values: FloatArray) -> Found:
    """Return what was found, and the stretches in which a constant other than zero was left.

    Zero is what counts of rare events have most of the time, and one event is no anomaly.

    Args:
        values: shape (steps,), NaN where there is none.
    """
    known = np.isfinite(values)
    if found.changes or found.anomalies or not known.any():
        return found
    usual = float(np.median(values[known]))
    away = known & (values != usual)
    if usual == 0 or not away.any() or away.sum() > (1 - _CONSTANT_SHARE) * known.sum():
        return found
    edges = np.flatnonzero(np.diff(np.concatenate(([0], away.astype(np.int8), [0]))))
    runs = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    if len(runs) > _MOST_TIMES:
        return found
    return replace(found, anomalies=tuple(_window(values, start, stop, usual) for start, stop in runs))


def _window(values: FloatArray, start: int, stop: int, usual: float) -> AnomalyWindow:
    inside = values[start:stop]
    worst = float(inside[np.argmax(np.abs(inside - usual))])
    return AnomalyWindow(start, stop - 1, usual, worst, "up" if worst > usual else "down", _SCORE)
