"""What a source knows about an error budget: counts of the period, of each burn-rate window, and the history."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import anyio

from sre.core.errors import RefusedError, UpstreamError
from sre.core.slo.budget import EventCounts
from sre.core.text import listed
from sre.core.times import Window, format_duration
from sre.slo.history import EventHistory
from sre.slo.maintenance import counted_pieces, maintenance_within
from tools.concurrent import all_of, attempted, seconds_left
from tools.counter_types import counter_notes
from tools.event_counts import EventCounter
from tools.newborn_counters import counted_from_zero, data_since, newborn_by_group, newborn_query
from tools.slo.budget_counts import RatioCount, added, bad_left, event_counts, joined
from tools.slo.budget_groups import MIN_SLICE_SECONDS, SLICES, SliReader
from tools.slo.budget_missing import no_series
from tools.slo.budget_reading import REFINEMENT_SECONDS, window_lengths
from tools.slo.young_counters import counters_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.slo.burn_rate import BurnRateTier
    from sre.core.slo.count_query import CountQuery
    from sre.core.slo.model import MaintenanceWindow, Slo
    from sre.core.slo.windows import Period
    from tools.slo.budget_question import RatioQueries


@dataclass(frozen=True, slots=True)
class BudgetData:
    """What was read for one budget.

    Attributes:
        window_counts: Events in the last so many seconds, by seconds.
        history: The elapsed period in slices, or None where it could not be had.
        born_since: From when on series that appear are new; None where none did, or it is not known.
    """

    total: RatioCount
    window_counts: Mapping[float, EventCounts]
    history: EventHistory | None
    notes: tuple[str, ...]
    born_since: datetime | None = None


@dataclass(slots=True)
class _Gathered:
    """What has come back so far of the questions asked at once."""

    whole: RatioCount | None = None
    window_counts: dict[float, EventCounts] = field(default_factory=dict)
    asked: set[float] = field(default_factory=set)
    history: EventHistory | None = None
    notes: tuple[str, ...] = ()
    born_since: datetime | None = None

    def shortfalls(self, lengths: Sequence[float]) -> list[str]:
        """Return what the source would not say, or not in time."""
        missing = [format_duration(seconds) for seconds in lengths if seconds not in self.asked]
        notes = [f"The source did not count the last {listed(missing)}; those burn rates are null."] if missing else []
        return notes if self.history else [*notes, "How the budget was spent over time could not be read."]


@dataclass(frozen=True, slots=True)
class BudgetReader:
    """Reads what one budget needs from one source.

    Attributes:
        slo: Whose maintenance does not count; None where there is none.
    """

    source: MetricSource
    queries: RatioQueries
    slo: Slo | None = None

    @property
    def maintenance(self) -> tuple[MaintenanceWindow, ...]:
        """Times whose events do not count."""
        return self.slo.maintenance if self.slo is not None else ()

    @property
    def counter(self) -> EventCounter:
        """Counts at the source."""
        return EventCounter(self.source)

    async def read(self, period: Period, tiers: Sequence[BurnRateTier]) -> BudgetData:
        """Return all counts.

        Raises:
            NoDataError: The source has no series for the total anywhere in the period.
        """
        lengths = window_lengths(tiers)
        gathered = _Gathered()
        await all_of(
            [
                partial(self._read_whole, period, gathered),
                partial(self._read_burn, period, lengths, gathered),
                partial(self._read_history, period, gathered),
            ]
        )
        whole = gathered.whole
        if whole is not None and whole.has_born:
            with anyio.move_on_after(min(REFINEMENT_SECONDS, seconds_left())):
                await attempted(partial(self._count_born, period, lengths, gathered))
        if whole is None or whole.counts is None:
            query = self.queries.total or self.queries.used[0]
            counters = counters_of(self.queries.used)
            raise await no_series(self.source, period, text=query.text, metrics=query.metrics, counters=counters)
        return BudgetData(
            total=whole,
            window_counts=gathered.window_counts,
            history=gathered.history,
            notes=(*gathered.notes, *gathered.shortfalls(lengths)),
            born_since=gathered.born_since,
        )

    async def _read_whole(self, period: Period, into: _Gathered) -> None:
        into.notes = await counter_notes(self.source, self.queries.used)
        into.whole = await self.ratio(Window(period.start, period.at), is_checked=True)

    async def _read_burn(self, period: Period, lengths: Sequence[float], into: _Gathered) -> None:
        with anyio.move_on_after(min(REFINEMENT_SECONDS, seconds_left())):
            await all_of([partial(self._read_window, period, seconds, into) for seconds in lengths])

    async def _read_window(self, period: Period, seconds: float, into: _Gathered) -> None:
        try:
            found = await self.ratio(Window(period.at - timedelta(seconds=seconds), period.at))
        except (RefusedError, UpstreamError):
            return
        into.asked.add(seconds)
        if found.counts is not None:
            into.window_counts[seconds] = found.counts

    async def _read_history(self, period: Period, into: _Gathered) -> None:
        into.history = await self.history(start=period.start, end=period.at)

    async def ratio(self, window: Window, *, is_checked: bool = False) -> RatioCount:
        """Return the events of one window outside maintenance, total and bad."""
        pieces = counted_pieces(window, self.maintenance)
        found = await all_of([partial(self._piece, piece, is_checked=is_checked) for piece in pieces])
        return found[0] if len(found) == 1 else joined(found)

    async def _piece(self, window: Window, *, is_checked: bool) -> RatioCount:
        asked = [("good", self.queries.good), ("bad", self.queries.bad), ("total", self.queries.total)]
        used = [(name, query) for name, query in asked if query is not None]
        count = partial(self.counter.count, window=window, is_checked=is_checked, others=self.queries.used)
        found = await all_of([partial(count, query) for _, query in used])
        sides = dict(zip((name for name, _ in used), found, strict=True))
        counts, notes = event_counts(sides)
        return RatioCount(
            counts=counts,
            is_exact=all(side.is_exact for side in found),
            evidence=tuple(row for side in found for row in side.evidence),
            notes=(*notes, *(note for side in found for note in side.notes)),
            has_born=any(side.born_count for side in found),
        )

    async def _count_born(self, period: Period, lengths: Sequence[float], into: _Gathered) -> None:
        """Count new series from zero in the burn-rate windows and the history too, as in the whole period."""
        since = await data_since(self.source, Window(period.start, period.at), counters_of(self.queries.used))
        if since is None:
            return
        into.born_since = since
        await all_of(
            [
                *(partial(self._count_born_in, seconds, period.at, since, into) for seconds in lengths),
                partial(self._count_born_by_slice, since, into),
            ]
        )

    async def _count_born_in(self, seconds: float, at: datetime, since: datetime, into: _Gathered) -> None:
        if seconds not in into.asked:
            return
        counts = into.window_counts.get(seconds, EventCounts(0.0, 0.0))
        recent = Window(at - timedelta(seconds=seconds), at)
        for piece in counted_pieces(recent, self.maintenance):
            if max(piece.start, since) < piece.end:
                born = await self._born(Window(max(piece.start, since), piece.end))
                counts = counted_from_zero(counts, born)
        if counts.total > 0 or seconds in into.window_counts:
            into.window_counts[seconds] = counts

    async def _born(self, window: Window) -> dict[str, float]:
        sides = self._sides()
        look = partial(newborn_by_group, self.source, window=window)
        found = await all_of([partial(look, query) for query in sides.values()])
        return {name: sum(events.values()) for name, events in zip(sides, found, strict=True)}

    async def _count_born_by_slice(self, since: datetime, into: _Gathered) -> None:
        if into.history is not None:
            into.history = await self._with_born(into.history, since)

    async def _with_born(self, history: EventHistory, since: datetime) -> EventHistory:
        if self.maintenance:
            return history
        sides = self._sides()
        look = partial(
            self.counter.slices, start=history.start, slice_seconds=history.slice_seconds, count=len(history.totals)
        )
        found = await all_of([partial(look, newborn_query(query)) for query in sides.values()])
        totals, bads = list(history.totals), list(history.bads)
        for index, total in enumerate(totals):
            if total is None or history.slice_end(index - 1) < since:
                continue
            born = {name: values[index] or 0.0 for name, values in zip(sides, found, strict=True)}
            counts = counted_from_zero(EventCounts(total, bads[index]), born)
            totals[index], bads[index] = counts.total, counts.bad
        return replace(history, totals=tuple(totals), bads=tuple(bads))

    def _sides(self) -> dict[str, CountQuery]:
        sides = {"good": self.queries.good, "bad": self.queries.bad, "total": self.queries.total}
        return {name: query for name, query in sides.items() if query is not None}

    async def history(
        self, *, start: datetime, end: datetime, slices: int = SLICES, born_since: datetime | None = None
    ) -> EventHistory | None:
        """Return events slice by slice from `start` to `end`, or None where the source refuses or takes too long.

        Args:
            born_since: Series that appear from then on count from zero; None counts none so.
        """
        with anyio.move_on_after(min(REFINEMENT_SECONDS, seconds_left())):
            try:
                history = await self._slices(start, end, slices)
                return history if history is None or born_since is None else await self._with_born(history, born_since)
            except (RefusedError, UpstreamError):
                return None
        return None

    async def _slices(self, start: datetime, end: datetime, slices: int) -> EventHistory | None:
        if self.slo is not None and maintenance_within(self.maintenance, start=start, end=end):
            histories = await SliReader(self.source, self.slo).histories(start=start, end=end, slices=slices)
            return next(iter(histories.values()), None)
        seconds = (end - start).total_seconds()
        count = max(1, min(slices, int(seconds // MIN_SLICE_SECONDS)))
        # Whole milliseconds, counted back from the end: a source rounds steps to them, and would lose the last slice.
        slice_seconds = max(1, int(seconds * 1000 // count)) / 1000
        return await self._history(end - timedelta(seconds=slice_seconds * count), slice_seconds, count)

    async def _history(self, start: datetime, slice_seconds: float, count: int) -> EventHistory:
        async def side(query: CountQuery | None) -> tuple[float | None, ...]:
            if query is None:
                return (None,) * count
            return await self.counter.slices(query, start=start, slice_seconds=slice_seconds, count=count)

        sides = (self.queries.good, self.queries.bad, self.queries.total)
        good, bad, total = await all_of([partial(side, query) for query in sides])
        is_total_given = self.queries.total is not None
        totals = total if is_total_given else tuple(map(added, good, bad))
        bads = bad if self.queries.bad is not None else tuple(map(bad_left, totals, good))
        return EventHistory(start, slice_seconds, totals, tuple(value or 0.0 for value in bads))
