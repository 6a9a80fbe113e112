"""How a service's requests, failures and latency are asked for: by the conventions of golden signals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.golden_signals import service_matchers, service_signals
from tools.incidents.service_impact import ServiceQueries

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.times import Window

# Enough for a large service with many routes; only names and label values are looked at.
_MAX_SERIES = 20_000
_P95 = 0.95


async def queries_of_service(deps: Deps, source: MetricSource, service: str, *, window: Window) -> ServiceQueries:
    """Return the queries the conventions find for a service; empty ones where its metrics follow none."""
    if not service:
        return ServiceQueries(service)
    series = await source.series(service_matchers(service), window=window, limit=_MAX_SERIES)
    signals = service_signals(service, series)
    p95 = next((latency for latency in signals.latency if latency.quantile == _P95), None)
    mapped = deps.services.get(service)
    return ServiceQueries(
        service=service,
        total=signals.request_counter,
        bad=signals.error_counter,
        latency_p95=(mapped.latency if mapped and mapped.latency else "") or (p95.query if p95 else ""),
        convention=signals.traffic.convention if signals.traffic else "",
    )
