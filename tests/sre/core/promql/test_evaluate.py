"""What queries answer: worked by hand from the Prometheus documentation, most of all where 2 and 3 differ."""

import math

import numpy as np
import pytest

from sre.core.errors import InputError, RefusedError
from sre.core.labels import Labels
from sre.core.promql import EvaluationOptions, evaluate_instant, evaluate_range
from sre.core.series import Grid, Samples
from tests.support.memory_store import MemoryStore, labelled, samples

MINUTE_MS = 60_000
V3 = EvaluationOptions(left_open=True)
V2 = EvaluationOptions(left_open=False)


def instant(query: str, *series: Samples, at_minute: float, options: EvaluationOptions = V3) -> dict[str, float]:
    """Return the values of an instant query by the spelling of their labels."""
    result = evaluate_instant(query, store=MemoryStore(series), at_ms=round(at_minute * MINUTE_MS), options=options)
    return {str(labels): float(value) for labels, value in zip(result.labels, result.values, strict=True)}


def steps(query: str, *series: Samples, minutes: int, options: EvaluationOptions = V3) -> dict[str, list[float | None]]:
    """Return one value a minute from minute 0 on, None where there is none."""
    result = evaluate_range(query, store=MemoryStore(series), grid=Grid(0, MINUTE_MS, minutes), options=options).series
    return {
        str(labels): [float(value) if there else None for value, there in zip(values, present, strict=True)]
        for labels, values, present in zip(result.labels, result.values, result.present, strict=True)
    }


def test_lookback_ends_after_five_minutes_and_3_leaves_the_edge_out() -> None:
    """Source: Prometheus 3 migration guide, "Range selectors and lookback exclude samples coinciding with the left boundary"."""
    series = samples("up", "1")
    assert steps("up", series, minutes=7, options=V3) == {"up": [1, 1, 1, 1, 1, None, None]}
    assert steps("up", series, minutes=7, options=V2) == {"up": [1, 1, 1, 1, 1, 1, None]}


def test_a_window_in_3_does_not_hold_the_sample_on_its_left_edge() -> None:
    """Source: Prometheus 3 migration guide: with a sample a minute, x[5m] on a scrape holds 5 samples, before it held 6."""
    series = samples("x", "1 2 3 4 5 6 7 8 9 10")
    assert instant("count_over_time(x[5m])", series, at_minute=8, options=V3) == {"{}": 5}
    assert instant("count_over_time(x[5m])", series, at_minute=8, options=V2) == {"{}": 6}
    assert instant("sum_over_time(x[5m])", series, at_minute=8, options=V3) == {"{}": 5 + 6 + 7 + 8 + 9}


def test_a_subquery_in_3_does_not_hold_the_point_on_its_left_edge() -> None:
    """Source: Prometheus 3 migration guide: foo[1m:1m] holds one point, and rate of it is empty."""
    series = samples("x", "1 2 3 4 5 6")
    assert instant("count_over_time(x[2m:1m])", series, at_minute=4, options=V3) == {"{}": 2}
    assert instant("count_over_time(x[2m:1m])", series, at_minute=4, options=V2) == {"{}": 3}
    assert instant("rate(x[1m:1m])", series, at_minute=4, options=V3) == {}
    assert instant("rate(x[1m:1m])", series, at_minute=4, options=V2) == {"{}": pytest.approx(1 / 60)}


def test_subquery_steps_stand_on_multiples_of_the_step() -> None:
    """Source: Prometheus documentation, "Subquery": evaluation times are aligned independently of the query's."""
    series = samples("x", "0 1 2 3 4 5 6 7 8 9 10")
    result = evaluate_instant("x[5m:2m]", store=MemoryStore([series]), at_ms=7 * MINUTE_MS + 30_000)
    assert [one.timestamps_ms.tolist() for one in result.samples] == [[4 * MINUTE_MS, 6 * MINUTE_MS]]


