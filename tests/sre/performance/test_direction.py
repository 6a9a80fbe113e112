"""Names as they occur: Prometheus conventions, benchmark suites, load generators."""

import pytest

from sre.performance.direction import bad_direction


@pytest.mark.parametrize(
    "text",
    [
        "latency p95", "http_request_duration_seconds", "ms", "us Per Event", "Ns Per Event", "msec", "p99", "ms/op",
        "errors per second", "rate(http_requests_failed_total[5m])", "queue depth", "container_memory_working_set_bytes",
        "responseTime", "gc pause", "consumer_lag", "seconds", "cpu usage",
    ],
)  # fmt: skip
def test_time_failures_and_use_are_bad_when_they_grow(text: str) -> None:
    assert bad_direction(text) == "up"


@pytest.mark.parametrize(
    "text",
    [
        "TPS", "MiB_s", "MB/s", "IOPS", "Requests Per Second", "ops/sec", "throughput", "req/s",
        "sum(rate(http_requests_total[5m]))", "cache_hits", "node_filesystem_avail_bytes", "checks", "QPS",
    ],
)  # fmt: skip
def test_work_done_and_room_left_are_bad_when_they_shrink(text: str) -> None:
    assert bad_direction(text) == "down"


@pytest.mark.parametrize("text", ["", "temperature", "x", "my_metric", "price"])
def test_what_no_name_tells_stays_open(text: str) -> None:
    assert bad_direction(text) is None


def test_the_unit_of_a_query_tells_where_its_name_does_not() -> None:
    assert bad_direction("job:x:y", unit="seconds") == "up"
    assert bad_direction("job:x:y", unit="per_second") == "down"
