"""Why a panel shows nothing: which of its metrics is not there, and what is there instead."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.text import listed, quoted
from sre.core.times import Window, format_duration
from tools.concurrent import attempted, seconds_left

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from sre.core.promql_tree import UsedSelector

_MAX_SELECTORS = 3
# A series that a process wrote yesterday and does not write now is another story than one that never was.
_LOOKBACK = timedelta(days=30)
_ASKING_SECONDS = 5.0
# What all records of sre.core.conventions begin with.
_OUR_RECORDS = "slo:"


async def reason_for_nothing(source: MetricSource, query: str, *, window: Window) -> str:
    """Return a sentence or two: what is missing, with the nearest names that exist."""
    from sre.core.promql import parse
    from sre.core.promql_tree import used_selectors

    try:
        selectors = list({used.text: used for used in used_selectors(parse(query).ast)}.values())[:_MAX_SELECTORS]
    except SreError as error:
        return f"its query finds nothing, and it cannot be looked into: {error.message}"
    for used in selectors:
        reason = await _missing(source, used, window)
        if reason:
            return reason
    return (
        f"its query finds nothing in the last {format_duration(window.seconds)}, although its series exist: no value "
        "passes a condition in it, its sides have no labels in common, or there was nothing to divide by."
    )


async def _missing(source: MetricSource, used: UsedSelector, window: Window) -> str:
    if await _exists(source, used.text, window):
        return ""
    searched = Window(window.start - _LOOKBACK, window.end)
    if used.metric and not await _exists(source, used.metric, searched):
        return await _without_metric(source, used.metric, searched)
    if await _exists(source, used.text, searched):
        return f"{quoted(used.text)} had samples in the last {_LOOKBACK.days} days but has none in this panel's time."
    return f"{quoted(used.metric or used.text)} exists, but no series of it fits {quoted(used.text)}."


async def _exists(source: MetricSource, selector: str, window: Window) -> bool:
    """Whether any series fits; a source that does not say is not blamed for it."""
    found = await attempted(lambda: source.series([selector], window=window, limit=1), seconds=_patience())
    return found is None or bool(found)


async def _without_metric(source: MetricSource, metric: str, window: Window) -> str:
    from sre.core.labels import METRIC_NAME
    from sre.metrics.emptiness import nearest_metrics

    if metric.startswith(_OUR_RECORDS):
        return f"there is no {quoted(metric)} yet: load the SLO's recording rules (generate_slo_rules) first."
    if metric == "ALERTS":
        return "no alert of these rules fires or is pending: good news, or the rules are not loaded."
    names = await attempted(lambda: source.label_values(METRIC_NAME, window=window), seconds=_patience()) or ()
    close = nearest_metrics(metric, names)
    kind = "; a recorded one, so load the rules that make it" if ":" in metric else ""
    nearest = f" Nearest that exist: {listed([quoted(name, limit=80) for name in close])}." if close else ""
    return f"there is no metric {quoted(metric)}{kind}.{nearest}"


def _patience() -> float:
    return min(_ASKING_SECONDS, seconds_left())
