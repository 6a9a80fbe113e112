"""How many people visit the shop: a day, a week, a slow growth."""

from typing import Final

import numpy as np

from connectors.demo.noise import drifting
from connectors.demo.schedule import MINUTE_SECONDS, START, minute_end_seconds
from connectors.demo.shop import CART, CHECKOUT, HOME, PRODUCT, Route
from sre.core.series import FloatArray, IntArray

GROWTH_RATIO_PER_WEEK: Final = 0.03
PAGE_SHARES: Final[dict[Route, float]] = {HOME: 0.34, PRODUCT: 0.45, CART: 0.13, CHECKOUT: 0.08}
_MEAN_VIEWS_PER_SECOND: Final = 38.0
_DAY_SECONDS: Final = 86400.0
_WEEK_SECONDS: Final = 7 * _DAY_SECONDS
# The evening is busy, the night is not; a second wave at lunch. Hours are UTC.
_EVENING_HOUR, _EVENING_SWING = 18.5, 0.55
_LUNCH_HOUR, _LUNCH_SWING = 12.0, 0.16
# Monday to Sunday, at noon; lines between.
_WEEKDAY_FACTORS: Final = (0.98, 0.94, 0.95, 0.97, 1.00, 1.08, 1.16)
# 1970-01-01 was a Thursday: the first Monday noon of the epoch is 4.5 days in.
_MONDAY_NOON_SECONDS: Final = 4.5 * _DAY_SECONDS
_DRIFT: Final = 0.02


def expected_views_per_second(epoch_seconds: FloatArray) -> FloatArray:
    """Return the law of traffic: page views a second at each instant, before chance."""
    hours = (epoch_seconds % _DAY_SECONDS) / 3600.0
    day = (
        1.0
        + _EVENING_SWING * np.cos(2 * np.pi * (hours - _EVENING_HOUR) / 24)
        + _LUNCH_SWING * np.cos(4 * np.pi * (hours - _LUNCH_HOUR) / 24)
    )
    days_of_week = ((epoch_seconds - _MONDAY_NOON_SECONDS) % _WEEK_SECONDS) / _DAY_SECONDS
    week = np.interp(days_of_week, np.arange(7.0), _WEEKDAY_FACTORS, period=7.0)
    weeks = (epoch_seconds - START.timestamp()) / _WEEK_SECONDS
    return np.asarray(_MEAN_VIEWS_PER_SECOND * day * week * (1.0 + GROWTH_RATIO_PER_WEEK) ** weeks)


def page_views(generator: np.random.Generator) -> dict[Route, IntArray]:
    """Return the views of each page by the minute, arrays of shape (minutes,)."""
    rate = expected_views_per_second(minute_end_seconds()) * np.exp(drifting(generator, spread=_DRIFT))
    return {page: generator.poisson(rate * MINUTE_SECONDS * share) for page, share in PAGE_SHARES.items()}
