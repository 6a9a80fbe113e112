"""The same windows on earlier days: planted patterns of the day, and days that differ."""

import math

import numpy as np
import pytest

from sre.performance.earlier_days import DayPair, earlier_pairs, usual_difference
from sre.performance.model import Standard
from sre.performance.student import two_sided_p
from sre.performance.verdict import compare

MINUTE, DAY = 60_000, 86_400_000
LATENCY = Standard(bad="up")


def pairs_of(rng: np.random.Generator, days: int, *, swing: float, spread: float) -> list[DayPair]:
    """Return windows whose second is by `exp(swing)` higher, give or take `spread`."""
    return [
        DayPair(np.exp(rng.normal(0, 0.02, 60)), np.exp(swing + rng.normal(0, spread) + rng.normal(0, 0.02, 60)))
        for _ in range(days)
    ]


def test_the_usual_difference_is_that_of_most_days() -> None:
    rng = np.random.default_rng(1)
    found = usual_difference(pairs_of(rng, 10, swing=0.4, spread=0.02), is_ratio=True, is_mean=False)
    assert found is not None
    assert found.days == 10
    assert found.shift == pytest.approx(0.4, abs=0.03)


def test_a_rise_of_the_morning_is_no_regression_and_a_regression_on_top_is() -> None:
    rng = np.random.default_rng(2)
    called = 0
    for _ in range(200):
        *earlier, today = pairs_of(rng, 11, swing=0.4, spread=0.05)
        called += compare(today.before, today.after, LATENCY, earlier=earlier).verdict != "no_change"
    assert called <= 6
    found = compare(today.before, 1.5 * today.after, LATENCY, earlier=earlier)
    assert found.verdict == "regression"
    assert found.usual_ratio == pytest.approx(math.expm1(0.4), abs=0.1)
    assert found.effect_ratio == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("days", [4, 5, 6, 7, 10, 14])
def test_unchanged_days_pass_one_time_in_a_hundred(days: int) -> None:
    """The factors for the day left out were simulated; 600 days here, 1 % of them is 6, and 16 come by chance once in 2,000."""
    rng = np.random.default_rng(3)
    called = 0
    for _ in range(600):
        *earlier, today = (DayPair(np.zeros(1), np.array([value])) for value in rng.standard_normal(days + 1))
        found = usual_difference(earlier, is_ratio=False, is_mean=True)
        assert found is not None
        called += two_sided_p((today.after[0] - found.shift) / found.error, degrees=found.degrees) < 0.01
    assert called <= 15


def test_one_day_with_an_incident_does_not_blind() -> None:
    rng = np.random.default_rng(4)
    earlier = pairs_of(rng, 8, swing=0.0, spread=0.01)
    earlier[3] = DayPair(earlier[3].before, 20 * earlier[3].after)
    before, after = np.exp(rng.normal(0, 0.02, 60)), 1.2 * np.exp(rng.normal(0, 0.02, 60))
    assert compare(before, after, LATENCY, earlier=earlier).verdict == "regression"


def test_few_days_say_nothing() -> None:
    rng = np.random.default_rng(5)
    assert usual_difference(pairs_of(rng, 3, swing=0, spread=0.1), is_ratio=True, is_mean=False) is None


def test_days_with_half_their_values_missing_are_not_used() -> None:
    rng = np.random.default_rng(6)
    pairs = pairs_of(rng, 5, swing=0, spread=0.1)
    pairs[0].after[:40] = np.nan
    found = usual_difference(pairs, is_ratio=True, is_mean=False)
    assert found is not None
    assert found.days == 4


def test_windows_are_found_at_the_same_hours_of_earlier_days() -> None:
    times = np.arange(0, 12 * DAY, MINUTE, dtype=np.int64)
    hours = (times % DAY) / 3_600_000
    change = 11 * DAY + 10 * 3_600_000
    pairs = earlier_pairs(
        times,
        hours,
        before_ms=(change - 2 * 3_600_000, change - 300_000),
        after_ms=(change + 300_000, change + 2 * 3_600_000),
        period_ms=DAY,
    )
    assert len(pairs) == 11
    assert all(pair.before.min() >= 8 and pair.before.max() < 10 < pair.after.min() for pair in pairs)
    assert all(pair.after.max() <= 12 for pair in pairs)


def test_an_earlier_after_never_reaches_into_the_real_one() -> None:
    times = np.arange(0, 12 * DAY, 3_600_000, dtype=np.int64)
    values = times.astype(float)
    change = 10 * DAY
    pairs = earlier_pairs(
        times, values, before_ms=(change - DAY, change - 1), after_ms=(change, change + DAY - 1), period_ms=DAY
    )
    assert len(pairs) == 9
    assert max(pair.after.max() for pair in pairs) < change
