"""How fast the level moves, seasons taken out."""

import numpy as np

from sre.capacity.model import DAY_SECONDS, MONTH_SECONDS, Growth, Nature
from sre.core.series import FloatArray
from sre.core.times import format_duration

_MAX_BLOCKS = 60
_MIN_BLOCKS = 4
# From two weeks on equal weekdays can be compared, from eight on whole weeks are enough of them (our choice).
_MIN_WEEKS, _MANY_WEEKS = 2, 8
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

    From two weeks of history on, only equal weekdays or whole weeks are compared, so that a fuller weekend at the end
    is no growth. A history shorter than LEAST_SECONDS_FOR_A_MONTH gives no figure a month, and the reason.

    Source:
        Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968), for the median slope;
        Hirsch, Slack and Smith, "Techniques of trend analysis for monthly water quality data", Water Resources
        Research 18 (1982), for slopes between equal phases of a season alone.
    """
    span = (values.size - 1) * step_seconds
    if span < LEAST_SECONDS_FOR_A_MONTH:
        return Growth(None, None, None, _too_short(span))
    steps_per_month = MONTH_SECONDS / step_seconds
    level = present_level(values, period=period, nature=nature)
    slope = _median_slope(values, period, a_day=DAY_SECONDS / step_seconds) * steps_per_month
    ahead = _forecast_slope(values, expected, period=period, level=level) * steps_per_month
    ratio = slope / abs(level) if level else None
    return Growth(per_month=slope, ratio_per_month=ratio, forecast_per_month=ahead)


def _too_short(span_seconds: float) -> str:
    return (
        f"No growth a month is given: {format_duration(round(span_seconds))} of history is under the "
        f"{format_duration(LEAST_SECONDS_FOR_A_MONTH)} that can carry it."
    )


def _median_slope(values: FloatArray, period: int, *, a_day: float) -> float:
    block, apart = _blocks(values.size, period, a_day=a_day)
    count = values.size // block
    means = values[values.size - count * block :].reshape(count, block).mean(axis=1)
    early, late = np.triu_indices(count, k=1)
    alike = (late - early) % apart == 0
    early, late = early[alike], late[alike]
    if early.size == 0:
        return 0.0
    return float(np.median((means[late] - means[early]) / ((late - early) * block)))


def _blocks(count: int, period: int, *, a_day: float) -> tuple[int, int]:
    """Return how many steps to average, and which blocks to compare: those that lie a multiple of so many apart."""
    day = int(a_day) if a_day == int(a_day) else 0
    week = 7 * day
    if day and period <= week and count >= _MIN_WEEKS * week:
        return (week * _merged(count, week), 1) if count >= _MANY_WEEKS * week else (day, 7)
    block = period if count >= _MIN_BLOCKS * period else 1
    return block * _merged(count, block), 1


def _merged(count: int, block: int) -> int:
    return max(1, int(np.ceil(count / block / _MAX_BLOCKS)))


def _forecast_slope(values: FloatArray, expected: FloatArray, *, period: int, level: float) -> float:
    """Return movement a step: against the same phase one season ago where there is one, else from the present level."""
    if period <= 1 or period > values.size:
        steps = max(expected.size - 1, 1)
        return float((expected[-1] - expected[0]) / steps) if expected.size > 1 else float(expected[0] - level)
    if expected.size >= 2 * period:
        return float((expected[-period:].mean() - expected[:period].mean()) / (expected.size - period))
    same_phase = values[values.size - period :][np.arange(expected.size) % period]
    return float((expected - same_phase).mean() / (period * (1 + (expected.size > period) * 0.5)))
