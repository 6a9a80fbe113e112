"""Counters too young to count with: they exist, but were scraped once, and an increase takes two samples."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sre.core.times import format_duration
from tools.concurrent import all_of, attempted, seconds_left
from tools.newborn_counters import value_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connectors.base import MetricSource
    from sre.core.slo.count_query import CountQuery
    from sre.core.times import Window

YOUNG_CAUSE = "its counters have one sample each so far, and an increase takes two"
YOUNG_STEP = "ask again after the next scrape."
YOUNG_NOTE = f"Nothing is counted yet: {YOUNG_CAUSE}; {YOUNG_STEP}"
# It only words an answer, so it may not hold it up (our choice).
_PATIENCE_SECONDS = 5.0


def counters_of(queries: Iterable[CountQuery]) -> tuple[str, ...]:
    """Return the counters that are added up, each once; what a caller's template reads is not among them."""
    return tuple(dict.fromkeys(term.counter for query in queries for term in query.terms if term.counter))


async def are_young(source: MetricSource, counters: Sequence[str], *, window: Window) -> bool:
    """Return whether counters that counted nothing have samples in the window, but none has two.

    Ask only where nothing was counted: then there is little to read. Where the source does not say, they are not known
    to be young.
    """
    span = format_duration(window.seconds)
    queries = [f"max(count_over_time({counter}[{span}]))" for counter in counters]
    calls = [partial(value_at, source, query, window.end) for query in queries]
    most = await attempted(partial(all_of, calls), seconds=min(_PATIENCE_SECONDS, seconds_left()))
    return max((one or 0.0 for one in most or ()), default=0.0) == 1.0