def test_the_default_subquery_step_is_the_evaluation_interval() -> None:
    """Source: Prometheus documentation: without a resolution the global evaluation interval is taken."""
    series = samples("x", "0 1 2 3 4 5")
    options = EvaluationOptions(default_subquery_step_ms=30_000)
    assert instant("count_over_time(x[2m:])", series, at_minute=4, options=options) == {"{}": 4}
    assert instant("count_over_time(x[2m:])", series, at_minute=4) == {"{}": 2}


def test_rate_adds_resets_back_and_stretches_to_the_edges() -> None:
    """Source: worked by hand: 10 to 20, reset, to 5: 15 more in 3 min, window 4 min, first gap 0.5 and last 0.5 min."""
    series = samples("c_total", "10 20 2 5", start_ms=30_000)
    assert instant("increase(c_total[4m])", series, at_minute=4) == {"{}": pytest.approx(15 * 4 / 3)}
    assert instant("rate(c_total[4m])", series, at_minute=4) == {"{}": pytest.approx(15 * 4 / 3 / 240)}
    assert instant("delta(c_total[4m])", series, at_minute=4) == {"{}": pytest.approx(-5 * 4 / 3)}


def test_rate_bridges_half_a_distance_where_samples_are_missing_at_the_edge() -> None:
    """Source: Prometheus' rule: a gap of 1.1 sample distances or more is bridged by half a distance."""
    series = samples("c_total", "100 100 101 102 103 104")
    assert instant("increase(c_total[10m])", series, at_minute=8) == {"{}": pytest.approx(4 * (5 + 0.5 + 0.5) / 5)}


def test_a_counter_is_not_stretched_below_zero_and_3_caps_after_the_half_distance() -> None:
    """Source: worked by hand from both rules.

    Samples 4, 9, 14 at 2, 3, 4 min; window 0 to 4 min. Back to zero takes 2 * 4 / 10 = 0.8 min, the gap is 2 min.
    In 2 the cap makes the gap 0.8 min, near enough to bridge whole; in 3 the gap is first cut to half a minute.
    """
    series = samples("c_total", "4 9 14", start_ms=2 * MINUTE_MS)
    assert instant("increase(c_total[4m])", series, at_minute=4, options=V2) == {"{}": pytest.approx(10 * 2.8 / 2)}
    assert instant("increase(c_total[4m])", series, at_minute=4, options=V3) == {"{}": pytest.approx(10 * 2.5 / 2)}


def test_atan2_drops_the_metric_name_in_3_only() -> None:
    """Source: Prometheus changelog 2.5x: atan2 joined the arithmetic operators that drop the name."""
    series = samples("x", "1")
    assert instant("x atan2 1", series, at_minute=0, options=V2) == {"x": pytest.approx(math.pi / 4)}
    assert instant("x atan2 1", series, at_minute=0, options=V3) == {"{}": pytest.approx(math.pi / 4)}


def test_deviation_of_one_infinite_value_is_nan_in_3_and_0_in_2() -> None:
    """Source: both implementations' documented treatment of a group of one."""
    series = samples("x", "inf")
    assert instant("stddev(x)", series, at_minute=0, options=V2) == {"{}": 0}
    assert math.isnan(instant("stddev(x)", series, at_minute=0, options=V3)["{}"])


def test_a_stale_marker_ends_a_series_at_once_and_never_counts_as_a_sample() -> None:
    """Source: Prometheus documentation, "Staleness"; a NaN that was scraped is a value like others."""
    series = samples("x", "1 2 stale _ _ 4 nan")
    got = steps("x", series, minutes=7)["x"]
    assert got[:6] == [1, 2, None, None, None, 4]
    assert got[6] is not None
    assert math.isnan(got[6])
    assert instant("count_over_time(x[10m])", series, at_minute=6) == {"{}": 4}
    assert instant("last_over_time(x[3m])", series, at_minute=2) == {"x": 2}
    assert instant("absent(x)", series, at_minute=3) == {"{}": 1}


