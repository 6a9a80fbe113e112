"""How a service's requests, failures and latency are asked for: by the conventions of golden signals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.golden_signals import found_service
from tools.incidents.service_impact import ServiceQueries

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.times import Window

_P95 = 0.95


async def queries_of_service(deps: Deps, source: MetricSource, service: str, *, window: Window) -> ServiceQueries:
    """Return the queries that the settings or the conventions give for a service; empty ones where there are none.

    Raises:
        NoDataError: No series carries this name; says which names exist.
    """
    mapping = deps.services.get(service)
    signals = (await found_service(source, service, window=window, mapping=mapping, with_hosts=False)).signals
    # The settings do not say which percentile theirs is; they were asked for a high one.
    wanted = None if mapping is not None and mapping.latency else _P95
    p95 = next((latency for latency in signals.latency if latency.quantile == wanted), None)
    return ServiceQueries(
        service=service,
        total=signals.request_counter or (signals.traffic.query if signals.traffic else ""),
        bad=signals.error_counter,
        latency_p95=p95.query if p95 else "",
        convention=signals.traffic.convention if signals.traffic else "",
    )
