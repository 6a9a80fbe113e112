"""Few, skewed numbers: intervals against published tables, and comparisons that do not cry wolf."""

import math
from random import Random

import numpy as np
import pytest

from sre.incidents.statistics import compared, compared_rates, median_interval, percentile, spread_of

# Hollander and Wolfe, Nonparametric Statistical Methods, table 4.1: water through human membranes, at term and earlier.
AT_TERM = (0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46)
EARLIER = (1.15, 0.88, 0.90, 0.74, 1.21)


@pytest.mark.parametrize(
    ("count", "low", "high", "confidence"),
    [(6, 1, 6, 0.969), (8, 1, 8, 0.992), (10, 2, 9, 0.979), (15, 4, 12, 0.965), (20, 6, 15, 0.959), (25, 8, 18, 0.957)],
)
def test_the_interval_of_a_median_is_between_the_ranks_of_the_table(
    count: int, low: int, high: int, confidence: float
) -> None:
    """Source: tables of distribution-free confidence intervals of the median (binomial, p = 1/2)."""
    bounds = median_interval([float(rank) for rank in range(1, count + 1)])
    assert bounds == pytest.approx((low, high, confidence), abs=6e-4)


def test_fewer_than_six_have_no_such_interval() -> None:
    """(1/2)^5 on either side is 3.1 %, more than 2.5 %."""
    assert median_interval([1.0, 2.0, 3.0, 4.0, 5.0]) is None


@pytest.mark.parametrize("count", [1, 2, 5, 9, 10, 11, 40])
def test_percentiles_are_those_of_numpy(count: int) -> None:
    """An independent implementation of the same definition."""
    values = [Random(count).lognormvariate(3, 1) for _ in range(count)]
    found = spread_of(values)
    assert found is not None
    assert found.p90 == pytest.approx(float(np.percentile(values, 90)))
    assert found.median == pytest.approx(float(np.median(values)))
    assert found.mean == pytest.approx(float(np.mean(values)))
    assert percentile(sorted(values), 0.25) == pytest.approx(float(np.percentile(values, 25)))
    assert found.deviation == (None if count == 1 else pytest.approx(float(np.std(values, ddof=1))))


def test_nothing_has_no_spread() -> None:
    assert spread_of([]) is None


def test_a_shift_and_its_interval_are_those_of_the_book() -> None:
    """Source: Hollander and Wolfe, examples 4.3 and 4.4: -0.305, and -0.76 to 0.15; here as factors."""
    found = compared([math.exp(one) for one in EARLIER], [math.exp(one) for one in AT_TERM])
    assert (found.ratio, found.low, found.high) == pytest.approx([math.exp(one) for one in (-0.305, -0.76, 0.15)])
    assert found.change == "no_clear_change"


@pytest.mark.parametrize(("few", "many"), [(4, 30), (30, 4), (0, 9)])
def test_four_are_too_few_to_compare(few: int, many: int) -> None:
    assert compared([10.0] * few, [1.0] * many).change == "too_few"
    assert compared([10.0] * few, [1.0] * many).ratio is None


@pytest.mark.parametrize(("factor", "change"), [(0.2, "shorter"), (5.0, "longer"), (1.0, "no_clear_change")])
def test_a_large_change_is_seen_among_ten(factor: float, change: str) -> None:
    before = [10.0, 14, 20, 25, 30, 31, 40, 55, 60, 90]
    found = compared([factor * one for one in before], before)
    assert found.change == change
    assert found.ratio == pytest.approx(factor)


def test_many_are_compared_like_few() -> None:
    """The normal form for large samples, against the exact one for small: the same data three times over."""
    before = [float(10 + 7 * k % 50) for k in range(25)]
    after = [2 * one for one in before]
    exact, normal = compared(after, before), compared([*after, 2 * 30.0], before)
    assert normal.low == pytest.approx(exact.low, rel=0.05)
    assert normal.high == pytest.approx(exact.high, rel=0.05)


def test_thousands_are_compared_in_no_time() -> None:
    """By hand: twice as long, all pairs of 600 beside those of their thinned ranks; a truth of 2 within the bounds."""
    random = Random(3)
    before, after = ([scale * random.lognormvariate(3, 1) for _ in range(600)] for scale in (1.0, 2.0))
    ratios = sorted(math.log(one / other) for one in after for other in before)
    pairs = len(ratios)
    rank = math.floor(pairs / 2 - 1.959964 * math.sqrt(pairs * 1_201 / 12))
    found = compared(after, before)
    whole = [math.exp(one) for one in (ratios[pairs // 2], ratios[rank - 1], ratios[-rank])]
    assert [found.ratio, found.low, found.high] == pytest.approx(whole, rel=0.01)
    assert found.change == "longer"


def test_without_a_change_hardly_any_comparison_claims_one_though_means_improve_in_four_of_ten() -> None:
    """Source: design.md, section 6: 30 incidents, no real change, a mean still improves by 10 % in 4 of 10."""
    random = Random(20261102)
    improved = claimed = 0
    runs = 400
    for _ in range(runs):
        before, after = ([random.lognormvariate(3.5, 1.0) for _ in range(30)] for _ in range(2))
        improved += sum(after) < 0.9 * sum(before)
        claimed += compared(after, before).change != "no_clear_change"
    assert 0.33 < improved / runs < 0.45
    assert claimed / runs < 0.075


def test_small_samples_hold_their_promise_too() -> None:
    """At 95 % at most one of twenty; exact for any shape without ties."""
    random = Random(7)
    runs = 600
    claimed = sum(
        compared([random.paretovariate(1.1) for _ in range(6)], [random.paretovariate(1.1) for _ in range(5)]).change
        != "no_clear_change"
        for _ in range(runs)
    )
    assert claimed / runs < 0.07


def test_a_rate_is_compared_by_the_binomial_of_its_share() -> None:
    """Source: Clopper-Pearson limits of 3 in 10, 0.0667 to 0.6525, as odds."""
    found = compared_rates(3, 7)
    assert (found.low, found.high) == pytest.approx((0.0667 / 0.9333, 0.6525 / 0.3475), rel=2e-3)
    assert (found.change, found.ratio) == ("no_clear_change", pytest.approx(3 / 7))


@pytest.mark.parametrize(
    ("after", "before", "change"),
    [
        (0, 4, "too_few"),
        (0, 5, "no_clear_change"),
        (0, 6, "fewer"),
        (6, 0, "more"),
        (20, 6, "more"),
        (12, 8, "no_clear_change"),
    ],
)
def test_a_rate_has_changed_only_where_chance_is_unlikely(after: int, before: int, change: str) -> None:
    """By hand: 0 of 5 happens by chance in 2 / 2^5 = 6 % of cases, 0 of 6 in 3 %."""
    assert compared_rates(after, before).change == change


def test_a_period_without_events_before_has_no_ratio() -> None:
    found = compared_rates(6, 0)
    assert (found.ratio, found.high) == (None, None)
