"""Planted patterns of the day in windows of several days."""

import numpy as np
import pytest

from sre.core.series import FloatArray
from sre.performance.cycle import Cycle, without_pattern
from sre.performance.model import Standard
from sre.performance.verdict import compare

PERIOD = 48
THROUGHPUT = Standard(bad="down")


def week(rng: np.random.Generator, days: int, *, start: int = 0, swing: float = 1.0) -> FloatArray:
    """Return days of values that swing by `exp(2 swing)`, with noise of 5 %."""
    steps = np.arange(days * PERIOD) + start
    return np.exp(swing * np.sin(2 * np.pi * steps / PERIOD) + rng.normal(0, 0.05, steps.size))


def test_the_pattern_goes_and_the_level_stays() -> None:
    rng = np.random.default_rng(1)
    before, after = np.log(week(rng, 6)), np.log(1.5 * week(rng, 5, start=7))
    found = without_pattern(before, after, Cycle(PERIOD, 6 * PERIOD + 7))
    assert found is not None
    assert found[0].std() < 0.1
    assert found[1].std() < 0.1
    assert np.median(found[1]) - np.median(found[0]) == pytest.approx(np.log(1.5), abs=0.02)


def test_a_fall_of_a_tenth_is_seen_beside_a_daily_swing_by_seven() -> None:
    rng = np.random.default_rng(2)
    before, after = week(rng, 6), week(rng, 6)
    cycle = Cycle(PERIOD, 6 * PERIOD)
    assert compare(before, after, THROUGHPUT, cycle=cycle).verdict == "no_change"
    found = compare(before, 0.9 * after, THROUGHPUT, cycle=cycle)
    assert found.verdict == "regression"
    assert found.effect_ratio == pytest.approx(-0.1, abs=0.02)
    assert compare(before, 0.9 * after, THROUGHPUT).verdict == "no_change"


@pytest.mark.parametrize("days", [1, 2])
def test_few_days_have_no_pattern(days: int) -> None:
    rng = np.random.default_rng(3)
    assert without_pattern(np.log(week(rng, days)), np.log(week(rng, 6)), Cycle(PERIOD, days * PERIOD)) is None


def test_noise_has_no_pattern() -> None:
    rng = np.random.default_rng(4)
    found = [without_pattern(rng.normal(0, 1, 200), rng.normal(0, 1, 200), Cycle(PERIOD, 200)) for _ in range(50)]
    assert all(one is None for one in found)


def test_missing_values_stay_missing() -> None:
    rng = np.random.default_rng(5)
    before, after = np.log(week(rng, 5)), np.log(week(rng, 5))
    before[10:70], after[3] = np.nan, np.nan
    found = without_pattern(before, after, Cycle(PERIOD, 5 * PERIOD))
    assert found is not None
    assert np.isnan(found[0]).sum() == 60
    assert np.isnan(found[1]).sum() == 1
