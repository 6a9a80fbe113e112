"""What the requests cost: containers, nodes, database connections, the database, a queue."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from connectors.demo import shop
from connectors.demo.disk import INSTANCE, MOUNTPOINT, SIZE_BYTES, free_bytes
from connectors.demo.exposition import Target, pod_name, scrape_times_ms
from connectors.demo.flow import Outcomes
from connectors.demo.noise import drifting, stream
from connectors.demo.schedule import MINUTE_SECONDS, MINUTES
from connectors.demo.services import Handled
from connectors.demo.shop import NAMESPACE, REPLICAS, SERVICES, Route, Service
from sre.core.labels import Labels
from sre.core.series import FloatArray, Samples

_IDLE_CORES: Final = 0.02
_NODE_CPUS: Final = 2
_NODE_OVERHEAD_CORES: Final = 0.22
_GIB: Final = 1024.0**3
_NODE_MEMORY_BYTES: Final = 8 * _GIB
_ROOT_DISK_BYTES: Final = 100e9
_DATABASE_CORES_PER_QUERY: Final = 0.016
_USES_DATABASE: Final = ("catalog", "checkout", "inventory")
_KUBELET_OFFSET_SECONDS: Final = 29.771
_QUEUE_OFFSET_SECONDS: Final = 41.250
# One worker sends this many order mails a minute; the evening brings more, so the queue grows and shrinks daily.
_MAILS_PER_MINUTE: Final = 240
_AGE_MEMORY_MINUTES: Final = 2880.0

CoresByPod = Mapping[tuple[str, int], FloatArray]


def cores_used(handled: Handled, *, seed: int) -> dict[tuple[str, int], FloatArray]:
    """Return the CPU each pod uses, cores by the minute, by service name and replica."""
    generator = stream(seed, "cpu")
    return {
        (service.name, replica): _cores(service, _requests(service, replica, handled), generator)
        for service in SERVICES
        for replica in range(REPLICAS)
    }


def container_series(cores: CoresByPod, targets: Mapping[tuple[str, int], Target], *, seed: int) -> list[Samples]:
    """Return cAdvisor's and kube-state-metrics' view of the pods."""
    generator = stream(seed, "memory")
    series: list[Samples] = []
    for service in SERVICES:
        for replica in range(REPLICAS):
            pod = targets[service.name, replica]
            used = cores[service.name, replica]
            series += _container(service, replica, pod.restarts, used, generator)
    return series


def node_series(cores: CoresByPod, handled: Handled, *, seed: int) -> list[Samples]:
    """Return the node exporters: two nodes that carry one replica of each service, and the database's."""
    generator = stream(seed, "nodes")
    series: list[Samples] = []
    for replica in range(REPLICAS):
        busy = sum((cores[service.name, replica] for service in SERVICES), np.zeros(MINUTES))
        series += _node(f"node-{replica + 1}:9100", busy + _NODE_OVERHEAD_CORES, 0.45, generator)
    series += _node(INSTANCE, _database_cores(handled), 0.62, generator)
    database = _node_target(INSTANCE)
    volume = {"device": "/dev/nvme1n1", "fstype": "ext4", "mountpoint": MOUNTPOINT}
    return [
        *series,
        database.gauge("node_filesystem_avail_bytes", free_bytes(seed), **volume),
        database.constant("node_filesystem_size_bytes", SIZE_BYTES, **volume),
    ]


def queue_series(orders: Outcomes) -> list[Samples]:
    """Return the queue of order mails: what comes in above the worker's pace waits its turn."""
    # Lindley's recursion, solved: the backlog is the walk of surplus less its running minimum.
    walk = np.cumsum(orders.served - _MAILS_PER_MINUTE)
    backlog = walk - np.minimum(0, np.minimum.accumulate(walk))
    target = Target(
        Labels({"job": "rabbitmq", "namespace": NAMESPACE, "instance": "rabbitmq-0:15692"}),
        scrape_times_ms(offset_seconds=_QUEUE_OFFSET_SECONDS),
    )
    queue = {"queue": "order-mails", "vhost": "/"}
    return [
        target.reachable(),
        target.gauge("rabbitmq_queue_messages_ready", backlog, **queue),
        target.constant("rabbitmq_queue_consumers", 1.0, **queue),
        target.counter("rabbitmq_queue_messages_published_total", orders.served, **queue),
    ]


def requests_to_database(handled: Handled) -> FloatArray:
    """Return requests of all services that use the database, a minute."""
    totals = [part.total for (route, _), part in handled.items() if route.service in _USES_DATABASE]
    return np.asarray(np.sum(totals, axis=0), dtype=np.float64)


def _requests(service: Service, replica: int, handled: Handled) -> FloatArray:
    routes: tuple[Route, ...] = service.routes
    return np.asarray(np.sum([handled[route, replica].total for route in routes], axis=0), dtype=np.float64)


