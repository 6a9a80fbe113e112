"""When users felt failures, by the share of failed requests of each service: what pages are held against."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from sre.core.errors import SreError
from sre.core.text import cleaned, listed
from sre.core.times import Duration, Window
from tools.concurrent import all_of, attempted, seconds_left
from tools.golden_signals import found_service, service_names
from tools.slo_lookup import slo_registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.alerting.interruptions import Interval
    from sre.alerting.symptoms import Symptoms

_MAX_SERVICES: Final = 10
_CONCURRENT: Final = 4
_WINDOW: Final = Duration(300.0)
_MAX_POINTS: Final = 10_000
_SERVICE_SECONDS: Final = 8.0
# Of the time of a call, what is kept for the replay.
_REPLAY_SECONDS: Final = 20.0


async def felt_symptoms(deps: Deps, source: MetricSource, *, window: Window, service: str) -> Symptoms | None:
    """Return when requests of the services failed, None where no service's errors are known.

    Args:
        service: Only this one; empty takes all that the source knows.
    """
    from sre.alerting.review_model import assumptions
    from sre.alerting.symptoms import Symptoms

    names = (service,) if service else await _names(source, window)
    limits = await _limits(deps)
    limiter = anyio.CapacityLimiter(_CONCURRENT)
    usual = assumptions().symptom_error_ratio
    chosen = names[:_MAX_SERVICES]

    async def felt(name: str) -> tuple[Interval, ...] | None:
        async with limiter:
            return await attempted(lambda: _felt_by(deps, source, name, window, limits.get(name, usual)))

    found = await all_of([partial(felt, name) for name in chosen])
    by_service = {name: times for name, times in zip(chosen, found, strict=True) if times is not None}
    if not by_service:
        return None
    told = sorted({limits.get(name, usual) for name in by_service})
    percents = [f"{100 * limit:.3g}%" for limit in told]
    shown = percents[0] if len(percents) == 1 else f"{percents[0]} to {percents[-1]}"
    whose = "its" if len(by_service) == 1 else "their"
    said = f"{listed([cleaned(name, limit=80) for name in by_service])} failed over {shown} of {whose} requests"
    return Symptoms(by_service, said)


async def _names(source: MetricSource, window: Window) -> tuple[str, ...]:
    from datetime import timedelta

    recent = Window(max(window.start, window.end - timedelta(days=1)), window.end)
    return (
        await attempted(lambda: service_names(source, window=recent), seconds=min(_SERVICE_SECONDS, seconds_left()))
        or ()
    )


async def _limits(deps: Deps) -> Mapping[str, float]:
    """Return for services with an SLO the share of failures that burns its budget fast."""
    from sre.alerting.review_model import assumptions

    try:
        registry = await slo_registry(deps).load_all()
    except SreError:
        return {}
    known = assumptions()
    limits: dict[str, float] = {}
    for one in registry.slos:
        limit = min(known.symptom_burn_rate * (1 - one.slo.objective_ratio), known.most_symptom_error_ratio)
        if one.slo.service:
            limits[one.slo.service] = min(limit, limits.get(one.slo.service, 1.0))
    return limits


async def _felt_by(
    deps: Deps, source: MetricSource, name: str, window: Window, limit: float
) -> tuple[Interval, ...] | None:
    from sre.alerting.interruptions import intervals_of
    from sre.core.golden_signals import with_window

    # It keeps time back by itself, so it must not be put under a shorter deadline.
    found = await found_service(source, name, window=window, mapping=deps.services.get(name), with_hosts=False)
    errors = found.signals.errors
    if errors is None:
        return None
    step = Duration(max(60.0, -(-window.seconds // _MAX_POINTS)))
    query = with_window(errors.query, _WINDOW)
    patience = min(_SERVICE_SECONDS, seconds_left(spare_seconds=_REPLAY_SECONDS))
    answer = await attempted(lambda: source.range_query(query, window=window, step=step), seconds=patience)
    return None if answer is None else intervals_of(answer.series, above=limit)
