"""How sure a count is."""

import math

import pytest

from sre.core.event_rate import count_interval


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        (0, 0.0, 3.689),
        (1, 0.0253, 5.572),
        (2, 0.242, 7.225),
        (5, 1.623, 11.668),
        (10, 4.795, 18.390),
        (20, 12.217, 30.888),
    ],
)
def test_bounds_are_those_of_the_tables(count: int, low: float, high: float) -> None:
    """Source: tables of exact 95 % Poisson limits after Garwood (1936), three decimals."""
    assert count_interval(count) == pytest.approx((low, high), abs=6e-4)


def test_at_its_bounds_a_count_is_as_unlikely_as_it_may_be() -> None:
    """The definition, with the sum written out another way: products, not logarithms."""
    low, high = count_interval(7)
    assert _at_most(7, high) == pytest.approx(0.025, abs=1e-9)
    assert 1 - _at_most(6, low) == pytest.approx(0.025, abs=1e-9)


def test_the_two_ways_meet_where_one_takes_over() -> None:
    exact, byar = count_interval(1_000), count_interval(1_001)
    assert [b - a for a, b in zip(exact, byar, strict=True)] == pytest.approx([1.0, 1.0], abs=0.1)


def _at_most(count: int, mean: float) -> float:
    term = total = math.exp(-mean)
    for k in range(1, count + 1):
        term *= mean / k
        total += term
    return total
