"""The probability to cross against how often series with a known law do cross."""

import numpy as np
import pytest

from sre.capacity.forecast import forecast
from sre.capacity.model import Request
from sre.capacity.paths import lasting_ratio
from tests.support.capacity_series import DAY, history_of

_PER_DAY, _PAST_DAYS, _AHEAD_DAYS = 12, 14, 30
_POOL_SIZE = 20


def _busy_pool(rng: np.random.Generator) -> np.ndarray:
    """Connections at work: Poisson around a daily season that grows by 3 % a week, never more than the pool."""
    steps = np.arange(_PER_DAY * (_PAST_DAYS + _AHEAD_DAYS))
    season = 0.6 + 0.4 * np.sin(2 * np.pi * steps / _PER_DAY)
    return np.minimum(_POOL_SIZE, rng.poisson(6 * season * 1.03 ** (steps / (7 * _PER_DAY)))) / _POOL_SIZE


def _noisy_share(rng: np.random.Generator) -> np.ndarray:
    return np.clip(0.3 + 0.08 * rng.standard_normal(_PER_DAY * (_PAST_DAYS + _AHEAD_DAYS)), 0, 1)


@pytest.mark.parametrize("law", [_busy_pool, _noisy_share])
def test_noise_of_single_steps_does_not_grow_into_crossings(law) -> None:
    """Simulated laws, limits 1 and 2 standard deviations above the highest past value; the band is our choice."""
    count = _PER_DAY * _PAST_DAYS
    said, seen = [], []
    for seed in range(16):
        values = law(np.random.default_rng(seed))
        past, ahead = values[:count], values[count:]
        for above in (1, 2):
            limit = float(past.max() + above * past.std())
            made = forecast(history_of(past, step_seconds=DAY / _PER_DAY), Request(ahead.size, threshold=limit))
            assert made.exhaustion is not None
            said.append(made.exhaustion.probability_ratio)
            seen.append(ahead.max() >= limit)
    assert abs(np.mean(said) - np.mean(seen)) < 0.2


def test_what_lasts_is_told_from_chance() -> None:
    """Worked examples: of independent errors nothing lasts, of a random walk's everything; of half and half (0.5 - 0.2) / 0.8."""
    rng = np.random.default_rng(3)
    chance = rng.standard_normal((400, 60))
    walk = np.cumsum(rng.standard_normal((400, 60)), axis=1)
    half = walk / np.sqrt((walk**2).mean()) + chance
    assert lasting_ratio(chance) < 0.06
    assert lasting_ratio(walk) > 0.9
    assert lasting_ratio(half) == pytest.approx(0.375, abs=0.1)
    assert lasting_ratio(7 * half) == pytest.approx(lasting_ratio(half))
