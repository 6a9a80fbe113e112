"""Which queries show the four golden signals of a service, found by the names its metrics have.

Pure: given the series a service publishes, it says what to ask. `tools/golden_signals.py` looks the series up.
Every query holds `$window` where its range belongs; `with_window` puts one in.

Source: Beyer et al., Site Reliability Engineering (2016), ch. 6, "The Four Golden Signals"; conventions and their
order in `golden_signals.yaml`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sre.core.golden_conventions import Conventions, RequestConvention, conventions
from sre.core.golden_saturation import ResourceQuery, resource_queries
from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql_text import WINDOW, LabelMatch, MetricShape, restricted_to, selector
from sre.core.times import Duration

__all__ = [
    "LatencyQuery",
    "ResourceQuery",
    "ServiceSignals",
    "SignalQuery",
    "host_matcher",
    "service_labels_matching",
    "service_matchers",
    "service_signals",
    "with_overrides",
    "with_window",
]

MAPPED = "mapping in the settings"
QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class SignalQuery:
    """One signal as PromQL with `$window`, and the convention it came from."""

    query: str
    convention: str


@dataclass(frozen=True, slots=True)
class LatencyQuery:
    """A latency in seconds.

    Attributes:
        quantile: None for a mean or where the settings do not say which it is.
        buckets: Selector of the buckets of the classic histogram behind it, or an empty string.
        to_seconds: Turns the unit of their bounds into seconds.
    """

    query: str
    convention: str
    quantile: float | None
    buckets: str = ""
    to_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class ServiceSignals:
    """What to ask about one service; a signal without query is None or empty.

    Attributes:
        matched_by: The matchers that found it, for example `service="checkout"`.
        request_counter: Selector of the counter of all requests, or an empty string.
        error_counter: Selector of the counter of failed requests, or an empty string.
        traffic: Requests per second.
        errors: Share of failed requests, 0..1; 0 where there is traffic and no failure was ever counted.
        latency: p50, p95 and p99 where they can be had, ascending.
        saturation: Share of each resource in use, 0..1.
        notes: Why a signal has no query.
    """

    service: str
    matched_by: tuple[str, ...] = ()
    request_counter: str = ""
    error_counter: str = ""
    traffic: SignalQuery | None = None
    errors: SignalQuery | None = None
    latency: tuple[LatencyQuery, ...] = ()
    saturation: tuple[ResourceQuery, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def total_query(self) -> str:
        """Requests in `$window`, or an empty string."""
        return f"sum(increase({self.request_counter}[{WINDOW}]))" if self.request_counter else ""

    @property
    def error_query(self) -> str:
        """Failed requests in `$window`, 0 where there were requests and none failed; or an empty string."""
        if not self.error_counter:
            return ""
        return f"sum(increase({self.error_counter}[{WINDOW}])) or 0 * {self.total_query}"

    @property
    def main_latency(self) -> LatencyQuery | None:
        """The latency to judge by: p95, or whatever is nearest to it."""
        return min(self.latency, key=_distance_from_p95, default=None)

    @property
    def is_empty(self) -> bool:
        """Whether no signal was found at all."""
        return not (self.traffic or self.errors or self.latency or self.saturation)


def with_window(query: str, window: Duration) -> str:
    """Return the query over a window."""
    return query.replace(WINDOW, str(window))


def service_matchers(service: str) -> tuple[str, ...]:
    """Return one series selector for each label that may hold a service's name."""
    exact = [selector("", [(label, "=", service)]) for label in conventions().service_labels]
    return (*exact, selector("", [(METRIC_NAME, "=~", "container_.+|kube_pod_.+"), ("pod", "=~", _pods_of(service))]))


def host_matcher(hosts: Iterable[str]) -> str:
    """Return a selector of the machine metrics of these hosts, with or without a port behind the name."""
    metrics = "node_cpu_seconds_total|node_memory_MemAvailable_bytes|node_memory_MemTotal_bytes"
    return selector("", [(METRIC_NAME, "=~", metrics), ("instance", "=~", f"({_any_of(hosts)})(:[0-9]+)?")])


