"""Whom a series speaks about: a service, a host, a database; and who calls whom, where labels say so."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sre.core.golden_conventions import conventions

if TYPE_CHECKING:
    from sre.core.labels import Labels

# Exporters that speak of the machine they run on.
_HOST_METRIC: Final = re.compile(r"(?:node|windows|machine|smartmon|kube_node)_.+")
_HOST_LABELS: Final = ("nodename", "node", "host", "hostname", "instance")
# Exporters that speak of containers: their own job names nobody who could be at fault.
_CONTAINER_METRIC: Final = re.compile(r"(?:container|kube|kubelet_volume_stats)_.+")
_CONTAINER_LABELS: Final = (
    "container", "container_name", "deployment", "statefulset", "daemonset", "replicaset", "workload", "job_name",
    "cronjob", "horizontalpodautoscaler", "persistentvolumeclaim", "service", "pod", "pod_name", "node", "namespace",
)  # fmt: skip
# Traffic seen from outside is the behaviour of the one who answers.
_CALLEE_LABELS: Final = (
    "destination_workload", "destination_canonical_service", "destination_service_name", "destination_app",
    "destination_service",
)  # fmt: skip
_GRAPH_METRIC: Final = re.compile(r"(?:traces_)?service_graph_.+")
# A label that was renamed because the exporter's own had its name: the renamed one is the true one.
_RENAMED_LABELS: Final = ("exported_service", "exported_job")
_CALLER_AND_CALLEE: Final = (
    ("client", "server"),
    ("source_workload", "destination_workload"),
    ("source_canonical_service", "destination_canonical_service"),
    ("source_app", "destination_app"),
)
_PEER_LABELS: Final = (
    "upstream", "upstream_service", "upstream_name", "peer_service", "peer", "target_service", "remote_service",
    "callee", "dependency", "backend", "server_address", "envoy_cluster_name",
)  # fmt: skip
# What a pod's name has behind that of its deployment, or of its stateful set.
_POD_TAIL: Final = re.compile(r"-(?:[a-f0-9]{6,10}-[a-z0-9]{5}|[a-z0-9]{5}|\d{1,4})$")
_PORT: Final = re.compile(r":\d{1,5}$")
_OUTSIDE: Final = frozenset({"", "unknown", "user", "POD"})
# Words that start the names of metrics of any service.
_COMMON_WORDS: Final = """
    http https grpc rpc go jvm process python nodejs db sql redis request requests response server client api app
    service system cpu memory mem disk network net total up time timestamp
"""
_COMMON_PREFIXES: Final = frozenset(_COMMON_WORDS.split())
_SEPARATOR: Final = re.compile(r"[_|./]")
_MIN_NAMED_ENTITIES: Final = 2


def entity_labels(metric: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the labels that may say whom a metric speaks about, the most telling first, of those that it has."""
    present = frozenset(names)
    return tuple(name for name in _order(_kind_of(metric)) if name in present)


def entity_of(metric: str, labels: Labels) -> str:
    """Return the service, host or database a series speaks about, or an empty string where no label says."""
    for name in _order(_kind_of(metric)):
        value = labels.get(name, "")
        if value and value not in _OUTSIDE:
            return _spelt(name, value)
    return ""


def is_host_metric(metric: str) -> bool:
    """Return whether a metric speaks about the machine it was read on."""
    return _kind_of(metric) == "host"


def call_edges(series: Iterable[Labels]) -> tuple[tuple[str, str], ...]:
    """Return who calls whom, (caller, callee), as far as labels tell; sorted.

    A peer named by one label only counts where it is known as a service from other series too: it may be an address.
    """
    found: set[tuple[str, str]] = set()
    guessed: set[tuple[str, str]] = set()
    known: set[str] = set()
    for labels in series:
        own = entity_of(labels.metric, labels)
        known.add(own)
        for caller, callee in _CALLER_AND_CALLEE:
            found.add((labels.get(caller, ""), labels.get(callee, "")))
        guessed.update((own, _PORT.sub("", labels[peer])) for peer in _PEER_LABELS if peer in labels)
    edges = found | {(caller, callee) for caller, callee in guessed if callee in known}
    return tuple(sorted(edge for edge in edges if not _OUTSIDE.intersection(edge) and edge[0] != edge[1]))


def named_entities(metrics: Iterable[str]) -> dict[str, str]:
    """Return whom metrics without any label speak about, told from words that several names share.

    Tables of measurements often name their columns so: `cart_cpu`, `cart_latency`, `front_end_cpu`. Names of which
    this tells nothing are left out.
    """
    names = tuple(metrics)
    first = {name: _SEPARATOR.split(name, maxsplit=1)[0] for name in names}
    but_last = {name: name[: tails[-1].start()] if (tails := [*_SEPARATOR.finditer(name)]) else name for name in names}
    found = max((first, but_last), key=lambda split: (_table_likeness(split), split is first))
    shared = {whom for whom, count in Counter(found.values()).items() if count > 1 and _may_name(whom)}
    if len(shared) < _MIN_NAMED_ENTITIES:
        return {}
    covered = {name: whom for name, whom in found.items() if whom in shared}
    # In a table of such columns one with a single measurement is named like the others.
    is_table = len(covered) > len(names) / 2
    if not is_table:
        return covered
    return {name: whom for name, whom in found.items() if whom != name and _may_name(whom)}


def _table_likeness(split: Mapping[str, str]) -> float:
    """Return how nearly names are all combinations of a few owners and a few measurements."""
    owners = set(split.values())
    measurements = {name.removeprefix(whom) for name, whom in split.items()}
    return len(split) / (len(owners) + len(measurements)) if split else 0.0


def _may_name(word: str) -> bool:
    return bool(word) and word.lower() not in _COMMON_PREFIXES


def _kind_of(metric: str) -> str:
    if _HOST_METRIC.fullmatch(metric):
        return "host"
    if _CONTAINER_METRIC.fullmatch(metric):
        return "container"
    return "graph" if _GRAPH_METRIC.fullmatch(metric) else "service"


@lru_cache(maxsize=8)
def _order(kind: str) -> tuple[str, ...]:
    known = conventions().service_labels
    if kind == "host":
        return _HOST_LABELS
    if kind == "container":
        return _CONTAINER_LABELS
    first = (*(("server",) if kind == "graph" else ()), *_CALLEE_LABELS, *_RENAMED_LABELS)
    return tuple(dict.fromkeys((*first, *known, "pod", "instance")))


def _spelt(label: str, value: str) -> str:
    if label in ("pod", "pod_name", "replicaset"):
        return _POD_TAIL.sub("", value) or value
    # Two exporters on one machine are one host.
    return _PORT.sub("", value) if label in _HOST_LABELS else value
