"""Gaps and level shifts."""

import numpy as np
import pytest

from sre.capacity.cleaning import evened, filled, level_shift
from tests.support.capacity_series import law


def test_a_short_gap_is_bridged_by_a_line() -> None:
    assert filled(np.array([1.0, np.nan, np.nan, 4.0])).tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_long_gap_takes_the_shape_of_the_season_before() -> None:
    values = law(240, lambda i: 10 * np.sin(2 * np.pi * i / 24))
    holed = values.copy()
    holed[100:118] = np.nan
    assert filled(holed, period=24) == pytest.approx(values, abs=1e-9)


@pytest.mark.parametrize("size", [30.0, -30.0])
def test_a_sudden_and_lasting_jump_is_found_where_it_is(size: float) -> None:
    values = law(400, lambda i: 100 + size * (i >= 250), noise=2.0)
    shift = level_shift(values, period=1)
    assert shift is not None
    assert abs(shift.index - 250) <= 3
    assert shift.size == pytest.approx(size, rel=0.1)
    assert np.ptp([evened(values, shift)[:250].mean(), values[250:].mean()]) < 2


@pytest.mark.parametrize(
    "values",
    [
        law(400, lambda i: 100 + 0 * i, noise=5.0),
        law(400, lambda i: i, noise=5.0),
        law(400, lambda i: 100 + 30 * ((i > 200) & (i < 230)), noise=2.0),
        law(400, lambda i: 50 + 30 * np.sin(2 * np.pi * i / 24), noise=2.0),
    ],
    ids=["noise", "a trend", "a passing incident", "a season"],
)
def test_what_is_no_shift_is_left_alone(values: np.ndarray) -> None:
    assert level_shift(values, period=24) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_random_walk_is_not_a_shift(seed: int) -> None:
    walk = np.cumsum(np.random.default_rng(seed).standard_normal(500))
    assert level_shift(walk, period=1) is None
