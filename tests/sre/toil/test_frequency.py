"""How often people say that something comes up."""

import pytest

from sre.core.errors import InputError
from sre.toil.frequency import DAYS_A_MONTH, times_per_month

WEEKS = DAYS_A_MONTH / 7


@pytest.mark.parametrize(
    ("said", "times"),
    [
        ("daily", DAYS_A_MONTH),
        ("Weekly", WEEKS),
        ("monthly", 1),
        ("3 a week", 3 * WEEKS),
        ("3/week", 3 * WEEKS),
        ("2 per day", 2 * DAYS_A_MONTH),
        ("5 times a week", 5 * WEEKS),
        ("5x per week", 5 * WEEKS),
        ("once a month", 1),
        ("twice each  day", 2 * DAYS_A_MONTH),
        ("every 2 weeks", WEEKS / 2),
        ("every month", 1),
        ("every hour", 24 * DAYS_A_MONTH),
        ("1.5 a month", 1.5),
        ("once a quarter", 1 / 3),
        ("3 a year", 3 / 12),
    ],
)
def test_frequencies_are_read_as_times_a_month(said: str, times: float) -> None:
    assert times_per_month(said) == pytest.approx(times)


@pytest.mark.parametrize(
    "said", ["", "often", "0 a week", "every 0 days", "a lot", "-3 a week", "3", "week", "1000000 an hour", "٣ a week"]
)
def test_anything_else_is_refused_with_examples(said: str) -> None:
    with pytest.raises(InputError) as caught:
        times_per_month(said)
    assert caught.value.valid
