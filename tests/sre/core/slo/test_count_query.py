"""Which PromQL counts events, and what is asked for a window. Parsed answers are compared, not texts that we wrote."""

import pytest
from promql_parser import parse

from sre.core.errors import InputError
from sre.core.slo.count_query import names_without_counter_suffix, parse_count_query

WEEK = 7 * 86_400.0


def asked(text: str) -> list[str]:
    return [term.query(window_seconds=WEEK) for term in parse_count_query(text, field="total").terms]


def same(found: str, expected: str) -> bool:
    return parse(found).prettify() == parse(expected).prettify()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reqs_total", ["sum(increase(reqs_total[7d]))"]),
        ('reqs_total{code=~"5.."}', ['sum(increase(reqs_total{code=~"5.."}[7d]))']),
        ("sum(reqs_total)", ["sum(increase(reqs_total[7d]))"]),
        ("sum by (code) (reqs_total)", ["sum(increase(reqs_total[7d]))"]),
        ("(a_total) + sum(b_total)", ["sum(increase(a_total[7d]))", "sum(increase(b_total[7d]))"]),
        ("a_total or vector(0)", ["sum(increase(a_total[7d]))"]),
        ("sum(increase(a_total[$window]))", ["sum(increase(a_total[7d]))"]),
        ("sum(increase(a_total[{{.window}}]))", ["sum(increase(a_total[7d]))"]),
        ("sum(rate(a_total[$window]))", ["sum(rate(a_total[7d]))"]),
        ("sum(sum_over_time(batches[$window]))", ["sum(sum_over_time(batches[7d]))"]),
        ('{__name__="odd.name"}', ['sum(increase({__name__="odd.name"}[7d]))']),
    ],
)
def test_counters_and_templates_become_one_query_a_counter(text: str, expected: list[str]) -> None:
    found = asked(text)
    assert len(found) == len(expected)
    assert all(same(one, other) for one, other in zip(found, expected, strict=True))


def test_signs_follow_the_algebra() -> None:
    """a - (b - c) = a - b + c."""
    terms = parse_count_query("a_total - (b_total - c_total)", field="bad").terms
    assert [(term.counter, term.sign) for term in terms] == [("a_total", 1), ("b_total", -1), ("c_total", 1)]
    assert sum(term.events(value, window_seconds=1) for term, value in zip(terms, (10, 4, 1), strict=True)) == 7


def test_a_rate_times_the_window_is_events() -> None:
    query = parse_count_query("sum(rate(a_total[$window]))", field="total")
    assert query.terms[0].events(2.0, window_seconds=300.0) == 600.0
    assert query.notes


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sum(rate(a_total[5m]))", "fixed range"),
        ("avg(a_total)", "avg"),
        ("sum(increase(a_total[$window])) / sum(increase(b_total[$window]))", "ratio"),
        ("a_total * 2", "operator"),
        ("a_total and b_total", "operator"),
        ("a_total offset 1h", "offset"),
        ("a_total @ 0", "offset or @"),
        ("a_total[5m]", "not a sum of counters"),
        ("vector(1)", "fixed range"),
        ("sum(irate(a_total[$window]))", "irate"),
        ("avg(increase(a_total[$window]))", "avg"),
        ('a_total{x="$window"}', "not the range"),
        ("sum(increase(a_total[$window])) + sum(rate(a_total[$window]))", "mixed"),
        ("sum(increase(a_total[$window])) + sum(increase(b_total[5m]))", "fixed"),
        ("sum(", "parses"),
        ("a_total{", "parses"),
        ("", "parses"),
        ("(" * 500 + "a" + ")" * 500, "nested"),
        ("-" * 5_000 + "a", "nested"),
        ("a" * 30_000, "too long"),
    ],
)
def test_what_is_not_a_count_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as refused:
        parse_count_query(text, field="total")
    assert refused.value.field == "total"


def test_metric_names_are_known_for_the_check_of_their_type() -> None:
    assert parse_count_query("b_total - sum(a_total)", field="bad").metrics == ("a_total", "b_total")
    assert names_without_counter_suffix(("up", "a_total", "b_bucket", "c_count")) == ("up",)
