"""Counting from samples, by hand and against increments that a generator remembers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.labels import Labels
from sre.core.series import Samples
from sre.slo.counter_increase import counter_increase


def counter(times: list[int], values: list[float]) -> Samples:
    return Samples(Labels(), np.array(times, dtype=np.int64), np.array(values, dtype=np.float64))


@pytest.mark.parametrize(
    ("times", "values", "events", "born"),
    [
        ([0, 60, 120], [5, 7, 10], 5, 0),
        ([0, 60, 120], [5, 2, 3], 3, 0),  # restarted: 2 from zero, then 1
        ([60, 120], [4, 6], 6, 1),  # began inside the window
        ([-30, 60, 150], [5, 9, 99], 4, 0),  # the next before the start counts, after the end does not
        ([0], [5], 0, 0),
        ([200], [5], 0, 0),
        ([0, 60, 120], [5, float("nan"), 8], 3, 0),
    ],
)
def test_growth_by_hand(times: list[int], values: list[float], events: float, born: int) -> None:
    found = counter_increase([counter(times, values)], start_ms=0, end_ms=120)
    assert (found.events, found.born_count) == (events, born)


def test_what_is_there_when_the_data_begin_counts_from_its_first_sample() -> None:
    """By hand: the old one grows by 3; the one that appears later is new and counts its 2 and 5 more."""
    old, new = counter([30, 60, 120], [900, 901, 903]), counter([90, 120], [2, 7])
    found = counter_increase([old, new], start_ms=0, end_ms=120, data_start_ms=60)
    assert (found.events, found.born_count, found.old_count) == (10, 1, 1)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    increments=st.lists(st.integers(0, 50), min_size=2, max_size=40),
    restarts=st.sets(st.integers(1, 39)),
)
def test_every_event_is_counted_once_whatever_restarts(increments: list[int], restarts: set[int]) -> None:
    """Independent: the generator knows its increments; a restart that shows (the value falls) loses nothing."""
    values, level = [], 1_000
    for index, step in enumerate(increments):
        level = step if index in restarts and step < level else level + step
        values.append(float(level))
    found = counter_increase(
        [counter([60 * n for n in range(len(values))], values)], start_ms=0, end_ms=60 * len(values)
    )
    assert found.events == sum(increments[1:])
