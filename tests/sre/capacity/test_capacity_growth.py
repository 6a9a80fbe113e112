"""Growth a month: measured between equal weekdays or whole weeks, so that no pattern passes for growth."""

import numpy as np
import pytest

from sre.capacity.growth import measured_growth
from sre.capacity.model import DAY_SECONDS, MONTH_SECONDS, Growth
from sre.core.series import FloatArray

_A_MONTH_IN_DAYS = MONTH_SECONDS / DAY_SECONDS


def _growth(values: FloatArray, *, a_day: int, period: int = 1) -> Growth:
    return measured_growth(values, values[-a_day:], period=period, step_seconds=DAY_SECONDS / a_day, nature="level")


@pytest.mark.parametrize("a_day", [1, 4, 24])
@pytest.mark.parametrize("days", [14, 17, 20, 27, 60, 200])
def test_a_fuller_weekend_is_no_growth(a_day: int, days: int) -> None:
    """Worked example: flat, with weekends a third fuller, wherever in the week the history ends."""
    day = np.arange(days * a_day) // a_day
    values = np.where(day % 7 < 5, 90.0, 120.0)
    assert _growth(values, a_day=a_day, period=a_day).per_month == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("days", [4, 10, 14, 20, 60, 200, 1500])
def test_a_line_grows_by_its_slope(days: int) -> None:
    """Worked example: two a day are 60.9 a month."""
    made = _growth(100 + 2.0 * np.arange(days), a_day=1)
    assert made.per_month == pytest.approx(2 * _A_MONTH_IN_DAYS)


@pytest.mark.parametrize("days", [21, 60, 200])
def test_growth_through_a_week_with_outliers_is_its_slope(days: int) -> None:
    """A day a month is ten times as busy; equal weekdays still tell the slope of one a day."""
    day = np.arange(days, dtype=np.float64)
    values = (500 + day) + np.where(day % 7 < 5, 0.0, 100.0)
    values[13::30] *= 10
    assert _growth(values, a_day=1, period=7).per_month == pytest.approx(_A_MONTH_IN_DAYS, rel=0.35)


def test_steps_that_do_not_divide_a_day_are_compared_as_they_come() -> None:
    made = measured_growth(
        np.arange(100.0), np.arange(100.0, 110.0), period=1, step_seconds=DAY_SECONDS / 3.5, nature="level"
    )
    assert made.per_month == pytest.approx(3.5 * _A_MONTH_IN_DAYS)
