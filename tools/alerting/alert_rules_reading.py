"""What a source says about a service whose alerts are written: series, targets, disks, and how it usually is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.errors import NoDataError, SreError
from sre.core.times import Duration, Window
from tools.concurrent import all_of, attempted, outcome_of, seconds_left

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.alerting.service_facts import FilesystemFacts, History, ServiceFacts
    from sre.core.golden_signals import ServiceSignals
    from sre.core.labels import Labels

HISTORY = timedelta(days=14)
_DAY = timedelta(days=1)
_WEEK_SECONDS = 7 * 86_400.0
_STEP = Duration(300.0)
_MAX_SERIES = 5_000
_MAX_HOSTS = 30
_LOOKUP_SECONDS = 8.0
# Of a call's 50 s: finding the service has up to 25, the replay and the checks need the rest.
_HISTORY_SECONDS = 10.0
_NOT_DISKS = 'fstype!~"tmpfs|overlay|squashfs|ramfs|devtmpfs"'


@dataclass(frozen=True, slots=True)
class ReadService:
    """A service as far as it could be read.

    Attributes:
        metrics: None where no source was asked, or where it knows nothing of the service.
        window: The history that was looked at.
    """

    facts: ServiceFacts
    metrics: MetricSource | None
    window: Window | None
    notes: tuple[str, ...] = ()


async def read_service(deps: Deps, service: str, *, source: str) -> ReadService:
    """Return what is known of a service; one that no source knows yet is taken to follow the plainest convention.

    Raises:
        InputError: No such source.
    """
    from sre.alerting.service_facts import conventional_facts

    covered, notes = await _covering_slos(deps, service)
    if not source and not deps.sources.metric_sources:
        note = "No source is configured: the rules follow the convention of Prometheus' own HTTP metrics, untried."
        return ReadService(replace(conventional_facts(service), covered=covered), None, None, (note, *notes))
    metrics = deps.sources.metric(source or None)
    now = await deps.now_of(metrics)
    try:
        found = await _found(deps, metrics, service, now)
    except NoDataError as error:
        nearest = f" Nearest that exist: {', '.join(error.nearest)}." if error.nearest else ""
        note = (
            f"{metrics.name} knows no such service yet.{nearest} The rules follow the convention of Prometheus' own "
            "HTTP metrics and fire only once it publishes these."
        )
        return ReadService(replace(conventional_facts(service), covered=covered), None, None, (note, *notes))
    window = await _history_window(metrics, now)
    facts = await _with_history(metrics, replace(found, covered=covered), window)
    return ReadService(facts, metrics, window, notes)


async def _found(deps: Deps, metrics: MetricSource, service: str, now: datetime) -> ServiceFacts:
    from sre.alerting.service_facts import ServiceFacts
    from tools.golden_signals import found_service

    window = Window(now - _DAY, now)
    signals = (await found_service(metrics, service, window=window, mapping=deps.services.get(service))).signals
    series = await _series(metrics, _selectors(signals), window)
    up, targets = await _targets(metrics, service, series, window)
    disks, disk_series = await _filesystems(metrics, service, targets, window)
    return ServiceFacts(service, signals, (*series, *targets, *disk_series), up=up, filesystems=disks)


def _selectors(signals: ServiceSignals) -> tuple[str, ...]:
    from sre.core.promql import parse

    found = [signals.request_counter, signals.error_counter]
    for latency in signals.latency:
        found.append(latency.buckets)
        if not latency.buckets:
            asked = parse(latency.query.replace("$window", "5m")).selectors()
            found += [str(_labels_text(selector.matchers)) for selector in asked]
    for resource in signals.saturation:
        if resource.parts is not None:
            found += [resource.parts.used, resource.parts.limit]
    return tuple(dict.fromkeys(one for one in found if one))


def _labels_text(matchers: Sequence[object]) -> str:
    from sre.core.promql import Matcher
    from sre.core.promql_text import selector

    own = [one for one in matchers if isinstance(one, Matcher)]
    return selector("", [(one.name, one.op, one.value) for one in own])


async def _series(metrics: MetricSource, selectors: Sequence[str], window: Window) -> tuple[Labels, ...]:
    if not selectors:
        return ()
    found = await attempted(
        lambda: metrics.series(list(selectors), window=window, limit=_MAX_SERIES), seconds=_lookup_seconds()
    )
    return found or ()


async def _targets(
    metrics: MetricSource, service: str, series: Sequence[Labels], window: Window
) -> tuple[str, tuple[Labels, ...]]:
    """Return the selector of the service's `up` series, and these series."""
    from sre.core.golden_conventions import conventions
    from sre.core.promql_text import selector

    labels = conventions().service_labels
    found = await _series(metrics, [selector("up", [(label, "=", service)]) for label in labels], window)
    for label in labels:
        own = tuple(one for one in found if one.get(label) == service)
        if own:
            return selector("up", [(label, "=", service)]), own
    jobs = sorted({one["job"] for one in series if "job" in one and service in one.values()})
    if len(jobs) != 1:
        return "", ()
    up = selector("up", [("job", "=", jobs[0])])
    own = await _series(metrics, [up], window)
    return (up, own) if own else ("", ())


