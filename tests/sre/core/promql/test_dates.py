"""Calendar functions against Python's own calendar."""

import calendar
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.promql.dates import DATE_FUNCTIONS

_FIRST, _LAST = -62_135_596_800, 253_402_300_799  # the years 1 to 9999


def calendar_of(seconds: int) -> dict[str, int]:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return {
        "year": at.year,
        "month": at.month,
        "day_of_month": at.day,
        "day_of_year": at.timetuple().tm_yday,
        "day_of_week": at.isoweekday() % 7,
        "days_in_month": calendar.monthrange(at.year, at.month)[1],
        "hour": at.hour,
        "minute": at.minute,
    }


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(_FIRST, _LAST))
def test_every_part_of_a_date_agrees_with_the_standard_library(seconds: int) -> None:
    """Source: Python's proleptic Gregorian calendar, an independent implementation."""
    values = np.array([float(seconds)])
    assert {name: int(function(values)[0]) for name, function in DATE_FUNCTIONS.items()} == calendar_of(seconds)
