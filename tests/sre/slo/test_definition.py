"""What the PromQL of an SLO's definition has to be."""

import pytest

from sre.slo.definition import gauge_as_count, labels_dropped, metrics_of, sampled_query_problem, selectors_of


@pytest.mark.parametrize(
    "query", ["up", "max(age_seconds)", "sum(rate(a_total[5m])) / sum(rate(b_total[5m]))", "vector(1)"]
)
def test_an_instant_vector_can_be_looked_at(query: str) -> None:
    assert sampled_query_problem(query) is None


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("up[5m]", "matrix"),
        ("1", "scalar"),
        ("'x'", "string"),
        ("rate(a[$window])", "$window"),
        ("rate(a[{{.window}}])", "$window"),
        ("sum(", "PromQL"),
    ],
)
def test_anything_else_cannot(query: str, what: str) -> None:
    problem = sampled_query_problem(query)
    assert problem is not None
    assert what in problem[0]
    assert problem[1]


@pytest.mark.parametrize(
    ("query", "counted"),
    [
        ("good", "sum_over_time(good[$window])"),
        ('sum by (x) (sum(good{a="b"}))', 'sum_over_time(good{a="b"}[$window])'),
        ("a + b", None),
        ("max(a)", None),
        ("good offset 5m", None),
        ("rate(a[5m])", None),
        ("(", None),
    ],
)
def test_a_gauge_of_events_is_added_up_where_it_has_one_meaning(query: str, counted: str | None) -> None:
    assert gauge_as_count(query) == counted


@pytest.mark.parametrize(
    ("query", "is_counter", "lost"),
    [
        ("sum(a_total)", True, ()),
        ("sum(increase(a_total[$window]))", True, ("handler",)),
        ("sum by (handler) (increase(a_total[$window]))", True, ()),
        ("max(a)", False, ("handler",)),
        ("max by (job) (a)", False, ("handler",)),
        ("max without (job) (a)", False, ()),
        ("max without (handler) (a)", False, ("handler",)),
        ("sum by (handler) (a) / sum by (job) (b)", False, ("handler",)),
        ("a", False, ()),
    ],
)
def test_a_label_that_is_aggregated_away_cannot_be_grouped_by(
    query: str, is_counter: bool, lost: tuple[str, ...]
) -> None:
    assert labels_dropped(query, ("handler",), is_counter=is_counter) == lost


def test_what_a_query_reads_is_found_inside_templates_too() -> None:
    query = 'sum(increase(a_total{x="y"}[$window])) - b_total or a_total{x="y"}'
    assert selectors_of(query) == ('a_total{x="y"}', "b_total")
    assert metrics_of(query) == ("a_total", "b_total")
    assert metrics_of("histogram_fraction(0, 1, x)") == ()
