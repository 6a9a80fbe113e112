"""How full the resources of a service are, as queries.

Used and limit often come from different exporters (cAdvisor and kube-state-metrics), so they are joined over the
labels in which their values meet, and the fullest one counts: a mean over replicas hides the one that is stuck.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sre.core.golden_conventions import Conventions, MetricKind, SaturationConvention
from sre.core.promql_text import WINDOW, MetricShape, restricted_to

# Labels that say what is measured or by whom, not where.
_NOT_PLACES = frozenset(
    {"resource", "unit", "mode", "state", "area", "cpu", "id", "image", "name", "uid", "le", "quantile"}
)


@dataclass(frozen=True, slots=True)
class ResourceQuery:
    """Share of one resource in use, 0..1, as PromQL with `$window`."""

    resource: str
    query: str
    convention: str


def resource_queries(
    shapes: Mapping[str, MetricShape], hosts: Mapping[str, MetricShape], known: Conventions
) -> tuple[ResourceQuery, ...]:
    """Return one query for each resource that has both a use and a limit, by the first convention that fits."""
    found: dict[str, ResourceQuery] = {}
    for convention in known.saturation:
        if convention.resource in found:
            continue
        query = _resource_query(convention, hosts if convention.is_host else shapes)
        if query is not None:
            found[convention.resource] = query
    return tuple(found.values())


def _resource_query(convention: SaturationConvention, shapes: Mapping[str, MetricShape]) -> ResourceQuery | None:
    for metric, used in sorted(shapes.items()):
        match = convention.used.fullmatch(metric)
        limit = _limit_shape(convention, match, shapes) if match else None
        if limit is not None:
            query = _ratio(convention, restricted_to(used, convention.only), limit)
            return ResourceQuery(convention.resource, query, f"{convention.name}: {metric} / {limit.metric}")
    return None


def _limit_shape(
    convention: SaturationConvention, match: re.Match[str], shapes: Mapping[str, MetricShape]
) -> MetricShape | None:
    wanted = convention.limit.format(**match.groupdict()) if match.groupdict() else convention.limit
    found = [shape for name, shape in sorted(shapes.items()) if name == wanted or re.fullmatch(wanted, name)]
    if not found or not all(
        value in found[0].label_values.get(name, frozenset()) for name, value in convention.limit_only.items()
    ):
        return None
    return restricted_to(found[0], convention.limit_only)


def _ratio(convention: SaturationConvention, used: MetricShape, limit: MetricShape) -> str:
    places = _meeting_places(used, limit)
    by = f" by ({', '.join(places)})" if places else ""
    part = f"sum{by} ({_over_window(used.selector(), convention.kind)})"
    whole = f"sum{by} ({_over_window(limit.selector(), convention.limit_kind)})"
    # A limit of 0 means there is none.
    share = f"{part} / ({whole} > 0)"
    return f"max(1 - {share})" if convention.is_free else f"max({share})"


def _over_window(selector: str, kind: MetricKind) -> str:
    return f"rate({selector}[{WINDOW}])" if kind == "counter" else f"max_over_time({selector}[{WINDOW}])"


def _meeting_places(used: MetricShape, limit: MetricShape) -> tuple[str, ...]:
    shared = set(used.label_values) & set(limit.label_values) - _NOT_PLACES
    return tuple(sorted(name for name in shared if used.label_values[name] & limit.label_values[name]))
