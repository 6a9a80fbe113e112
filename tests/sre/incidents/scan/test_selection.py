"""Which metrics are read. *Our choice*: what cannot start an incident is not read, what users feel is read first."""

import pytest

from sre.core.telemetry import MetricMetadata
from sre.incidents.scan.selection import selected_metrics


def names_of(names: list[str], **options: object) -> list[str]:
    given: dict[str, object] = {"metadata": {}, "counts": {}, "max_series": 1000, **options}
    return [one.name for one in selected_metrics(names, **given).metrics]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "ALERTS",
        "ALERTS_FOR_STATE",
        "job:http_requests:rate5m",
        "app_build_info",
        "target_info",
        "kube_pod_labels",
        "process_start_time_seconds",
        "http_requests_created",
        "scrape_duration_seconds",
        "prometheus_tsdb_head_series",
        "config_last_reload_success_timestamp_seconds",
        "kube_configmap_metadata_resource_version",
    ],
)
def test_what_cannot_be_a_cause_is_not_read(name: str) -> None:
    assert names_of([name, "queue_depth"]) == ["queue_depth"]


@pytest.mark.parametrize(
    "name", ["up", "pg_up", "node_cpu_seconds_total", "information_requests", "queue_time_seconds"]
)
def test_what_may_be_a_cause_is_read(name: str) -> None:
    assert names_of([name]) == [name]


def test_buckets_are_read_only_where_sum_and_count_are_missing() -> None:
    assert names_of(["a_bucket", "a_sum", "a_count", "b_bucket"]) == ["a_count", "a_sum", "b_bucket"]


def test_the_service_comes_first_then_what_users_feel_then_runtimes_last() -> None:
    names = ["go_goroutines", "zebra", "queue_length", "http_requests_total", "cart_stripes"]
    assert names_of(names, of_service={"cart_stripes"}) == [
        "cart_stripes",
        "http_requests_total",
        "queue_length",
        "zebra",
        "go_goroutines",
    ]


def test_the_limit_leaves_out_what_does_not_fit_and_says_so() -> None:
    selection = selected_metrics(
        ["http_requests_total", "big", "small"],
        metadata={},
        counts={"http_requests_total": 600, "big": 500, "small": 300},
        max_series=1000,
    )
    assert [one.name for one in selection.metrics] == ["http_requests_total", "small"]
    assert [(one.name, one.series_count) for one in selection.left_out] == [("big", 500)]
    assert selection.series_count == 900


def test_types_come_from_the_metadata_of_the_metric_or_its_family() -> None:
    """OpenMetrics keeps metadata of a counter under its name without _total."""
    metadata = {"jobs": MetricMetadata("counter"), "depth": MetricMetadata("gauge")}
    selection = selected_metrics(["jobs_total", "depth", "other"], metadata=metadata, counts={}, max_series=10)
    assert {one.name: one.type for one in selection.metrics} == {
        "jobs_total": "counter",
        "depth": "gauge",
        "other": "unknown",
    }
