"""Finding the golden signals of a service at a source; shared by the tools that look at services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.errors import NoDataError
from sre.core.text import cleaned, nearest_names, quoted
from sre.core.times import Window
from tools.concurrent import all_of, attempted, seconds_left, within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from connectors.base import MetricSource
    from sre.core.golden_signals import ServiceSignals
    from sre.core.labels import Labels
    from sre.metrics.model import SignalQueries

# A service that stopped an hour ago must still be found: its silence is the finding.
_LOOKBACK = timedelta(days=1)
_MAX_SERIES = 20_000
_MAX_HOSTS = 30
_MAX_NAMES = 8
# Of the time of a call, what is kept for reading the signals once they are found: 20 s, and 5 s to answer.
_READING_SECONDS = 25.0


@dataclass(frozen=True, slots=True)
class FoundService:
    """A service's signals, and what else it publishes.

    Attributes:
        metrics: Names of all its metrics, for services that follow no known convention.
        is_cut: It has more series than were looked at.
        are_hosts_missing: The machines it runs on could not be looked up, or not in time.
    """

    signals: ServiceSignals
    metrics: tuple[str, ...]
    is_cut: bool = False
    are_hosts_missing: bool = False


async def found_service(
    source: MetricSource,
    service: str,
    *,
    window: Window,
    mapping: SignalQueries | None = None,
    with_hosts: bool = True,
) -> FoundService:
    """Return how to ask for the golden signals of a service, by the conventions its metrics follow.

    Args:
        window: When it is looked at; its series are looked for up to a day before.
        mapping: Queries from the settings, which win over conventions.
        with_hosts: Also look for the machines it runs on, which only their saturation needs.

    Raises:
        NoDataError: No series carries this name; says which names exist.
    """
    from sre.core.golden_signals import service_matchers, service_signals, with_overrides

    searched = Window(min(window.start, window.end - _LOOKBACK), window.end)
    series = await within(
        lambda: source.series(service_matchers(service), window=searched, limit=_MAX_SERIES),
        seconds=seconds_left(spare_seconds=_READING_SECONDS),
        system=source.name,
    )
    if not series and mapping is None:
        raise await _unknown_service(source, service, searched)
    hosts = await _host_series(source, series, searched) if with_hosts else ()
    signals = service_signals(service, series, host_series=hosts or ())
    if mapping is not None:
        signals = with_overrides(
            signals,
            traffic=mapping.traffic,
            errors=mapping.errors,
            latency=mapping.latency,
            saturation=mapping.saturation,
        )
    names = tuple(sorted({labels.metric for labels in series}))
    return FoundService(signals, names, is_cut=len(series) >= _MAX_SERIES, are_hosts_missing=hosts is None)


async def service_names(source: MetricSource, *, window: Window) -> tuple[str, ...]:
    """Return the names of services: the values of the first labels that are made to hold them."""
    from sre.core.golden_conventions import conventions

    present = set(await source.label_names(window=window))
    labels = [label for label in conventions().service_labels if label in present]
    values = await all_of([_values_call(source, label, window) for label in labels])
    return tuple(dict.fromkeys(value for group in values for value in group))


def _values_call(source: MetricSource, label: str, window: Window) -> Callable[[], Awaitable[tuple[str, ...]]]:
    async def values() -> tuple[str, ...]:
        return await attempted(lambda: source.label_values(label, window=window)) or ()

    return values


async def _unknown_service(source: MetricSource, service: str, window: Window) -> NoDataError:
    names = await attempted(lambda: service_names(source, window=window), seconds=seconds_left()) or ()
    close = nearest_names(service, names, count=_MAX_NAMES) or names[:_MAX_NAMES]
    return NoDataError(
        f"No series at {source.name} belongs to a service {quoted(service, limit=80)}.",
        causes=(
            "the name is spelt otherwise in the labels, or",
            "the service publishes nothing that this source collects, or has not for a day.",
        ),
        nearest=tuple(quoted(name, limit=80) for name in close),
        next_steps=(
            "call again with one of the names that exist, or",
            f"find_metrics(search={quoted(cleaned(service, limit=40))}), then map its queries in the settings.",
        ),
    )


async def _host_series(source: MetricSource, series: Sequence[Labels], window: Window) -> tuple[Labels, ...] | None:
    """Return the node exporter's series of the machines a service runs on; None where the source would not say."""
    from sre.core.golden_signals import host_matcher

    hosts = sorted({host for labels in series for host in _hosts_of(labels)})
    if not hosts or len(hosts) > _MAX_HOSTS:
        return ()
    return await attempted(
        lambda: source.series([host_matcher(hosts)], window=window, limit=_MAX_SERIES),
        seconds=seconds_left(spare_seconds=_READING_SECONDS),
    )


def _hosts_of(labels: Labels) -> tuple[str, ...]:
    instance = labels.get("instance", "").rsplit(":", 1)[0]
    return tuple(host for host in (labels.get("node", ""), labels.get("host", ""), instance) if host)
