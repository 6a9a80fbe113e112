"""What is asked of a source besides the query itself: is it too costly, how often is it scraped, is it a counter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.errors import RefusedError
from sre.core.text import cleaned
from sre.core.times import format_duration
from tools.concurrent import all_of, attempted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.promql import Query
    from sre.core.times import Window
    from sre.metrics.query_cost import Estimate, SelectorCost

# Longer ranges hold four scrapes at every usual interval (up to 2 min), so nobody is asked.
_SAFE_RANGE_SECONDS = 600.0
# Counting resets reads the whole window; beyond a day that costs as much as the query.
_RESETS_WINDOW_SECONDS = 86_400.0
_PROBE, _SCRAPES, _RESETS = "probe", "scrapes", "resets"
_MIN_SCRAPES = 4
_MAX_SELECTOR_CHARS = 80
_MAX_PROBED = 3


async def refuse_if_too_costly(source: MetricSource, query: Query, *, window: Window, steps: int) -> None:
    """Count the series first where a query could be too much for its source.

    Raises:
        RefusedError: It would be; says how to ask for less.
    """
    from sre.metrics.query_cost import Estimate, estimate, needs_asking, selector_costs

    costs = selector_costs(query.ast, steps=steps)
    if not needs_asking(costs):
        return
    selectors = tuple(dict.fromkeys(cost.selector for cost in costs))
    counted = selectors if query.value_type == "matrix" else (*selectors, query.text)
    counts = await all_of([_counter(source, window, expression) for expression in counted])
    series = dict(zip(selectors, counts, strict=False))
    cost = estimate(costs, series, steps=steps, result_series=counts[-1])
    if query.value_type == "matrix":
        # Raw samples are all returned.
        cost = Estimate(cost.samples_touched, cost.samples_touched)
    if cost.is_too_costly:
        labels = await attempted(lambda: source.label_names([_costliest(costs, series)], window=window))
        raise RefusedError(
            f"This query is too costly for its window: {cost.text()} over {steps} step{'s' if steps != 1 else ''}.",
            next_steps=_ways_round(query, labels or (), window, cost=cost, steps=steps),
        )


def _costliest(costs: Sequence[SelectorCost], series: dict[str, int]) -> str:
    return max(costs, key=lambda cost: cost.samples_per_series * series.get(cost.selector, 0)).selector


def _ways_round(query: Query, labels: Sequence[str], window: Window, *, cost: Estimate, steps: int) -> tuple[str, ...]:
    from sre.metrics.query_cost import MAX_RESULT_POINTS, cheaper_queries, fewer_samples, grouping_labels

    if query.value_type != "matrix" and cost.result_points <= MAX_RESULT_POINTS:
        return fewer_samples(cost, query.ast, steps=steps, window_seconds=window.seconds)
    grouping = grouping_labels(labels)
    ways = cheaper_queries(query.text, query.ast, labels=grouping, window_seconds=window.seconds)
    if query.value_type == "matrix":
        return ways
    return (*ways, *fewer_samples(cost, query.ast, steps=steps, window_seconds=window.seconds))


def _counter(source: MetricSource, window: Window, expression: str) -> Callable[[], Awaitable[int]]:
    """Return a call that counts the series of an expression at both ends of the window and says the larger number."""
    text = f"count({expression}\n)" if "#" in expression else f"count({expression})"

    async def at(instant: datetime) -> int:
        result = await attempted(lambda: source.instant_query(text, at=instant))
        return int(result.values[0]) if result is not None and result.values.size else 0

    async def count() -> int:
        return max(await all_of([lambda: at(window.start), lambda: at(window.end)]))

    return count


async def rate_hints(source: MetricSource, query: Query, *, window: Window) -> tuple[str, ...]:
    """Return warnings: how few scrapes the ranges of a query hold, and how often its counters reset."""
    from sre.metrics.query_tree import RATE_FUNCTIONS, used_selectors

    used = [
        one
        for one in used_selectors(query.ast)
        if one.range_seconds and one.is_now and RATE_FUNCTIONS.intersection(one.names_around)
    ]
    asked = list(dict.fromkeys((one.text, one.range_seconds) for one in used))[:_MAX_PROBED]
    found = await all_of([_rate_hint(source, text, seconds, window) for text, seconds in asked])
    return tuple(dict.fromkeys(warning for warnings in found for warning in warnings))


def needs_rate_hints(query: Query) -> bool:
    """Return whether the query has rates over ranges short enough to hold too few scrapes."""
    from sre.metrics.query_tree import RATE_FUNCTIONS, used_selectors

    return any(
        0 < one.range_seconds < _SAFE_RANGE_SECONDS and RATE_FUNCTIONS.intersection(one.names_around)
        for one in used_selectors(query.ast)
    )


def _rate_hint(
    source: MetricSource, selector: str, range_seconds: float, window: Window
) -> Callable[[], Awaitable[list[str]]]:
    async def ask() -> list[str]:
        said = await _probed(source, _hint_query(selector, range_seconds, window), window.end)
        return [*_scrape_warnings(said.get(_SCRAPES), range_seconds), *_reset_warnings(said.get(_RESETS), selector)]

    return ask


def _hint_query(selector: str, range_seconds: float, window: Window) -> str:
    """Return one query for both numbers, so that a hint costs one request."""
    scrapes = f"quantile(0.5, count_over_time({selector}[{format_duration(range_seconds)}]))"
    parts = [f'label_replace({scrapes}, "{_PROBE}", "{_SCRAPES}", "", "")']
    if window.seconds <= _RESETS_WINDOW_SECONDS:
        resets = f"sum(resets({selector}[{format_duration(window.seconds)}]))"
        parts.append(f'label_replace({resets}, "{_PROBE}", "{_RESETS}", "", "")')
    return " or ".join(parts)


async def _probed(source: MetricSource, query: str, at: datetime) -> dict[str, float]:
    result = await attempted(lambda: source.instant_query(query, at=at))
    pairs = zip(result.labels, result.values, strict=True) if result is not None else ()
    return {labels.get(_PROBE, ""): float(value) for labels, value in pairs}


def _scrape_warnings(scrapes: float | None, range_seconds: float) -> list[str]:
    if scrapes is None or scrapes <= 0 or scrapes >= _MIN_SCRAPES:
        return []
    interval = range_seconds / scrapes
    return [
        f"The range [{format_duration(range_seconds)}] holds about {scrapes:g} scrapes; a rate over fewer than "
        f"{_MIN_SCRAPES} jumps about and breaks when one is missed. Use at least "
        f"[{format_duration(_rounded_up(interval * _MIN_SCRAPES))}]."
    ]


def _rounded_up(seconds: float) -> float:
    return -(-seconds // 60) * 60.0


def _reset_warnings(resets: float | None, selector: str) -> list[str]:
    if not resets:
        return []
    count = f"{resets:g} counter reset{'s' if resets != 1 else ''}"
    name = cleaned(selector, limit=_MAX_SELECTOR_CHARS)
    return [f"Resets: {count} of {name} in the window (restarts); rate() and increase() allow for them."]


async def counter_types(source: MetricSource, metrics: Sequence[str]) -> tuple[str, ...]:
    """Return those metrics that the source's metadata calls counters, or that have no metadata and a counter's name."""
    from sre.metrics.families import family_candidates
    from sre.metrics.query_checks import is_counter_like_name

    async def is_counter(metric: str) -> bool:
        for name in family_candidates(metric):
            found = await attempted(lambda name=name: source.metadata(name))  # type: ignore[misc]
            if found and name in found:
                return found[name].type == "counter" or (
                    found[name].type in ("histogram", "summary") and is_counter_like_name(metric)
                )
        return is_counter_like_name(metric)

    kept = await all_of([lambda metric=metric: is_counter(metric) for metric in metrics])  # type: ignore[misc]
    return tuple(metric for metric, yes in zip(metrics, kept, strict=True) if yes)
