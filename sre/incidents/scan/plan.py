"""How each metric is read: as a rate, a level or a mean, and along which labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sre.core.golden_conventions import conventions
from sre.core.labels import METRIC_NAME
from sre.incidents.scan.entities import entity_labels, entity_of
from sre.incidents.scan.model import Part, ScanItem
from sre.incidents.scan.selection import priority_of
from sre.incidents.suspects.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from sre.core.golden_conventions import StatusRule
    from sre.core.labels import Labels
    from sre.core.promql_text import LabelMatch

# Labels that name one copy of a thing, or where it runs. A cause is looked for in the thing.
_COPY_LABELS: Final = """
    pod pod_name pod_ip pod_uid instance instance_id container_id id uid ip host_ip node node_name nodename hostname
    host image image_id endpoint scrape_endpoint metrics_path url prometheus prometheus_replica replica zone
    availability_zone kubernetes_pod_name kubernetes_node job version exported_instance exported_pod
    exported_container pod_template_hash controller_revision_hash trace_id span_id le otel_scope_name
    otel_scope_version telemetry_sdk_name telemetry_sdk_version service_instance_id cpu core url_scheme
    network_protocol_version protocol_version server_port net_host_port net_host_name
"""
_COPIES: Final = frozenset(_COPY_LABELS.split())
# Where a whole system runs; two of the same name in two such places are two things.
_PLACES: Final = frozenset(
    {"namespace", "kubernetes_namespace", "exported_namespace", "cluster", "region", "environment", "env"}
)
# Parts of a machine of which there are many alike: dropped before other details.
_MANY_ALIKE: Final = frozenset({"shard", "partition", "thread", "worker", "interface", "device", "queue_id", "tid"})
# What is left of a resource: the copy with the least of it stands out.
_LEFT_OVER: Final = re.compile(r"(?i)(^|_)(free|avail|available|memavailable|remaining|idle|left|healthy|ready)(_|$)")
_LEGACY_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# More rows than this of one thing are summed up further (our choice): a table nobody reads, and as many chances for
# one of them to look odd.
_MAX_DETAILS: Final = 12
_MAX_ROWS: Final = 600
_COUNTER_SUFFIXES: Final = ("_total", "_count", "_sum", "_bucket")
# The quantile shown where a summary keeps several: high enough to see slow requests, low enough not to be one of them.
_WANTED_QUANTILE: Final = 0.95


def planned_items(
    series: Sequence[Labels], *, types: Mapping[str, str], of_service: Collection[str] = ()
) -> tuple[ScanItem, ...]:
    """Return how to read the metrics of these series.

    Args:
        series: Label sets with their names; of histograms without buckets, where sum and count are there.
        types: Type by metric name, `unknown` or missing where nobody says.
        of_service: Metrics that are read first.
    """
    by_metric: dict[str, list[Labels]] = {}
    for labels in series:
        by_metric.setdefault(labels.metric, []).append(labels)
    names = frozenset(by_metric)
    items: list[ScanItem] = []
    for metric, found in sorted(by_metric.items()):
        item = _planned(metric, found, names=names, type_=types.get(metric, "unknown"), of_service=of_service)
        items += [item, *_outlying(item, found)]
    return tuple(items)


def _planned(
    metric: str, found: Sequence[Labels], *, names: Collection[str], type_: str, of_service: Collection[str]
) -> ScanItem:
    part, family = _part_of(metric, names, type_, found)
    only, kept = _restricted(metric, found)
    status, errors = _status_of(metric, kept) if part in ("rate", "count", "total") else ("", "")
    return ScanItem(
        metric=metric,
        part=part,
        by=_kept_labels(metric, kept, status=status, drops=_drops_of(part)),
        only=only,
        series_count=len(found),
        priority=priority_of(metric, of_service),
        family=family,
        status=status,
        errors=errors,
        may_count=part == "level" and type_ == "unknown",
    )


def _outlying(item: ScanItem, found: Sequence[Labels]) -> list[ScanItem]:
    """Return how to read the one copy that stands out, for levels of resources of which there are several copies."""
    if item.part != "level" or item.metric == "up" or kind_of(item.metric) != "resource":
        return []
    if len({labels.only(item.by) for labels in found}) == len(found):
        return []
    part: Part = "lowest" if _LEFT_OVER.search(item.metric) else "highest"
    return [replace(item, part=part, may_count=False)]


def _part_of(metric: str, names: Collection[str], type_: str, found: Sequence[Labels]) -> tuple[Part, str]:
    for suffix, part in (("_sum", "total"), ("_count", "count")):
        family = metric.removesuffix(suffix)
        other = f"{family}_count" if suffix == "_sum" else f"{family}_sum"
        if metric.endswith(suffix) and other in names and type_ != "gauge":
            return part, family  # type: ignore[return-value]
    if metric.endswith("_bucket") and any("le" in labels for labels in found):
        return "quantile", metric.removesuffix("_bucket")
    if type_ == "counter" or (type_ != "gauge" and metric.endswith(_COUNTER_SUFFIXES)):
        return "rate", metric
    return ("worst" if any("quantile" in labels for labels in found) else "level"), metric


def _restricted(metric: str, found: Sequence[Labels]) -> tuple[tuple[LabelMatch, ...], Sequence[Labels]]:
    """Return matchers that leave out what would be counted twice, and the series that are left."""
    only: list[LabelMatch] = []
    kept = list(found)
    if metric.startswith("container_") and any(labels.get("container") for labels in kept):
        only += [("container", "!=", ""), ("container", "!=", "POD")]
        kept = [labels for labels in kept if labels.get("container", "POD") != "POD"]
    if any(labels.get("reporter") == "destination" for labels in kept):
        only.append(("reporter", "=", "destination"))
        kept = [labels for labels in kept if labels.get("reporter") == "destination"]
    quantiles = {
        labels["quantile"] for labels in kept if re.fullmatch(r"[01](\.\d+)?|\.\d+", labels.get("quantile", ""))
    }
    if quantiles:
        wanted = min(quantiles, key=lambda text: (abs(float(text) - _WANTED_QUANTILE), text))
        only.append(("quantile", "=", wanted))
        kept = [labels for labels in kept if labels.get("quantile") == wanted]
    return tuple(only), kept or found


def _status_of(metric: str, found: Sequence[Labels]) -> tuple[str, str]:
    """Return the label that says how a request ended and the pattern of failures, where there are any."""
    for rule in _rules_for(metric):
        for label in rule.labels:
            values = frozenset(labels[label] for labels in found if label in labels)
            if not values:
                continue
            pattern = rule.errors_among(values)
            return (label, pattern) if any(re.fullmatch(pattern, value) for value in values) else ("", "")
    return "", ""


def _rules_for(metric: str) -> tuple[StatusRule, ...]:
    own = [one.status for one in conventions().requests if one.metric.fullmatch(metric)]
    return tuple(own[:1]) or tuple(
        dict.fromkeys(one.status for one in conventions().requests if "grpc" not in one.name.lower())
    )


def _drops_of(part: Part) -> frozenset[str]:
    return frozenset({"le"} if part == "quantile" else ())


def _kept_labels(metric: str, found: Sequence[Labels], *, status: str, drops: frozenset[str]) -> tuple[str, ...]:
    """Return the labels that say whom it speaks about, and the details that stay few."""
    names = {name for labels in found for name in labels}
    order = entity_labels(metric, names)
    deciding = {next((name for name in order if labels.get(name)), "") for labels in found} - {""}
    whom = [name for name in order if name in deciding]
    unwanted = deciding | _COPIES | drops | {METRIC_NAME, "quantile", "reporter"} | (set(order) - _PLACES)
    # cAdvisor writes a container's full id into its name.
    unwanted |= {"name"} if metric.startswith("container_") else set()
    details = [
        name for name in sorted(names - unwanted) if _LEGACY_LABEL.fullmatch(name) and _tells(metric, found, name)
    ]
    while details and _is_too_fine(metric, found, [name for name in details if name != status]):
        details.remove(_first_to_drop(found, [name for name in details if name != status]))
    details = _without_echoes(found, details)
    if status and status not in details:
        details.append(status)
    return tuple(name for name in (*whom, *sorted(details)) if _LEGACY_LABEL.fullmatch(name))


def _tells(metric: str, found: Sequence[Labels], name: str) -> bool:
    """Return whether a label tells series apart; a place only where one name is used in several."""
    if name not in _PLACES:
        return len({labels.get(name, "") for labels in found}) > 1
    pairs = {(entity_of(metric, labels), labels.get(name, "")) for labels in found}
    return len(pairs) > len({entity for entity, _ in pairs})


def _without_echoes(found: Sequence[Labels], details: Sequence[str]) -> list[str]:
    """Return the details without those that other details imply, such as the method of a route."""

    def rows(kept: Sequence[str]) -> int:
        return len({tuple(labels.get(name, "") for name in kept) for labels in found})

    left, all_rows = list(details), rows(details)
    for name in sorted(details, key=lambda one: (one not in _MANY_ALIKE, rows([one]), one)):
        if rows([one for one in left if one != name]) == all_rows:
            left.remove(name)
    return left


def _is_too_fine(metric: str, found: Sequence[Labels], details: Sequence[str]) -> bool:
    if not details:
        return False
    rows = {(entity_of(metric, labels), *(labels.get(name, "") for name in details)) for labels in found}
    each = Counter(row[0] for row in rows)
    return len(rows) > _MAX_ROWS or max(each.values()) > _MAX_DETAILS


def _first_to_drop(found: Sequence[Labels], details: Sequence[str]) -> str:
    def weight(name: str) -> tuple[bool, int, str]:
        return name in _MANY_ALIKE, len({labels.get(name, "") for labels in found}), name

    return max(details, key=weight)
