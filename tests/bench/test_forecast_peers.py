"""What the forecasting libraries are told and how their answers are read, without the libraries."""

import numpy as np
import pytest

from bench.forecast_peers import crossing_of, task_of
from bench.forecast_scores import STEPS, Case, Crossing, Rows
from bench.forecasts import straight_line
from sre.capacity.model import History

# 2026-03-01T00:00:00Z
MARCH_MS = 1_772_323_200_000


def test_a_limit_is_met_where_path_and_edges_reach_it() -> None:
    """Our choice: as read off a chart; an edge that never reaches it is beyond the horizon."""
    rows = Rows(low=np.array([1.0, 2, 3, 4]), middle=np.array([2.0, 4, 6, 8]), high=np.array([5.0, 7, 9, 11]))
    assert crossing_of(rows, 5.0) == Crossing(1.0, 3.0, np.inf)
    assert crossing_of(None, 5.0) == Crossing(np.inf, np.inf, np.inf)


@pytest.mark.parametrize(
    ("freq", "first", "periods"),
    [
        ("MS", "2025-12-01", [1]),
        ("h", "2026-02-28T21:00:00.000", [1]),
    ],
)
def test_the_libraries_are_told_the_times_of_the_points(freq: str, first: str, periods: list[int]) -> None:
    """Source: the calendar; a season that was not seen twice is none."""
    task = task_of("a", History(STEPS[freq], MARCH_MS, np.arange(4.0)), 2)
    assert (task["times"][0], len(task["times"]), task["periods"], task["freq"]) == (first, 4, periods, freq)


def test_seasons_that_were_seen_twice_are_told() -> None:
    """Source: hours of a day and of a week."""
    assert task_of("a", History(STEPS["h"], MARCH_MS, np.zeros(335)), 24)["periods"] == [24]
    assert task_of("a", History(STEPS["h"], MARCH_MS, np.zeros(336)), 24)["periods"] == [24, 168]


def test_the_straight_line_goes_on_as_the_last_points_went() -> None:
    """Source: y = 3 + 2 t; what was before as many points as it looks ahead does not count."""
    values = np.concatenate([np.full(10, 500.0), 3 + 2 * np.arange(4.0)])
    made = straight_line(Case("a", "b", History(STEPS["D"], MARCH_MS, values), np.zeros(4), 1))
    assert made.middle == pytest.approx(3 + 2 * np.arange(4.0, 8.0))
    assert made.low == pytest.approx(made.middle)
