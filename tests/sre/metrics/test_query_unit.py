import pytest

from sre.core.promql import parse
from sre.metrics.query_unit import unit_of_metric, unit_of_query


@pytest.mark.parametrize(
    ("query", "unit"),
    [
        ("http_requests_total", "count"),
        ("rate(http_requests_total[5m])", "per_second"),
        ("increase(http_requests_total[1h])", "count"),
        ("sum by (job) (rate(node_network_receive_bytes_total[5m]))", "bytes_per_second"),
        ("node_memory_MemAvailable_bytes", "bytes"),
        ("node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "ratio"),
        ("1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "ratio"),
        ("100 * (a_bytes / b_bytes)", "percent"),
        ('sum(rate(x_total{code="500"}[5m])) / sum(rate(x_total[5m]))', "ratio"),
        ("histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))", "seconds"),
        ("histogram_quantile(0.5, rate(http_server_duration_milliseconds_bucket[5m])) / 1000", "seconds"),
        ("rate(a_seconds_sum[5m]) / rate(a_seconds_count[5m])", "seconds"),
        ("rate(process_cpu_seconds_total[5m])", "cores"),
        ("max_over_time(queue_depth[1h])", ""),
        ("count(up)", "count"),
        ("time() - process_start_time_seconds", "seconds"),
        ("max by (job) (process_start_time_seconds)", "unix_seconds"),
        ("probe_ssl_earliest_cert_expiry_timestamp_seconds - time()", "seconds"),
        ("time() + a_duration_seconds", "unix_seconds"),
        ("changes(process_start_time_seconds[1d])", "count"),
        ("delta(prometheus_config_last_reload_success_timestamp_seconds[1d])", "seconds"),
        ("a_bytes + b_seconds", ""),
        ("a_seconds > bool 1", ""),
        ("a_seconds > 1", "seconds"),
        ("deriv(node_filesystem_avail_bytes[1h])", "bytes_per_second"),
        ("quantile_over_time(0.9, a_seconds[1h])", "seconds"),
        ("a_bytes * 8", ""),
        ("1 / rate(x_total[5m])", "seconds"),
        ("1+1", ""),
    ],
)
def test_the_unit_follows_the_names_and_the_operations(query: str, unit: str) -> None:
    """*source*: Prometheus documentation, "Metric and label naming" (base units, suffixes)."""
    assert unit_of_query(parse(query).ast) == unit


def test_a_temperature_keeps_its_sign() -> None:
    assert unit_of_metric("room_temperature_celsius") == "°C"
