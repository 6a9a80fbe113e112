"""Planted slopes before a change."""

import numpy as np
import pytest

from sre.performance.trend import shared_trend


def test_a_clear_slope_is_found_with_its_size() -> None:
    rng = np.random.default_rng(1)
    line = 0.05 * np.arange(120) + rng.normal(0, 0.3, 120)
    found = shared_trend(line[:60], line[60:])
    assert found is not None
    assert found.is_certain
    assert found.per_step == pytest.approx(0.05, rel=0.15)


def test_noise_has_no_slope() -> None:
    """At 2.6 standard errors one series in a hundred; of 100, more than five would be a broken promise."""
    rng = np.random.default_rng(2)
    assert sum(shared_trend(rng.normal(0, 1, 60), rng.normal(0, 1, 60)) is not None for _ in range(100)) <= 5


def test_a_step_at_the_change_is_no_slope() -> None:
    rng = np.random.default_rng(3)
    assert shared_trend(rng.normal(0, 1, 80), rng.normal(50, 1, 80)) is None


def test_equal_sides_double_the_error_of_the_step() -> None:
    """Source: variance inflation 1 / (1 - r2); a step and a line over equal halves have r2 = 3/4."""
    line = np.arange(400.0)
    found = shared_trend(line[:200], line[200:])
    assert found is not None
    assert found.error_factor == pytest.approx(2, rel=0.01)


def test_few_values_have_no_slope() -> None:
    assert shared_trend(np.arange(10.0), np.arange(10.0)) is None
