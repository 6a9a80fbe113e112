"""Made-up series: what every one of them is, and what their parts are."""

import numpy as np
import pytest

from training.kinds import SHAPES, Kind
from training.made import MADE_UP, balanced, made_up_series
from training.parts import (
    autoregression,
    bends,
    bump,
    bursts,
    capped,
    counted,
    days_of_weeks,
    floored,
    grown,
    holidays,
    jobs,
    line,
    noise,
    outliers,
    profile,
    repeated,
    shifts,
    wandering,
    waves,
    weekdays,
)

_LENGTHS: dict[Kind, int] = {"week": 420, "day": 1100, "hour": 46 * 24, "five_minutes": 16 * 288}


@pytest.mark.parametrize("kind", list(MADE_UP))
def test_every_made_up_series_is_finite_moves_and_has_the_length_of_its_kind(kind: Kind) -> None:
    made = made_up_series(kind, count=150, seed=1)
    assert len(made) == 150
    for values in made:
        assert values.shape == (_LENGTHS[kind],)
        assert values.dtype == float
        assert np.isfinite(values).all()
        assert np.ptp(values) > 0


@pytest.mark.parametrize("kind", list(MADE_UP))
def test_a_made_up_series_has_room_for_a_whole_past_and_the_steps_ahead(kind: Kind) -> None:
    assert _LENGTHS[kind] >= SHAPES[kind].reads + SHAPES[kind].horizon


@pytest.mark.parametrize("kind", list(MADE_UP))
def test_the_same_seed_makes_up_the_same_series_and_another_one_others(kind: Kind) -> None:
    one, same, other = (made_up_series(kind, count=5, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not any(np.array_equal(ours, theirs) for ours in one for theirs in other)
    assert not np.array_equal(one[0], one[1])


def test_months_are_not_made_up() -> None:
    """Our choice: their public series are many."""
    assert made_up_series("month", count=5, seed=1) == []


@pytest.mark.parametrize("kind", ["day", "hour", "five_minutes"])
def test_about_half_of_the_made_up_series_have_a_season_of_the_kind(kind: Kind) -> None:
    """Our choice: many have one, many have none or a faint one."""
    season = SHAPES[kind].season
    strong = [_correlation(values, season) > 0.5 for values in made_up_series(kind, count=150, seed=2)]
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


@pytest.mark.parametrize("seed", range(20))
def test_days_of_weeks_have_one_profile_and_a_strength_each(seed: int) -> None:
    """But for their slow change, days are multiples of two profiles and an offset: a matrix of rank three at most."""
    days = days_of_weeks(70, np.random.default_rng(seed), phases=24)
    assert days.shape == (70, 24)
    assert np.linalg.matrix_rank(days, tol=1e-8 * np.abs(days).max()) <= 3


def test_days_of_weeks_repeat_every_seven_days_where_strength_does_not_change() -> None:
    unchanged = [
        days
        for seed in range(60)
        if np.allclose((days := days_of_weeks(28, np.random.default_rng(seed), phases=24))[7:], days[:-7])
    ]
    assert 10 < len(unchanged) < 40
    # Of half of them, days differ within the week, and then either two of seven do or all.
    different = [days for days in unchanged if not np.allclose(days[1:], days[:-1])]
    assert 0.4 < len(different) / len(unchanged) < 0.9


def test_waves_are_as_many_as_asked_for_at_most_and_of_size_one() -> None:
    for seed in range(20):
        turn = waves(288, np.random.default_rng(seed), most=5, decay=(0.5, 1.5))
        strength = np.abs(np.fft.rfft(turn))
        assert strength[6:].max() < 1e-6 * strength.max()
        assert turn.std() == pytest.approx(1)
        assert turn.mean() == pytest.approx(0, abs=1e-9)


def test_bumps_go_round_from_the_end_of_a_turn_to_its_start() -> None:
    for seed in range(20):
        turn = np.abs(bump(96, np.random.default_rng(seed)))
        ahead = np.roll(turn, 48 - int(turn.argmax()))
        assert np.allclose(ahead[1:48], ahead[:48:-1])
        assert (np.diff(ahead[:49]) >= 0).all()


def test_a_profile_is_waves_and_bumps() -> None:
    one, other = (profile(52, np.random.default_rng(seed), most=5, decay=(1, 1), bumps=2) for seed in (1, 2))
    assert one.shape == other.shape == (52,)
    assert not np.allclose(one, other)


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


def test_bursts_go_up_at_once_and_fade() -> None:
    made = bursts(5000, np.random.default_rng(3), ratio=(0.001, 0.001), size=(1, 1), memory=(20, 20))
    moves = np.diff(made)
    assert 0 < np.count_nonzero(moves > 0) < 20
    calm = np.flatnonzero((moves < 0) & (made[:-1] > 1e-6))
    assert made[calm + 1] / made[calm] == pytest.approx(np.exp(-1 / 20))


def test_jobs_start_every_so_many_steps_and_holidays_come_back_each_year() -> None:
    run = jobs(288, np.random.default_rng(1), every=24, size=(2, 2))
    assert np.flatnonzero(run)[:4].tolist() == [0, 1, 24, 25]
    assert np.count_nonzero(run) == 24
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


def test_a_floor_leaves_zeros_and_a_ceiling_cuts() -> None:
    values = np.arange(101.0)
    assert np.count_nonzero(floored(values, ratio=0.3) == 0) == 31
    assert floored(values, ratio=0.3).max() == 70
    assert capped(values, ratio=0.9).max() == 90
    assert np.array_equal(capped(values, ratio=0.9)[:90], values[:90])


def _correlation(values: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(values[lag:], values[:-lag])[0, 1])