def service_labels_matching(service: str, series: Iterable[Labels]) -> tuple[str, ...]:
    """Return the labels that hold the service's name in these series, in order of priority."""
    held = {name for labels in series for name, value in labels.items() if value == service}
    return tuple(label for label in conventions().service_labels if label in held)


def service_signals(service: str, series: Iterable[Labels], *, host_series: Iterable[Labels] = ()) -> ServiceSignals:
    """Return the queries for a service's golden signals.

    Args:
        series: The series that carry the service's name in a label (see `service_matchers`), any metric.
        host_series: Series of the machines the service runs on, such as those of the node exporter.
    """
    known = conventions()
    shapes = _shapes(service, series)
    hosts = _host_shapes(host_series)
    requests = _requests(shapes, known)
    return replace(
        requests,
        service=service,
        matched_by=tuple(dict.fromkeys(_matcher_text(shape) for shape in shapes.values())),
        latency=_latency(shapes, known),
        saturation=resource_queries(shapes, hosts, known),
    )


def with_overrides(
    signals: ServiceSignals, *, traffic: str = "", errors: str = "", latency: str = "", saturation: str = ""
) -> ServiceSignals:
    """Return the signals with queries from the settings in place of those found by convention."""
    changed = signals
    if traffic:
        changed = replace(changed, traffic=SignalQuery(traffic, MAPPED), request_counter="", error_counter="")
    if errors:
        changed = replace(changed, errors=SignalQuery(errors, MAPPED), error_counter="")
    if latency:
        changed = replace(changed, latency=(LatencyQuery(latency, MAPPED, None),))
    if saturation:
        changed = replace(changed, saturation=(ResourceQuery("resource", saturation, MAPPED),))
    return changed


def _pods_of(service: str) -> str:
    # Deployment pods end in a replica set hash and a random part, stateful ones in a number.
    return re.escape(service).replace("\\-", "-") + "-([a-f0-9]{6,10}-)?[a-z0-9]{1,5}"


def _by_metric(series: Iterable[Labels]) -> dict[str, list[Labels]]:
    groups: dict[str, list[Labels]] = {}
    for labels in series:
        groups.setdefault(labels.metric, []).append(labels)
    return dict(sorted(groups.items()))


def _shapes(service: str, series: Iterable[Labels]) -> dict[str, MetricShape]:
    shapes = {}
    base: tuple[LabelMatch, ...]
    for metric, found in _by_metric(series).items():
        label = next(iter(service_labels_matching(service, found)), None)
        if label is not None:
            own = [labels for labels in found if labels.get(label) == service]
            shapes[metric] = MetricShape.of(metric, own, base=((label, "=", service),))
        elif any("pod" in labels for labels in found):
            base = (("pod", "=~", _pods_of(service)), ("container", "!=", ""), ("container", "!=", "POD"))
            shapes[metric] = MetricShape.of(metric, [one for one in found if one.get("container")], base=base)
    return shapes


def _host_shapes(series: Iterable[Labels]) -> dict[str, MetricShape]:
    shapes = {}
    for metric, found in _by_metric(series).items():
        instances = _any_of({labels.get("instance", "") for labels in found})
        shapes[metric] = MetricShape.of(metric, found, base=(("instance", "=~", instances),))
    return shapes


def _any_of(values: Iterable[str]) -> str:
    return "|".join(re.escape(value).replace("\\-", "-") for value in sorted(values) if value)


def _matcher_text(shape: MetricShape) -> str:
    name, op, value = shape.base[0]
    return selector("", [(name, op, value)])[1:-1]


def _requests(shapes: Mapping[str, MetricShape], known: Conventions) -> ServiceSignals:
    for convention in known.requests:
        shape = _first_match(shapes, convention.metric, known)
        if shape is not None:
            return _request_signals(restricted_to(shape, convention.only), shapes, convention, known)
    return ServiceSignals("", notes=("no metric counts requests under a known name",))


