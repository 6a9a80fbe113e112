"""Roots of rank statistics against brute force and against each other."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.performance.pairs import Pair
from sre.performance.shift import least_p_value

few = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=12).map(np.array)


def test_the_root_at_zero_is_the_median_of_pairwise_differences() -> None:
    """Source: Hodges & Lehmann (1963), the estimator by its definition."""
    rng = np.random.default_rng(1)
    for first, second in ((5, 5), (7, 4), (30, 11)):
        before, after = rng.normal(0, 1, first), rng.normal(1, 2, second)
        differences = [new - old for old in before for new in after]
        assert Pair.of(before, after).roots((0.0,), "even")[0] == pytest.approx(np.median(differences))


def test_an_interval_is_made_of_ordered_differences() -> None:
    """Source: Hollander & Wolfe, Nonparametric Statistical Methods, 4.3: the k-th smallest and k-th largest difference.

    A level of (1/2 - k/nm) leaves k differences on the far side.
    """
    rng = np.random.default_rng(2)
    before, after = rng.normal(0, 1, 8), rng.normal(0, 1, 9)
    ordered = np.sort([new - old for old in before for new in after])
    low, high = Pair.of(before, after).roots((0.5 - 10.5 / 72, -(0.5 - 10.5 / 72)), "even")
    assert (low, high) == (ordered[10], ordered[-11])


def test_a_level_beyond_all_differences_has_no_root() -> None:
    pair = Pair.of(np.array([1.0, 2.0]), np.array([5.0, 6.0]))
    assert pair.roots((0.51, -0.51), "even") == (-math.inf, math.inf)


@given(few, few, st.sampled_from([0.0, 0.1, -0.2, 0.31]))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_sorting_and_searching_find_the_same_roots(before: np.ndarray, after: np.ndarray, level: float) -> None:
    pair = Pair.of(before, after + 0.25)
    (sorted_root,) = pair.roots((level,), "even")
    searched = pair._searched_root(level, "even")
    # Both are shifts on the level; where the statistic stays on it for a while, any between may be named.
    if math.isfinite(sorted_root) and math.isfinite(searched):
        assert searched == pytest.approx(sorted_root, abs=1e-6)
    else:
        assert sorted_root == searched


def test_half_scores_look_at_one_half_alone() -> None:
    """Values that move within the lower half are not seen by the scores of the upper half."""
    before = np.arange(40.0)
    after = np.where(before < 15, before - 3, before)
    assert Pair.of(before, after).statistic(0.0, "high_edge") == pytest.approx(0.0, abs=0.01)
    assert Pair.of(before, after).statistic(0.0, "low_edge") < -0.01


@pytest.mark.parametrize(("first", "second"), [(2, 2), (3, 5), (4, 4), (1, 7)])
def test_the_least_probability_is_that_of_two_orders_of_all(first: int, second: int) -> None:
    orders = sum(1 for _ in combinations(range(first + second), first))
    assert least_p_value(first, second) == pytest.approx(2 / orders)
