"""A pattern in words: worked examples whose peaks, lows and sizes follow from how they are made."""

import numpy as np
import pytest

from sre.capacity.model import MONTH_SECONDS, Step
from sre.capacity.season_words import season_words
from tests.support.capacity_series import DAY, HOUR, MONDAY_MS

_HOURS = np.arange(28 * 24)
_LAST_HOUR_MS = MONDAY_MS + 3_600_000 * int(_HOURS[-1])
_WORKDAY = (_HOURS // 24) % 7 < 5
# A day that is 40 % above its mean at 14:00 and 40 % below at 02:00; weekdays are 30 % above weekends.
_OFFICE = 100 * (1 + 0.4 * np.cos(2 * np.pi * (_HOURS % 24 - 14) / 24)) * np.where(_WORKDAY, 1.3, 1.0)


def test_a_day_is_told_by_its_peak_and_its_low() -> None:
    words = season_words(_OFFICE, name="daily", period_steps=24, step=Step(HOUR), last_ms=_LAST_HOUR_MS)
    assert words == "daily: peak 14:00 UTC (40 % above its mean), lowest 02:00 UTC (40 % below its mean)"


def test_a_working_week_is_told_against_its_weekends() -> None:
    words = season_words(_OFFICE, name="weekly", period_steps=168, step=Step(HOUR), last_ms=_LAST_HOUR_MS)
    assert words.startswith("weekly: weekdays 30 % above weekends; peak ")
    assert words.endswith("day 14:00 UTC")


def test_a_week_of_leisure_is_told_too() -> None:
    """Worked example: 100 on weekdays and 125 at weekends; 100 is 20 % below 125."""
    days = np.where(np.arange(28) % 7 < 5, 100.0, 125.0)
    words = season_words(days, name="weekly", period_steps=7, step=Step(DAY), last_ms=MONDAY_MS + 27 * 86_400_000)
    assert words == "weekly: weekdays 20 % below weekends"


def test_a_week_with_one_busy_day_names_it() -> None:
    """Worked example: six days of 100 and a Wednesday of 170 have a mean of 110: 55 % above, 9 % below."""
    days = np.where(np.arange(28) % 7 == 2, 170.0, 100.0)
    words = season_words(days, name="weekly", period_steps=7, step=Step(DAY), last_ms=MONDAY_MS + 27 * 86_400_000)
    assert words.startswith("weekly: peak on Wednesdays (55 % above its mean), lowest on ")
    assert words.endswith("days (9 % below its mean)")


def test_the_trend_is_no_pattern() -> None:
    """Falling by 20 a day through a day's swing of 40 either way: the peak stays at 14:00."""
    falling = 1000 + 40 * np.cos(2 * np.pi * (_HOURS % 24 - 14) / 24) - 20 * _HOURS / 24
    words = season_words(falling, name="daily", period_steps=24, step=Step(HOUR), last_ms=_LAST_HOUR_MS)
    assert words.startswith("daily: peak 14:00 UTC (")
    assert "lowest 02:00 UTC" in words


def test_a_stock_is_told_by_when_it_grows() -> None:
    words = season_words(np.cumsum(_OFFICE), name="daily", period_steps=24, step=Step(HOUR), last_ms=_LAST_HOUR_MS)
    assert words.startswith("daily growth: peak 14:00 UTC (40 % above its mean)")


@pytest.mark.parametrize("is_month", [True, False])
def test_a_year_is_told_by_months(is_month: bool) -> None:
    """Worked example: a cosine of 50 % around its mean with its top in December; the data end in December 2026."""
    if is_month:
        values, step, period = 100 + 50 * np.cos(2 * np.pi * np.arange(1, 37) / 12), Step(MONTH_SECONDS, True), 12
        last = np.datetime64("2026-12-31T00:00")
    else:
        days = np.arange(1, 364 * 3 + 1)
        values, step, period = 100 + 50 * np.cos(2 * np.pi * (days - 350) / 364), Step(DAY), 364
        last = np.datetime64("2027-01-01T00:00") - 1
    words = season_words(
        values, name="yearly", period_steps=period, step=step, last_ms=int(last.astype("datetime64[ms]").astype(int))
    )
    assert words.startswith("yearly: peak in December (")
    assert "lowest in June (" in words


def test_any_other_cycle_is_told_by_its_size() -> None:
    """Worked example: 1, 2, 3 have a mean of 2, so from low to high is one mean."""
    words = season_words(
        np.tile([1.0, 2.0, 3.0], 20), name="every 3h", period_steps=3, step=Step(HOUR), last_ms=MONDAY_MS
    )
    assert words == "every 3h: 100 % of its mean from low to high"


@pytest.mark.parametrize("values", [np.zeros(48), np.tile([0.0] * 23 + [1.0], 4), np.tile([-1.0, 1.0], 48)])
def test_means_of_nothing_divide_nothing(values: np.ndarray) -> None:
    words = season_words(values, name="daily", period_steps=24, step=Step(HOUR), last_ms=MONDAY_MS)
    assert words.startswith("daily: peak ")
    assert "nan" not in words
