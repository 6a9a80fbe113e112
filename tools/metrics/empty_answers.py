"""Why an answer is empty: the source is asked which part of the query finds nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.text import quoted
from sre.core.times import Duration, Window, format_duration, format_instant, instant_from_ms
from tools.concurrent import all_of, attempted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.promql import Matcher, Query
    from sre.core.promql.nodes import VectorNode
    from sre.metrics.emptiness import Emptiness

# How far back a series that is gone is looked for.
_SEARCHED = timedelta(days=30)
_MAX_SELECTORS = 3
_POINTS = 240


async def diagnosed(
    source: MetricSource, query: Query | None, *, window: Window, step_seconds: float | None
) -> tuple[Emptiness, ...]:
    """Return why a query has no answer in a window, asked every `step_seconds`, most telling first."""
    from sre.core.promql_tree import used_selectors
    from sre.metrics.emptiness import Emptiness, other_causes

    outside = await _outside_data(source, window)
    if outside is not None:
        return (outside,)
    if query is None:
        return (Emptiness("The source found no series; the query could not be read here, so nothing more is known."),)
    vectors = list({used.text: used.vector for used in used_selectors(query.ast)}.values())[:_MAX_SELECTORS]
    found = await all_of([_selector_diagnosis(source, vector, window) for vector in vectors])
    causes = tuple(cause for cause in found if cause is not None)
    return causes or other_causes(query.ast, step_seconds=step_seconds)


async def _outside_data(source: MetricSource, window: Window) -> Emptiness | None:
    from sre.metrics.emptiness import Emptiness

    data = await source.coverage()
    if data is None or (window.start <= data.end and window.end >= data.start):
        return None
    side = "before" if window.end < data.start else "after"
    return Emptiness(
        f"The window is {side} the data, which goes from {format_instant(data.start)} to {format_instant(data.end)}.",
        next_steps=(f"ask with end={format_instant(data.end)} or now",),
    )


def _selector_diagnosis(
    source: MetricSource, vector: VectorNode, window: Window
) -> Callable[[], Awaitable[Emptiness | None]]:
    async def diagnose() -> Emptiness | None:
        from sre.core.promql_tree import selector_text

        text = selector_text(vector)
        if await source.series([text], window=window, limit=1):
            return None
        wide = await _searched(source, window)
        if await source.series([text], window=wide, limit=1):
            return await _seen_elsewhere(source, text, window, wide)
        return await _missing_part(source, vector, wide)

    return diagnose


async def _searched(source: MetricSource, window: Window) -> Window:
    data = await source.coverage()
    if data is not None:
        return Window(min(data.start, window.start), max(data.end, window.end))
    return Window(window.start - _SEARCHED, window.end + _SEARCHED)


async def _missing_part(source: MetricSource, vector: VectorNode, wide: Window) -> Emptiness:
    from sre.core.labels import METRIC_NAME
    from sre.core.promql_tree import metric_of
    from sre.metrics.emptiness import without_combination, without_label, without_metric, without_value

    metric = metric_of(vector)
    base = [metric] if metric else []
    if metric and not await source.series([metric], window=wide, limit=1):
        return without_metric(metric, await source.label_values(METRIC_NAME, window=wide))
    labels = await source.label_names(base, window=wide)
    for matcher in (one for one in vector.matchers if one.name != METRIC_NAME):
        if matcher.matches_value(""):
            continue
        if matcher.name not in labels:
            return without_label(matcher, metric, labels)
        values = await source.label_values(matcher.name, base, window=wide)
        if not _passes_any(matcher, values):
            return without_value(matcher, metric, values)
    return without_combination(vector)


def _passes_any(matcher: Matcher, values: tuple[str, ...]) -> bool:
    return any(matcher.matches_value(value) for value in values)


async def _seen_elsewhere(source: MetricSource, text: str, window: Window, wide: Window) -> Emptiness:
    from sre.metrics.emptiness import Emptiness

    last = await _last_seen(source, text, Window(wide.start, window.start))
    if last is not None:
        until = (window.start - last).total_seconds()
        return Emptiness(
            f"{quoted(text)} is stale: its last sample is of about {format_instant(last)}, "
            f"{format_duration(_rounded(until))} before the window.",
            next_steps=(f"ask with end={format_instant(last)}", "check whether its target still runs: up == 0"),
        )
    return Emptiness(
        f"{quoted(text)} has samples only after the window.", next_steps=("ask for a later window, such as end=now",)
    )


async def _last_seen(source: MetricSource, text: str, before: Window) -> datetime | None:
    """Return when a selector last had a sample in a window, to about 1/60,000 of it: two looks, each finer."""
    found: datetime | None = None
    look = before
    for _ in range(2):
        step = Duration(max(1.0, look.seconds / _POINTS))
        query = f"count(last_over_time({text}[{format_duration(step.seconds)}]))"
        # One call a loop: the second look is where the first one ended.
        result = await attempted(lambda q=query, w=look, s=step: source.range_query(q, window=w, step=s))  # type: ignore[misc]
        last_ms = _last_present_ms(result.series) if result is not None else None
        if last_ms is None:
            return found
        found = instant_from_ms(last_ms)
        look = Window(found - timedelta(seconds=step.seconds), found)
    return found


def _last_present_ms(series: object) -> int | None:
    import numpy as np

    from sre.core.series import SeriesSet

    assert isinstance(series, SeriesSet)
    if len(series) == 0 or not series.present.any():
        return None
    column = int(np.flatnonzero(series.present.any(axis=0))[-1])
    return int(series.grid.times_ms()[column])


def _rounded(seconds: float) -> float:
    return float(round(seconds / 60) * 60) if seconds >= 60 else float(round(seconds))
