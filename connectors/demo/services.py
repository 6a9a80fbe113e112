"""The series each service exposes, in the dialect its libraries speak: HTTP client libraries, gRPC, OpenTelemetry."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import numpy as np

from connectors.demo.exposition import Target, identity_series
from connectors.demo.flow import Outcomes
from connectors.demo.incident import PoolLaw
from connectors.demo.latency import bucket_counts, law_of, seconds_in_buckets
from connectors.demo.noise import stream
from connectors.demo.shop import BUCKET_BOUNDS_SECONDS, REPLICAS, SERVICES, Convention, Route, Service
from sre.core.series import IntArray, Samples

# What each replica handled, and how long it took: buckets of durations by status, "" where the status is no label.
Handled: TypeAlias = Mapping[tuple[Route, int], Outcomes]
Timed: TypeAlias = Mapping[tuple[Route, int], Mapping[str, IntArray]]
_ANY_STATUS: Final = ""
_GRPC_SERVICE: Final = "shop.payments.v1.Payments"


def timed(handled: Handled, *, pool: PoolLaw, seed: int) -> Timed:
    """Return how long requests took, as counts of shape (bounds + 1, minutes)."""
    return {
        (route, replica): _timed_route(service, route, handled[route, replica], pool=pool, seed=seed, replica=replica)
        for service in SERVICES
        for route in service.routes
        for replica in range(REPLICAS)
    }


def service_series(
    service: Service, targets: Mapping[tuple[str, int], Target], handled: Handled, durations: Timed
) -> list[Samples]:
    """Return the request metrics and the identity of every replica of a service."""
    dialect = _DIALECTS[service.convention]
    series: list[Samples] = []
    for replica in range(REPLICAS):
        target = targets[service.name, replica]
        series += identity_series(service, target, replica=replica)
        for route in service.routes:
            series += dialect(target, route, handled[route, replica], durations[route, replica])
    return series


def _timed_route(
    service: Service, route: Route, outcomes: Outcomes, *, pool: PoolLaw, seed: int, replica: int
) -> dict[str, IntArray]:
    parts = _by_status(outcomes) if service.convention == "otel" else {_ANY_STATUS: outcomes}
    law = law_of(route, pool=pool)
    bounds = BUCKET_BOUNDS_SECONDS[service.convention]
    generator = stream(seed, f"durations of {route.service} {route.method} {route.path} {replica}")
    return {
        status: bucket_counts(law, part, bounds_seconds=bounds, generator=generator) for status, part in parts.items()
    }


def _by_status(outcomes: Outcomes) -> dict[str, Outcomes]:
    none = np.zeros_like(outcomes.served)
    return {
        "200": Outcomes(outcomes.served, none, none, none, none),
        "500": Outcomes(none, none, outcomes.failed, none, none),
    }


def _http(target: Target, route: Route, outcomes: Outcomes, durations: Mapping[str, IntArray]) -> list[Samples]:
    by_code = {
        "200": outcomes.served,
        "404": outcomes.missing,
        "500": outcomes.failed + outcomes.refused,
        "503": outcomes.timed_out,
    }
    labels = {"method": route.method, "handler": route.path}
    counters = [
        target.counter("http_requests_total", count, code=code, **labels)
        for code, count in by_code.items()
        if count.any()
    ]
    return counters + _histogram(target, "http_request_duration_seconds", "http", durations[_ANY_STATUS], labels=labels)


def _grpc(target: Target, route: Route, outcomes: Outcomes, durations: Mapping[str, IntArray]) -> list[Samples]:
    labels = {"grpc_service": _GRPC_SERVICE, "grpc_method": route.path, "grpc_type": route.method}
    by_code = {"OK": outcomes.served, "Internal": outcomes.failed}
    return [
        *(
            target.counter("grpc_server_handled_total", part, grpc_code=code, **labels)
            for code, part in by_code.items()
        ),
        target.counter("grpc_server_started_total", outcomes.total, **labels),
        *_histogram(target, "grpc_server_handling_seconds", "grpc", durations[_ANY_STATUS], labels=labels),
    ]


def _otel(target: Target, route: Route, outcomes: Outcomes, durations: Mapping[str, IntArray]) -> list[Samples]:
    # OpenTelemetry has no separate request counter: the histogram's count is it, by status code.
    del outcomes
    labels = {"http_request_method": route.method, "http_route": route.path, "url_scheme": "http"}
    series: list[Samples] = []
    for status, counts in durations.items():
        with_status = {**labels, "http_response_status_code": status}
        series += _histogram(target, "http_server_request_duration_seconds", "otel", counts, labels=with_status)
    return series


def _histogram(
    target: Target, metric: str, convention: Convention, counts: IntArray, *, labels: Mapping[str, str]
) -> list[Samples]:
    bounds = BUCKET_BOUNDS_SECONDS[convention]
    return target.histogram(metric, counts, seconds_in_buckets(counts, bounds_seconds=bounds), bounds=bounds, **labels)


_Dialect: TypeAlias = Callable[[Target, Route, Outcomes, Mapping[str, IntArray]], list[Samples]]
_DIALECTS: Final[Mapping[Convention, _Dialect]] = {"http": _http, "grpc": _grpc, "otel": _otel}
