"""Source: Abramowitz & Stegun (1964), table 26.10, percentage points of the t-distribution."""

import math

import pytest

from sre.performance.student import critical_value, two_sided_p


@pytest.mark.parametrize(
    ("confidence", "degrees", "table"),
    [
        (0.95, 1, 12.706), (0.99, 2, 9.925), (0.99, 5, 4.032), (0.95, 10, 2.228), (0.99, 30, 2.750), (0.99, 120, 2.617),
        (0.99, 1e9, 2.576),
    ],
)  # fmt: skip
def test_critical_values_are_those_of_the_table(confidence: float, degrees: float, table: float) -> None:
    assert critical_value(confidence, degrees=degrees) == pytest.approx(table, abs=6e-4)


def test_one_degree_is_the_cauchy_distribution() -> None:
    """Its probability has a closed form: 1 - 2 atan(t) / pi."""
    for statistic in (0.0, 0.3, 1.0, 7.0, 1e4):
        assert two_sided_p(statistic, degrees=1) == pytest.approx(1 - 2 * math.atan(statistic) / math.pi, abs=1e-12)


def test_degrees_need_not_be_whole_and_more_of_them_are_surer() -> None:
    values = [critical_value(0.99, degrees=degrees) for degrees in (2.5, 3, 3.5, 19_999, 20_001)]
    assert values == sorted(values, reverse=True)


def test_an_infinite_statistic_leaves_no_doubt() -> None:
    assert two_sided_p(math.inf, degrees=3) == 0
