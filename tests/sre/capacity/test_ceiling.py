"""What a query cannot exceed: shares of a whole, and nothing that merely looks like one."""

import pytest

from sre.capacity.ceiling import ceiling_of_query
from sre.core.promql import parse


@pytest.mark.parametrize(
    ("query", "ceiling"),
    [
        ("cpu_usage_ratio", 1.0),
        ("max by (pod) (disk_used_percent{job='node'})", 100.0),
        ("100 * avg_over_time(cpu_usage_ratio[5m])", 100.0),
        ("cpu_usage_ratio * 100", 100.0),
        ("disk_used_percent / 100", 1.0),
        ("1 - node_filesystem_avail_bytes / node_filesystem_size_bytes", 1.0),
        ("(1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes) * 100", 100.0),
        ('100 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100', 100.0),
        ("db_pool_connections_in_use / db_pool_connections_max", 1.0),
        ("sum(container_memory_working_set_bytes) / sum(container_spec_memory_limit_bytes)", 1.0),
        # A request can be exceeded, errors are no part of successes, and a sum of shares is no share.
        ("sum(rate(cpu_seconds_total[5m])) / sum(kube_pod_container_resource_requests)", None),
        ("errors_total / requests_total", None),
        ("sum(cpu_usage_ratio)", None),
        ("5 - queue_length", None),
        ("1 / http_requests_max", None),
        ("-cpu_usage_ratio", None),
        ("rate(cpu_usage_ratio[5m])", None),
        ("queue_length * 0", None),
        ("queue_length", None),
    ],
)
def test_a_ceiling_is_read_from_the_query(query: str, ceiling: float | None) -> None:
    """By hand: what of these is a share of a whole. Names as node_exporter, cAdvisor and kube-state-metrics give them."""
    assert ceiling_of_query(parse(query).ast) == ceiling
