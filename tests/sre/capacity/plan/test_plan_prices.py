"""Prices as people write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.plan.costs_prices import read_prices
from sre.capacity.plan.quantity import Quantity
from sre.core.fields import Fields
from sre.core.problems import Findings

HOURS = 365.2425 * 24 / 12


def read(values, *, capacity=None):
    found = Findings()
    prices = read_prices(Fields(values, "p", found), currency="EUR", capacity=capacity or Quantity(1.0, ""))
    return prices, [str(problem) for problem in found.problems]


@pytest.mark.parametrize(
    ("text", "per_month"),
    [
        ("0.10/hour", 0.10 * HOURS),
        ("0.10 per hour", 0.10 * HOURS),
        ("0.1 an hour", 0.10 * HOURS),
        ("2.4/day", 2.4 * HOURS / 24),
        ("73/month", 73),
        ("73 a month", 73),
        ("1,200 / year", 100),
        (73, 73),
        (0.05, 0.05),
        ("0", 0),
    ],
)
def test_prices_become_what_a_month_costs(text, per_month):
    """Source: arithmetic; a month is a twelfth of 365.2425 days."""
    prices, problems = read({"on_demand": text})
    assert problems == []
    assert prices.on_demand_per_month == pytest.approx(per_month)
    assert prices.currency == "EUR"


@pytest.mark.parametrize("text", ["0.08/GB/month", "0.08 per GB and month", "0.08/GB-month", "0.08 a GB a month"])
def test_a_price_of_a_gigabyte_is_paid_for_all_of_a_unit(text):
    """Source: arithmetic; 500 GB at 0.08 are 40."""
    prices, problems = read({"on_demand": text}, capacity=Quantity(500e9, "bytes"))
    assert problems == []
    assert prices.on_demand_per_month == pytest.approx(40)


@pytest.mark.parametrize(
    "text",
    ["0,20/hour", "-1", "free", "1/fortnight", "1e400", "0.1/hour/hour", "$5", "0.08/GB/month", "5 %", True, [1]],
)
def test_what_is_no_price_is_said(text):
    """Our choice: a comma for a point would make 0.20 a price of 20; gigabytes of requests are no price."""
    _, problems = read({"on_demand": text}, capacity=Quantity(250.0, "per_second"))
    assert len(problems) == 1
    assert "p.on_demand" in problems[0]


@pytest.mark.parametrize(
    ("term", "months"), [("1 year", 12), ("3y", 36), ("12 months", 12), (36, 36), ("365d", 365 / (HOURS / 24))]
)
def test_terms_are_read_in_months(term, months):
    """Our choice: `36m` would be minutes elsewhere, so months are spelt out."""
    prices, problems = read({"on_demand": 100, "commitments": [{"term": term, "price": 60}]})
    assert problems == []
    assert prices.commitments[0].term_months == pytest.approx(months)


def test_all_upfront_needs_no_monthly_price():
    """Our choice."""
    prices, problems = read({"on_demand": 100, "commitments": [{"name": "all", "term": 12, "upfront": 500}]})
    assert problems == []
    (one,) = prices.commitments
    assert (one.name, one.per_month, one.upfront) == ("all", 0, 500)


def test_every_problem_is_told_at_once():
    """Our choice."""
    offers = [{"term": "36m", "price": 1}, {"name": "x", "price": "?"}, {"term": 12}, {"term": 500, "price": 1, "y": 2}]
    prices, problems = read({"commitments": offers, "colour": "red"})
    assert prices is None
    text = "\n".join(problems)
    for part in ("[0].term", "[1].term", "[1].price", "[2].price", "[3].term", '[3]."y"', '"colour"', "p.on_demand"):
        assert part in text, part


def test_terms_that_run_are_read_with_their_end():
    """Source: 2027-03-01T00:00Z is 1,803,859,200 seconds after the epoch."""
    prices, problems = read({"on_demand": 100, "held": [{"units": 4, "until": "2027-03-01", "price": "0.06/hour"}]})
    assert problems == []
    (held,) = prices.held
    assert (held.units, held.until_ms) == (4, 1_803_859_200_000)
    assert held.per_month == pytest.approx(0.06 * HOURS)
    _, problems = read({"on_demand": 100, "held": [{"until": "soon"}]})
    assert [problem.split(":")[0] for problem in problems] == ["p.held[0].units", "p.held[0].until"]


def test_two_offers_of_one_name_are_refused():
    """Our choice: an answer that names one must mean one."""
    offers = [{"name": "x", "term": 12, "price": 1}, {"name": "x", "term": 36, "price": 1}]
    assert "more than once" in read({"on_demand": 2, "commitments": offers})[1][0]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=30),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "on_demand",
                        "commitments",
                        "term",
                        "price",
                        "upfront",
                        "name",
                        "currency",
                        "held",
                        "units",
                        "until",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_nothing_that_is_written_breaks_the_reader(values):
    """Our choice: whatever comes, problems are collected, or prices are finite and not negative."""
    prices, problems = read(values)
    if prices is not None and not problems:
        assert 0 <= prices.on_demand_per_month < float("inf")
        assert all(one.per_month >= 0 and one.upfront >= 0 and one.term_months > 0 for one in prices.commitments)
