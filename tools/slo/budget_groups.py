"""Counting an SLO of any kind at a source, group by group: over one window, and slice by slice.

Every kind of SLO comes down to two queries (`sre.core.slo.sli_queries`). What they leave to be done here: maintenance
is cut out of windows of events to the second, where the queries alone do so by five minutes; and series that begin
inside a window count from zero, where `increase()` drops their first value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import NoDataError, RefusedError, TimedOutError
from sre.core.slo.budget import EventCounts
from sre.core.slo.count_query import CountQuery, parse_count_query
from sre.core.slo.model import Occurrences, RatioIndicator
from sre.core.slo.sli_queries import SliQueries, sli_queries
from sre.core.times import Duration, Window, format_duration
from sre.slo.history import EventHistory
from sre.slo.maintenance import counted_pieces, counted_seconds, maintenance_within
from tools.answer import QueryEvidence
from tools.concurrent import all_of
from tools.newborn_counters import counted_from_zero, data_since, newborn_by_group
from tools.slo.young_counters import counters_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.labels import Labels
    from sre.core.series import InstantResult, RangeResult
    from sre.core.slo.model import Slo
    from sre.core.slo.windows import Period

# More pieces between maintenance windows than this are not counted one by one (our choice).
MAX_PIECES = 12
# 6 h for 30 d: fine enough for a date, and one query of 120 points.
SLICES = 120
MIN_SLICE_SECONDS = 300.0
# A count that is refused whole is asked for in this many parts (15 h each for 30 d).
_PARTS_WHEN_REFUSED = 48


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Events of one window by the values of the SLO's `group_by` labels; without any, one group of no labels.

    Attributes:
        newborn_events: Events that series which began inside the window held at their first scrape; they are counted.
    """

    by_group: Mapping[Labels, EventCounts]
    evidence: tuple[QueryEvidence, ...] = ()
    notes: tuple[str, ...] = ()
    newborn_events: float = 0.0


