"""Shapes whose skewness and tails are known."""

import numpy as np
import pytest

from sre.performance.scores import scores, shape_of


def test_shapes_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    assert shape_of(rng.normal(0, 1, 2000)) == "even"
    assert shape_of(rng.standard_t(2, 2000)) == "even"
    assert shape_of(rng.exponential(1, 2000)) == "low_edge"
    assert shape_of(-rng.exponential(1, 2000)) == "high_edge"


@pytest.mark.parametrize("values", [np.zeros(50), np.arange(5.0), np.ones(1)])
def test_flat_and_few_values_are_even(values: np.ndarray) -> None:
    assert shape_of(values) == "even"


def test_outliers_do_not_choose_the_scores() -> None:
    values = np.random.default_rng(2).normal(0, 1, 200)
    values[:8] = 500
    assert shape_of(values) == "even"


def test_scores_keep_the_order_of_ranks() -> None:
    shares = np.linspace(0, 1, 11)
    for shape in ("even", "low_edge", "high_edge"):
        assert (np.diff(scores(shares, shape)) >= 0).all()
