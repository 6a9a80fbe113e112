"""Conventions checked on series as the libraries publish them; each query is parsed, and some are evaluated."""

from collections.abc import Mapping

import pytest

from sre.core.golden_conventions import conventions
from sre.core.golden_signals import (
    ServiceSignals,
    host_matcher,
    service_matchers,
    service_signals,
    with_overrides,
    with_window,
)
from sre.core.labels import Labels
from sre.core.promql import parse, parse_selector, selects
from sre.core.times import Duration

WINDOW = Duration(3600)


def series(metric: str, **labels: str) -> Labels:
    return Labels({"__name__": metric, **labels})


def statuses(metric: str, label: str, *values: str, **labels: str) -> list[Labels]:
    return [series(metric, **{label: value}, **labels) for value in values]


def histogram(family: str, **labels: str) -> list[Labels]:
    parts = [series(f"{family}_bucket", le=le, **labels) for le in ("0.1", "+Inf")]
    return [*parts, series(f"{family}_sum", **labels), series(f"{family}_count", **labels)]


def all_queries(signals: ServiceSignals) -> list[str]:
    singles = [one.query for one in (signals.traffic, signals.errors) if one is not None]
    many = [one.query for one in (*signals.latency, *signals.saturation)]
    return [text for text in (*singles, *many, signals.total_query, signals.error_query) if text]


