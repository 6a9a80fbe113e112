"""The forecast as a whole: worked examples, invariances, coverage under a known law, refusals."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.forecast import MAX_REACH, forecast
from sre.capacity.model import MONTH_SECONDS, CapacityForecast, Request
from sre.core.errors import InputError, NoDataError
from tests.support.capacity_series import DAY, HOUR, MONDAY_MS, history_of, law


def _crossing_step(made: CapacityForecast) -> int:
    assert made.exhaustion is not None
    assert made.exhaustion.expected_ms is not None
    return int(np.flatnonzero(made.times_ms == made.exhaustion.expected_ms)[0]) + 1


def _width(made: CapacityForecast) -> np.ndarray:
    assert made.lower is not None
    assert made.upper is not None
    return made.upper - made.lower


def test_a_rising_line_crosses_where_algebra_says() -> None:
    """Worked example: 5 + 2 i reaches 500 at i = 248, the 49th step after the last one, i = 199."""
    made = forecast(history_of(law(200, lambda i: 5 + 2 * i)), Request(100, threshold=500.0))
    assert _crossing_step(made) == 49
    assert made.exhaustion is not None
    assert made.exhaustion.probability_ratio == 1
    assert made.expected == pytest.approx(5 + 2 * (200 + np.arange(100)), rel=1e-6)


def test_a_draining_gauge_reaches_zero_where_algebra_says() -> None:
    """Worked example: 1000 - 2 i + noise is used up at i = 500, 101 steps after i = 399."""
    made = forecast(history_of(law(400, lambda i: 1000 - 2 * i, noise=2.0)), Request(150, threshold=0.0))
    assert made.exhaustion is not None
    assert made.exhaustion.direction == "down"
    assert _crossing_step(made) == pytest.approx(101, abs=4)
    assert made.lower is not None
    assert made.lower.min() >= 0


def test_a_season_on_a_trend_is_carried_on() -> None:
    def truth(i: np.ndarray) -> np.ndarray:
        return 200 + 0.05 * i + 30 * np.sin(2 * np.pi * i / 24)

    made = forecast(history_of(law(24 * 28, truth, noise=1.0)), Request(48))
    ahead = truth(24 * 28 + np.arange(48.0))
    assert np.abs(made.expected - ahead).max() < 4
    assert made.seasons[0].name == "daily"
    assert made.growth.per_month == pytest.approx(0.05 * MONTH_SECONDS / HOUR, rel=0.1)


def test_a_weekly_pattern_is_not_flattened_to_a_daily_one() -> None:
    def truth(i: np.ndarray) -> np.ndarray:
        return 100 + 20 * np.sin(2 * np.pi * i / 24) - 40 * ((i // 24) % 7 >= 5)

    made = forecast(history_of(law(24 * 7 * 6, truth, noise=2.0)), Request(24 * 7))
    assert np.abs(made.expected - truth(24 * 42 + np.arange(24.0 * 7))).mean() < 3


def test_a_counter_is_forecast_as_its_rate() -> None:
    """Worked example: 36,000 an hour is 10 a second, restarts taken out."""
    counted = np.cumsum(np.full(300, 36_000.0))
    counted[120:] -= counted[119]
    made = forecast(history_of(counted), Request(24))
    assert made.nature == "counter"
    assert made.expected == pytest.approx(10.0)


def test_a_stock_with_a_rare_fall_goes_on_at_its_rate() -> None:
    """Worked example: ten an hour; one fall by 500, as when one of many counters in a sum restarts."""
    values = 1000 + 10.0 * np.arange(400)
    values[150:] -= 500
    made = forecast(history_of(values), Request(24))
    assert made.nature == "stock"
    assert made.expected[-1] == pytest.approx(values[-1] + 240, rel=0.01)


def _coverage(make, horizon: int, *, runs: int) -> float:
    shares = []
    for seed in range(runs):
        values = make(np.random.default_rng(seed))
        made = forecast(history_of(values[:-horizon]), Request(horizon))
        assert made.lower is not None
        assert made.upper is not None
        shares.append(np.mean((values[-horizon:] >= made.lower) & (values[-horizon:] <= made.upper)))
    return float(np.mean(shares))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("white noise", lambda rng: 100 + rng.standard_normal(324)),
        ("random walk", lambda rng: np.cumsum(rng.standard_normal(324))),
        ("season", lambda rng: 50 + 10 * np.sin(np.arange(324) * np.pi / 12) + rng.standard_normal(324)),
        ("skewed", lambda rng: rng.lognormal(1, 0.6, 324)),
        ("trend", lambda rng: 0.5 * np.arange(324) + 5 * rng.standard_normal(324)),
    ],
)
def test_the_interval_holds_what_it_says_under_a_known_law(name: str, make) -> None:
    """Simulated laws; 80 % asked. The band allows for 40 draws and for paths that are not independent."""
    assert 0.68 <= _coverage(make, 24, runs=40) <= 0.93, name


def test_the_measured_coverage_and_error_are_those_of_the_law() -> None:
    """White noise of sd 5 around a level: the best possible mean absolute error is 5 sqrt(2 / pi) = 3.99."""
    made = forecast(history_of(law(2000, lambda i: 100 + 0 * i, noise=5.0)), Request(48))
    assert made.accuracy is not None
    assert made.accuracy.mean_absolute_error == pytest.approx(3.99, rel=0.1)
    assert made.accuracy.coverage_ratio == pytest.approx(0.8, abs=0.1)
    assert made.accuracy.naive_ratio is not None
    assert made.accuracy.naive_ratio < 0.85


def test_a_wider_interval_is_wider() -> None:
    history = history_of(law(300, lambda i: 10 + 0 * i, noise=1.0))
    half, most = (forecast(history, Request(24, interval_ratio=share)) for share in (0.5, 0.95))
    assert np.all(_width(most) > _width(half))


def _noisy(seed: int) -> np.ndarray:
    return law(240, lambda i: 3 * np.sin(2 * np.pi * i / 24) - 0.01 * i, noise=1.0, seed=seed)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.floats(1e-6, 1e12))
def test_the_unit_does_not_matter(seed: int, factor: float) -> None:
    plain = forecast(history_of(_noisy(seed)), Request(24, threshold=5.0))
    scaled = forecast(history_of(_noisy(seed) * factor), Request(24, threshold=5.0 * factor))
    assert scaled.expected == pytest.approx(plain.expected * factor, rel=1e-6, abs=1e-6 * factor)
    assert plain.exhaustion is not None
    assert scaled.exhaustion is not None
    assert scaled.exhaustion.probability_ratio == pytest.approx(plain.exhaustion.probability_ratio, abs=0.01)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.floats(-2, 2))
def test_adding_a_constant_shifts_the_forecast(seed: int, shift: float) -> None:
    """Holds where no bound and no logarithm is in play, that is for values of both signs."""
    plain = forecast(history_of(_noisy(seed)), Request(24))
    moved = forecast(history_of(_noisy(seed) + shift), Request(24))
    assert moved.expected == pytest.approx(plain.expected + shift, abs=0.02)


def test_the_time_zone_and_the_date_do_not_matter() -> None:
    """A time zone is a shift of the clock; only the words of the season may change."""
    values = _noisy(1)
    plain = forecast(history_of(values), Request(24))
    for hours in (-11, 5, 24 * 365):
        moved = forecast(history_of(values, start_ms=MONDAY_MS + hours * 3_600_000), Request(24))
        assert np.array_equal(moved.expected, plain.expected)


@pytest.mark.parametrize("step", [15.0, 300.0, HOUR, DAY])
def test_a_line_crosses_at_the_same_step_whatever_the_step(step: float) -> None:
    made = forecast(history_of(law(200, lambda i: 5 + 2 * i), step_seconds=step), Request(100, threshold=500.0))
    assert _crossing_step(made) == 49


def test_the_same_data_give_the_same_answer() -> None:
    first, second = (forecast(history_of(_noisy(7)), Request(24, threshold=4.0)) for _ in range(2))
    assert np.array_equal(_width(first), _width(second))
    assert first.exhaustion == second.exhaustion


def test_what_is_never_negative_stays_so_and_a_share_stays_under_one() -> None:
    rng = np.random.default_rng(8)
    counts = forecast(history_of(rng.poisson(0.4, 400).astype(float)), Request(48))
    assert counts.lower is not None
    assert counts.lower.min() >= 0
    share = forecast(history_of(np.clip(rng.normal(0.95, 0.1, 400), 0, 1)), Request(48, threshold=1.2))
    assert share.upper is not None
    assert share.upper.max() <= 1
    assert share.exhaustion is not None
    assert share.exhaustion.outcome == "cannot_cross"


@pytest.mark.parametrize("value", [0.0, 42.0])
def test_a_series_that_never_moved_stays_and_says_so(value: float) -> None:
    made = forecast(history_of([value] * 100), Request(24, threshold=100.0))
    assert made.expected.tolist() == [value] * 24
    assert made.exhaustion is not None
    assert made.exhaustion.outcome == "does_not_cross"
    assert made.judgement.trust == "low"
    assert any("same value" in warning for warning in made.warnings)


def test_a_level_shift_is_told_and_the_forecast_starts_from_the_new_level() -> None:
    made = forecast(history_of(law(400, lambda i: 10 + 40 * (i >= 300), noise=1.0)), Request(48))
    assert made.expected == pytest.approx(50, abs=2)
    assert any("level jumped" in warning for warning in made.warnings)
    assert made.judgement.trust != "high"


def test_one_wild_outlier_does_not_carry_the_forecast_away() -> None:
    values = law(300, lambda i: 20 + 0 * i, noise=1.0)
    values[-2] = 5000.0
    assert np.median(forecast(history_of(values), Request(24)).expected) == pytest.approx(20, abs=4)


def test_gaps_are_told_and_do_not_break_the_forecast() -> None:
    values = law(600, lambda i: 50 + 10 * np.sin(2 * np.pi * i / 24), noise=1.0)
    values[200:260] = np.nan
    values[400] = np.nan
    made = forecast(history_of(values), Request(24))
    assert np.abs(made.expected - law(624, lambda i: 50 + 10 * np.sin(2 * np.pi * i / 24))[600:]).max() < 4
    assert any("61 of 600 steps" in warning for warning in made.warnings)


def test_a_series_that_stopped_is_told_and_less_trusted() -> None:
    history = history_of(law(300, lambda i: 10 + 0 * i, noise=1.0))
    late = Request(48, now_ms=history.last_ms + 20 * 3_600_000)
    made = forecast(history, late)
    assert any("has stopped" in warning for warning in made.warnings)
    assert made.judgement.trust == "low"
    with pytest.raises(NoDataError, match="stopped"):
        forecast(history, dataclasses.replace(late, now_ms=history.last_ms + 100 * 3_600_000))


def test_a_history_that_cannot_carry_the_horizon_is_refused_with_the_numbers() -> None:
    history = history_of([1.0, 2.0, 3.0, 2.0] * 3)
    with pytest.raises(NoDataError, match=r"12 steps of history .* at least 14 steps"):
        forecast(history, Request(int(12 * MAX_REACH) + 20))


@pytest.mark.parametrize("horizon", [0, -1, 10**6])
def test_an_impossible_horizon_is_refused(horizon: int) -> None:
    with pytest.raises(InputError):
        forecast(history_of(_noisy(1)), Request(horizon))


@pytest.mark.parametrize("share", [0.0, 1.0, 80.0])
def test_an_impossible_interval_is_refused(share: float) -> None:
    with pytest.raises(InputError):
        forecast(history_of(_noisy(1)), Request(10, interval_ratio=share))


def test_a_long_horizon_is_wider_and_less_trusted_than_a_short_one() -> None:
    history = history_of(np.cumsum(np.random.default_rng(9).standard_normal(120)) + 500, step_seconds=DAY)
    short, long = forecast(history, Request(14)), forecast(history, Request(365))
    assert _width(long)[-1] > 2 * _width(short)[-1]
    assert ["none", "low", "medium", "high"].index(long.judgement.trust) <= 1
    assert any("times the history" in reason for reason in long.judgement.reasons)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(
        st.one_of(st.none(), st.floats(-1e12, 1e12), st.sampled_from([0.0, 1.0, 100.0, 1e-9])), min_size=8, max_size=60
    ),
    st.integers(1, 40),
)
def test_any_series_gives_finite_rows_in_order_or_a_reason(raw: list[float | None], horizon: int) -> None:
    values = np.array([np.nan if value is None else value for value in raw])
    try:
        made = forecast(history_of(values), Request(horizon, threshold=50.0))
    except (NoDataError, InputError):
        return
    assert made.lower is not None
    assert made.upper is not None
    assert np.isfinite(made.expected).all()
    assert np.all(made.lower <= made.expected)
    assert np.all(made.expected <= made.upper)
    assert made.exhaustion is not None
    assert 0 <= made.exhaustion.probability_ratio <= 1


@pytest.mark.parametrize(("count", "step", "is_given"), [(37, 15.0, False), (60, HOUR, False), (80, HOUR, True)])
def test_a_figure_a_month_needs_three_days_of_history(count: int, step: float, is_given: bool) -> None:
    """Our choice: nine minutes or two and a half days say nothing of a month, three days and more do."""
    made = forecast(history_of(law(count, lambda i: 5 + 2 * i, noise=1.0), step_seconds=step), Request(10))
    growth = made.growth
    assert (growth.per_month is not None) is is_given
    assert (growth.forecast_per_month is not None) is is_given
    assert (growth.ratio_per_month is not None) is is_given
    assert ("history" in growth.reason) is not is_given
