"""What must not matter to a forecast, and what must only matter one way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.forecast import forecast
from sre.capacity.history import coarsened
from sre.capacity.model import CapacityForecast, Request
from tests.support.capacity_series import HOUR, MONDAY_MS, history_of, law


def _daily(seed: int, *, count: int = 24 * 20) -> np.ndarray:
    return law(count, lambda i: 100 + 0.2 * i + 15 * np.sin(2 * np.pi * i / 24), noise=2.0, seed=seed)


def _probability(made: CapacityForecast) -> float:
    assert made.exhaustion is not None
    return made.exhaustion.probability_ratio


def _median_ms(made: CapacityForecast) -> float:
    assert made.exhaustion is not None
    return np.inf if made.exhaustion.expected_ms is None else made.exhaustion.expected_ms


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.floats(120, 300), st.floats(0, 60))
def test_a_higher_limit_is_never_met_earlier_nor_more_probably(seed: int, limit: float, more: float) -> None:
    history = history_of(_daily(seed))
    low, high = (forecast(history, Request(96, threshold=at, direction="up")) for at in (limit, limit + more))
    assert _probability(high) <= _probability(low)
    assert _median_ms(high) >= _median_ms(low)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.integers(2, 90))
def test_a_longer_horizon_never_makes_a_crossing_less_probable_by_much(seed: int, shorter: int) -> None:
    """Past errors are read up to the horizon, so the futures of two horizons are not the same; 0.15 is our choice."""
    history = history_of(_daily(seed))
    near, far = (forecast(history, Request(steps, threshold=205.0)) for steps in (shorter, 96))
    assert _probability(far) >= _probability(near) - 0.15


@pytest.mark.parametrize("seed", range(4))
def test_means_over_longer_steps_are_forecast_alike(seed: int) -> None:
    """Step invariance within reason: forecasts by the hour, averaged over three, and by three hours differ little."""
    fine = history_of(_daily(seed))
    by_hour = forecast(fine, Request(48))
    by_three = forecast(coarsened(fine, 3), Request(16))
    assert by_hour.expected.reshape(-1, 3).mean(axis=1) == pytest.approx(by_three.expected, rel=0.03)


@pytest.mark.parametrize("hours", [-14, -1, 3, 24 * 30])
def test_another_time_zone_moves_the_dates_and_nothing_else(hours: int) -> None:
    values = _daily(5)
    here = forecast(history_of(values), Request(48, threshold=230.0))
    there = forecast(history_of(values, start_ms=MONDAY_MS + int(hours * HOUR * 1000)), Request(48, threshold=230.0))
    assert np.array_equal(there.expected, here.expected)
    assert np.array_equal(there.times_ms - here.times_ms, np.full(48, hours * HOUR * 1000))
    assert _probability(there) == _probability(here)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.sampled_from([1e-9, 1e-3, 1024.0, 1e9]))
def test_the_unit_scales_interval_and_limit_alike(seed: int, factor: float) -> None:
    values = _daily(seed) * np.exp(0.2 * np.random.default_rng(seed).standard_normal(480))
    plain, scaled = (forecast(history_of(values * unit), Request(48, threshold=260.0 * unit)) for unit in (1.0, factor))
    assert plain.lower is not None
    assert scaled.lower is not None
    assert scaled.lower == pytest.approx(plain.lower * factor, rel=1e-4)
    assert _probability(scaled) == pytest.approx(_probability(plain), abs=0.01)


@pytest.mark.parametrize("growth", [1.007, 1.012])
def test_what_grows_by_a_share_is_held_by_its_interval(growth: float) -> None:
    """A simulated law: growth by a constant share with noise of a tenth; 80 % asked, room for 25 draws."""
    inside = []
    for seed in range(25):
        noise = np.random.default_rng(seed).standard_normal(324)
        values = 10 * growth ** np.arange(324) * np.exp(0.1 * noise)
        made = forecast(history_of(values[:-24]), Request(24))
        assert made.lower is not None
        assert made.upper is not None
        inside.append(np.mean((values[-24:] >= made.lower) & (values[-24:] <= made.upper)))
    assert 0.68 <= np.mean(inside) <= 0.92
