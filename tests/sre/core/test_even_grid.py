"""Samples put on an even grid; all expected numbers are counted by hand."""

import numpy as np
import pytest

from sre.core.errors import InputError, NoDataError
from sre.core.even_grid import on_even_grid

MINUTE = 60_000


def placed(times_minutes: list[float], values: list[float]) -> tuple[list[float], int]:
    even = on_even_grid(np.array([round(t * MINUTE) for t in times_minutes]), np.array(values, dtype=np.float64))
    return even.values.tolist(), even.grid.step_ms


def test_missing_steps_are_gaps() -> None:
    values, step = placed([0, 1, 2, 5], [1, 2, 3, 6])
    assert step == MINUTE
    assert values == pytest.approx([1, 2, 3, np.nan, np.nan, 6], nan_ok=True)


def test_trembling_times_fall_on_their_step() -> None:
    values, step = placed([0, 1.01, 1.99, 3.0, 4.0], [1, 2, 3, 4, 5])
    assert step == pytest.approx(MINUTE, rel=0.02)
    assert values == [1, 2, 3, 4, 5]


def test_order_does_not_matter_and_is_said() -> None:
    even = on_even_grid(np.array([2, 0, 1]) * MINUTE, np.array([3.0, 1.0, 2.0]))
    assert even.values.tolist() == [1, 2, 3]
    assert even.notes == ("Timestamps were not in order; they were sorted.",)


def test_of_two_values_at_one_time_the_last_is_kept() -> None:
    even = on_even_grid(np.array([0, 1, 1, 2]) * MINUTE, np.array([1.0, 2.0, 9.0, 3.0]))
    assert even.values.tolist() == [1, 9, 3]
    assert even.notes == ("1 samples fell on a step that already had one; the last was kept.",)


def test_what_is_not_a_number_is_a_gap_and_never_replaces_one() -> None:
    even = on_even_grid(np.array([0, 1, 1, 2]) * MINUTE, np.array([1.0, 2.0, np.nan, np.inf]))
    assert even.values == pytest.approx([1, 2, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("times", "values"), [([0], [1.0]), ([0, 0], [1.0, 2.0]), ([0, 1], [np.nan, np.nan]), ([], [])]
)
def test_too_little_is_no_series(times: list[int], values: list[float]) -> None:
    with pytest.raises(NoDataError):
        on_even_grid(np.array(times, dtype=np.int64) * MINUTE, np.array(values, dtype=np.float64))


def test_a_burst_and_a_year_later_a_sample_have_no_common_step() -> None:
    with pytest.raises(InputError, match="too uneven"):
        on_even_grid(np.array([0, 1, 2, 3, 10**10]), np.ones(5))
