"""Which metrics can tell of a cause, in which order they are read, and what is not read at all."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sre.core.golden_conventions import conventions
from sre.incidents.scan.model import Found
from sre.incidents.suspects.kinds import kind_of

if TYPE_CHECKING:
    from sre.core.telemetry import MetricMetadata

# Names that cannot be a cause: what alerts and rules made of other metrics, facts that are labels, points in time,
# and how the monitoring itself is doing. `up` stays: it is the evidence of an outage.
_NO_CAUSE: Final = re.compile(
    r"ALERTS(_FOR_STATE)?|.*:.*|.*_info|target_info|.*build_info|.*_created"
    r"|.*_(start|boot)_time(_seconds)?|.*_timestamp(_seconds)?|.*_time_of_day.*|node_time_seconds"
    r"|scrape_.+|prometheus_.+|alertmanager_.+|promhttp_.+|grafana_.+|pushgateway_.+|net_conntrack_.+"
    r"|kube_.+_(labels|annotations|owner|created|generation|resource_version)|kube_.+_metadata_.+"
    r"|node_(uname|os|dmi|cpu|exporter|scrape|textfile)_?(info|build|collector|scrape)?_?(error|success|duration_seconds)?"
)
_RUNTIME: Final = re.compile(r"(?:go|jvm|python|nodejs|process|dotnet|ruby)_.+")
_BUCKET: Final = "_bucket"
# Whom users feel, what mostly fails or fills, the rest, and what runtimes tell of themselves (our choice).
_OF_SERVICE, _GOLDEN, _TELLING, _REST, _INTERNAL = range(5)


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a source is read.

    Attributes:
        metrics: In order of reading.
        left_out: Those that the limit leaves out, with their number of series.
        uncaused_count: How many names cannot be a cause.
    """

    metrics: tuple[Found, ...]
    left_out: tuple[Found, ...]
    uncaused_count: int

    @property
    def series_count(self) -> int:
        """Series behind the metrics."""
        return sum(one.series_count for one in self.metrics)


def selected_metrics(
    names: Iterable[str],
    *,
    metadata: Mapping[str, MetricMetadata],
    counts: Mapping[str, int],
    of_service: Collection[str] = (),
    max_series: int,
) -> Selection:
    """Return the metrics that are worth reading within the limit.

    Args:
        counts: Series by metric name; a name that is missing counts as one.
        of_service: Metrics of the service that shows the symptom: read first.
    """
    known = set(names)
    able = sorted(name for name in known if _may_be_a_cause(name, known))
    found = [Found(name, type_of(name, metadata), max(1, counts.get(name, 1))) for name in able]
    ordered = sorted(found, key=lambda one: (priority_of(one.name, of_service), one.series_count, one.name))
    kept, left, spent = [], [], 0
    for one in ordered:
        if spent + one.series_count <= max_series:
            kept.append(one)
            spent += one.series_count
        else:
            left.append(one)
    buckets = sum(1 for name in known if name.endswith(_BUCKET))
    return Selection(tuple(kept), tuple(left), len(known) - len(able) - buckets)


def type_of(name: str, metadata: Mapping[str, MetricMetadata]) -> str:
    """Return the type of a metric by its metadata, kept under its name or under that of its family."""
    for candidate in (name, name.removesuffix("_total")):
        if candidate in metadata:
            return metadata[candidate].type
    return "unknown"


def priority_of(name: str, of_service: Collection[str] = ()) -> int:
    """Return how early a metric is read, 0 first."""
    if name in of_service:
        return _OF_SERVICE
    if _is_golden(name):
        return _GOLDEN
    if _RUNTIME.fullmatch(name):
        return _INTERNAL
    return _TELLING if kind_of(name) != "other" else _REST


def _may_be_a_cause(name: str, known: Collection[str]) -> bool:
    if _NO_CAUSE.fullmatch(name):
        return False
    if not name.endswith(_BUCKET):
        return True
    # Sum and count tell the same far more cheaply.
    family = name.removesuffix(_BUCKET)
    return not (f"{family}_sum" in known and f"{family}_count" in known)


def _is_golden(name: str) -> bool:
    known = conventions()
    if name == "up":
        return True
    if known.excluded.fullmatch(name):
        return False
    family = re.sub(r"_(bucket|sum|count)$", "", name)
    patterns: Sequence[re.Pattern[str]] = (
        *(one.metric for one in known.requests),
        known.error_counters,
        *(one.used for one in known.saturation),
    )
    return any(one.fullmatch(name) for one in patterns) or any(one.metric.fullmatch(family) for one in known.latency)
