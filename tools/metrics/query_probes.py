"""What is asked of a source besides the query itself: is it too costly, are its metrics counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.errors import RefusedError
from tools.concurrent import all_of, attempted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.promql import Query
    from sre.core.times import Window
    from sre.metrics.query_cost import Estimate, SelectorCost


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
