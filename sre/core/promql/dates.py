"""Calendar functions: what a value means when read as seconds since the epoch, in UTC."""

from collections.abc import Callable, Mapping

import numpy as np

from sre.core.series import FloatArray, IntArray

# Go counts seconds from 1 January of the year -292277022399, a first year of a 400-year cycle, in 64 bits that wrap.
_GO_ZERO_YEAR = -292_277_022_399
_GO_SECONDS_TO_EPOCH = np.uint64(9_223_372_028_715_321_600)
_DAY_SECONDS = np.uint64(86_400)
_CYCLE_DAYS = 146_097
_CYCLE_START = np.datetime64("0001-01-01", "D")
_INT64_LIMIT = 2.0**63


def _go_seconds(values: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    """Return seconds since Go's zero year; what does not fit 64 bits becomes the smallest integer, as on amd64."""
    fits = np.abs(values) < _INT64_LIMIT
    whole = np.where(fits, values, 0.0).astype(np.int64)
    whole = np.where(fits, whole, np.iinfo(np.int64).min)
    return whole.view(np.uint64) + _GO_SECONDS_TO_EPOCH


def _days(values: FloatArray) -> IntArray:
    return (_go_seconds(values) // _DAY_SECONDS).astype(np.int64)


def _in_cycle(values: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]:
    """Return the same day and month in the years 1 to 400, whose calendar repeats for ever."""
    return _CYCLE_START + (_days(values) % _CYCLE_DAYS).astype("timedelta64[D]")


def _second_of_day(values: FloatArray) -> IntArray:
    return (_go_seconds(values) % _DAY_SECONDS).astype(np.int64)


def _year(values: FloatArray) -> FloatArray:
    cycles = _days(values) // _CYCLE_DAYS
    year_in_cycle = _in_cycle(values).astype("datetime64[Y]").astype(np.int64) + 1969
    return (_GO_ZERO_YEAR + 400 * cycles + year_in_cycle).astype(float)


def _month(values: FloatArray) -> FloatArray:
    return np.asarray(_in_cycle(values).astype("datetime64[M]").astype(np.int64) % 12 + 1, dtype=np.float64)


def _day_of_month(values: FloatArray) -> FloatArray:
    days = _in_cycle(values)
    return np.asarray((days - days.astype("datetime64[M]")).astype(np.int64) + 1, dtype=np.float64)


def _day_of_year(values: FloatArray) -> FloatArray:
    days = _in_cycle(values)
    return np.asarray((days - days.astype("datetime64[Y]")).astype(np.int64) + 1, dtype=np.float64)


def _days_in_month(values: FloatArray) -> FloatArray:
    months = _in_cycle(values).astype("datetime64[M]")
    following = (months + np.timedelta64(1, "M")).astype("datetime64[D]")
    return np.asarray((following - months.astype("datetime64[D]")).astype(np.int64), dtype=np.float64)


DATE_FUNCTIONS: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "year": _year,
    "month": _month,
    "day_of_month": _day_of_month,
    "day_of_year": _day_of_year,
    # The first day of a cycle is a Monday, and Sunday counts as 0.
    "day_of_week": lambda values: ((_days(values) + 1) % 7).astype(float),
    "days_in_month": _days_in_month,
    "hour": lambda values: (_second_of_day(values) // 3600).astype(float),
    "minute": lambda values: (_second_of_day(values) // 60 % 60).astype(float),
}