async def _filesystems(
    metrics: MetricSource, service: str, targets: Sequence[Labels], window: Window
) -> tuple[tuple[FilesystemFacts, ...], tuple[Labels, ...]]:
    """Return the disks of the machines the targets themselves run on, and the volumes that carry the service's name."""
    import re

    from sre.alerting.service_facts import FilesystemFacts
    from sre.core.promql_text import escaped

    hosts = sorted({one.get("instance", "").rsplit(":", 1)[0] for one in targets} - {""})
    claims = escaped(f"(.+-)?{re.escape(service)}(-[0-9]+)?".replace("\\-", "-"))
    wanted = [('{metric}{{persistentvolumeclaim=~"' + claims + '"}}', "kubelet_volume_stats_{kind}_bytes", "volume")]
    if 0 < len(hosts) <= _MAX_HOSTS:
        names = "|".join(re.escape(host).replace("\\-", "-") for host in hosts)
        at = escaped(f"({names})(:[0-9]+)?")
        wanted.append(('{metric}{{instance=~"' + at + '",' + _NOT_DISKS + "}}", "node_filesystem_{kind}_bytes", "disk"))
    facts: list[FilesystemFacts] = []
    known: list[Labels] = []
    for template, metric, what in wanted:
        kinds = ("avail", "size") if what == "disk" else ("available", "capacity")
        free, size = (template.format(metric=metric.format(kind=kind)) for kind in kinds)
        series = await _series(metrics, [free, size], window)
        if len({one.metric for one in series}) == len(kinds):
            facts.append(FilesystemFacts(free, size, what))
            known += series
    return tuple(facts), tuple(known)


async def _covering_slos(deps: Deps, service: str) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return which SLOs of the registry page for this service already, by signal."""
    from tools.slo_lookup import slo_registry

    if deps.slo_folder is None:
        return (), ()
    covered: dict[str, str] = {}
    unread = 0
    try:
        folder = slo_registry(deps)
        for name in await folder.names():
            try:
                slo = await folder.load(name)
            except SreError:
                unread += 1
                continue
            if slo.service == service:
                covered.setdefault(_signal_of(slo), slo.name)
    except SreError:
        return (), ("The SLO registry could not be read: an SLO may page for the same symptoms.",)
    notes = (f"{unread} SLO document(s) could not be read and may page for the same symptoms.",) if unread else ()
    return tuple(covered.items()), notes


def _signal_of(slo: object) -> str:
    from sre.core.slo.model import RatioIndicator, Slo

    assert isinstance(slo, Slo)
    indicator = slo.indicator
    text = f"{slo.name} {slo.display_name}"
    if isinstance(indicator, RatioIndicator):
        text = f"{text} {indicator.good} {indicator.bad}"
        if "_bucket" in text:
            return "latency"
    return "latency" if any(word in text.lower() for word in ("latency", "duration", "slow")) else "errors"


async def _history_window(metrics: MetricSource, now: datetime) -> Window:
    coverage = await attempted(metrics.coverage, seconds=_lookup_seconds())
    start = now - HISTORY
    if coverage and start < coverage.start < now - _DAY:
        start = coverage.start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return Window(start, now)


async def _with_history(metrics: MetricSource, facts: ServiceFacts, window: Window) -> ServiceFacts:
    from sre.alerting.saturation_rules import share_query

    signals = facts.signals
    main, counter = signals.main_latency, signals.request_counter
    queries: dict[str, str] = {}
    if main is not None:
        queries["latency"] = main.query.replace("$window", "5m")
    if counter:
        queries["traffic"] = f"sum(rate({counter}[30m])) / (sum(rate({counter}[30m] offset 1w)) > 0)"
    for resource in signals.saturation:
        if resource.parts is None or not resource.parts.is_host:
            queries[f"resource {resource.resource}"] = f"max({share_query(resource, '5m')})"
    read = await all_of([_history_call(metrics, query, window) for query in queries.values()])
    found = {name: history for name, history in zip(queries, read, strict=True) if history is not None}
    traffic = found.get("traffic")
    if traffic is not None:
        # What can be compared begins a week after the first sample.
        traffic = replace(traffic, days=max(0.0, traffic.days - _WEEK_SECONDS / 86_400))
    return replace(
        facts,
        latency_history=found.get("latency"),
        traffic_history=traffic,
        resource_history=tuple(
            (name.removeprefix("resource "), history) for name, history in found.items() if name.startswith("resource ")
        ),
    )


def _history_call(metrics: MetricSource, query: str, window: Window) -> Callable[[], Awaitable[History | None]]:
    async def history() -> History | None:
        import numpy as np

        from sre.alerting.service_facts import History

        found = await outcome_of(
            lambda: metrics.range_query(query, window=window, step=_STEP),
            seconds=min(_HISTORY_SECONDS, seconds_left()),
            system=metrics.name,
        )
        if isinstance(found, SreError):
            return None
        values = found.series.values[found.series.present & np.isfinite(found.series.values)]
        if not values.size:
            return None
        low, high = np.percentile(values, [1, 99])
        return History(float(high), float(low), int(values.size), window.seconds / 86_400)

    return history


def _lookup_seconds() -> float:
    return min(_LOOKUP_SECONDS, seconds_left())
