"""The dashboard of a service: its four golden signals, by route and by instance, with its deploys drawn across.

Source of the choice and order of signals: Beyer et al., Site Reliability Engineering (2016), ch. 6.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sre.core.golden_signals import LatencyQuery, ServiceSignals
from sre.core.promql_text import WINDOW
from sre.dashboards.identity import dashboard_tags, dashboard_uid, service_tag
from sre.dashboards.model import (
    OUR_TAG,
    RATE_INTERVAL,
    Annotation,
    Dashboard,
    DashboardLink,
    Link,
    Panel,
    Section,
    Step,
    Target,
)
from sre.dashboards.units import RATIO, REQUESTS_PER_SECOND, SECONDS

# As `check_service_health` judges saturation (health_rules.yaml); a test holds them together.
SATURATION_DEGRADED: Final = 0.8
SATURATION_BAD: Final = 0.95
# Labels that say what was asked for, and where it ran, the most telling first.
_ROUTES: Final = (
    "http_route", "route", "handler", "path", "endpoint", "uri", "grpc_method", "rpc_method", "operation", "method",
)  # fmt: skip
_PLACES: Final = ("pod", "instance", "kubernetes_pod_name", "exported_instance", "host")
_STATUSES: Final = (
    "code", "status_code", "status", "http_response_status_code", "http_status_code", "response_code", "grpc_code",
    "grpc_status", "rpc_grpc_status_code", "outcome", "result",
)  # fmt: skip
# More lines than these in a panel cannot be told apart (our choice).
_MAX_LINES: Final = 15
_TOP: Final = 10
# How far back a version must be unknown to count as new: longer than any usual distance of points.
_NEW_FOR: Final = "5m"


@dataclass(frozen=True, slots=True)
class ServiceDetails:
    """What a service's series carry beyond the signals.

    Attributes:
        request_labels: How many values each label of the request counter has.
        bucket_labels: The same of the latency histogram; empty where there is none.
        version_selector: Selector of a series that carries the running version, or an empty string.
        version_label: Which of its labels does.
        start_time_selector: Selector of when each process started, or an empty string.
        allowed_error_ratio: Share of requests that may fail by the service's SLO, or None where it has none.
        slo_name: Of that SLO.
    """

    request_labels: Mapping[str, int] = field(default_factory=dict)
    bucket_labels: Mapping[str, int] = field(default_factory=dict)
    version_selector: str = ""
    version_label: str = ""
    start_time_selector: str = ""
    allowed_error_ratio: float | None = None
    slo_name: str = ""


def service_dashboard(
    signals: ServiceSignals, details: ServiceDetails, *, title: str = "", links: tuple[Link, ...] = ()
) -> Dashboard:
    """Return the dashboard of a service; a signal without a query has no panel, and the notes say so."""
    return Dashboard(
        uid=dashboard_uid("service", signals.service),
        title=title or f"{signals.service}: golden signals",
        description=f"Traffic, errors, latency and saturation of {signals.service}.",
        sections=tuple(section for section in _sections(signals, details) if section.panels),
        tags=dashboard_tags("service", service=signals.service),
        annotations=_annotations(signals, details),
        links=(DashboardLink("SLOs", (OUR_TAG, "slo", service_tag(signals.service))), *links),
        notes=_notes(signals),
    )


def version_label_of(labels: Mapping[str, str]) -> str:
    """Return the label that carries a version, or an empty string."""
    names = ("version", "app_version", "service_version", "release", "revision", "commit", "image")
    return next((name for name in names if labels.get(name)), "")


def _sections(signals: ServiceSignals, details: ServiceDetails) -> tuple[Section, ...]:
    route = next((label for label in _ROUTES if details.request_labels.get(label, 0) > 1), "")
    place = next((label for label in _PLACES if details.request_labels.get(label, 0) > 1), "")
    return (
        Section("", _overview(signals, details)),
        Section("Golden signals", _graphs(signals, details)),
        Section(f"By {route}", _breakdown(signals, details, route) if route else ()),
        Section(f"By {place}", _breakdown(signals, details, place) if place else ()),
    )


def _overview(signals: ServiceSignals, details: ServiceDetails) -> tuple[Panel, ...]:
    panels = []
    if signals.traffic:
        told = "Requests in a second, now. Far from usual for this hour means clients or a balancer changed."
        panels.append(_stat("Traffic now", told, REQUESTS_PER_SECOND, _ranged(signals.traffic.query)))
    if errors := _error_ratio(signals):
        told = "Share of requests that fail, now. Compare with the line in the graph below."
        panels.append(_stat("Failed requests now", told, RATIO, errors, steps=_error_steps(details)))
    if latency := signals.main_latency:
        told = "How long requests take, now. Average latency hides the slow ones; this does not."
        panels.append(_stat(f"Latency {_latency_name(latency)} now", told, SECONDS, _ranged(latency.query)))
    if signals.saturation:
        fullest = " or ".join(_labelled(one.resource, _ranged(one.query)) for one in signals.saturation)
        told = "The resource that is used most, as a share of its limit. At 80 % plan; at 95 % requests queue."
        panels.append(_stat("Fullest resource", told, RATIO, f"max({fullest})", steps=_saturation_steps()))
    return tuple(panels)


def _graphs(signals: ServiceSignals, details: ServiceDetails) -> tuple[Panel, ...]:
    return tuple(
        panel
        for panel in (
            _traffic_panel(signals, details),
            _errors_panel(signals, details),
            _latency_panel(signals),
            _saturation_panel(signals),
        )
        if panel is not None
    )


def _traffic_panel(signals: ServiceSignals, details: ServiceDetails) -> Panel | None:
    if signals.traffic is None:
        return None
    status = next((label for label in _STATUSES if 1 < details.request_labels.get(label, 0) <= _MAX_LINES), "")
    by_status: tuple[Target, ...] = ()
    if status and signals.request_counter:
        query = f"sum by ({status}) (rate({signals.request_counter}[{RATE_INTERVAL}]))"
        by_status = (Target(query, f"{{{{{status}}}}}"),)
    return Panel(
        "Traffic",
        "Requests in a second, all and by how they ended. A sudden drop is an outage in front of the service as often "
        "as in it: look at its callers and the balancer.",
        unit=REQUESTS_PER_SECOND,
        targets=(Target(_ranged(signals.traffic.query), "all"), *by_status),
        minimum=0,
    )


def _errors_panel(signals: ServiceSignals, details: ServiceDetails) -> Panel | None:
    query = _error_ratio(signals)
    if not query:
        return None
    limit = ""
    if details.allowed_error_ratio is not None:
        limit = f" The line is what the SLO {details.slo_name} allows."
    return Panel(
        "Failed requests",
        f"Share of requests that fail.{limit} If it rises: which route and which instance below, and is there a deploy "
        "just before?",
        unit=RATIO,
        targets=(Target(query, "failed"),),
        steps=_error_steps(details),
        minimum=0,
    )


def _latency_panel(signals: ServiceSignals) -> Panel | None:
    if not signals.latency:
        return None
    return Panel(
        "Latency",
        "How long requests take, by quantile. If p99 leaves p50 behind, a part of the requests waits for something: "
        "a pool, a lock, a slow dependency.",
        unit=SECONDS,
        targets=tuple(Target(_ranged(one.query), _latency_name(one)) for one in signals.latency),
        minimum=0,
    )


def _saturation_panel(signals: ServiceSignals) -> Panel | None:
    if not signals.saturation:
        return None
    return Panel(
        "Saturation",
        "Share of each resource in use, of its limit. At 80 % plan more of it; at 95 % requests begin to queue.",
        unit=RATIO,
        targets=tuple(Target(_ranged(one.query), one.resource) for one in signals.saturation),
        steps=_saturation_steps(),
        minimum=0,
    )


def _breakdown(signals: ServiceSignals, details: ServiceDetails, label: str) -> tuple[Panel, ...]:
    """Return traffic, errors and latency by a label, as far as the metrics carry it."""
    if not signals.request_counter:
        return ()
    count, legend = details.request_labels.get(label, 0), f"{{{{{label}}}}}"
    panels = []
    for name, told, unit, query in (
        ("Traffic", "Where the requests go.", REQUESTS_PER_SECOND, _rate_by(signals.request_counter, label)),
        ("Failed requests", "Which part fails: one of many, or all alike?", RATIO, _error_ratio_by(signals, label)),
        ("Latency", "Which part is slow: one of many, or all alike?", SECONDS, _latency_by(signals, details, label)),
    ):
        if query:
            shown = f"topk({_TOP}, {query})" if count > _MAX_LINES else query
            most = f" The {_TOP} highest." if count > _MAX_LINES else ""
            quantile = f" {_latency_name(signals.main_latency)}" if name == "Latency" and signals.main_latency else ""
            panels.append(
                Panel(
                    f"{name}{quantile} by {label}",
                    told + most,
                    unit=unit,
                    targets=(Target(shown, legend),),
                    width=8,
                    minimum=0,
                )
            )
    return tuple(panels)


def _rate_by(counter: str, label: str) -> str:
    return f"sum by ({label}) (rate({counter}[{RATE_INTERVAL}]))"


def _error_ratio_by(signals: ServiceSignals, label: str) -> str:
    # A counter of failures of its own may not carry the label.
    if not signals.error_counter or _metric(signals.error_counter) != _metric(signals.request_counter):
        return ""
    total = _rate_by(signals.request_counter, label)
    return f"({_rate_by(signals.error_counter, label)} or 0 * {total}) / ({total} > 0)"


def _latency_by(signals: ServiceSignals, details: ServiceDetails, label: str) -> str:
    latency = signals.main_latency
    if latency is None or "sum by (le) (" not in latency.query or label not in details.bucket_labels:
        return ""
    return _ranged(latency.query.replace("sum by (le) (", f"sum by (le, {label}) ("))


def _error_ratio(signals: ServiceSignals) -> str:
    """Return the share of failures; where it is known how it is counted, without NaN when there is no traffic."""
    if signals.errors is None:
        return ""
    if not signals.error_counter:
        return _ranged(signals.errors.query)
    total = f"sum(rate({signals.request_counter}[{RATE_INTERVAL}]))"
    bad = f"sum(rate({signals.error_counter}[{RATE_INTERVAL}]))"
    return f"({bad} or 0 * {total}) / ({total} > 0)"


def _annotations(signals: ServiceSignals, details: ServiceDetails) -> tuple[Annotation, ...]:
    found = []
    if details.version_selector:
        label, series = details.version_label, details.version_selector
        found.append(
            Annotation(
                "Deploys",
                f"count by ({label}) ({series}) unless count by ({label}) ({series} offset {_NEW_FOR})",
                title=f"{signals.service} {{{{{label}}}}} appears",
                tags=(label,),
            )
        )
    if details.start_time_selector:
        restarts = f"sum(changes({details.start_time_selector}[{_NEW_FOR}])) > 0"
        found.append(Annotation("Restarts", restarts, title=f"{signals.service} restarts", color="orange"))
    return tuple(found)


def _notes(signals: ServiceSignals) -> tuple[str, ...]:
    missing = [
        name
        for name, found in (
            ("traffic", signals.traffic),
            ("errors", signals.errors),
            ("latency", signals.latency),
            ("saturation", signals.saturation),
        )
        if not found
    ]
    told = (f"No panel for {', '.join(missing)}: no metric of a known name shows it.",) if missing else ()
    return (*told, *(f"{note}." for note in signals.notes))


def _error_steps(details: ServiceDetails) -> tuple[Step, ...]:
    if details.allowed_error_ratio is None:
        return ()
    return (Step(None, "green"), Step(details.allowed_error_ratio, "red"))


def _saturation_steps() -> tuple[Step, ...]:
    return (Step(None, "green"), Step(SATURATION_DEGRADED, "orange"), Step(SATURATION_BAD, "red"))


def _stat(title: str, told: str, unit: str, query: str, *, steps: tuple[Step, ...] = ()) -> Panel:
    return Panel(title, told, kind="stat", unit=unit, targets=(Target(query),), width=6, height=4, steps=steps)


def _labelled(resource: str, query: str) -> str:
    """Return a query whose series carries the name of its resource, so that `or` keeps them apart."""
    return f'label_replace({query}, "resource", "{resource}", "", "")'


def _latency_name(query: LatencyQuery) -> str:
    return f"p{query.quantile * 100:g}" if query.quantile is not None else "mean"


def _metric(selector: str) -> str:
    return selector.partition("{")[0]


def _ranged(query: str) -> str:
    return query.replace(WINDOW, RATE_INTERVAL)
