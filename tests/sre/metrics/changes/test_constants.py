"""Series that always have the same value and leave it. Cases are made by hand."""

import numpy as np
import pytest

from sre.core.changes.model import AnomalyWindow, Change, Found
from sre.core.series import FloatArray
from sre.metrics.changes.constants import with_left_constants


def line(*away: int, usual: float = 1.0, other: float = 0.4) -> FloatArray:
    values = np.full(1_000, usual)
    values[list(away)] = other
    return values


def test_a_target_that_was_down_for_a_moment_is_an_anomaly() -> None:
    found = with_left_constants(Found(), line(700))
    assert found.anomalies == (AnomalyWindow(700, 700, 1.0, 0.4, "down", 1000.0),)


def test_each_time_is_a_window_of_its_own_and_gaps_are_none() -> None:
    values = line(100, 101, 700, other=3.0)
    values[300:320] = np.nan
    found = with_left_constants(Found(), values)
    assert [(one.start_index, one.end_index, one.direction) for one in found.anomalies] == [
        (100, 101, "up"),
        (700, 700, "up"),
    ]


@pytest.mark.parametrize(
    "values",
    [
        line(),
        line(*range(0, 1_000, 200)),
        line(*range(500, 600)),
        line(700, usual=0.0, other=1.0),
        np.full(1_000, np.nan),
        np.arange(1_000.0),
    ],
    ids=["constant", "often", "long", "zero with one event", "nothing known", "never the same"],
)
def test_nothing_else_is_one(values: FloatArray) -> None:
    assert with_left_constants(Found(), values) == Found()


def test_what_the_search_found_is_enough() -> None:
    found = Found(changes=(Change(700, 700, 700, 1.0, 0.4, "down", 5.0, 0.4, 0.99),))
    assert with_left_constants(found, line(700)) == found