def test_stale_markers_leave_other_series_whole() -> None:
    """Our choice: samples of many series share one array inside; dropping from one must not shift another."""
    ending, living = samples('x{a="1"}', "1 stale 1 stale 1"), samples('x{a="2"}', "10 20 30 40 50")
    assert instant("sum_over_time(x[10m])", ending, living, at_minute=4) == {'{a="1"}': 3, '{a="2"}': 150}


@pytest.mark.parametrize("function", ["sum", "avg", "stddev", "stdvar", "quantile", "deriv"])
def test_windows_of_a_constant_are_exact(function: str) -> None:
    """Our choice: 0.1 is no binary fraction, and a deviation of 1e-17 would page somebody."""
    query = {"quantile": "quantile_over_time(0.3, x[10m])", "deriv": "deriv(x[10m])"}.get(
        function, f"{function}_over_time(x[10m])"
    )
    wanted = {"sum": 1.0, "avg": 0.1, "quantile": 0.1}.get(function, 0.0)
    assert instant(query, samples("x", "0.1 " * 20), at_minute=15) == {"{}": pytest.approx(wanted, rel=1e-15, abs=0)}


def test_sums_that_cancel_keep_their_digits() -> None:
    """Source: the compensated sums Prometheus documents for sum_over_time: 1e100 + 1 - 1e100 is 1."""
    series = samples("x", "1e100 1 -1e100")
    assert instant("sum_over_time(x[5m])", series, at_minute=3) == {"{}": 1}
    lost = samples("z", "1 1e16 1 -1e16 1")
    assert instant("sum_over_time(z[5m])", lost, at_minute=4) == {"{}": 3}
    drift = samples("y", " ".join(["1e15", "0.25", "-1e15"] * 20), every_ms=1000)
    assert instant("sum_over_time(y[5m])", drift, at_minute=1) == {"{}": 5}


def test_a_mean_does_not_overflow_where_the_sum_does() -> None:
    """Source: Prometheus' incremental mean gives 1.5e308 here."""
    series = samples("x", "1.5e308 1.5e308 1.5e308")
    assert instant("avg_over_time(x[5m])", series, at_minute=2) == {"{}": pytest.approx(1.5e308)}
    assert instant("avg(x)", samples('x{a="1"}', "1.5e308"), samples('x{a="2"}', "1.5e308"), at_minute=0) == {
        "{}": pytest.approx(1.5e308)
    }


def test_variance_far_from_zero_is_exact() -> None:
    """Source: the variance of 1, 2, 3, 4 is 1.25 wherever they are moved."""
    series = samples("x", "1000000001 1000000002 1000000003 1000000004")
    assert instant("stdvar_over_time(x[9m])", series, at_minute=3) == {"{}": 1.25}
    rows = [samples(f'x{{i="{i}"}}', str(10**9 + i)) for i in range(1, 5)]
    assert instant("stdvar(x)", *rows, at_minute=0) == {"{}": 1.25}


def test_at_pins_a_selector_for_every_step() -> None:
    """Source: Prometheus documentation, "@ modifier"."""
    series = samples("x", "0 1 2 3 4")
    assert steps("x @ 120", series, minutes=3) == {"x": [2, 2, 2]}
    assert steps("x @ end() offset 1m", series, minutes=4) == {"x": [2, 2, 2, 2]}
    assert steps("predict_linear(x[4m] @ 240, 60)", series, minutes=3) == {"{}": pytest.approx([1, 2, 3])}


def test_timestamp_gives_the_time_of_the_sample_also_with_offset_and_at() -> None:
    """Source: Prometheus documentation of timestamp(); known gap of 2.42 itself: it forgets the offset beside @."""
    series = samples("x", "0 1 _ _ 4")
    assert instant("timestamp(x)", series, at_minute=3) == {"{}": 60}
    assert instant("timestamp(x @ 300 offset 2m)", series, at_minute=9) == {"{}": 60}
    assert instant("timestamp(x + 0)", series, at_minute=3) == {"{}": 180}


