"""The ingredients of the mixture against independent computations."""

import numpy as np
import pytest

from sre.capacity.autoregression import fitted, lag_sets
from sre.capacity.groups import reach
from sre.capacity.levels import Kernel, kernels, rate_kernels
from sre.capacity.profiles import deseasoned, flat_profile, season_profile
from tests.support.capacity_series import law


def _past(values: np.ndarray, width: int) -> np.ndarray:
    return values[None, -width:]


def _carried(past: np.ndarray, kernel: Kernel, horizon: int) -> np.ndarray:
    """Return level and slope carried over the horizon, shape (horizon,)."""
    level, slope = float(past[0] @ kernel.level), float(past[0] @ kernel.slope)
    return level + slope * reach(np.array([kernel.damping]), np.arange(1, horizon + 1))[0]


def _named(name: str, width: int, horizon: int):
    return next(kernel for kernel in kernels(width, horizon) if kernel.name == name)


def test_the_drift_kernel_is_the_least_squares_slope() -> None:
    """Independent: numpy's polyfit on the same window."""
    values = law(200, lambda i: 3 * i, noise=20.0)
    kernel = _named("drift over 24", 100, 24)
    forecast = _carried(_past(values, 100), kernel, 24)
    slope = np.polyfit(np.arange(24), values[-24:], 1)[0]
    assert np.allclose(np.diff(forecast), slope)


def test_the_smoother_is_the_recursion() -> None:
    """Independent: the recursive form of simple exponential smoothing."""
    values = law(300, lambda i: 10 + 0 * i, noise=1.0)
    kernel = _named("level of memory 15", 300, 12)
    level = values[0]
    for value in values[1:]:
        level += (value - level) / 15
    assert _carried(_past(values, 300), kernel, 3) == pytest.approx([level] * 3, rel=1e-6)


def test_the_holt_kernel_is_the_recursion() -> None:
    """Independent: the textbook recursion of the damped trend method (Gardner and McKenzie 1985)."""
    values = law(100, lambda i: 5 + 2 * i, noise=3.0)
    alpha, beta, phi = 0.5, 0.2, 0.9
    level, slope = values[0], 0.0
    for value in values[1:]:
        before = level
        level = alpha * value + (1 - alpha) * (level + phi * slope)
        slope = beta * (level - before) + (1 - beta) * phi * slope
    expected = [level + slope * sum(phi**i for i in range(1, lead + 1)) for lead in (1, 2, 3, 4, 5)]
    kernel = _named("damped trend 0.5/0.2/0.9", 100, 12)
    assert _carried(_past(values, 100), kernel, 5) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("width", [4, 10, 60, 500])
@pytest.mark.parametrize("horizon", [1, 12, 300])
def test_every_kernel_keeps_a_constant(width: int, horizon: int) -> None:
    for kernel in [*kernels(width, horizon), *rate_kernels(width, horizon)]:
        assert _carried(np.full((1, width), 7.0), kernel, horizon) == pytest.approx(7.0, rel=1e-6), kernel.name


def test_the_profile_of_a_pure_season_is_that_season() -> None:
    season = np.array([1.0, 4.0, -2.0, -3.0])
    values = np.tile(season, 10) + 0.25 * np.arange(40)
    profile = season_profile(values, np.array([40, 33]), period=4, cycles=5, keep_ratio=0.9)
    assert profile[0] == pytest.approx(season)
    assert profile[1] == pytest.approx(np.roll(season, -1))


def test_nothing_after_an_origin_is_read() -> None:
    values = law(120, np.sin, noise=1.0)
    changed = values.copy()
    changed[80:] = 1e6
    origins = np.array([60, 80])
    for series in (values, changed):
        profile = season_profile(series, origins, period=7, cycles=8, keep_ratio=0.6)
        past = deseasoned(series, origins, profile=profile, width=40)
        if series is values:
            first = (profile, past)
    assert np.array_equal(first[0], profile)
    assert np.array_equal(first[1], past)


def test_an_autoregression_finds_the_coefficient_it_was_made_with() -> None:
    rng = np.random.default_rng(5)
    values = np.zeros(5000)
    for i in range(1, values.size):
        values[i] = 0.7 * values[i - 1] + rng.standard_normal()
    model = fitted(values + 50, (1,))
    assert model is not None
    assert model.coefficients[0] == pytest.approx(0.7, abs=0.03)
    ahead = model.run(np.array([[60.0, 60.0]]), 3)[0] - model.mean
    assert ahead == pytest.approx((60 - model.mean) * model.coefficients[0] ** np.arange(1, 4))


def test_an_explosive_fit_stays_within_its_band() -> None:
    values = 1.2 ** np.arange(60.0)
    model = fitted(values, (1, 2))
    assert model is not None
    assert np.abs(model.run(values[None, :], 500) - model.mean).max() <= model.band


def test_no_fit_is_made_from_too_little() -> None:
    assert fitted(np.arange(10.0), (1, 2, 3, 7)) is None
    assert lag_sets((24,), longest=10) == [(1, 2, 3, 4, 6, 8)]


def test_a_flat_profile_takes_nothing_away() -> None:
    values = np.arange(10.0)
    past = deseasoned(values, np.array([10]), profile=flat_profile(np.array([10])), width=4)
    assert past.tolist() == [[6.0, 7.0, 8.0, 9.0]]
