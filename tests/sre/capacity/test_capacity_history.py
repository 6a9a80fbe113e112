"""Reading a series onto an even grid."""

import numpy as np
import pytest

from sre.capacity.history import MIN_POINTS, coarsened, regular_history
from sre.capacity.model import Step
from sre.core.errors import InputError, NoDataError
from tests.support.capacity_series import MONDAY_MS, history_of


def _times(*seconds: float) -> np.ndarray:
    return MONDAY_MS + np.array([round(1000 * second) for second in seconds], dtype=np.int64)


def test_the_order_of_samples_does_not_matter() -> None:
    values = np.arange(20.0)
    times = _times(*(60.0 * i for i in range(20)))
    shuffled = np.random.default_rng(1).permutation(20)
    plain, mixed = regular_history(times, values), regular_history(times[shuffled], values[shuffled])
    assert np.array_equal(plain.values, mixed.values)
    assert any("not in order" in note for note in mixed.notes)


def test_missing_steps_are_nan_and_told() -> None:
    kept = [i for i in range(30) if i not in (7, 8, 20)]
    history = regular_history(_times(*(60.0 * i for i in kept)), np.array([float(i) for i in kept]))
    assert np.flatnonzero(np.isnan(history.values)).tolist() == [7, 8, 20]
    assert "3 of 30 steps have no value (longest gap 2m)" in history.notes[0]


def test_jitter_around_an_even_step_is_put_on_the_grid() -> None:
    rng = np.random.default_rng(2)
    times = _times(*(15.0 * i + rng.uniform(-2, 2) for i in range(50)))
    history = regular_history(times, np.arange(50.0), step_seconds=15.0)
    assert np.array_equal(history.values, np.arange(50.0))


def test_the_last_of_two_values_at_one_time_counts() -> None:
    times = _times(*(60.0 * i for i in range(10)), 540.0)
    history = regular_history(times, np.array([*range(10), 99.0], dtype=float))
    assert history.values[-1] == 99.0


def test_calendar_months_are_one_step_each() -> None:
    """Source: the calendar; month ends vary from 28 to 31 days and must not shift the grid."""
    starts = np.arange("2024-01", "2026-01", dtype="datetime64[M]")
    history = regular_history(starts.astype("datetime64[ms]").astype(np.int64), np.arange(24.0))
    assert history.step.is_month
    assert np.array_equal(history.values, np.arange(24.0))
    ahead = history.step.times_after(history.last_ms, 3).astype("datetime64[ms]").astype("datetime64[D]")
    assert [str(day) for day in ahead] == ["2026-01-01", "2026-02-01", "2026-03-01"]


def test_a_month_after_the_thirty_first_is_the_last_day_of_a_shorter_month() -> None:
    last = int(np.datetime64("2026-01-31T00:00:00", "ms").astype(np.int64))
    ahead = Step(0.0, is_month=True).times_after(last, 2).astype("datetime64[ms]").astype("datetime64[D]")
    assert [str(day) for day in ahead] == ["2026-02-28", "2026-03-31"]


@pytest.mark.parametrize("count", [0, 1, MIN_POINTS - 1])
def test_too_few_values_are_refused_with_the_number(count: int) -> None:
    with pytest.raises(NoDataError, match=str(count)):
        history_of([1.0] * count)


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(InputError):
        regular_history(_times(1, 2), np.array([1.0]))


def test_a_lone_sample_far_away_does_not_make_a_huge_grid() -> None:
    times = np.append(_times(*range(20)), MONDAY_MS + 10**12)
    with pytest.raises(InputError, match="uneven"):
        regular_history(times, np.ones(21))


def test_coarsening_takes_means_that_end_where_the_series_ends() -> None:
    history = coarsened(history_of([0.0, 0.0, *[float(i) for i in range(12)]]), 4)
    assert history.values.tolist() == [1.5, 5.5, 9.5]
    assert history.step.seconds == 4 * 3600
