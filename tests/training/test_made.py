"""Made-up series: what every one of them is, and what their parts are."""

import numpy as np
import pytest

from training.kinds import SHAPES
from training.made import balanced, made_up_series
from training.parts import (
    autoregression,
    bends,
    counted,
    grown,
    holidays,
    line,
    noise,
    outliers,
    repeated,
    shifts,
    wandering,
    waves,
    weekdays,
)


def test_every_made_up_series_is_finite_moves_and_has_room_for_a_whole_past_and_the_steps_ahead() -> None:
    made = made_up_series("day", count=150, seed=1)
    assert len(made) == 150
    for values in made:
        assert values.size >= SHAPES["day"].reads + SHAPES["day"].horizon
        assert np.isfinite(values).all()
        assert np.ptp(values) > 0


def test_the_same_seed_makes_up_the_same_series_and_another_one_others() -> None:
    one, same, other = (made_up_series("day", count=5, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not any(np.array_equal(ours, theirs) for ours in one for theirs in other)
    assert not np.array_equal(one[0], one[1])


def test_only_days_are_made_up() -> None:
    """Our choice: of the other kinds public series are many."""
    assert [kind for kind in SHAPES if made_up_series(kind, count=1, seed=1)] == ["day"]


def test_about_half_of_the_made_up_series_have_a_season() -> None:
    """Our choice: many have one, many have none or a faint one."""
    strong = [_correlation(values, 7) > 0.5 for values in made_up_series("day", count=150, seed=2)]
    assert 0.2 < np.mean(strong) < 0.8


def test_public_and_made_up_series_are_drawn_about_as_often() -> None:
    public, made = [np.zeros(1)] * 3, [np.ones(1)] * 10
    both = balanced(public, made)
    assert sum(values[0] == 0 for values in both) == 9
    assert sum(values[0] == 1 for values in both) == 10
    assert len(balanced([], made)) == 10
    assert len(balanced(public, [])) == 3
    # More public series than made-up ones: each counts once.
    assert len(balanced(made, public)) == 13


@pytest.mark.parametrize("seed", range(20))
def test_weekdays_repeat_every_seven_days_and_no_sooner(seed: int) -> None:
    days = repeated(weekdays(np.random.default_rng(seed)), steps=100)
    assert days.shape == (100,)
    assert np.array_equal(days[7:], days[:-7])
    assert all(np.abs(days[lag:] - days[:-lag]).max() > 0.1 for lag in range(1, 7))


def test_waves_are_as_many_as_asked_for_at_most_and_of_size_one() -> None:
    for seed in range(20):
        turn = waves(288, np.random.default_rng(seed), most=5, decay=(0.5, 1.5))
        strength = np.abs(np.fft.rfft(turn))
        assert strength[6:].max() < 1e-6 * strength.max()
        assert turn.std() == pytest.approx(1)
        assert turn.mean() == pytest.approx(0, abs=1e-9)


def test_what_stays_of_a_shock_falls_by_the_same_ratio_each_step() -> None:
    assert autoregression(np.array([8.0, 0, 0, 1]), kept=0.5).tolist() == [8, 4, 2, 2]


def test_what_wanders_comes_back_as_fast_as_its_memory_says() -> None:
    """Source: of an autoregressive process of order one the correlation over k steps is e to the -k/memory."""
    level = wandering(200_000, np.random.default_rng(1), memory=10, size=3)
    assert level.std() == pytest.approx(3, rel=0.05)
    assert _correlation(level, 10) == pytest.approx(np.exp(-1), abs=0.04)


def test_a_line_is_straight_bends_are_few_and_shifts_are_level() -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        assert np.abs(np.diff(line(300, random, rise=(0.1, 2)), n=2)).max() < 1e-9
        assert 1 <= np.count_nonzero(np.abs(np.diff(bends(300, random, slope=(0.01, 0.1)), n=2)) > 1e-9) <= 4
        assert np.count_nonzero(np.diff(shifts(300, random, size=(0.2, 2)))) <= 3


def test_noise_has_no_season_and_some_of_it_stays() -> None:
    plain = noise(20_000, np.random.default_rng(1), size=(0.5, 0.5), memory_ratio=0)
    assert abs(_correlation(plain, 1)) < 0.05
    assert abs(plain).max() <= 0.5 * 20
    lasting = [_correlation(noise(5000, np.random.default_rng(s), size=(1, 1), memory_ratio=1), 1) for s in range(10)]
    assert min(lasting) > 0.05


def test_outliers_are_to_one_side_and_seldom() -> None:
    for seed in range(10):
        made = outliers(5000, np.random.default_rng(seed), ratio=(0.003, 0.03), size=(0.6, 3))
        assert 0 < np.count_nonzero(made) < 250
        assert (made >= 0).all() or (made <= 0).all()


def test_holidays_come_back_each_year() -> None:
    off = holidays(1100, np.random.default_rng(2), year=364, most=7, size=(1, 1))
    assert np.array_equal(off[364:], off[:-364])
    assert 1 <= np.count_nonzero(off[:364]) <= 7
    assert off.max() == 0


def test_what_is_grown_is_above_zero_and_keeps_its_order() -> None:
    values = np.array([-3.0, 0, 1, 2, 900])
    made = grown(values, spread=0.8)
    assert (made > 0).all()
    assert (np.diff(made) > 0).all()
    assert grown(1000 * values + 5, spread=0.8) == pytest.approx(made)


def test_counts_are_whole_and_on_average_the_values() -> None:
    made = counted(np.full(20_000, 2.0), np.random.default_rng(1), mean=(3, 3))
    assert np.array_equal(made, np.round(made))
    assert made.mean() == pytest.approx(6, rel=0.02)
    assert made.var() == pytest.approx(6, rel=0.05)


def _correlation(values: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(values[lag:], values[:-lag])[0, 1])
