"""What a dashboard of a service needs to know beyond its signals: labels, versions, the SLO it has to meet."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.times import Window
from tools.concurrent import attempted, seconds_left
from tools.golden_signals import FoundService, found_service

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.labels import Labels
    from sre.dashboards.model import Dashboard, Link
    from sre.dashboards.service import ServiceDetails

_LOOKBACK = timedelta(days=1)
_MAX_SERIES = 5_000
_ASKING_SECONDS = 8.0
_START_TIME = "process_start_time_seconds"
_VERSION_ENDINGS = ("build_info", "version_info", "app_info", "target_info", "kube_pod_container_info")


async def dashboard_of_service(
    deps: Deps, source: MetricSource, service: str, *, now: datetime, title: str, links: tuple[Link, ...]
) -> Dashboard:
    """Return the dashboard of a service, from what its metrics show.

    Raises:
        NoDataError: No series belongs to the service, or none of a known name.
    """
    from dataclasses import replace

    from sre.core.errors import NoDataError
    from sre.dashboards.service import service_dashboard

    window = Window(now - _LOOKBACK, now)
    found = await found_service(source, service, window=window, mapping=deps.services.get(service))
    if found.signals.is_empty:
        raise NoDataError(
            f"No metric of this service follows a naming convention that is known, among {len(found.metrics)}.",
            causes=("its metrics have names of their own.",),
            nearest=found.metrics[:8],
            next_steps=(f"map its queries in the settings under services.{service}, then call again.",),
        )
    details = await _with_slo(deps, found, await _details(source, found, window))
    made = service_dashboard(found.signals, details, title=title, links=links)
    if found.signals.request_counter and not details.request_labels:
        # The counter was found a moment ago: only a source that did not answer in time leaves it without labels.
        unread = "No rows by route or instance: the source did not tell the labels of the request counter in time."
        return replace(made, notes=(*made.notes, unread))
    return made


async def _with_slo(deps: Deps, found: FoundService, details: ServiceDetails) -> ServiceDetails:
    from dataclasses import replace

    from sre.core.slo.budget import budget_ratio
    from tools.dashboards.service_slos import availability_slo

    slo = await availability_slo(deps, found.signals)
    if slo is None:
        return details
    return replace(details, allowed_error_ratio=budget_ratio(slo.objective_ratio), slo_name=slo.name)


async def _details(source: MetricSource, found: FoundService, window: Window) -> ServiceDetails:
    from sre.dashboards.service import ServiceDetails

    signals = found.signals
    latency = signals.main_latency
    bucket = _first_selector(latency.query) if latency and "histogram_quantile" in latency.query else ""
    requests = await _series(source, signals.request_counter, window)
    buckets = await _series(source, bucket, window)
    version_selector, version_label = await _version(source, found, window)
    start_times = await _first_existing(source, _of_service(found, _START_TIME), window)
    return ServiceDetails(
        request_labels=_value_counts(requests),
        bucket_labels=_value_counts(buckets),
        version_selector=version_selector,
        version_label=version_label,
        start_time_selector=start_times[0] if start_times else "",
    )


async def _version(source: MetricSource, found: FoundService, window: Window) -> tuple[str, str]:
    from sre.dashboards.service import version_label_of

    metrics = [name for name in found.metrics if name.endswith(_VERSION_ENDINGS)]
    for metric in metrics[:4]:
        existing = await _first_existing(source, _of_service(found, metric), window)
        label = version_label_of(existing[1]) if existing else ""
        if existing and label:
            return existing[0], label
    return "", ""


async def _first_existing(source: MetricSource, selectors: Iterable[str], window: Window) -> tuple[str, Labels] | None:
    for selector in selectors:
        series = await _series(source, selector, window)
        if series:
            return selector, series[0]
    return None


def _of_service(found: FoundService, metric: str) -> list[str]:
    """Return the selectors by which a metric of the service may be found; none where it does not publish it."""
    if metric not in found.metrics:
        return []
    return [f"{metric}{{{matcher}}}" for matcher in found.signals.matched_by]


async def _series(source: MetricSource, selector: str, window: Window) -> Sequence[Labels]:
    if not selector:
        return ()
    patience = min(_ASKING_SECONDS, seconds_left(spare_seconds=20.0))
    return await attempted(lambda: source.series([selector], window=window, limit=_MAX_SERIES), seconds=patience) or ()


def _first_selector(query: str) -> str:
    from sre.core.promql import parse
    from sre.core.promql_text import WINDOW
    from sre.core.promql_tree import used_selectors

    try:
        used = used_selectors(parse(query.replace(WINDOW, "5m")).ast)
    except SreError:
        # A query of the settings that only the source can read.
        return ""
    return used[0].text if used else ""


def _value_counts(series: Iterable[Labels]) -> dict[str, int]:
    values: defaultdict[str, set[str]] = defaultdict(set)
    for labels in series:
        for name, value in labels.items():
            values[name].add(value)
    return {name: len(seen) for name, seen in values.items()}
