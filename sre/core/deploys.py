"""Deploys as metrics tell them: versions that went live or came back, processes that started.

Pure: `version_query` and `starts_query` say what to ask, the other functions read the answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sre.core.golden_conventions import conventions
from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql_text import selector

if TYPE_CHECKING:
    from sre.core.series import SeriesSet

ChangeKind: TypeAlias = Literal["deploy", "return"]
# `marked` is one that somebody announced, as by an annotation.
DeployKind: TypeAlias = Literal["deploy", "return", "restart", "marked"]

# Metrics of value 1 that carry a version as a label: the names in use by client libraries, OpenTelemetry and
# kube-state-metrics (our list).
VERSION_METRICS: Final = "(.+_)?build_info|(.+_)?version_info|target_info|app_info|kube_pod_container_info"
# The most telling first: a version says more than the commit behind it.
VERSION_LABELS: Final = (
    "version", "app_version", "service_version", "app_kubernetes_io_version", "release", "image_tag", "tag",
    "image_spec", "image", "revision", "commit", "git_commit", "git_sha", "sha", "short_sha",
)  # fmt: skip
# What tells one process from another; a version is of all of them.
INSTANCE_LABELS: Final = ("instance", "pod", "pod_name", "kubernetes_pod_name", "host", "hostname", "node")
# How people and pipelines announce a deploy (our list).
_ANNOUNCED: Final = re.compile(
    r"\b(?:deploy\w*|releas\w*|roll(?:ed|ing)?[ -]?(?:out|back)\w*|version|v\d+\.\d+)", re.IGNORECASE
)
# A version that vanishes for less is the same roll-out still; the look-back of Prometheus twice (our choice).
_SAME_ROLLOUT_MS: Final = 600_000
# Processes of a service that start no further apart belong together: one roll-out, one crash (our choice).
_SAME_RESTART_MS: Final = 300_000
# Start times are computed by some libraries from the uptime and differ a little from scrape to scrape.
_SAME_START_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A version of a service that was not there before.

    Attributes:
        kind: `return` where it had been live earlier in the data, as a rollback does.
        at_ms: When: the start of its first process where that is known, else when it was first seen.
        after_ms: It happened after this instant, at which it was not there yet.
        is_exact: `at_ms` is the start of a process.
        label: The label that tells the versions apart.
        before: The versions there just before; texts from outside, as `version` and `service` are.
    """

    kind: ChangeKind
    service: str
    metric: str
    label: str
    version: str
    before: tuple[str, ...]
    at_ms: int
    after_ms: int
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Restart:
    """Processes of a service that started close together, `first_ms` to `last_ms`."""

    service: str
    first_ms: int
    last_ms: int
    instances: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deploy:
    """Something that was rolled out or restarted, from wherever it is known.

    Attributes:
        kind: `return` is a version that had been live before, as after a rollback; `restart` one without a new version.
        service: Whom it was done to; empty where that is not said.
        at_ms: When; of a restart when its first process began.
        after_ms: It happened after this instant; as `at_ms` where the time is exact.
        before, after: Versions, or the words of a mark; text from outside, as `service` is.
        query: What shows it; empty for marks.
        restarted_count: Processes that began with it.
    """

    kind: DeployKind
    service: str
    at_ms: int
    after_ms: int
    before: str = ""
    after: str = ""
    query: str = ""
    restarted_count: int = 0


def version_query() -> str:
    """Return PromQL of which versions of which service are there, each once whatever the number of processes."""
    kept = (METRIC_NAME, *conventions().service_labels, *VERSION_LABELS)
    return f'count by ({", ".join(kept)}) ({{{METRIC_NAME}=~"{VERSION_METRICS}"}})'


def starts_query(*, since_ms: int) -> str:
    """Return PromQL of the start times of processes that started at or after an instant."""
    return f"process_start_time_seconds >= {since_ms / 1000:.3f}"


def announces_deploy(text: str) -> bool:
    """Whether a change that was announced in these words is a deploy, rather than another one."""
    return _ANNOUNCED.search(text) is not None


def service_of(labels: Labels) -> str:
    """Return the service that labels speak about, or the instance where they name none."""
    # Of what the cluster tells about a container, the job is that of whoever tells it.
    told = ("container", "container_name") if labels.metric.startswith(("kube_", "container_")) else ()
    names = (*told, *conventions().service_labels, *INSTANCE_LABELS)
    return next((labels[name] for name in names if name in labels), "")


