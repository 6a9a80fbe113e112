"""What people and machines did around an incident: versions, restarts, alerts, settings, numbers of copies.

Versions and starts of processes are read by `sre.core.deploys`; the rest is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from sre.core.deploys import deploys_of
from sre.core.golden_conventions import conventions
from sre.core.labels import Labels
from sre.core.promql_text import selector
from sre.incidents.scan.entities import entity_labels, entity_of

if TYPE_CHECKING:
    from sre.core.series import SeriesSet

ChangeKind: TypeAlias = Literal["deploy", "return", "restart", "alert", "setting", "scaling"]

_CRASHES: Final = "kube_pod_container_status_restarts_total"
_SETTINGS: Final = re.compile(
    r"kube_(?:deployment|statefulset|daemonset)_metadata_generation|kube_(?:configmap|secret)_metadata_resource_version"
    r"|(?:.+_)?config_last_reload_success_timestamp_seconds"
)
_SCALING: Final = re.compile(
    r"kube_(?:deployment_spec|statefulset|replicaset_spec)_replicas|kube_horizontalpodautoscaler_spec_max_replicas"
)
_ALERTS: Final = "ALERTS"
_OBJECT_LABELS: Final = ("configmap", "secret")


@dataclass(frozen=True, slots=True)
class ChangeQuery:
    """A question whose answer shows changes of one kind."""

    kind: ChangeKind
    metric: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was done, or happened, at a time.

    Attributes:
        kind: `return` is a version that had been live before, as after a rollback.
        entity: Whom it was done to; empty where no label says.
        at_ms: When; for a restart when its first process began.
        before, after: Versions, numbers or names; text from outside.
        query: What shows it.
        restarted_count: Processes that began anew with it.
    """

    kind: ChangeKind
    entity: str
    at_ms: int
    before: str
    after: str
    query: str
    restarted_count: int = 0


def is_change_metric(name: str) -> bool:
    """Return whether a metric shows changes that `change_queries` asks for; versions and starts have their own way."""
    return name in (_CRASHES, _ALERTS) or any(pattern.fullmatch(name) for pattern in (_SETTINGS, _SCALING))


def change_queries(series: Iterable[Labels]) -> tuple[ChangeQuery, ...]:
    """Return the questions that show changes, given the series of metrics for which `is_change_metric` is true."""
    by_metric: dict[str, list[Labels]] = {}
    for labels in series:
        by_metric.setdefault(labels.metric, []).append(labels)
    return tuple(_planned(metric, found) for metric, found in sorted(by_metric.items()))


def versions_and_starts(versions: SeriesSet | None, starts: SeriesSet | None, *, since_ms: int) -> tuple[Change, ...]:
    """Return new versions, and restarts that were not part of one.

    Args:
        versions, starts: The answers to `version_query` and `starts_query`; None where there is none.
        since_ms: Earlier starts do not count.
    """
    return tuple(
        Change(one.kind, one.service, one.at_ms, one.before, one.after, one.query, one.restarted_count)
        for one in deploys_of(versions, starts, since_ms=since_ms)
        if one.kind != "marked"
    )


def changes_in(query: ChangeQuery, series: SeriesSet) -> tuple[Change, ...]:
    """Return the changes that the answer to a question shows, in no order."""
    times = series.grid.times_ms()
    found: list[Change] = []
    for labels, values, present in zip(series.labels, series.values, series.present, strict=True):
        if query.kind == "alert":
            found += _alert_starts(query, labels, times, present)
        else:
            found += _moves(query, labels, times=times, values=values, present=present)
    return tuple(found)


def _planned(metric: str, found: Sequence[Labels]) -> ChangeQuery:
    names = {name for labels in found for name in labels}
    if metric == _ALERTS:
        by = [name for name in ("alertname", *conventions().service_labels, "instance") if name in names]
        firing = selector(metric, [("alertstate", "=", "firing")])
        return ChangeQuery("alert", metric, f"count by ({', '.join(by)}) ({firing})")
    whom = [*_deciding(metric, found, names), *(name for name in _OBJECT_LABELS if name in names)]
    over = f" by ({', '.join(whom)})" if whom else ""
    if metric == _CRASHES:
        return ChangeQuery("restart", metric, f"sum{over} ({metric})")
    return ChangeQuery("scaling" if _SCALING.fullmatch(metric) else "setting", metric, f"max{over} ({metric})")


def _deciding(metric: str, found: Sequence[Labels], names: Iterable[str]) -> list[str]:
    order = entity_labels(metric, names)
    used = {next((name for name in order if labels.get(name)), "") for labels in found}
    return [name for name in order if name in used]


def _alert_starts(
    query: ChangeQuery,
    labels: Labels,
    times: np.ndarray[tuple[int], np.dtype[np.int64]],
    present: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> list[Change]:
    starts = np.flatnonzero(present & ~np.concatenate(([False], present[:-1])))
    entity, name = entity_of(query.metric, labels), labels.get("alertname", "")
    # What fires at the first step began at some time before.
    return [Change("alert", entity, int(times[index]), "" if index else "firing", name, query.text) for index in starts]


def _moves(
    query: ChangeQuery,
    labels: Labels,
    *,
    times: np.ndarray[tuple[int], np.dtype[np.int64]],
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    present: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> list[Change]:
    kept = np.flatnonzero(present & np.isfinite(values))
    steps = np.diff(values[kept])
    entity = entity_of(query.metric, labels.without(*_OBJECT_LABELS))
    found = []
    # A count of crashes that falls is a pod that went away.
    for place in np.flatnonzero(steps > 0 if query.kind == "restart" else steps != 0):
        before, after = float(values[kept[place]]), float(values[kept[place + 1]])
        at_ms = int(times[kept[place + 1]])
        found.append(_moved(query, labels, entity=entity, at_ms=at_ms, before=before, after=after))
    return found


def _moved(query: ChangeQuery, labels: Labels, *, entity: str, at_ms: int, before: float, after: float) -> Change:
    what = next((f"{name} {labels[name]}" for name in _OBJECT_LABELS if name in labels), "")
    if query.kind == "restart":
        return Change("restart", entity, at_ms, "", "crash", query.text, round(after - before))
    if query.kind == "scaling":
        return Change("scaling", entity, at_ms, f"{before:g}", f"{after:g}", query.text)
    return Change("setting", entity or what, at_ms, "", what or query.metric, query.text)