@dataclass(frozen=True, slots=True)
class SliReader:
    """Counts one SLO at one source."""

    source: MetricSource
    slo: Slo

    @property
    def queries(self) -> SliQueries:
        """The two counts, maintenance not left out."""
        return sli_queries(replace(self.slo, maintenance=()))

    @property
    def is_of_events(self) -> bool:
        """Whether events are counted by counters, not samples or slices of time."""
        return isinstance(self.slo.indicator, RatioIndicator) and isinstance(self.slo.budgeting, Occurrences)

    async def since(self, window: Window) -> datetime | None:
        """Return from when on a series that appears is new; None where that is not known or does not matter.

        Raises:
            SreError: The source did not say.
        """
        if not self.is_of_events:
            return None
        return await data_since(self.source, window, counters_of(self.sides().values()))

    async def counts(self, window: Window, *, since: datetime | None = None) -> GroupCounts:
        """Return the events of a window outside maintenance.

        Args:
            since: From when on a series that appears is new and counts from zero (`since()`); None counts none so.
        """
        pieces = counted_pieces(window, self.slo.maintenance)
        if self.is_of_events and len(pieces) <= MAX_PIECES:
            return _added(await all_of([partial(self._piece, piece, since) for piece in pieces]))
        try:
            return await self._asked(self._masked(window), window)
        except (RefusedError, TimedOutError):
            parts_seconds = self._slice_seconds(window.seconds, _PARTS_WHEN_REFUSED)
            if parts_seconds * 2 > window.seconds:
                raise
            return await self._in_parts(window)

    async def histories(self, *, start: datetime, end: datetime, slices: int = SLICES) -> Mapping[Labels, EventHistory]:
        """Return events slice by slice from `start` to `end`, by group."""
        seconds = (end - start).total_seconds()
        slice_seconds = self._slice_seconds(seconds, slices)
        count = max(1, math.floor(seconds / slice_seconds + 1e-9))
        first_end = end - timedelta(seconds=slice_seconds * (count - 1))
        begin = first_end - timedelta(seconds=slice_seconds)
        queries = self._masked(Window(begin, end))
        # An empty range is refused; a millisecond more holds no further step.
        window = Window(first_end, max(end, first_end + timedelta(milliseconds=1)))
        ask = partial(self.source.range_query, window=window, step=Duration(slice_seconds))
        bad, total = await all_of(
            [partial(ask, queries.bad_over(slice_seconds)), partial(ask, queries.total_over(slice_seconds))]
        )
        excluded = _excluded(self.slo, begin, slice_seconds, count)
        totals, bads = _columns(total, count), _columns(bad, count)
        nothing: tuple[float | None, ...] = (None,) * count
        return {
            group: EventHistory(
                begin, slice_seconds, row, tuple(value or 0.0 for value in bads.get(group, nothing)), excluded
            )
            for group, row in totals.items()
        }

    def _slice_seconds(self, seconds: float, slices: int) -> float:
        base = self.queries.base_seconds
        count = max(1, min(slices, int(seconds // max(MIN_SLICE_SECONDS, base))))
        if self.is_of_events:
            # Whole milliseconds: a source rounds steps to them, and would lose the last slice.
            return max(1, int(seconds * 1000 // count)) / 1000
        return max(1, math.floor(seconds / count / base)) * base

    def _masked(self, window: Window) -> SliQueries:
        during = maintenance_within(self.slo.maintenance, start=window.start, end=window.end)
        return sli_queries(replace(self.slo, maintenance=during))

    async def _piece(self, window: Window, since: datetime | None) -> GroupCounts:
        try:
            counted = await self._asked(self.queries, window)
        except (RefusedError, TimedOutError):
            if window.seconds < _PARTS_WHEN_REFUSED * MIN_SLICE_SECONDS:
                raise
            counted = await self._in_parts(window)
        begin = max(window.start, since) if since is not None else window.end
        return counted if begin >= window.end else await self._with_newborn(counted, Window(begin, window.end))

    async def _asked(self, queries: SliQueries, window: Window) -> GroupCounts:
        seconds = max(window.seconds, queries.base_seconds) if queries.counted == "slices" else window.seconds
        ask = partial(self.source.instant_query, at=window.end)
        bad_query, total_query = queries.bad_over(seconds), queries.total_over(seconds)
        bad, total = await all_of([partial(ask, bad_query), partial(ask, total_query)])
        bads = _values(bad)
        by_group = {
            group: EventCounts(value, min(max(0.0, bads.get(group, 0.0)), value))
            for group, value in _values(total).items()
        }
        return GroupCounts(by_group, (_evidence(total_query, total), _evidence(bad_query, bad)))

    async def _in_parts(self, window: Window) -> GroupCounts:
        histories = await self.histories(start=window.start, end=window.end, slices=_PARTS_WHEN_REFUSED)
        by_group = {
            group: EventCounts(sum(total or 0.0 for total in one.totals), sum(one.bads))
            for group, one in histories.items()
        }
        length = next((format_duration(one.slice_seconds) for one in histories.values()), "")
        whole = format_duration(window.seconds)
        note = f"The source refused to count {whole} at once, so parts of {length} were added up."
        return GroupCounts(by_group, notes=(note,))

    async def _with_newborn(self, counted: GroupCounts, window: Window) -> GroupCounts:
        sides = self.sides()
        look = partial(newborn_by_group, self.source, window=window, group_by=self.slo.group_by)
        found = await all_of([partial(look, query) for query in sides.values()])
        nothing = EventCounts(0.0, 0.0)
        by_group = {
            group: counted_from_zero(
                counted.by_group.get(group, nothing),
                {side: events.get(group, 0.0) for side, events in zip(sides, found, strict=True)},
            )
            for group in {*counted.by_group, *(group for events in found for group in events)}
        }
        changes = [(one, counted.by_group.get(group, nothing)) for group, one in by_group.items()]
        events = sum(max(one.total - old.total, abs(one.bad - old.bad)) for one, old in changes)
        return replace(counted, by_group=by_group, newborn_events=events)

    def sides(self) -> dict[str, CountQuery]:
        """Return the counters of an SLO of events: two of good, bad and total; none of other kinds."""
        indicator = self.slo.indicator
        if not isinstance(indicator, RatioIndicator):
            return {}
        texts = {"good": indicator.good, "bad": indicator.bad, "total": indicator.total}
        return {name: parse_count_query(text, field=name) for name, text in texts.items() if text}


def _added(pieces: Sequence[GroupCounts]) -> GroupCounts:
    by_group: dict[Labels, EventCounts] = {}
    for piece in pieces:
        for group, counts in piece.by_group.items():
            old = by_group.get(group, EventCounts(0.0, 0.0))
            by_group[group] = EventCounts(old.total + counts.total, old.bad + counts.bad)
    return GroupCounts(
        by_group,
        tuple(row for piece in pieces for row in piece.evidence),
        tuple(dict.fromkeys(note for piece in pieces for note in piece.notes)),
        sum(piece.newborn_events for piece in pieces),
    )


def _values(result: InstantResult) -> dict[Labels, float]:
    pairs = zip(result.labels, result.values.tolist(), strict=True)
    return {labels: float(value) for labels, value in pairs if math.isfinite(value)}


def _columns(result: RangeResult, count: int) -> dict[Labels, tuple[float | None, ...]]:
    series = result.series
    rows: dict[Labels, tuple[float | None, ...]] = {}
    for labels, values, present in zip(series.labels, series.values.tolist(), series.present.tolist(), strict=True):
        row = [value if here and math.isfinite(value) else None for value, here in zip(values, present, strict=True)]
        rows[labels] = tuple([*row, *[None] * count][:count])
    return rows


def _excluded(slo: Slo, begin: datetime, slice_seconds: float, count: int) -> frozenset[int]:
    if not slo.maintenance:
        return frozenset()
    length = timedelta(seconds=slice_seconds)
    # What is left of a slice must hold a count of five minutes, or it is no gap that nothing was counted in it.
    return frozenset(
        index
        for index in range(count)
        if counted_seconds(slo.maintenance, start=begin + index * length, end=begin + (index + 1) * length)
        < min(2 * MIN_SLICE_SECONDS, slice_seconds)
    )


def _evidence(query: str, result: InstantResult) -> QueryEvidence:
    return QueryEvidence(
        query=query, series_count=len(result.labels), sample_count=result.samples_read or len(result.values)
    )


async def no_group(reader: SliReader, period: Period) -> NoDataError:
    """Return the error that says why nothing was counted."""
    from sre.slo.definition import metrics_of, queries_of
    from tools.slo.budget_missing import no_series

    queries = queries_of(reader.slo.indicator)
    text = queries.get("total") or next(iter(queries.values()))
    counters = counters_of(reader.sides().values())
    return await no_series(reader.source, period, text=text, metrics=metrics_of(text), counters=counters)
