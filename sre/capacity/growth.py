"""How fast the level moves, seasons taken out."""

import numpy as np

from sre.capacity.model import DAY_SECONDS, MONTH_SECONDS, Growth, Nature
from sre.core.series import FloatArray
from sre.core.times import format_duration

_MAX_BLOCKS = 60
_MIN_BLOCKS = 4
_NEAR_POINTS = 5
# A month is told from no less than three days (our choice): from a tenth of it, and from more than one turn of the
# day, whose rise or fall over part of a day would be taken for growth.
LEAST_SECONDS_FOR_A_MONTH = 3 * DAY_SECONDS


def present_level(values: FloatArray, *, period: int, nature: Nature) -> float:
    """Return where the series stands now: mean of its last season, or a stock's last value.

    Args:
        values: shape (steps,), no NaN.
        period: Steps of its longest season, 1 for none.
    """
    if nature == "stock":
        return float(values[-1])
    if period > 1:
        return float(values[-period:].mean())
    return float(np.median(values[-_NEAR_POINTS:]))


def measured_growth(
    values: FloatArray, expected: FloatArray, *, period: int, step_seconds: float, nature: Nature
) -> Growth:
    """Return growth over the history (median of slopes between season means) and over the forecast.

    A history shorter than LEAST_SECONDS_FOR_A_MONTH gives no figure a month, and the reason.

    Source:
        Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968), for the median slope.
    """
    span = (values.size - 1) * step_seconds
    if span < LEAST_SECONDS_FOR_A_MONTH:
        return Growth(None, None, None, _too_short(span))
    steps_per_month = MONTH_SECONDS / step_seconds
    level = present_level(values, period=period, nature=nature)
    slope = _median_slope(values, period) * steps_per_month
    ahead = _forecast_slope(values, expected, period=period, level=level) * steps_per_month
    ratio = slope / abs(level) if level else None
    return Growth(per_month=slope, ratio_per_month=ratio, forecast_per_month=ahead)


def _too_short(span_seconds: float) -> str:
    return (
        f"No growth a month is given: {format_duration(round(span_seconds))} of history is under the "
        f"{format_duration(LEAST_SECONDS_FOR_A_MONTH)} that can carry it."
    )


def _median_slope(values: FloatArray, period: int) -> float:
    block = period if values.size >= _MIN_BLOCKS * period else 1
    block *= max(1, int(np.ceil(values.size / block / _MAX_BLOCKS)))
    count = values.size // block
    means = values[values.size - count * block :].reshape(count, block).mean(axis=1)
    early, late = np.triu_indices(count, k=1)
    if early.size == 0:
        return 0.0
    return float(np.median((means[late] - means[early]) / ((late - early) * block)))


def _forecast_slope(values: FloatArray, expected: FloatArray, *, period: int, level: float) -> float:
    """Return movement a step: against the same phase one season ago where there is one, else from the present level."""
    if period <= 1 or period > values.size:
        steps = max(expected.size - 1, 1)
        return float((expected[-1] - expected[0]) / steps) if expected.size > 1 else float(expected[0] - level)
    if expected.size >= 2 * period:
        return float((expected[-period:].mean() - expected[:period].mean()) / (expected.size - period))
    same_phase = values[values.size - period :][np.arange(expected.size) % period]
    return float((expected - same_phase).mean() / (period * (1 + (expected.size > period) * 0.5)))
