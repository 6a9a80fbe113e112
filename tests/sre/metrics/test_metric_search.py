import promql_parser
import pytest

from sre.core.telemetry import MetricMetadata
from sre.metrics.metric_search import PublisherHit, example_query, found_families, metric_families, search_words

COUNTS: dict[str, int | None] = {
    "http_requests_total": 40,
    "http_request_duration_seconds_bucket": 400,
    "http_request_duration_seconds_sum": 40,
    "http_request_duration_seconds_count": 40,
    "rpc_wait_seconds_sum": 4,
    "rpc_wait_seconds_count": 4,
    "queue_depth": 3,
    "orders_total": 7,
    "node_memory_MemTotal_bytes": 2,
}
METADATA = {
    "http_requests_total": MetricMetadata("counter", "Requests answered."),
    "http_request_duration_seconds": MetricMetadata("histogram", "Time to answer."),
    "rpc_wait_seconds": MetricMetadata("summary", "Waiting for the latency budget."),
    "orders": MetricMetadata("counter", "Orders of the checkout."),
}
FAMILIES = metric_families(COUNTS, METADATA)


def names(search: str, publishers: tuple[PublisherHit, ...] = ()) -> list[str]:
    return [match.family.name for match in found_families(FAMILIES, search_words(search), publishers)]


def test_a_histogram_is_one_family_with_all_its_series() -> None:
    by_name = {family.name: family for family in FAMILIES}
    histogram = by_name["http_request_duration_seconds"]
    assert (histogram.type, histogram.series_count, histogram.unit) == ("histogram", 480, "seconds")
    assert by_name["rpc_wait_seconds"].series_count == 8
    assert by_name["orders_total"].help == "Orders of the checkout."
    assert by_name["queue_depth"].type == "unknown"
    assert len(FAMILIES) == 6


def test_names_come_before_help_and_many_series_before_few() -> None:
    assert names("latency") == ["http_request_duration_seconds", "rpc_wait_seconds"]
    assert names("http") == ["http_request_duration_seconds", "http_requests_total"]
    assert names("") == [family.name for family in sorted(FAMILIES, key=lambda f: -(f.series_count or 0))]


def test_all_words_beat_some_words() -> None:
    assert names("orders checkout") == ["orders_total"]
    assert names("queue zebra") == ["queue_depth"]
    assert names("zebra") == []


QUESTIONED = metric_families(
    {
        "http_requests_total": 20,
        "http_request_duration_seconds_bucket": 400,
        "http_request_size_bytes": 40,
        "node_cpu_seconds_total": 32,
        "node_memory_MemAvailable_bytes": 4,
        "node_filesystem_avail_bytes": 8,
        "node_disk_io_time_seconds_total": 8,
        "queue_members": 2,
        "worker_jobs_failed_total": 2,
    },
    {
        "http_request_duration_seconds": MetricMetadata(
            "histogram", "The time that requests take, with the number of those that did, of the server."
        ),
        "http_request_size_bytes": MetricMetadata("gauge", "The size of the requests that the server got."),
        "node_disk_io_time_seconds_total": MetricMetadata("counter", "The number of seconds spent on the disk."),
    },
)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("the number of requests that failed", "http_requests_total"),
        ("how many of the requests have failed", "http_requests_total"),
        ("which jobs failed", "worker_jobs_failed_total"),
        ("what is the latency of the requests", "http_request_duration_seconds"),
        ("how much memory is left on the node", "node_memory_MemAvailable_bytes"),
        ("how full is the disk", "node_filesystem_avail_bytes"),
        ("5xx responses", "http_requests_total"),
        ("ram", "node_memory_MemAvailable_bytes"),
        ("is the CPU busy", "node_cpu_seconds_total"),
    ],
)
def test_a_question_finds_the_metric_that_answers_it(question: str, first: str) -> None:
    """Our choice: the metric an engineer would open; help texts full of small words must not outrank it."""
    assert found_families(QUESTIONED, search_words(question))[0].family.name == first


def test_small_words_are_heeded_only_where_there_are_no_others() -> None:
    assert search_words("How many of the requests have failed?") == ("requests", "failed")
    assert search_words("what is it") == ("what", "is", "it")


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    """Both metrics match one word of two in their names; `seconds` is in many names, `depth` in one."""
    counts: dict[str, int | None] = {f"step_{n}_seconds": 9 for n in range(8)}
    families = metric_families({**counts, "queue_depth": 1}, {})
    found = found_families(families, search_words("seconds depth"))
    assert found[0].family.name == "queue_depth"
    assert len(found) == 9


def test_a_synonym_is_the_beginning_of_a_part_of_a_name() -> None:
    """`mem` is not in `queue_members`, nor `fs` in `offset`."""
    families = metric_families({"queue_members": 1, "consumer_offset": 1, "go_memstats_sys_bytes": 1}, {})
    assert [match.family.name for match in found_families(families, ("memory",))] == ["go_memstats_sys_bytes"]
    assert found_families(families, ("disk",)) == ()


def test_a_word_that_names_a_service_becomes_a_matcher() -> None:
    hit = PublisherHit("cart", "service", "cart", {"http_requests_total": 4, "http_request_duration_seconds_bucket": 9})
    (match,) = found_families(FAMILIES, ("latency", "cart"), (hit,))
    assert match.family.name == "http_request_duration_seconds"
    assert match.family.series_count == 9
    assert match.matchers == (("service", "=", "cart"),)
    assert 'http_request_duration_seconds_bucket{service="cart"}' in example_query(match.family, match.matchers)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_example_is_a_query(family: object) -> None:
    query = example_query(family, (("service", "=", 'a"b\\c'),))  # type: ignore[arg-type]
    assert promql_parser.parse(query) is not None


def test_counts_that_are_unknown_stay_unknown() -> None:
    (family,) = metric_families({"up": None}, {})
    assert family.series_count is None
