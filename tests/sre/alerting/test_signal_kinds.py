"""Kinds of signals, on alerts that teams really have (names and shapes of widely used exporters; *our choice* of kind)."""

import pytest

from sre.alerting.signal_kinds import kind_words, signal_kind
from sre.core.alert_conditions import conditions_of
from sre.core.rules import AlertRule


@pytest.mark.parametrize(
    ("expr", "kind"),
    [
        ('slo:sli_error:ratio_rate1h{slo="a"} > 0.0144 and slo:sli_error:ratio_rate5m{slo="a"} > 0.0144', "budget"),
        ('sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.01', "errors"),
        ('sum(rate(grpc_server_handled_total{grpc_code="Unavailable"}[5m])) > 1', "errors"),
        ("rate(db_pool_timeouts_total[5m]) > 0", "errors"),
        ("histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1", "latency"),
        ("rate(x_latency_seconds_sum[5m]) / rate(x_latency_seconds_count[5m]) > 1", "latency"),
        ("sum(rate(http_requests_total[5m])) < 0.5 * sum(rate(http_requests_total[5m] offset 1w))", "traffic"),
        ("node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.1", "saturation"),
        ("db_pool_connections_in_use / db_pool_connections_max > 0.9", "saturation"),
        ("predict_linear(node_filesystem_avail_bytes[6h], 4 * 3600) < 0", "time_to_full"),
        ("up == 0", "absence"),
        ("pg_up < 1", "absence"),
        ('absent(up{job="a"})', "absence"),
        ("increase(kube_pod_container_status_restarts_total[1h]) > 3", "restarts"),
        ("probe_ssl_earliest_cert_expiry - time() < 7 * 86400", "expiry"),
        ("rabbitmq_queue_messages_ready > 1000", "queue"),
        ("sum(kafka_consumergroup_lag) > 1000", "queue"),
        ("temperature_celsius > 80", "generic"),
        ("up > 0", "generic"),
    ],
)
def test_the_kind_is_read_from_the_expression(expr: str, kind: str) -> None:
    assert signal_kind(AlertRule("A", expr), conditions_of(expr)) == kind


def test_the_label_of_an_slo_decides() -> None:
    assert signal_kind(AlertRule("A", "up > 0", labels={"slo": "x"}), ()) == "budget"


def test_every_kind_has_words_causes_and_a_proof() -> None:
    words = kind_words()
    assert set(words) >= {"budget", "errors", "latency", "traffic", "saturation", "time_to_full", "absence", "generic"}
    for entry in words.values():
        assert len(entry.causes) >= 2
        assert entry.means
        assert entry.proof
