"""Numbers as they leave in answers."""

import pytest

from tools.answer import rounded


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (10_058.99, 10_059),
        (4_766_100.31, 4_766_100),
        (1_793_620_410.53, 1_793_620_411),
        (1_234.56, 1_235),
        (123.456, 123.5),
        (0.666666, 0.6667),
        (-10_058.99, -10_059),
        (1.23456e300, 1.23456e300),
    ],
)
def test_rounding_keeps_four_digits_and_the_whole_part(value: float, shown: float) -> None:
    """Our choice: a count of 10,058.99 allowed events is 10,059, not 10,060."""
    assert rounded(value) == shown


def test_rounding_never_changes_the_order_of_two_numbers() -> None:
    """A mean of 4,766,100.31 below an exact maximum of 4,766,811 may not be shown above it, as 4,767,000 would be."""
    values = [4_764_514.0, 4_766_100.31, 4_766_700.9, 4_766_811.0]
    assert [rounded(value) for value in values] == sorted(rounded(value) for value in values)
