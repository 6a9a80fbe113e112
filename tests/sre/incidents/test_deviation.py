"""When a signal left its normal. *Source*: planted changes at known steps in noise of a fixed seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.incidents.deviation import (
    LEAST_NORMAL_STEPS,
    SUSTAINED_STEPS,
    Deviation,
    Direction,
    Floor,
    deviations,
    normal_of,
)

MINUTE = 60_000
NORMAL_STEPS, STEPS = 180, 300
FLOOR = Floor(0.5, 0.1)


def noise(seed: int = 1) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).normal(10.0, 0.3, STEPS)


def found(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], *, floor: Floor = FLOOR, direction: Direction = "up"
) -> tuple[Deviation, ...]:
    times = MINUTE * np.arange(values.size, dtype=np.int64)
    return deviations(times, values, is_normal=times < NORMAL_STEPS * MINUTE, floor=floor, direction=direction)


def test_a_planted_step_is_found_between_the_last_good_and_the_first_bad_step() -> None:
    values = noise()
    values[200:230] += 20
    values[210] = 90
    (one,) = found(values)
    assert (one.after_ms, one.first_ms, one.last_ms) == (199 * MINUTE, 200 * MINUTE, 229 * MINUTE)
    assert (one.worst_ms, one.worst, one.is_open, one.is_up) == (210 * MINUTE, 90.0, False, True)
    assert one.normal.median == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("seed", range(20))
def test_mere_noise_deviates_nowhere(seed: int) -> None:
    assert found(noise(seed), floor=Floor(0.0, 0.0), direction="both") == ()


def test_a_blip_shorter_than_a_run_is_none() -> None:
    values = noise()
    values[200 : 200 + SUSTAINED_STEPS - 1] = 50
    assert found(values) == ()
    values[200 : 200 + SUSTAINED_STEPS] = 50
    assert len(found(values)) == 1


def test_a_blip_before_a_run_does_not_date_it() -> None:
    values = noise()
    values[195] = values[205:220] = 50
    assert [one.first_ms // MINUTE for one in found(values)] == [205]


def test_a_short_pause_does_not_make_two_of_one() -> None:
    values = noise()
    values[200:210] = values[214:220] = 50
    assert [(one.first_ms // MINUTE, one.last_ms // MINUTE) for one in found(values)] == [(200, 219)]
    values[220:] = 10
    values[240:250] = 50
    assert len(found(values)) == 2


def test_what_lasts_to_the_end_is_open() -> None:
    values = noise()
    values[290:] = 50
    assert [one.is_open for one in found(values)] == [True]


def test_gaps_neither_begin_nor_end_a_deviation() -> None:
    values = noise()
    values[200:230] = 50
    values[205:215] = values[196:200] = np.nan
    (one,) = found(values)
    assert (one.after_ms // MINUTE, one.first_ms // MINUTE, one.last_ms // MINUTE) == (195, 200, 229)


def test_only_the_side_that_was_asked_for_counts() -> None:
    values = noise()
    values[200:230] = 1
    assert found(values) == ()
    (one,) = found(values, direction="down")
    assert not one.is_up


def test_a_flat_signal_needs_more_than_its_floor() -> None:
    values = np.full(STEPS, 10.0)
    values[200:230] = 10.9
    assert found(values) == ()
    values[200:230] = 11.1
    assert len(found(values)) == 1


def test_bursts_that_are_usual_are_normal() -> None:
    values = noise()
    values[20:24] = values[100:104] = 50
    values[200:204] = 50
    assert found(values) == ()


def test_a_resource_that_is_half_empty_is_not_under_pressure() -> None:
    values = np.full(STEPS, 0.1)
    values[200:230] = 0.45
    assert found(values, floor=Floor(0.1, 0.0, least_high=0.5)) == ()
    values[200:230] = 0.55
    assert len(found(values, floor=Floor(0.1, 0.0, least_high=0.5))) == 1


def test_too_little_normal_time_says_nothing() -> None:
    few = np.full(STEPS, np.nan)
    few[: LEAST_NORMAL_STEPS - 1] = 1.0
    few[200:] = 100.0
    assert normal_of(few[:NORMAL_STEPS], floor=FLOOR) is None
    assert found(few) == ()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(NORMAL_STEPS + 1, STEPS - 10), st.integers(SUSTAINED_STEPS, 9), st.floats(5, 1000))
def test_any_planted_run_is_found_where_it_is(start: int, length: int, height: float) -> None:
    values = noise(7)
    values[start : start + length] += height
    (one,) = found(values)
    assert (one.first_ms // MINUTE, one.last_ms // MINUTE) == (start, start + length - 1)
