"""Movement that was there before the change: a leak, growth, a cache that fills.

A series that climbs lies higher after any moment than before it. Where the stretch before climbs or falls by itself,
the slope that both sides share is taken out, and what it costs to know the step beside the slope is paid: step and
time go together, so the standard error of the step grows by the variance inflation factor of their regression.

Source: Theil (1950) and Sen, JASA 63 (1968) for the slope; Kendall's rank correlation with time (Mann 1945) for
whether there is one, its variance widened by the dependence of neighbouring values.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre.core.series import FloatArray
from sre.performance.dependence import dependence_factor

# A false trend costs only power, a missed one cries wolf; the usual 1 % of chance on 1,000 series.
_CLEAR_TREND = 2.6
# Beyond doubt; only such a slope may bring to light a change that it hides (once in 15,000 by chance).
_CERTAIN_TREND = 4.0
_LEAST_VALUES = 20
# Pairwise slopes of so many points take under 10 ms; longer stretches are thinned by means.
_MOST_POINTS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """A slope both sides share.

    Attributes:
        per_step: Change of the values from one to the next.
        error_factor: By how much the standard error of the step grows, >= 1.
        is_certain: Beyond doubt, and not only likely.
    """

    per_step: float
    error_factor: float
    is_certain: bool


def shared_trend(before: FloatArray, after: FloatArray) -> Trend | None:
    """Return the slope of both samples where the one before has a clear slope of its own, else None.

    Args:
        before, after: shape (values,), evenly spaced, `after` right behind `before`.
    """
    if before.size < _LEAST_VALUES:
        return None
    clearness = _clearness(before)
    if clearness < _CLEAR_TREND:
        return None
    slope = _slope([before, after] if after.size >= _LEAST_VALUES else [before])
    return Trend(slope, _error_factor(before.size, after.size), clearness > _CERTAIN_TREND)


def _clearness(values: FloatArray) -> float:
    """Return how many standard errors the rank correlation with time is from none, >= 0."""
    thin, _ = _thinned(values)
    later, earlier = np.triu_indices(thin.size, 1)[::-1]
    concordance = float(np.sign(thin[later] - thin[earlier]).sum())
    count = thin.size
    variance = count * (count - 1) * (2 * count + 5) / 18
    steps = np.arange(count, dtype=np.float64)
    slope = _slope([thin])
    residual = thin - slope * steps
    factor = dependence_factor([residual - residual.mean()])
    return abs(concordance) / math.sqrt(variance * factor)


def _slope(stretches: Sequence[FloatArray]) -> float:
    slopes = []
    for values in stretches:
        thin, width = _thinned(values)
        later, earlier = np.triu_indices(thin.size, 1)[::-1]
        slopes.append((thin[later] - thin[earlier]) / ((later - earlier) * width))
    return float(np.median(np.concatenate(slopes)))


def _thinned(values: FloatArray) -> tuple[FloatArray, int]:
    width = -(-values.size // _MOST_POINTS)
    whole = values[: values.size // width * width]
    return whole.reshape(-1, width).mean(axis=1), width


def _error_factor(before_count: int, after_count: int) -> float:
    """Return the root of the variance inflation of a step beside a slope over both samples."""
    total = before_count + after_count
    step = np.concatenate([np.zeros(before_count), np.ones(after_count)])
    share = float(np.corrcoef(step, np.arange(total))[0, 1] ** 2)
    return 1 / math.sqrt(1 - share)
