"""The indicator of a latency SLO: the bucket of a histogram that ends at the threshold, over all requests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre.core.errors import InputError, NoDataError
from sre.core.text import cleaned, quoted

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from sre.core.golden_signals import LatencyQuery, ServiceSignals
    from sre.core.promql_text import LabelMatch
    from sre.core.slo.model import RatioIndicator
    from sre.core.times import Window

_HISTOGRAM_SUFFIX = re.compile(r"_(bucket|count|sum)$")
_MILLISECONDS = re.compile(r"_(milliseconds|millis|ms)$")


@dataclass(frozen=True, slots=True)
class Measured:
    """An indicator that was made.

    Attributes:
        aspect: `availability` or `latency`, for the SLO's name.
        events: What good requests are, for its description; empty where they may be anything.
        convention: How its metrics were found; empty where the caller named them.
        notes: What had to be assumed.
    """

    indicator: RatioIndicator
    aspect: str
    events: str
    convention: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LookUp:
    """Where metrics are looked up, and when."""

    source: MetricSource
    window: Window


async def latency_of_service(signals: ServiceSignals, threshold_seconds: float, where: LookUp) -> Measured:
    """Return the share of a service's requests that are fast enough.

    Raises:
        NoDataError: It has no histogram of durations under a known name.
        InputError: No bucket ends at the threshold.
    """
    found = next((one for one in signals.latency if one.buckets), None)
    if found is None:
        raise NoDataError(
            f"{quoted(signals.service, limit=80)} has no classic histogram of durations under a known name.",
            causes=tuple(sorted({f"found only: {one.convention}" for one in signals.latency})),
            next_steps=("pass latency_metric, or good and total; find_metrics(search='duration') lists candidates.",),
        )
    return await _latency(found, threshold_seconds, where)


async def latency_of_metric(metric: str, threshold_seconds: float, *, service: str, where: LookUp | None) -> Measured:
    """Return the share of the requests that a histogram counts which are fast enough.

    Args:
        metric: Name of the histogram with or without `_bucket`, or a selector.
        service: Its series alone, where the metric is given without labels; empty takes all.
        where: None where no source is configured.

    Raises:
        InputError: No selector, or no bucket ends at the threshold.
        NoDataError: No such histogram, or none of this service.
    """
    from sre.core.golden_signals import LatencyQuery
    from sre.core.promql_text import selector

    if not threshold_seconds:
        raise InputError("latency_metric needs threshold_seconds.", field="threshold_seconds", valid=("0.2", "0.5"))
    family, matches = _family_of(metric)
    if service and not matches:
        matches = await _service_match(family, service, where)
    scale = 0.001 if _MILLISECONDS.search(family) else 1.0
    buckets = selector(f"{family}_bucket", matches)
    return await _latency(LatencyQuery("", "", None, buckets=buckets, to_seconds=scale), threshold_seconds, where)


def _family_of(text: str) -> tuple[str, list[LabelMatch]]:
    """Return the name of the histogram that a selector asks for, and its matchers but that of `le`."""
    from sre.core.promql import parse_selector

    try:
        matchers = parse_selector(text)
    except InputError as error:
        raise InputError(error.message, field="latency_metric", valid=error.valid) from None
    names = [one.value for one in matchers if one.name == "__name__" and one.op == "="]
    if not names:
        raise InputError("latency_metric names no metric.", field="latency_metric")
    rest: list[LabelMatch] = [(one.name, one.op, one.value) for one in matchers if one.name not in ("__name__", "le")]
    return _HISTOGRAM_SUFFIX.sub("", names[0]), rest


async def _service_match(family: str, service: str, where: LookUp | None) -> list[LabelMatch]:
    from sre.core.golden_conventions import conventions
    from sre.core.golden_signals import service_labels_matching
    from sre.core.promql_text import selector

    if where is None:
        raise InputError(
            "Without a source it is not known which label holds the service; give the selector.",
            field="latency_metric",
            valid=(f'{family}{{service="{cleaned(service, limit=60)}"}}',),
        )
    wanted = [selector(f"{family}_bucket", [(label, "=", service)]) for label in conventions().service_labels]
    series = await where.source.series(wanted, window=where.window, limit=100)
    labels = service_labels_matching(service, series)
    if not labels:
        raise NoDataError(
            f"{quoted(family)} has no buckets of a service {quoted(service, limit=80)} at {where.source.name}.",
            next_steps=(
                'give the selector as latency_metric, such as http_request_duration_seconds{job="checkout"}.',
                f"find_metrics(search={quoted(family, limit=80)}) shows its labels.",
            ),
        )
    return [(labels[0], "=", service)]


async def _latency(latency: LatencyQuery, threshold_seconds: float, where: LookUp | None) -> Measured:
    from sre.core.exact import exact_number
    from sre.core.promql_text import selector
    from sre.core.slo.latency_buckets import bucket_match
    from sre.core.slo.model import RatioIndicator

    bound, notes = await _bound(latency, threshold_seconds, where)
    family, matches = _family_of(latency.buckets)
    indicator = RatioIndicator(
        good=selector(f"{family}_bucket", [*matches, bucket_match(bound)]), total=selector(f"{family}_count", matches)
    )
    events = f"answered within {exact_number(threshold_seconds)} s"
    return Measured(indicator, "latency", events, latency.convention, notes)


async def _bound(
    latency: LatencyQuery, threshold_seconds: float, where: LookUp | None
) -> tuple[float, tuple[str, ...]]:
    """Return the bound in the histogram's own unit that the threshold is."""
    from sre.core.slo.latency_buckets import bounds_of, checked_bound

    if not 0 < threshold_seconds < float("inf"):
        raise InputError("threshold_seconds must be above 0.", field="threshold_seconds", valid=("0.2", "0.5"))
    wanted = threshold_seconds / latency.to_seconds
    if where is None:
        return wanted, ("No source is configured, so it is not known whether a bucket ends at the threshold.",)
    bounds = bounds_of(await where.source.label_values("le", [latency.buckets], window=where.window))
    if not bounds:
        raise NoDataError(
            f"{quoted(latency.buckets)} has no buckets at {where.source.name} in the last day.",
            causes=("the name or a label is spelt otherwise, or", "it is a native histogram or a summary."),
            next_steps=("find_metrics(search='bucket') lists histograms; or write a document with good and total.",),
        )
    # In seconds for the caller, whatever the unit of the histogram is.
    scaled = {round(bound * latency.to_seconds, 12): bound for bound in bounds}
    return scaled[checked_bound(threshold_seconds, scaled)], ()
