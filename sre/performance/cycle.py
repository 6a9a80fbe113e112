"""The pattern of the day inside windows of several days.

A week of traffic swings by a factor of ten every day; beside that swing no change of ten percent could be seen. The
pattern is learnt from the days before the change alone, so a change cannot hide in it.
"""

from dataclasses import dataclass

import numpy as np

from sre.core.series import FloatArray

# Two days cannot tell a pattern from what happened on one of them.
_LEAST_PERIODS = 3
# It must leave the values after the change, from which it was not learnt, this much closer together.
_CLEAR_PATTERN = 0.8
# Half an hour of a day: patterns are smoother than minutes.
_SMOOTH_SHARE = 1 / 48


@dataclass(frozen=True, slots=True)
class Cycle:
    """How values lie in their cycle.

    Attributes:
        period_steps: Values a day.
        lag_steps: From the first value before to the first after.
    """

    period_steps: int
    lag_steps: int


def without_pattern(before: FloatArray, after: FloatArray, cycle: Cycle) -> tuple[FloatArray, FloatArray] | None:
    """Return both sides without the pattern of the day, or None where there are too few days or no pattern.

    Args:
        before, after: shape (values,) each, evenly spaced, on the scale they are compared on, NaN where missing.
    """
    period = cycle.period_steps
    if period < 2 or before.size < _LEAST_PERIODS * period:
        return None
    pattern = _pattern(before, period)
    phases = (np.arange(after.size) + cycle.lag_steps) % period
    level = after - pattern[phases]
    if not np.nanstd(level) < _CLEAR_PATTERN * np.nanstd(after):
        return None
    return before - pattern[np.arange(before.size) % period], level


def _pattern(values: FloatArray, period: int) -> FloatArray:
    """Return the median day about its own middle, shape (period,), smoothed around midnight."""
    days = values[: values.size // period * period].reshape(-1, period)
    there = np.isfinite(days)
    used = days[there.sum(axis=1) > period / 2]
    if not used.size:
        return np.zeros(period)
    about = used - np.nanmedian(used, axis=1, keepdims=True)
    known = np.isfinite(about).any(axis=0)
    middle = np.zeros(period)
    middle[known] = np.nanmedian(about[:, known], axis=0)
    reach = round(period * _SMOOTH_SHARE / 2)
    around = np.concatenate([middle[period - reach :], middle, middle[:reach]]) if reach else middle
    smooth = np.convolve(around, np.full(2 * reach + 1, 1 / (2 * reach + 1)), mode="valid")
    return smooth - float(np.median(smooth))
