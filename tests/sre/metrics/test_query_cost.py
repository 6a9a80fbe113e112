import pytest

from sre.core.promql import parse
from sre.metrics.query_cost import (
    cheaper_queries,
    coarser_step,
    estimate,
    grouping_labels,
    needs_asking,
    selector_costs,
)


def cost_of(query: str, *, steps: int = 240) -> float:
    (cost,) = selector_costs(parse(query).ast, steps=steps)
    return cost.samples_per_series


def test_samples_touched_are_steps_times_samples_in_the_range() -> None:
    """*source*: what Prometheus counts as totalQueryableSamples; 5 m hold 20 samples at one every 15 s."""
    assert cost_of("up") == 240
    assert cost_of("rate(x_total[5m])") == 240 * 20
    assert cost_of("max_over_time(rate(x_total[5m])[1h:1m])") == 240 * 60 * 20


@pytest.mark.parametrize(
    ("query", "is_asked"),
    [
        ("up", False),
        ("sum(rate(x_total[5m]))", False),
        ("sum(rate(x_total[1d]))", True),
        ('{job="api"}', True),
        ('{__name__=~"http.*"}', True),
    ],
)
def test_series_are_counted_first_only_where_it_may_matter(query: str, *, is_asked: bool) -> None:
    assert needs_asking(selector_costs(parse(query).ast, steps=240)) is is_asked


def test_an_estimate_multiplies_by_the_series_there_are() -> None:
    costs = selector_costs(parse("rate(a_total[1d]) / rate(b_total[5m])").ast, steps=100)
    few = estimate(costs, {"a_total": 10, "b_total": 1000}, steps=100, result_series=10)
    assert few.samples_touched == 100 * 5760 * 10 + 100 * 20 * 1000
    assert few.result_points == 1000
    assert not few.is_too_costly
    assert estimate(costs, {"a_total": 1000, "b_total": 1}, steps=100, result_series=10).is_too_costly
    assert estimate((), {}, steps=250, result_series=10_000).is_too_costly


@pytest.mark.parametrize(
    "query",
    ["rate(x_total[1d])", "a_total / b_total", 'rate({job="api"}[1d]) # all of it', "sum by (pod) (rate(x_total[1d]))"],
)
def test_what_is_offered_instead_is_a_query_that_parses(query: str) -> None:
    offered = cheaper_queries(query, parse(query).ast, labels=("service",), window_seconds=86_400)
    rewritten = [way.removeprefix("query: ") for way in offered if way.startswith("query: ")]
    assert rewritten
    for text in rewritten:
        assert parse(text).value_type == "vector"
    assert any(text.startswith("topk(10, ") for text in rewritten)


def test_raw_samples_are_offered_as_figures_over_time() -> None:
    offered = cheaper_queries("x_total[30d]", parse("x_total[30d]").ast, labels=("job",), window_seconds=60)
    assert offered == ("query: avg_over_time(x_total[30d])", "query: max_over_time(x_total[30d])")
    assert all(parse(way.removeprefix("query: ")).value_type == "vector" for way in offered)


def test_an_aggregate_is_not_aggregated_again() -> None:
    offered = cheaper_queries("sum by (pod) (x)", parse("sum by (pod) (x)").ast, labels=("job",), window_seconds=60)
    assert offered == ("query: topk(10, sum by (pod) (x))",)


def test_grouping_prefers_services_and_never_instances() -> None:
    assert grouping_labels(["instance", "job", "service"]) == ("service", "job")
    assert grouping_labels(["__name__", "instance", "zone"]) == ("zone",)


def test_a_coarser_step_keeps_a_few_hundred_points() -> None:
    assert coarser_step(86_400) == 300
    assert 86_400 * 30 / coarser_step(86_400 * 30) <= 500