def version_changes(series: SeriesSet) -> tuple[VersionChange, ...]:
    """Return the versions that appeared, in order of time.

    A version that is there from the first step on did not appear. A service that was not there at all before has no
    change either: there is nothing it changed from. Steps at which nothing of it is seen are skipped.

    Args:
        series: The answer to `version_query`.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for row, labels in enumerate(series.labels):
        groups.setdefault((labels.metric, service_of(labels)), []).append(row)
    found = [
        change
        for (metric, service), rows in groups.items()
        for change in _changes_of(series, rows, metric=metric, service=service)
    ]
    return tuple(sorted(_without_echoes(found), key=lambda change: (change.at_ms, change.service)))


def restarts(series: SeriesSet, *, since_ms: int) -> tuple[Restart, ...]:
    """Return when processes started, those of a service that started close together as one, in order of time.

    Args:
        series: The answer to `starts_query`: values are epoch seconds.
        since_ms: Earlier starts do not count.
    """
    starts: dict[str, dict[tuple[int, str], None]] = {}
    for row, labels in enumerate(series.labels):
        instance = next((labels[name] for name in ("pod", *INSTANCE_LABELS) if name in labels), "")
        known: list[int] = []
        for value in sorted(set(series.values[row][series.present[row]].tolist())):
            at_ms = round(value * 1000)
            if at_ms >= since_ms and all(at_ms - one > _SAME_START_MS for one in known):
                known.append(at_ms)
                starts.setdefault(service_of(labels), {})[at_ms, instance] = None
    found = [one for service, times in starts.items() for one in _grouped(service, sorted(times))]
    return tuple(sorted(found, key=lambda one: (one.first_ms, one.service)))


def dated(changes: Sequence[VersionChange], started: Iterable[Restart]) -> tuple[VersionChange, ...]:
    """Return the changes with the instant at which the first process of each new version started, where known."""
    known = tuple(started)
    return tuple(_dated(change, known) for change in changes)


def is_part_of(restart: Restart, change: VersionChange) -> bool:
    """Whether processes started because a version went live."""
    first_ms = min(change.at_ms, change.after_ms)
    return restart.service == change.service and first_ms <= restart.first_ms <= change.at_ms + _SAME_RESTART_MS


def deploys_of(versions: SeriesSet | None, starts: SeriesSet | None, *, since_ms: int) -> tuple[Deploy, ...]:
    """Return new versions, then restarts that were not part of one, each in order of time.

    Args:
        versions, starts: The answers to `version_query` and `starts_query`; None where there is none.
        since_ms: Earlier starts do not count.
    """
    started = restarts(starts, since_ms=since_ms) if starts is not None else ()
    lived = dated(version_changes(versions), started) if versions is not None else ()
    labels = versions.labels if versions is not None else ()
    found = [_of_version(one, labels, started) for one in lived if one.version not in one.before]
    query = starts_query(since_ms=since_ms)
    alone = (one for one in started if not any(is_part_of(one, version) for version in lived))
    found += [
        Deploy("restart", one.service, one.first_ms, one.first_ms, query=query, restarted_count=len(one.instances))
        for one in alone
    ]
    return tuple(found)


def _of_version(change: VersionChange, labels: Sequence[Labels], started: Iterable[Restart]) -> Deploy:
    return Deploy(
        change.kind,
        change.service,
        change.at_ms,
        change.at_ms if change.is_exact else change.after_ms,
        before=", ".join(change.before),
        after=change.version,
        query=_versions_of(change, labels),
        restarted_count=sum(len(start.instances) for start in started if is_part_of(start, change)),
    )


def _versions_of(change: VersionChange, series: Sequence[Labels]) -> str:
    """Return PromQL of the versions of one service, by the label that names it."""
    own = (one for one in series if one.metric == change.metric and service_of(one) == change.service)
    labels = next(own, Labels())
    ranked = (*conventions().service_labels, *labels)
    names = [name for name in ranked if labels.get(name) == change.service]
    found = selector(change.metric, [(names[0], "=", change.service)] if names else [])
    return f"count by ({change.label}) ({found})"


def _changes_of(series: SeriesSet, rows: Sequence[int], *, metric: str, service: str) -> list[VersionChange]:
    import numpy as np

    label = _telling_label([series.labels[row] for row in rows])
    if label is None:
        return []
    present: dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]] = {}
    for row in rows:
        version = series.labels[row].get(label, "")
        present[version] = present.get(version, False) | series.present[row]
    times = series.grid.times_ms()
    last_seen: dict[str, int] = {}
    before: tuple[str, ...] = ()
    before_ms = int(times[0])
    found = []
    for step, at_ms in enumerate(times.tolist()):
        here = tuple(version for version, mask in present.items() if mask[step])
        if not here:
            continue
        for version in here:
            seen_ms = last_seen.get(version)
            is_new = bool(before) and version and (seen_ms is None or at_ms - seen_ms > _SAME_ROLLOUT_MS)
            if is_new:
                kind: ChangeKind = "deploy" if seen_ms is None else "return"
                found.append(VersionChange(kind, service, metric, label, version, before, at_ms, before_ms))
            last_seen[version] = at_ms
        before, before_ms = here, at_ms
    return found


def _telling_label(labels: Sequence[Labels]) -> str | None:
    """Return the first version label whose values differ among the series."""
    return next((name for name in VERSION_LABELS if len({one.get(name, "") for one in labels}) > 1), None)


def _without_echoes(changes: Sequence[VersionChange]) -> list[VersionChange]:
    """Return each change once where several metrics of a service tell it (its version, its image)."""
    kept: list[VersionChange] = []
    for change in sorted(changes, key=lambda one: (one.at_ms, VERSION_LABELS.index(one.label))):
        same = (one for one in kept if one.service == change.service and one.metric != change.metric)
        if all(abs(one.at_ms - change.at_ms) > _SAME_RESTART_MS for one in same):
            kept.append(change)
    return kept


def _grouped(service: str, starts: Sequence[tuple[int, str]]) -> list[Restart]:
    found: list[Restart] = []
    for at_ms, instance in starts:
        last = found[-1] if found else None
        if last is not None and at_ms - last.last_ms <= _SAME_RESTART_MS:
            names = tuple(dict.fromkeys((*last.instances, instance)))
            found[-1] = replace(last, last_ms=at_ms, instances=names)
        else:
            found.append(Restart(service, at_ms, at_ms, (instance,)))
    return found


def _dated(change: VersionChange, started: Sequence[Restart]) -> VersionChange:
    # A process may have run for up to a scrape before it was seen.
    earliest_ms = 2 * change.after_ms - change.at_ms
    inside = [
        one.first_ms for one in started if one.service == change.service and earliest_ms < one.first_ms <= change.at_ms
    ]
    return replace(change, at_ms=min(inside), is_exact=True) if inside else change