def _cores(service: Service, requests: FloatArray, generator: np.random.Generator) -> FloatArray:
    used = _IDLE_CORES + service.cpu_seconds_per_request * requests / MINUTE_SECONDS
    unrest = np.exp(generator.normal(0.0, 0.04, MINUTES))
    return np.asarray(np.minimum(used * unrest, service.cpu_limit_cores))


def _container(
    service: Service, replica: int, restarts: tuple[int, ...], cores: FloatArray, generator: np.random.Generator
) -> list[Samples]:
    container = {"namespace": NAMESPACE, "pod": pod_name(service, replica), "container": service.name}
    times = scrape_times_ms(offset_seconds=_KUBELET_OFFSET_SECONDS)
    kubelet = Target(Labels({"job": "kubelet", "instance": f"node-{replica + 1}:10250", **container}), times, restarts)
    state = Target(Labels({"job": "kube-state-metrics", "instance": "kube-state-metrics:8080", **container}), times)
    limits = {"resource": "cpu", "unit": "core"}, {"resource": "memory", "unit": "byte"}
    return [
        kubelet.counter("container_cpu_usage_seconds_total", cores * MINUTE_SECONDS),
        kubelet.gauge("container_memory_working_set_bytes", _memory(service, restarts, cores, generator)),
        state.constant("kube_pod_container_resource_limits", service.cpu_limit_cores, **limits[0]),
        state.constant("kube_pod_container_resource_limits", service.memory_limit_bytes, **limits[1]),
    ]


def _memory(
    service: Service, restarts: tuple[int, ...], cores: FloatArray, generator: np.random.Generator
) -> FloatArray:
    """Return the working set: a base, caches that fill after each start, and what requests in flight need."""
    born = np.full(MINUTES, -4000.0)
    for restart in restarts:
        born[restart:] = restart
    age = np.arange(MINUTES) - born
    share = 0.34 + 0.20 * (1.0 - np.exp(-age / _AGE_MEMORY_MINUTES)) + 0.10 * cores / service.cpu_limit_cores
    noisy = service.memory_limit_bytes * (share + drifting(generator, spread=0.004, knot_minutes=10))
    return np.asarray(np.rint(noisy / 4096.0) * 4096.0)


def _node_target(instance: str) -> Target:
    return Target(Labels({"job": "node", "instance": instance}), scrape_times_ms())


def _node(instance: str, busy_cores: FloatArray, memory_share: float, generator: np.random.Generator) -> list[Samples]:
    target = _node_target(instance)
    used = memory_share + 0.06 * busy_cores / _NODE_CPUS + drifting(generator, spread=0.006, knot_minutes=15)
    root_free = _ROOT_DISK_BYTES * (0.58 + drifting(generator, spread=0.003, knot_minutes=240))
    root = {"device": "/dev/nvme0n1p1", "fstype": "ext4", "mountpoint": "/"}
    return [
        target.reachable(),
        *_cpu_series(target, busy_cores, generator),
        target.gauge("node_load1", np.round(busy_cores * np.exp(generator.normal(0.0, 0.15, MINUTES)), 2)),
        target.constant("node_memory_MemTotal_bytes", _NODE_MEMORY_BYTES),
        target.gauge("node_memory_MemAvailable_bytes", np.rint(_NODE_MEMORY_BYTES * (1.0 - used))),
        target.gauge("node_filesystem_avail_bytes", np.rint(root_free), **root),
        target.constant("node_filesystem_size_bytes", _ROOT_DISK_BYTES, **root),
    ]


def _cpu_series(target: Target, busy_cores: FloatArray, generator: np.random.Generator) -> list[Samples]:
    """Return the CPU modes; those of one CPU add up to the seconds that passed."""
    series: list[Samples] = []
    for cpu in range(_NODE_CPUS):
        unrest = np.exp(generator.normal(0.0, 0.05, MINUTES))
        busy = np.clip(busy_cores / _NODE_CPUS * unrest, 0.005, 0.97) * MINUTE_SECONDS
        shares = {"user": 0.74 * busy, "system": 0.21 * busy, "iowait": 0.05 * busy, "idle": MINUTE_SECONDS - busy}
        series += [
            target.counter("node_cpu_seconds_total", np.round(seconds, 2), cpu=str(cpu), mode=mode)
            for mode, seconds in shares.items()
        ]
    return series


def _database_cores(handled: Handled) -> FloatArray:
    per_second = requests_to_database(handled) / MINUTE_SECONDS
    return np.asarray(0.12 + _DATABASE_CORES_PER_QUERY * per_second)


def services_with_database() -> tuple[Service, ...]:
    """Return the services that keep a pool of database connections."""
    return tuple(shop.service_named(name) for name in _USES_DATABASE)
