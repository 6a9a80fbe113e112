"""Whom series speak about. *Our choice* of labels, after what exporters in use write."""

import pytest

from sre.core.labels import Labels
from sre.incidents.scan.entities import call_edges, entity_labels, entity_of, named_entities


@pytest.mark.parametrize(
    ("metric", "labels", "entity"),
    [
        ("http_requests_total", {"service": "checkout", "job": "shop", "pod": "checkout-1"}, "checkout"),
        ("http_requests_total", {"job": "checkout", "instance": "10.0.0.1:80"}, "checkout"),
        ("http_requests_total", {"job": "kubernetes-pods", "app": "checkout"}, "checkout"),
        # Prometheus renames the exporter's own label where it clashes: the renamed one is the true one.
        ("http_requests_total", {"job": "pushgateway", "exported_job": "billing"}, "billing"),
        ("node_load1", {"job": "node", "instance": "db-1:9100"}, "db-1"),
        ("node_load1", {"job": "node", "instance": "10.1.2.3:9100", "nodename": "db-1"}, "db-1"),
        ("kube_node_status_condition", {"job": "kube-state-metrics", "node": "node-1"}, "node-1"),
        ("container_cpu_usage_seconds_total", {"job": "kubelet", "container": "web", "pod": "web-0"}, "web"),
        (
            "container_cpu_usage_seconds_total",
            {"job": "kubelet", "container": "POD", "pod": "web-5d4f9c7b6d-x2x4z"},
            "web",
        ),
        ("kube_deployment_spec_replicas", {"job": "kube-state-metrics", "deployment": "web"}, "web"),
        ("kube_pod_status_phase", {"job": "kube-state-metrics", "pod": "redis-0"}, "redis"),
        ("istio_requests_total", {"app": "web", "source_workload": "web", "destination_workload": "cart"}, "cart"),
        ("traces_service_graph_request_total", {"client": "web", "server": "cart", "job": "tempo"}, "cart"),
        ("pg_up", {"job": "postgres", "instance": "db-1:9187"}, "postgres"),
        ("something", {"instance": "db-1:9187"}, "db-1"),
        ("something", {}, ""),
    ],
)
def test_the_most_telling_label_names_the_entity(metric: str, labels: dict[str, str], entity: str) -> None:
    assert entity_of(metric, Labels(labels)) == entity


def test_labels_that_name_the_entity_come_in_their_order() -> None:
    assert entity_labels("up", ["pod", "job", "service", "code"]) == ("service", "job", "pod")
    assert entity_labels("node_load1", ["job", "instance"]) == ("instance",)


def test_callers_are_told_by_pairs_of_labels_and_by_known_peers() -> None:
    """An address that is nobody's name is no callee."""
    series = [
        Labels({"__name__": "traces_service_graph_request_total", "client": "web", "server": "cart"}),
        Labels({"__name__": "istio_requests_total", "source_workload": "cart", "destination_workload": "db"}),
        Labels({"__name__": "istio_requests_total", "source_workload": "unknown", "destination_workload": "db"}),
        Labels({"__name__": "http_client_requests_total", "service": "web", "upstream": "mail"}),
        Labels({"__name__": "http_client_requests_total", "service": "web", "upstream": "10.0.0.7:80"}),
        Labels({"__name__": "up", "service": "mail"}),
        Labels({"__name__": "http_client_requests_total", "service": "mail", "upstream": "mail"}),
    ]
    assert call_edges(series) == (("cart", "db"), ("web", "cart"), ("web", "mail"))


def test_columns_without_labels_are_told_apart_by_their_first_word() -> None:
    names = ["cart_cpu", "cart_latency", "front-end_cpu", "front-end_error", "time_total"]
    assert named_entities(names) == {
        "cart_cpu": "cart",
        "cart_latency": "cart",
        "front-end_cpu": "front-end",
        "front-end_error": "front-end",
    }


def test_owners_of_several_words_are_told_by_the_measurements_they_share() -> None:
    services = ("ts_auth_service", "ts_order_service", "ts_mail_service")
    names = [f"{service}_{what}" for service in services for what in ("cpu", "mem", "latency")]
    assert set(named_entities(names).values()) == set(services)


def test_in_a_table_one_column_alone_is_named_like_the_others() -> None:
    names = ["cart_cpu", "cart_mem", "mail_cpu", "mail_mem", "stock_cpu"]
    assert named_entities(names)["stock_cpu"] == "stock"


def test_words_that_start_metrics_of_everybody_name_nobody() -> None:
    assert named_entities(["http_requests_total", "http_errors_total", "process_cpu", "process_rss"]) == {}
    assert named_entities(["cart_cpu", "cart_latency"]) == {}
