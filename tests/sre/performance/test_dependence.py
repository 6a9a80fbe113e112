"""Planted autoregressions, whose long-run variance over variance is (1 + memory) / (1 - memory)."""

import numpy as np
import pytest

from sre.core.series import FloatArray
from sre.performance.dependence import dependence_factor


def autoregression(rng: np.random.Generator, count: int, memory: float) -> FloatArray:
    noise = rng.standard_normal(count + 200)
    values = np.zeros(count + 200)
    for index in range(1, count + 200):
        values[index] = memory * values[index - 1] + noise[index]
    return values[200:]


def centred(values: FloatArray) -> FloatArray:
    return (values - values.mean()) / values.std()


@pytest.mark.parametrize("memory", [0.0, 0.3, 0.6, 0.9])
def test_the_factor_of_long_series_is_that_of_the_process(memory: float) -> None:
    rng = np.random.default_rng(1)
    found = [dependence_factor([centred(autoregression(rng, 5000, memory))]) for _ in range(5)]
    assert np.median(found) == pytest.approx((1 + memory) / (1 - memory), rel=0.12)


def test_zigzag_is_not_believed_to_say_more() -> None:
    rng = np.random.default_rng(2)
    assert dependence_factor([centred(autoregression(rng, 500, -0.7))]) == 1


def test_independent_values_are_worth_themselves() -> None:
    rng = np.random.default_rng(3)
    found = [dependence_factor([centred(rng.standard_normal(60))]) for _ in range(50)]
    assert np.median(found) < 1.3


def test_constant_or_tiny_stretches_have_no_dependence() -> None:
    assert dependence_factor([np.zeros(50)]) == 1
    assert dependence_factor([np.array([1.0, -1.0])]) == 1
    assert dependence_factor([]) == 1


def test_a_break_between_stretches_is_no_dependence() -> None:
    """Two flat stretches at different levels, centred each on its own, have none."""
    rng = np.random.default_rng(4)
    pieces = [rng.standard_normal(40) for _ in range(5)]
    assert dependence_factor([piece - piece.mean() for piece in pieces]) < 1.6
