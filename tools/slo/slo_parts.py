"""An SLO from its parts: counters as given, a latency histogram and a threshold, or what a service's metrics offer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.errors import InputError, NoDataError
from sre.core.text import cleaned, quoted
from sre.core.times import Window
from tools.slo.slo_latency import LookUp, Measured, latency_of_metric, latency_of_service

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.golden_signals import ServiceSignals
    from sre.core.slo.model import Slo

DEFAULT_WINDOW = "30d"
# As long as golden signals are looked for.
LOOKBACK = timedelta(days=1)
_SIDES = ("good", "bad", "total")
_MAX_SLUG = 200


@dataclass(frozen=True, slots=True)
class SloParts:
    """What the caller said instead of writing a document; empty and 0 stand for not said."""

    name: str = ""
    service: str = ""
    objective: float = 0.0
    window: str = ""
    good: str = ""
    bad: str = ""
    total: str = ""
    latency_metric: str = ""
    threshold_seconds: float = 0.0
    group_by: str = ""

    def given(self) -> tuple[str, ...]:
        """Return the names of the parts that were said."""
        return tuple(name for name in self.__slots__ if getattr(self, name))


@dataclass(frozen=True, slots=True)
class BuiltSlo:
    """An SLO made from parts.

    Attributes:
        convention: How its metrics were found; empty where the caller named them.
        notes: What had to be assumed.
    """

    slo: Slo
    convention: str = ""
    notes: tuple[str, ...] = field(default=())


async def slo_from_parts(deps: Deps, parts: SloParts, *, source: MetricSource | None, source_name: str) -> BuiltSlo:
    """Return the SLO that the parts make.

    Args:
        source: Where metrics are looked up; None where no source is configured.
        source_name: Written into the document; empty leaves it to whoever reads it.

    Raises:
        InputError: Parts are missing, wrong or contradict each other; a threshold that no bucket ends at.
        NoDataError: The service publishes nothing that the SLO could be measured with.
    """
    from sre.core.slo.budget import budget_ratio
    from sre.core.slo.model import Slo
    from sre.core.slo.windows import parse_slo_window

    if not parts.objective:
        raise InputError(
            "Pass document, or objective with the parts of an SLO.", field="objective", valid=("0.99", "0.999")
        )
    budget_ratio(parts.objective)
    window = parse_slo_window(parts.window or DEFAULT_WINDOW)
    measured = await _measured(deps, parts, source)
    notes = measured.notes if parts.window else (*measured.notes, f"No window was given; {DEFAULT_WINDOW} is used.")
    slo = Slo(
        name=_name(parts, measured.aspect),
        objective_ratio=parts.objective,
        window=window,
        indicator=measured.indicator,
        service=cleaned(parts.service),
        description=_description(parts, measured),
        source_name=source_name or None,
        group_by=tuple(label.strip() for label in parts.group_by.split(",") if label.strip()),
    )
    return BuiltSlo(slo, measured.convention, notes)


async def _measured(deps: Deps, parts: SloParts, source: MetricSource | None) -> Measured:
    sides = [side for side in _SIDES if getattr(parts, side)]
    if sides and (parts.latency_metric or parts.threshold_seconds):
        raise InputError(f"Pass {sides[0]} or a latency threshold, not both.", field=sides[0])
    if sides:
        return _from_counters(parts, sides)
    if not parts.latency_metric and not parts.service:
        raise InputError(
            "Pass document, or service, or two of good, bad and total, or latency_metric with threshold_seconds.",
            field="service",
        )
    where = await _look_up(deps, source) if source is not None else None
    if parts.latency_metric:
        threshold = parts.threshold_seconds
        return await latency_of_metric(parts.latency_metric, threshold, service=parts.service, where=where)
    if where is None:
        # With nothing configured this raises what to set.
        where = await _look_up(deps, deps.sources.metric())
    signals = await _signals(deps, parts.service, where)
    if parts.threshold_seconds:
        return await latency_of_service(signals, parts.threshold_seconds, where)
    return _availability(signals)


def _from_counters(parts: SloParts, sides: list[str]) -> Measured:
    from sre.core.slo.model import RatioIndicator

    if len(sides) != 2:
        missing = "total" if "total" not in sides else "bad"
        raise InputError("Pass two of good, bad and total, each a PromQL counter.", field=missing)
    return Measured(RatioIndicator(parts.good or None, parts.bad or None, parts.total or None), "availability", "")


async def _look_up(deps: Deps, source: MetricSource) -> LookUp:
    now = await deps.now_of(source)
    return LookUp(source, Window(now - LOOKBACK, now))


async def _signals(deps: Deps, service: str, where: LookUp) -> ServiceSignals:
    from tools.golden_signals import found_service

    mapping = deps.services.get(service)
    found = await found_service(where.source, service, window=where.window, mapping=mapping, with_hosts=False)
    return found.signals


def _availability(signals: ServiceSignals) -> Measured:
    from sre.core.slo.model import RatioIndicator

    if not signals.request_counter or not signals.error_counter or signals.errors is None:
        raise NoDataError(
            f"No counter of requests and failures of {quoted(signals.service, limit=80)} follows a known convention.",
            causes=signals.notes or ("the settings map its signals to queries, which are no counters.",),
            next_steps=("pass bad and total as counters; find_metrics lists what the service publishes.",),
        )
    indicator = RatioIndicator(bad=signals.error_counter, total=signals.request_counter)
    events = "answered without a server error"
    return Measured(indicator, "availability", events, signals.errors.convention)


def _name(parts: SloParts, aspect: str) -> str:
    if parts.name:
        return parts.name.strip()
    slug = re.sub(r"[^a-z0-9]+", "-", parts.service.lower()).strip("-")
    if not slug:
        raise InputError("Pass name, or a service to name it after.", field="name", valid=("checkout-availability",))
    return f"{slug[:_MAX_SLUG]}-{aspect}"


def _description(parts: SloParts, measured: Measured) -> str:
    if not measured.events:
        return ""
    to_service = f" to {cleaned(parts.service, limit=80)}" if parts.service else ""
    return f"Share of requests{to_service} that are {measured.events}."
