"""Series that begin inside a long window: what they had counted by their first scrape, which `increase()` drops.

The first 503 ever is such a series: it appears with the value 1 and may never grow again. It counts from zero where
the source had data before the series began; where everything begins at once, the data begin, not the events.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.promql_text import WINDOW
from sre.core.text import quoted
from sre.core.times import Window, format_duration
from tools.concurrent import all_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.base import MetricSource
    from sre.core.labels import Labels
    from sre.core.series import InstantResult
    from sre.core.slo.budget import EventCounts
    from sre.core.slo.count_query import CountQuery
    from sre.slo.counter_increase import CounterIncrease

# How far back a series is looked for before it counts as new: longer than restarts and short scrape failures.
LOOK_BACK_SECONDS = 3600.0
# Beside a short window a series must have been away for so long to count as new: one that comes back after a gap of
# some hours, holding all it ever counted, would look like an outage.
_ABSENCE_SECONDS = 86_400.0
# Where data begin is looked for in steps of at most this many seconds: 720 for 30 d, cheap beside counting the window.
_STEP_SECONDS = 3600.0
_LEAST_STEPS = 48


@dataclass(frozen=True, slots=True)
class Newborn:
    """Series of one counter that began inside a window.

    Attributes:
        count: How many.
        events: Sum of their lowest values. That is their first one unless they restarted, and then it is too low.
        query: The PromQL for `events`.
        is_since_start: The source had data at the start of the window, so no series can be older than it seems.
    """

    count: int
    events: float
    query: str
    is_since_start: bool


async def newborn_series(
    source: MetricSource, counter: str, *, window: Window, witnesses: Sequence[str]
) -> Newborn | None:
    """Return which series of a counter began inside the window, or None where the data do not tell.

    Args:
        witnesses: Counters whose samples show that the source had data; the counter itself may be one.

    Raises:
        SreError: The source did not say.
    """
    since = await data_since(source, window, witnesses)
    if since is None or since >= window.end:
        return None
    span = format_duration((window.end - since).total_seconds())
    known = f"last_over_time({counter}[{format_duration(LOOK_BACK_SECONDS)}] offset {span})"
    first_values = f"min_over_time({counter}[{span}]) unless {known}"
    queries = (f"count({first_values})", f"sum({first_values})")
    count, events = await all_of([partial(value_at, source, query, window.end) for query in queries])
    return Newborn(round(count or 0), events or 0.0, queries[1], is_since_start=since == window.start)


def newborn_note(counter: str, newborn: Newborn, *, has_resets: bool) -> str | None:
    """Return what a reader must know of events counted from zero, or None where there were none."""
    if newborn.events <= 0:
        return None
    least = "at least " if has_resets else ""
    return (
        f"{newborn.count} series of {quoted(counter)} appeared inside the window and are counted from zero; "
        f"that adds {least}{newborn.events:.6g} events seen at their first scrape."
    )


def birth_notes(counter: str, grown: CounterIncrease) -> tuple[str, ...]:
    """Return what a reader must know of series that a count from samples found without a beginning."""
    born, old, name = grown.born_count, grown.old_count, quoted(counter)
    notes = (
        f"{born} series of {name} appeared inside the window and are counted from zero." if born else "",
        f"Data begin inside the window; what {old} series of {name} had counted by then is left out." if old else "",
    )
    return tuple(note for note in notes if note)


def uncounted_note(counter: str, added_count: int) -> str:
    """Return the warning for series whose first values could not be read."""
    return (
        f"{added_count} series of {quoted(counter)} appeared inside the window; events before their first scrape are "
        "not in the count."
    )


def newborn_query(query: CountQuery, *, group_by: Sequence[str] = ()) -> CountQuery:
    """Return the query of what series born inside `$window` held at their first scrape, for each counter of a count."""
    together = f"sum by ({', '.join(group_by)})" if group_by else "sum"
    before = f"[{format_duration(_ABSENCE_SECONDS)}] offset {WINDOW}"

    def first_values(counter: str) -> str:
        return f"{together} (min_over_time({counter}[{WINDOW}]) unless last_over_time({counter}{before}))"

    counted = [term for term in query.terms if term.counter]
    return replace(query, terms=tuple(replace(one, template=first_values(one.counter or "")) for one in counted))


async def newborn_by_group(
    source: MetricSource,
    query: CountQuery,
    *,
    window: Window,
    group_by: Sequence[str] = (),
) -> Mapping[Labels, float]:
    """Return the events that series born inside a window held at their first scrape, by group, signed as they count.

    Args:
        window: The source had data at its start.
        group_by: Labels of the groups; none make one group.

    Raises:
        SreError: The source did not say.
    """
    span, before = format_duration(window.seconds), format_duration(_ABSENCE_SECONDS)
    together = f"sum by ({', '.join(group_by)})" if group_by else "sum"
    terms = [term for term in query.terms if term.counter]
    known = f"[{before}] offset {span}"
    asked = [
        f"{together} (min_over_time({one.counter}[{span}]) unless last_over_time({one.counter}{known}))"
        for one in terms
    ]
    results = await all_of([partial(source.instant_query, text, at=window.end) for text in asked])
    events: dict[Labels, float] = {}
    for term, result in zip(terms, results, strict=True):
        for labels, value in zip(result.labels, result.values.tolist(), strict=True):
            if math.isfinite(value):
                events[labels] = events.get(labels, 0.0) + term.sign * value
    return events


def counted_from_zero(counts: EventCounts, born: Mapping[str, float]) -> EventCounts:
    """Return counts with what new series held at their first scrape added.

    Args:
        born: Those events by side (two of good, bad and total), as `newborn_by_group` gives them for one group.
    """
    from sre.core.slo.budget import EventCounts

    good, bad = born.get("good", 0.0), born.get("bad", 0.0)
    more = born.get("total", good + bad)
    total = counts.total + max(0.0, more)
    more_bad = bad if "bad" in born else more - good
    return EventCounts(total, min(max(0.0, counts.bad + more_bad), total))


async def value_at(source: MetricSource, query: str, at: datetime) -> float | None:
    """Return the sum of what a query gives at an instant, or None where it gives nothing."""
    return vector_sum(await source.instant_query(query, at=at))


def vector_sum(result: InstantResult) -> float | None:
    """Return the sum of the finite values, or None where there is none."""
    values = [float(value) for value in result.values.tolist() if math.isfinite(value)]
    return sum(values) if values else None


async def data_since(source: MetricSource, window: Window, witnesses: Sequence[str]) -> datetime | None:
    """Return from when on a series that appears is new, or None where no data were found.

    That is the start of the window if there were data then, else an hour after they began.
    """
    if not witnesses:
        return None
    look_back = format_duration(LOOK_BACK_SECONDS)
    seen = " or ".join(f"last_over_time({witness}[{look_back}])" for witness in witnesses)
    if await value_at(source, f"count({seen})", window.start):
        return window.start
    step_seconds = max(1.0, min(_STEP_SECONDS, window.seconds // _LEAST_STEPS))
    steps = f"[{format_duration(window.seconds)}:{format_duration(step_seconds)}]"
    earliest = " or ".join(f"min_over_time(timestamp({witness}){steps})" for witness in witnesses)
    began = await value_at(source, f"min({earliest})", window.end)
    # What has samples in this hour is as old as the data, for all that is known.
    return datetime.fromtimestamp(math.ceil(began), UTC) + timedelta(seconds=LOOK_BACK_SECONDS) if began else None
