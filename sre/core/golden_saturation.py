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
class ResourceParts:
    """What the share of a resource is made of.

    Attributes:
        used, limit: Selectors; `used` counts what is left where `is_free`.
        used_kind, limit_kind: A counter's rate counts, a gauge's value.
        places: Labels in which the two meet; each place has a share of its own.
        is_host: Of the machine, not of the service.
    """

    used: str
    limit: str
    used_kind: MetricKind
    limit_kind: MetricKind
    places: tuple[str, ...]
    is_free: bool = False
    is_host: bool = False


@dataclass(frozen=True, slots=True)
class ResourceQuery:
    """Share of one resource in use, 0..1, as PromQL with `$window`.

    Attributes:
        parts: What it was made of; None where the settings gave the query.
    """

    resource: str
    query: str
    convention: str
    parts: ResourceParts | None = None


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
            own = restricted_to(used, convention.only)
            parts = ResourceParts(
                own.selector(),
                limit.selector(),
                convention.kind,
                convention.limit_kind,
                _meeting_places(own, limit),
                is_free=convention.is_free,
                is_host=convention.is_host,
            )
            title = f"{convention.name}: {metric} / {limit.metric}"
            return ResourceQuery(convention.resource, _ratio(parts), title, parts)
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


def _ratio(parts: ResourceParts) -> str:
    by = f" by ({', '.join(parts.places)})" if parts.places else ""
    part = f"sum{by} ({_over_window(parts.used, parts.used_kind)})"
    whole = f"sum{by} ({_over_window(parts.limit, parts.limit_kind)})"
    # A limit of 0 means there is none.
    share = f"{part} / ({whole} > 0)"
    return f"max(1 - {share})" if parts.is_free else f"max({share})"


def _over_window(selector: str, kind: MetricKind) -> str:
    return f"rate({selector}[{WINDOW}])" if kind == "counter" else f"max_over_time({selector}[{WINDOW}])"


def _meeting_places(used: MetricShape, limit: MetricShape) -> tuple[str, ...]:
    shared = set(used.label_values) & set(limit.label_values) - _NOT_PLACES
    return tuple(sorted(name for name in shared if used.label_values[name] & limit.label_values[name]))