def test_filters_keep_name_and_value_and_bool_gives_flags() -> None:
    """Source: Prometheus documentation, "Comparison binary operators"."""
    a, b = samples('x{i="a"}', "1"), samples('x{i="b"}', "3")
    assert instant("x > 2", a, b, at_minute=0) == {'x{i="b"}': 3}
    assert instant("2 < x", a, b, at_minute=0) == {'x{i="b"}': 3}
    assert instant("x > bool 2", a, b, at_minute=0) == {'{i="a"}': 0, '{i="b"}': 1}


ERRORS = [
    samples('errors{method="get",code="500"}', "24"),
    samples('errors{method="get",code="404"}', "30"),
    samples('errors{method="put",code="501"}', "3"),
    samples('errors{method="post",code="500"}', "6"),
    samples('errors{method="post",code="404"}', "21"),
    samples('requests{method="get"}', "600"),
    samples('requests{method="del"}', "34"),
    samples('requests{method="post"}', "120"),
]


def test_one_to_one_matching_follows_the_manual() -> None:
    """Source: the worked example of the Prometheus documentation, "One-to-one vector matches"."""
    got = instant('errors{code="500"} / ignoring(code) requests', *ERRORS, at_minute=0)
    assert got == {'{method="get"}': pytest.approx(0.04), '{method="post"}': pytest.approx(0.05)}


def test_many_to_one_matching_follows_the_manual() -> None:
    """Source: the worked example of the Prometheus documentation, "Many-to-one and one-to-many vector matches"."""
    got = instant("errors / ignoring(code) group_left requests", *ERRORS, at_minute=0)
    assert got == {
        '{code="500", method="get"}': pytest.approx(0.04),
        '{code="404", method="get"}': pytest.approx(0.05),
        '{code="500", method="post"}': pytest.approx(0.05),
        '{code="404", method="post"}': pytest.approx(0.175),
    }


MISMATCHES = {
    "errors / ignoring(code) requests": "many-to-one",
    "requests / ignoring(code) errors": "many-to-many",
    "requests / on(method) group_left errors": "many-to-many",
    "errors + on(method) group_left(code) requests": "multiple matches",
    'label_replace(errors, "code", "", "", "")': "same labels",
    '-{__name__=~"errors|requests"} or label_replace(-requests, "method", "x", "method", ".*")': "same labels",
}


@pytest.mark.parametrize("query", MISMATCHES)
def test_matching_that_is_not_unique_says_how_to_mend_it(query: str) -> None:
    """Source: Prometheus documentation, "Vector matching"; the words are ours."""
    with pytest.raises(InputError, match=MISMATCHES[query]) as caught:
        instant(query, *ERRORS, at_minute=0)
    assert caught.value.field == "query"
    assert caught.value.next_steps


BUCKETS = {"0.1": 10, "0.5": 30, "1": 40, "+Inf": 50}


def histogram(buckets: dict[str, float], **labels: str) -> list[Samples]:
    return [
        Samples(Labels({"__name__": "h_bucket", "le": bound, **labels}), np.array([0]), np.array([float(count)]))
        for bound, count in buckets.items()
    ]


@pytest.mark.parametrize(
    ("quantile", "buckets", "wanted"),
    [
        (0.5, BUCKETS, 0.1 + 0.4 * 15 / 20),
        (0.1, BUCKETS, 0.1 * 5 / 10),
        (0.9, BUCKETS, 1.0),
        (-1, BUCKETS, -math.inf),
        (2, BUCKETS, math.inf),
        (0.5, {"0.1": 10, "1": 40}, math.nan),
        (0.5, {"+Inf": 40}, math.nan),
        (0.5, {"1": 0, "+Inf": 0}, math.nan),
        (0.5, {"-1": 10, "1": 10, "+Inf": 10}, -1),
        (0.5, {"1": 10, "2": 8, "3": 12, "+Inf": 12}, 1 * 6 / 10),
        (0.95, {"1": 10, "2": 8, "3": 20, "+Inf": 20}, 2 + (19 - 10) / 10),
    ],
)
def test_histogram_quantile_interpolates_as_documented(
    quantile: float, buckets: dict[str, float], wanted: float
) -> None:
    """Source: Prometheus documentation of histogram_quantile(), each case worked by hand."""
    got = instant(f"histogram_quantile({quantile}, h_bucket)", *histogram(buckets, job="a"), at_minute=0)
    assert got == {'{job="a"}': pytest.approx(wanted, nan_ok=True)}


