"""Queries asked at another step. Each expected query is written by hand."""

import pytest

from sre.core.promql import parse
from sre.core.promql_writing import promql_of
from sre.metrics.rate_ranges import raw_selectors, with_averages, with_rate_ranges, with_rates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_total", "rate(a_total[5m])"),
        ('sum by (x) (a_total{y="1"})', 'sum by (x) (rate(a_total{y="1"}[5m]))'),
        ("a_total / b", "rate(a_total[5m]) / b"),
        ("a_total offset 1d", "rate(a_total[5m] offset 1d)"),
        ("rate(a_total[1m])", "rate(a_total[1m])"),
        ("count(a_total)", "count(a_total)"),
        ("avg_over_time(a_total[5m])", "avg_over_time(a_total[5m])"),
        ("max_over_time(sum(a_total)[1h:5m])", "max_over_time(sum(a_total)[1h:5m])"),
        ("b", "b"),
    ],
)
def test_counters_read_as_they_are_become_rates(text: str, expected: str) -> None:
    found = with_rates(parse(text).ast, {"a_total"}, range_seconds=300)
    assert found == parse(expected).ast
    assert parse(promql_of(found)).ast == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate(a[5m])", "rate(a[10m])"),
        ("sum(rate(a[1m])) / sum(rate(b[30m]))", "sum(rate(a[10m])) / sum(rate(b[30m]))"),
        ("increase(a[5m])", "increase(a[5m])"),
        ("max_over_time(rate(a[1m])[1h:1m])", "max_over_time(rate(a[1m])[1h:1m])"),
        ("b", "b"),
    ],
)
def test_ranges_of_rates_follow_the_step(text: str, expected: str) -> None:
    assert with_rate_ranges(parse(text).ast, lambda own: max(own, 600.0)) == parse(expected).ast


def test_names_read_as_they_are() -> None:
    found = raw_selectors(parse("a_total + rate(b_total[5m]) + count(c) + sum(d) + delta(e[1h])").ast)
    assert list(found) == ["a_total", "d"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("up", "avg_over_time(up[10m])"),
        ('max by (x) (a{y="1"}) / 1024', 'max by (x) (avg_over_time(a{y="1"}[10m])) / 1024'),
        ("a offset 1d", "avg_over_time(a[10m] offset 1d)"),
        ("a - b", "avg_over_time(a[10m]) - avg_over_time(b[10m])"),
        ("rate(a[5m]) / b", "rate(a[5m]) / avg_over_time(b[10m])"),
        ('{__name__=~"a|b"}', '{__name__=~"a|b"}'),
        ("up == 0", "up == 0"),
        ("count(up == 0)", "count(up == 0)"),
        ("absent(a)", "absent(a)"),
        ("topk(3, a)", "topk(3, a)"),
        ("a or b", "a or b"),
        ("max_over_time(a[1h])", "max_over_time(a[1h])"),
        ("histogram_quantile(0.9, a_bucket)", "histogram_quantile(0.9, a_bucket)"),
        ("time() - a", "time() - a"),
        ("a > bool 1", "a > bool 1"),
    ],
)
def test_gauges_are_averaged_where_that_means_the_same(text: str, expected: str) -> None:
    found = with_averages(parse(text).ast, range_seconds=600)
    assert found == parse(expected).ast
    assert parse(promql_of(found)).ast == found
