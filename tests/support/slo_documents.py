"""OpenSLO documents written short, for tests of whatever takes an SLO."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

RATIO = {"bad": 'reqs_total{code="500"}', "total": "reqs_total"}


def slo_document(
    *,
    name: str = "api",
    ratio: Mapping[str, str] | None = None,
    raw: tuple[str, str] | None = None,
    threshold: tuple[str, str, float] | None = None,
    objective: float = 0.999,
    window: str = "1d",
    time_zone: str | None = None,
    slices: tuple[str, float] | None = None,
    group_by: Sequence[str] = (),
    maintenance: Sequence[tuple[str, str, str]] = (),
    alerting: Mapping[str, Any] | None = None,
) -> str:
    """Return a document of the one indicator that is given.

    Args:
        raw: Kind (`success` or `failure`) and query of a raw ratio.
        threshold: Query, operator and limit.
        window: A duration, or with `time_zone` a calendar unit such as 1M.
        slices: Length of a slice and the share of good events that makes it good.
        maintenance: Start, end, reason.
    """
    goal: dict[str, Any] = {"target": objective}
    if slices is not None:
        goal |= {"timeSliceWindow": slices[0], "timeSliceTarget": slices[1]}
    if threshold is not None:
        metric: dict[str, Any] = {"thresholdMetric": _metric(threshold[0])}
        goal |= {"op": threshold[1], "value": threshold[2]}
    elif raw is not None:
        metric = {"ratioMetric": {"counter": False, "rawType": raw[0], "raw": _metric(raw[1])}}
    else:
        sides = {side: _metric(query) for side, query in (ratio or RATIO).items()}
        metric = {"ratioMetric": {"counter": True, **sides}}
    annotations = {
        "sre-mcp/group-by": ", ".join(group_by),
        "sre-mcp/maintenance": [{"start": start, "end": end, "reason": why} for start, end, why in maintenance],
        "sre-mcp/alerting": dict(alerting or {}),
    }
    texts = {key: text if isinstance(text, str) else yaml.safe_dump(text) for key, text in annotations.items() if text}
    document = {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {"name": name, **({"annotations": texts} if texts else {})},
        "spec": {
            "budgetingMethod": "Timeslices" if slices else "Occurrences",
            "timeWindow": [_time_window(window, time_zone)],
            "objectives": [goal],
            "indicator": {"metadata": {"name": f"{name}-sli"}, "spec": metric},
        },
    }
    return str(yaml.safe_dump(document, sort_keys=False))


def _metric(query: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def _time_window(window: str, time_zone: str | None) -> dict[str, Any]:
    if time_zone is None:
        return {"duration": window, "isRolling": True}
    calendar = {"startTime": "2026-01-01 00:00:00", "timeZone": time_zone}
    return {"duration": window, "isRolling": False, "calendar": calendar}
