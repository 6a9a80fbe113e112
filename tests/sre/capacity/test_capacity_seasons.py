"""Cycles are found where they are and not where they are not."""

import numpy as np
import pytest

from sre.capacity.model import Step
from sre.capacity.seasons import detected_periods, named_seasons
from tests.support.capacity_series import DAY, HOUR, MONDAY_MS, law


def _wave(period: float, size: float = 10.0):
    return lambda i: 100 + size * np.sin(2 * np.pi * i / period)


@pytest.mark.parametrize(
    ("period", "step", "count"),
    [(24, HOUR, 400), (288, 300.0, 1500), (7, DAY, 100), (60, 60.0, 600), (37, HOUR, 500)],
    ids=["day in hours", "day in 5 min", "week in days", "hour in minutes", "a cycle of its own"],
)
def test_a_cycle_is_found(period: int, step: float, count: int) -> None:
    periods = detected_periods(law(count, _wave(period), noise=2.0), Step(step))
    assert any(abs(found - period) <= 1 for found in periods), periods


def test_day_and_week_are_both_found() -> None:
    hours = law(24 * 7 * 5, lambda i: 50 + 10 * np.sin(2 * np.pi * i / 24) - 8 * ((i // 24) % 7 >= 5), noise=1.0)
    assert {24, 168} <= set(detected_periods(hours, Step(HOUR)))


@pytest.mark.parametrize("seed", range(6))
def test_noise_has_no_season_worth_naming(seed: int) -> None:
    noise = law(600, lambda i: 0 * i + 50, noise=5.0, seed=seed)
    periods = detected_periods(noise, Step(HOUR))
    assert named_seasons(noise, Step(HOUR), periods=periods, last_ms=MONDAY_MS) == ()


@pytest.mark.parametrize("seed", range(4))
def test_a_random_walk_has_no_season_worth_naming(seed: int) -> None:
    walk = np.cumsum(np.random.default_rng(seed).standard_normal(700))
    periods = detected_periods(walk, Step(HOUR))
    assert named_seasons(walk, Step(HOUR), periods=periods, last_ms=MONDAY_MS) == ()


def test_the_words_name_the_hour_of_the_peak() -> None:
    """Worked example: the sine starts on Monday 00:00 and peaks a quarter of a day later."""
    count = 24 * 14
    values = law(count, _wave(24))
    last_ms = MONDAY_MS + (count - 1) * 3_600_000
    (season,) = named_seasons(values, Step(HOUR), periods=(24,), last_ms=last_ms)
    assert season.words == "daily: peak 06:00 UTC (10 % above its mean), lowest 18:00 UTC (10 % below its mean)"
    assert season.strength_ratio > 0.95


def test_the_words_name_the_weekday_of_the_peak() -> None:
    values = law(70, lambda i: 100 + 30 * ((i % 7) == 2))
    last_ms = MONDAY_MS + 69 * 86_400_000
    (season,) = named_seasons(values, Step(DAY), periods=(7,), last_ms=last_ms)
    assert "peak on Wednesdays" in season.words