CASES: Mapping[str, tuple[list[Labels], str, str, str]] = {
    # name: series, selector of all requests, selector of failures, metric behind the latency
    "Prometheus client": (
        statuses("http_requests_total", "code", "200", "500", service="cart")
        + histogram("http_request_duration_seconds", service="cart"),
        'http_requests_total{service="cart"}',
        'http_requests_total{service="cart",code=~"5.."}',
        'http_request_duration_seconds_bucket{service="cart"}',
    ),
    "status label, app label": (
        statuses("http_requests_total", "status", "2xx", "5xx", app="cart"),
        'http_requests_total{app="cart"}',
        'http_requests_total{app="cart",status=~"5..|5xx|error|failed|failure"}',
        "",
    ),
    "gRPC": (
        statuses("grpc_server_handled_total", "grpc_code", "OK", "Internal", job="cart")
        + histogram("grpc_server_handling_seconds", job="cart"),
        'grpc_server_handled_total{job="cart"}',
        'grpc_server_handled_total{job="cart",grpc_code=~"Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss"}',
        'grpc_server_handling_seconds_bucket{job="cart"}',
    ),
    "OpenTelemetry": (
        [
            one
            for code in ("200", "503")
            for one in histogram(
                "http_server_request_duration_seconds", service_name="cart", http_response_status_code=code
            )
        ],
        'http_server_request_duration_seconds_count{service_name="cart"}',
        'http_server_request_duration_seconds_count{service_name="cart",http_response_status_code=~"5.."}',
        'http_server_request_duration_seconds_bucket{service_name="cart"}',
    ),
    "Spring Boot": (
        statuses("http_server_requests_seconds_count", "status", "200", application="cart")
        + statuses("http_server_requests_seconds_bucket", "le", "0.1", "+Inf", application="cart"),
        'http_server_requests_seconds_count{application="cart"}',
        'http_server_requests_seconds_count{application="cart",status=~"5.."}',
        'http_server_requests_seconds_bucket{application="cart"}',
    ),
    "Istio": (
        statuses(
            "istio_requests_total", "response_code", "200", reporter="destination", destination_service_name="cart"
        )
        + histogram("istio_request_duration_milliseconds", reporter="destination", destination_service_name="cart"),
        'istio_requests_total{destination_service_name="cart",reporter="destination"}',
        'istio_requests_total{destination_service_name="cart",reporter="destination",response_code=~"5.."}',
        'istio_request_duration_milliseconds_bucket{destination_service_name="cart",reporter="destination"}',
    ),
    "Envoy": (
        [
            series("envoy_cluster_upstream_rq_total", envoy_cluster_name="cart"),
            series("envoy_cluster_upstream_rq_xx", envoy_cluster_name="cart", envoy_response_code_class="5"),
        ],
        'envoy_cluster_upstream_rq_total{envoy_cluster_name="cart"}',
        'envoy_cluster_upstream_rq_xx{envoy_cluster_name="cart",envoy_response_code_class="5"}',
        "",
    ),
    "separate error counter": (
        [series("app_requests_total", service="cart"), series("app_request_errors_total", service="cart")],
        'app_requests_total{service="cart"}',
        'app_request_errors_total{service="cart"}',
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_convention_is_recognised(case: str) -> None:
    found, total, bad, latency = CASES[case]
    signals = service_signals("cart", found)
    assert signals.request_counter == total
    assert signals.error_counter == bad
    if latency:
        assert [one.quantile for one in signals.latency] == [0.5, 0.95, 0.99]
        assert all(f"rate({latency}[$window])" in one.query for one in signals.latency)
        assert signals.main_latency is signals.latency[1]
    for query in all_queries(signals):
        assert parse(with_window(query, WINDOW)).value_type == "vector"


def test_milliseconds_become_seconds() -> None:
    signals = service_signals("cart", histogram("http_server_duration_milliseconds", service="cart"))
    assert all(one.query.endswith(" * 0.001") for one in signals.latency)


def test_a_summary_gives_the_quantiles_it_has() -> None:
    found = statuses("http_request_duration_seconds", "quantile", "0.5", "0.9", "0.99", service="cart")
    signals = service_signals("cart", found)
    assert [one.quantile for one in signals.latency] == [0.5, 0.9, 0.99]
    assert signals.main_latency is not None
    assert signals.main_latency.quantile == 0.99
    assert signals.latency[0].query == (
        'max(avg_over_time(http_request_duration_seconds{service="cart",quantile="0.5"}[$window]))'
    )


def test_without_buckets_the_mean_is_what_can_be_said() -> None:
    found = [series(f"http_request_duration_seconds_{part}", service="cart") for part in ("sum", "count")]
    (only,) = service_signals("cart", found).latency
    assert only.quantile is None
    assert "mean only" in only.convention


def test_the_metrics_endpoint_and_clients_are_not_the_service() -> None:
    found = [
        *statuses("promhttp_metric_handler_requests_total", "code", "200", job="cart"),
        *histogram("http_client_request_duration_seconds", job="cart"),
        *statuses("go_gc_duration_seconds", "quantile", "0.5", job="cart"),
    ]
    signals = service_signals("cart", found)
    assert signals.is_empty
    assert signals.notes == ("no metric counts requests under a known name",)


def test_the_most_deliberate_label_wins() -> None:
    found = statuses("http_requests_total", "code", "200", service="cart", job="cart", namespace="cart")
    assert service_signals("cart", found).request_counter == 'http_requests_total{service="cart"}'


def test_resources_are_joined_where_their_labels_meet() -> None:
    """cAdvisor and kube-state-metrics share namespace, pod and container, but neither job nor instance."""
    place = {"namespace": "shop", "pod": "cart-6b8f7d9c4d-x2x1z", "container": "cart"}
    found = [
        series("container_memory_working_set_bytes", job="cadvisor", instance="n1:4194", **place),
        series("kube_pod_container_resource_limits", job="ksm", instance="k:8080", resource="memory", **place),
    ]
    (only,) = service_signals("cart", found).saturation
    assert only.resource == "container memory"
    assert "sum by (container, namespace, pod)" in only.query
    assert 'resource="memory"' in only.query


def test_a_limit_for_another_resource_is_no_limit() -> None:
    place = {"pod": "cart-0", "container": "cart"}
    found = [
        series("container_cpu_usage_seconds_total", **place),
        series("kube_pod_container_resource_limits", resource="memory", **place),
    ]
    assert service_signals("cart", found).saturation == ()


def test_pods_are_found_by_the_name_of_their_deployment() -> None:
    pods = service_matchers("cart")[-1]
    for pod, is_its in (
        ("cart-6b8f7d9c4d-x2x1z", True),
        ("cart-0", True),
        ("cart-db-6b8f7d9c4d-x2x1z", False),
        ("other-0", False),
    ):
        assert selects(parse_selector(pods), series("container_cpu_usage_seconds_total", pod=pod)) is is_its


def test_hosts_are_matched_with_and_without_a_port() -> None:
    matcher = parse_selector(host_matcher(["node-1", "10.0.0.7"]))
    for instance, is_its in (("node-1:9100", True), ("node-1", True), ("10.0.0.7:9100", True), ("10x0.0.7", False)):
        assert selects(matcher, series("node_cpu_seconds_total", instance=instance)) is is_its


def test_hostile_names_stay_inside_their_quotes() -> None:
    name = 'a"}) or vector(1) #\n\\'
    signals = service_signals(name, statuses("http_requests_total", "code", "200", service=name))
    for query in all_queries(signals):
        assert [used.metric for used in parse(with_window(query, WINDOW)).selectors()].count("http_requests_total") >= 1
    for text in service_matchers(name):
        assert parse_selector(text)


def test_queries_of_the_settings_win_and_leave_the_rest() -> None:
    found = CASES["Prometheus client"][0]
    signals = with_overrides(service_signals("cart", found), errors="my:errors:ratio", saturation="my:queue:fill")
    assert signals.errors is not None
    assert signals.errors.query == "my:errors:ratio"
    assert signals.error_query == ""
    assert signals.saturation[0].query == "my:queue:fill"
    assert signals.traffic is not None
    assert signals.request_counter == 'http_requests_total{service="cart"}'


def test_the_table_has_no_name_twice_in_one_list() -> None:
    known = conventions()
    for patterns in ([one.metric.pattern for one in known.requests], [one.metric.pattern for one in known.latency]):
        assert len(patterns) == len(set(patterns))
    assert len(known.service_labels) == len(set(known.service_labels))