def test_topk_keeps_labels_and_may_change_series_from_step_to_step() -> None:
    """Source: Prometheus documentation of topk: the original labels are kept; in a range each step chooses anew."""
    a, b = samples('x{i="a"}', "1 5"), samples('x{i="b"}', "2 3")
    assert steps("topk(1, x)", a, b, minutes=2) == {'x{i="a"}': [None, 5], 'x{i="b"}': [2, None]}


def test_sorting_puts_nan_last_both_ways() -> None:
    """Source: Prometheus documentation of sort(): NaN goes to the end."""
    rows = [samples(f'x{{i="{name}"}}', value) for name, value in (("a", "2"), ("b", "nan"), ("c", "1"))]
    assert list(instant("sort(x)", *rows, at_minute=0)) == ['x{i="c"}', 'x{i="a"}', 'x{i="b"}']
    assert list(instant("sort_desc(x)", *rows, at_minute=0)) == ['x{i="a"}', 'x{i="c"}', 'x{i="b"}']
    assert list(instant("topk(3, x)", *rows, at_minute=0)) == ['x{i="a"}', 'x{i="c"}', 'x{i="b"}']


def test_count_values_spells_values_as_prometheus_does() -> None:
    """Source: Go's FormatFloat without exponent, shortest digits."""
    spelt = {"1e21": "1000000000000000000000", "0.1": "0.1", "1e-7": "0.0000001", "inf": "+Inf", "-0.0": "-0", "3": "3"}
    rows = [samples(f'x{{i="{n}"}}', value) for n, value in enumerate(spelt)]
    assert instant('count_values("v", x)', *rows, at_minute=0) == {f'{{v="{text}"}}': 1 for text in spelt.values()}


def test_a_scalar_over_time_is_one_series_without_labels() -> None:
    """Source: Prometheus HTTP API, range queries of scalars."""
    assert steps("time() / 60", minutes=3) == {"{}": [0, 1, 2]}
    assert steps("1 + 1", minutes=2) == {"{}": [2, 2]}


def test_instant_answers_come_in_four_kinds() -> None:
    """Source: Prometheus HTTP API, "Expression query result formats"."""
    store = MemoryStore([samples("x", "1 2 3")])
    at = 2 * MINUTE_MS
    kinds = {query: evaluate_instant(query, store=store, at_ms=at) for query in ("x", "1", "'t'", "x[2m]")}
    assert [one.kind for one in kinds.values()] == ["vector", "scalar", "string", "matrix"]
    assert kinds["'t'"].text == "t"
    assert kinds["1"].values.tolist() == [1.0]
    assert [one.values.tolist() for one in kinds["x[2m]"].samples] == [[2.0, 3.0]]
    assert kinds["x"].samples_read == 3


@pytest.mark.parametrize("query", ["x[5m]", "'text'", "x[5m:1m]"])
def test_only_vectors_and_scalars_are_drawn_over_time(query: str) -> None:
    """Source: Prometheus HTTP API: a range query must be an instant vector or a scalar."""
    with pytest.raises(InputError) as caught:
        steps(query, minutes=2)
    assert caught.value.field == "query"


