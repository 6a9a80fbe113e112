"""Crossing times from simulated futures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.crossing import exhaustion, inferred_direction

TIMES = np.arange(1, 6, dtype=np.int64) * 1000


def _found(paths: list[list[float]], threshold: float = 10.0, direction: str = "up", **options: object):
    settings_ = {"interval_ratio": 0.8, "times_ms": TIMES, "last_ms": 0, "last_value": 0.0, **options}
    return exhaustion(np.array(paths), threshold=threshold, direction=direction, **settings_)  # type: ignore[arg-type]


def test_times_are_those_of_the_futures_themselves() -> None:
    """Worked example: five futures that cross at steps 1, 2, 3, 4 and never."""
    paths = [[0.0] * step + [11.0] * (5 - step) for step in range(4)] + [[0.0] * 5]
    found = _found(paths)
    assert found.outcome == "crosses"
    assert found.probability_ratio == pytest.approx(0.8)
    assert (found.earliest_ms, found.expected_ms, found.latest_ms) == (1000, 3000, None)


def test_a_spike_that_falls_back_still_counts_as_met() -> None:
    assert _found([[0, 12, 0, 0, 0]]).expected_ms == 2000


def test_fewer_than_half_is_does_not_cross_with_its_probability() -> None:
    found = _found([[0, 0, 11, 0, 0], [0] * 5, [0] * 5])
    assert (found.outcome, found.expected_ms) == ("does_not_cross", None)
    assert found.probability_ratio == pytest.approx(1 / 3)
    assert found.earliest_ms == 3000


def test_falling_to_zero_is_a_crossing_downward() -> None:
    found = _found([[4, 3, 2, 0, 0]], threshold=0.0, direction="down", last_value=5.0)
    assert found.expected_ms == 4000


def test_already_there_and_out_of_reach_are_said() -> None:
    assert _found([[0] * 5], last_value=10.0).outcome == "already_crossed"
    assert _found([[0] * 5], bounds=(0.0, 1.0)).outcome == "cannot_cross"
    assert _found([[5] * 5], threshold=-1.0, direction="down", last_value=5.0, bounds=(0.0, None)).outcome == (
        "cannot_cross"
    )


def test_the_direction_is_the_way_from_here() -> None:
    assert inferred_direction(threshold=10, last_value=3) == "up"
    assert inferred_direction(threshold=0, last_value=3) == "down"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(1, 30), st.floats(0, 10))
def test_a_higher_limit_is_never_met_earlier_or_more_probably(seed: int, limit: float, more: float) -> None:
    paths = np.cumsum(np.random.default_rng(seed).normal(1, 2, (40, 5)), axis=1)
    low, high = (
        exhaustion(
            paths, threshold=value, direction="up", interval_ratio=0.8, times_ms=TIMES, last_ms=0, last_value=0.0
        )
        for value in (limit, limit + more)
    )
    assert low.probability_ratio >= high.probability_ratio
    never = 10**9
    for name in ("earliest_ms", "expected_ms", "latest_ms"):
        assert (getattr(low, name) or never) <= (getattr(high, name) or never)
