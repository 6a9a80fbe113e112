"""Whether the metrics that events are counted by are counters at the source."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import InputError, UpstreamError
from sre.core.slo.count_query import names_without_counter_suffix
from sre.core.text import quoted
from tools.concurrent import all_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import MetricSource
    from sre.core.slo.count_query import CountQuery


async def counter_notes(source: MetricSource, queries: Sequence[CountQuery]) -> tuple[str, ...]:
    """Return warnings about metrics that may not be counters.

    Raises:
        InputError: The source says that a metric is a gauge.
    """
    metrics = tuple(sorted({metric for query in queries for metric in query.metrics}))
    try:
        types = await all_of([partial(_type_of, source, metric) for metric in metrics])
    except UpstreamError:
        return ("The source did not give metric types, so it was not checked that these are counters.",)
    gauges = [metric for metric, kind in zip(metrics, types, strict=True) if kind == "gauge"]
    if gauges:
        raise InputError(
            f"{quoted(gauges[0])} is a gauge at the source; increase() of a gauge does not count events.",
            field="total",
            next_steps=("use the counter behind it (usually ending in _total or _count), or pass numbers.",),
        )
    unknown = tuple(m for m, kind in zip(metrics, types, strict=True) if kind in {"", "unknown"})
    doubtful = names_without_counter_suffix(unknown)
    return (f"{quoted(doubtful[0])} is not named like a counter; make sure it only ever grows.",) if doubtful else ()


async def _type_of(source: MetricSource, metric: str) -> str:
    found = await source.metadata(metric)
    base = metric.removesuffix("_total")
    entry = found.get(metric) or found.get(base)
    return entry.type if entry else ""