def test_rows_come_sorted_by_label_and_dead_rows_do_not_come() -> None:
    """Source: Prometheus sorts the matrix of a range query."""
    rows = [samples('x{z="1"}', "1"), samples('x{a="2"}', "1"), samples('x{a="1",b="1"}', "1"), samples("y", "_ _ 1")]
    assert list(steps('{__name__=~"x|y"}', *rows, minutes=2)) == ['x{a="1", b="1"}', 'x{a="2"}', 'x{z="1"}']


@pytest.mark.parametrize(
    ("query", "limit"),
    [("x", 10), ("sum_over_time(x[100y:1ms])", 1_000_000), ("x[1h:1s]", 100), ("max_over_time(x[1h:1s])", 1000)],
)
def test_a_query_over_the_limit_is_refused_with_a_way_round(query: str, limit: int) -> None:
    """Our choice: refused before the memory is taken."""
    rows = [samples(f'x{{i="{n}"}}', "1 2 3") for n in range(5)]
    with pytest.raises(RefusedError) as caught:
        instant(query, *rows, at_minute=2, options=EvaluationOptions(max_samples=limit))
    assert caught.value.next_steps


def test_the_caller_can_stop_an_evaluation() -> None:
    """Our choice: tools end by their own deadline."""
    answers = iter([False, False, True])
    options = EvaluationOptions(should_stop=lambda: next(answers, True))
    with pytest.raises(RefusedError, match="stopped"):
        instant("sum(rate(x[5m])) + sum(rate(x[5m]))", samples("x", "1 2 3"), at_minute=2, options=options)


@pytest.mark.parametrize(
    "query", ["abs(" * 59 + "x" + ")" * 59, "+".join(["x"] * 99), "-" * 95 + "x", "x ^ " * 95 + "x"]
)
def test_the_deepest_queries_that_parse_can_be_evaluated(query: str) -> None:
    """Our choice: the limits of the parser are the limits of the stack."""
    assert instant(query, samples("x", "1"), at_minute=0)


def test_nothing_selected_gives_nothing() -> None:
    """Source: Prometheus: an empty vector, no error; absent() turns it into a series."""
    assert steps("rate(missing[5m])", minutes=3) == {}
    assert steps("sum(missing)", minutes=3) == {}
    assert steps('absent(missing{job="a"})', minutes=2) == {'{job="a"}': [1, 1]}
    assert labelled('{job="a"}') == Labels({"job": "a"})


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("$1-$2", "a-b"),
        ("${1}x", "ax"),
        ("$1x", ""),
        ("$first${first}", "aa"),
        ("$$1", "$1"),
        ("$9", ""),
        ("$02", ""),
        ("$1²", "a²"),
        ("$1é", ""),
        ("${1", "${1"),
        ("${}$", "${}$"),
    ],
)
def test_templates_are_filled_as_go_does_it(template: str, filled: str) -> None:
    """Source: Go, package regexp, Regexp.Expand; the same rows are asked of Prometheus in the differential tests."""
    query = f'label_replace(label_replace(vector(1), "y", "ab", "", ""), "x", "<{template}>", "y", "(?P<first>a)(b)")'
    result = evaluate_instant(query, store=MemoryStore(()), at_ms=0, options=V3)
    assert [labels["x"] for labels in result.labels] == [f"<{filled}>"]


def test_the_dot_takes_a_line_break_in_3_only() -> None:
    """Source: Prometheus 3 migration guide, the dot in regular expressions matches newlines."""
    broken = Samples(Labels({"__name__": "x", "path": "a\nb"}), np.array([0], dtype=np.int64), np.array([1.0]))
    for query in ('x{path=~"a.b"}', 'x{path!~"a[^.]c|a.b"}', 'label_replace(x, "hit", "yes", "path", "a.b")'):
        three, two = (instant(query, broken, at_minute=0, options=options) for options in (V3, V2))
        assert three != two
    assert len(instant('x{path=~"a.b"}', broken, at_minute=0, options=V3)) == 1
    assert instant('x{path=~"a.b"}', broken, at_minute=0, options=V2) == {}
