"""Type and help of every metric of the demo world, as its exporters would give them."""

from collections.abc import Mapping
from typing import Final

from sre.core.telemetry import MetricMetadata, MetricType


def _family(kind: MetricType, text: str, unit: str = "") -> MetricMetadata:
    return MetricMetadata(kind, text, unit)


METADATA: Final[Mapping[str, MetricMetadata]] = {
    "up": _family("gauge", "Whether the last scrape of the target succeeded."),
    "build_info": _family("gauge", "Version that runs, as a label; the value is always 1."),
    "process_start_time_seconds": _family("gauge", "Start of the process, seconds since the epoch.", "seconds"),
    "http_requests_total": _family("counter", "Requests answered, by handler and status code."),
    "http_request_duration_seconds": _family("histogram", "Time to answer a request.", "seconds"),
    "grpc_server_handled_total": _family("counter", "Calls completed on the server, by code, failed or not."),
    "grpc_server_started_total": _family("counter", "Calls started on the server."),
    "grpc_server_handling_seconds": _family("histogram", "Time until the server had handled a call.", "seconds"),
    "http_server_request_duration_seconds": _family("histogram", "Duration of HTTP server requests.", "seconds"),
    "db_pool_connections_in_use": _family("gauge", "Database connections handed out by the pool."),
    "db_pool_connections_max": _family("gauge", "Database connections the pool may open."),
    "db_pool_wait_seconds": _family("summary", "Time requests waited for a database connection.", "seconds"),
    "db_pool_timeouts_total": _family("counter", "Requests that gave up waiting for a database connection."),
    "pg_up": _family("gauge", "Whether the exporter could reach the database."),
    "pg_settings_max_connections": _family("gauge", "Connections the database server allows."),
    "pg_stat_activity_count": _family("gauge", "Connections to the database, by state."),
    "pg_database_size_bytes": _family("gauge", "Space the database takes on disk.", "bytes"),
    "pg_stat_database_xact_commit": _family("counter", "Transactions committed."),
    "container_cpu_usage_seconds_total": _family("counter", "CPU time the container used.", "seconds"),
    "container_memory_working_set_bytes": _family("gauge", "Memory the container cannot give back.", "bytes"),
    "kube_pod_container_resource_limits": _family("gauge", "Limit of a resource, by container and unit."),
    "node_cpu_seconds_total": _family("counter", "Time each CPU spent in each mode.", "seconds"),
    "node_load1": _family("gauge", "Load average over one minute."),
    "node_memory_MemTotal_bytes": _family("gauge", "Memory of the node.", "bytes"),
    "node_memory_MemAvailable_bytes": _family("gauge", "Memory that can be had without swapping.", "bytes"),
    "node_filesystem_avail_bytes": _family("gauge", "Free space for users without special rights.", "bytes"),
    "node_filesystem_size_bytes": _family("gauge", "Size of the file system.", "bytes"),
    "rabbitmq_queue_messages_ready": _family("gauge", "Messages that wait to be delivered."),
    "rabbitmq_queue_consumers": _family("gauge", "Consumers of the queue."),
    "rabbitmq_queue_messages_published_total": _family("counter", "Messages published to the queue."),
}
