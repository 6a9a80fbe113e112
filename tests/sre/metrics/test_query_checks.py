import pytest

from sre.core.promql import parse
from sre.metrics.query_checks import query_warnings

ONE_STEP = 15.0


def warned(query: str, *, step_seconds: float | None = ONE_STEP) -> str:
    return "\n".join(query_warnings(parse(query).ast, step_seconds=step_seconds))


@pytest.mark.parametrize(
    "query",
    [
        "http_requests_total",
        "sum(http_requests_total)",
        "http_requests_total / 100",
        "avg_over_time(http_requests_total[5m])",
        "histogram_quantile(0.9, http_request_duration_seconds_bucket)",
    ],
)
def test_a_counter_without_rate_is_warned_about(query: str) -> None:
    assert "counter read without rate()" in warned(query)


@pytest.mark.parametrize(
    "query",
    [
        "rate(http_requests_total[5m])",
        "sum(increase(http_requests_total[5m]))",
        "max_over_time(rate(http_requests_total[5m])[1h:1m])",
        "resets(http_requests_total[1h])",
        "count(http_requests_total)",
        "absent(http_requests_total)",
        "queue_depth",
        "timestamp(http_requests_total)",
    ],
)
def test_a_counter_used_well_is_not(query: str) -> None:
    assert warned(query) == ""


def test_a_rate_of_a_sum_is_warned_about() -> None:
    assert "the rate first and the sum after" in warned("rate(sum(http_requests_total)[5m:1m])")
    assert "the rate first" not in warned("max_over_time(sum(rate(http_requests_total[5m]))[1h:1m])")


@pytest.mark.parametrize(
    ("query", "is_warned"),
    [
        ("histogram_quantile(0.9, sum by (job) (rate(a_bucket[5m])))", True),
        ("histogram_quantile(0.9, sum without (le) (rate(a_bucket[5m])))", True),
        ("histogram_quantile(0.9, sum by (job, le) (rate(a_bucket[5m])))", False),
        ("histogram_quantile(0.9, sum without (pod) (rate(a_bucket[5m])))", False),
        ("histogram_quantile(0.9, rate(a_bucket[5m]))", False),
    ],
)
def test_a_quantile_needs_its_buckets(query: str, *, is_warned: bool) -> None:
    assert ("needs the le label" in warned(query)) is is_warned


def test_a_step_longer_than_the_range_leaves_time_unseen() -> None:
    text = warned("rate(x_total[5m])", step_seconds=1200.0)
    assert "75% of the time is not looked at" in text
    assert "Use [20m]" in text
    assert warned("rate(x_total[5m])", step_seconds=300.0) == ""
    assert warned("max_over_time(rate(x_total[5m])[1h:1m])", step_seconds=1200.0) == ""


def test_delta_of_a_counter_is_warned_about_once() -> None:
    assert warned("delta(x_total[5m])").count("\n") == 0
    assert "use increase()" in warned("delta(x_total[5m])")
    assert warned("delta(queue_depth[5m])") == ""