def _request_signals(
    shape: MetricShape, shapes: Mapping[str, MetricShape], convention: RequestConvention, known: Conventions
) -> ServiceSignals:
    total, bad = shape.selector(), _error_selector(shape, shapes, convention, known)
    signals = ServiceSignals(
        "",
        request_counter=total,
        error_counter=bad,
        traffic=SignalQuery(f"sum(rate({total}[{WINDOW}]))", f"{convention.name}: {shape.metric}"),
    )
    if not bad:
        return replace(signals, notes=(f"{shape.metric} has no label that tells failed requests from good ones",))
    all_requests = f"sum(rate({total}[{WINDOW}]))"
    ratio = f"(sum(rate({bad}[{WINDOW}])) or 0 * {all_requests}) / {all_requests}"
    return replace(signals, errors=SignalQuery(ratio, f"{convention.name}: {bad}"))


def _error_selector(
    shape: MetricShape, shapes: Mapping[str, MetricShape], convention: RequestConvention, known: Conventions
) -> str:
    if convention.error_metric:
        errors = shapes.get(convention.error_metric)
        return restricted_to(errors, convention.error_labels).selector() if errors else ""
    label = next((name for name in convention.status.labels if name in shape.label_values), None)
    if label is not None:
        return shape.selector((label, "=~", convention.status.errors_among(shape.label_values[label])))
    failures = _first_match(shapes, known.error_counters, known)
    return failures.selector() if failures else ""


def _latency(shapes: Mapping[str, MetricShape], known: Conventions) -> tuple[LatencyQuery, ...]:
    for convention in known.latency:
        for metric in shapes:
            family = re.sub(r"_(bucket|sum|count)$", "", metric)
            if convention.metric.fullmatch(family) and not known.excluded.fullmatch(family):
                own = {name: restricted_to(shape, convention.only) for name, shape in shapes.items() if family in name}
                queries = _durations(family, own, name=convention.name, to_seconds=convention.to_seconds)
                if queries:
                    return queries
    return ()


def _durations(
    family: str, shapes: Mapping[str, MetricShape], *, name: str, to_seconds: float
) -> tuple[LatencyQuery, ...]:
    scale = "" if to_seconds == 1.0 else f" * {to_seconds:g}"
    buckets, plain = shapes.get(f"{family}_bucket"), shapes.get(family)
    if buckets is not None and "le" in buckets.label_values:
        inside = f"sum by (le) (rate({buckets.selector()}[{WINDOW}]))"
        title = f"{name}: {buckets.metric}"
        return tuple(
            LatencyQuery(
                f"histogram_quantile({q:g}, {inside}){scale}",
                title,
                q,
                buckets=buckets.selector(),
                to_seconds=to_seconds,
            )
            for q in QUANTILES
        )
    if plain is not None and "quantile" in plain.label_values:
        return tuple(
            LatencyQuery(_summary_quantile(plain, spelt) + scale, f"{name} (summary): {family}", float(spelt))
            for spelt in _quantiles_of(plain)
        )
    return _mean_duration(family, shapes, name=name, scale=scale)


def _summary_quantile(shape: MetricShape, quantile: str) -> str:
    # Quantiles of several instances cannot be averaged into one; the worst instance is an honest bound.
    return f"max(avg_over_time({shape.selector(('quantile', '=', quantile))}[{WINDOW}]))"


def _quantiles_of(shape: MetricShape) -> list[str]:
    spelt = [value for value in shape.label_values["quantile"] if re.fullmatch(r"0?\.\d+|1|0", value)]
    return sorted((value for value in spelt if 0.5 <= float(value) < 1), key=float)


def _mean_duration(
    family: str, shapes: Mapping[str, MetricShape], *, name: str, scale: str
) -> tuple[LatencyQuery, ...]:
    total, count = shapes.get(f"{family}_sum"), shapes.get(f"{family}_count")
    if total is None or count is None:
        return ()
    mean = f"sum(rate({total.selector()}[{WINDOW}])) / sum(rate({count.selector()}[{WINDOW}])){scale}"
    return (LatencyQuery(mean, f"{name} (mean only): {family}", None),)


def _first_match(shapes: Mapping[str, MetricShape], pattern: re.Pattern[str], known: Conventions) -> MetricShape | None:
    names: Sequence[str] = [name for name in shapes if pattern.fullmatch(name) and not known.excluded.fullmatch(name)]
    return shapes[min(names, key=lambda name: (len(name), name))] if names else None


def _distance_from_p95(query: LatencyQuery) -> float:
    return abs((query.quantile or 0.0) - 0.95)
