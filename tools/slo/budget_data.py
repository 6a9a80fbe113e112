"""What a source knows about an error budget: counts of the period, of each burn-rate window, and the history."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import anyio

from sre.core.errors import NoDataError, RefusedError, UpstreamError
from sre.core.figures import seconds_text
from sre.core.slo.budget import EventCounts
from sre.core.text import listed, nearest_names, quoted
from sre.core.times import Window, format_duration
from sre.slo.history import EventHistory
from tools.answer import QueryEvidence
from tools.concurrent import all_of, seconds_left
from tools.event_counts import Counted, EventCounter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.slo.burn_rate import BurnRateTier
    from sre.core.slo.count_query import CountQuery
    from sre.core.slo.windows import Period
    from tools.slo.budget_question import RatioQueries

# 6 h for 30 d: fine enough for a date, and one query of 120 points.
_SLICES = 120
_MIN_SLICE_SECONDS = 300.0
# Burn rates and history refine the answer, so they may not eat the deadline of the call (50 s).
_REFINEMENT_SECONDS = 25.0


@dataclass(frozen=True, slots=True)
class RatioCount:
    """Events of one window; `counts` is None where the source has no such series there."""

    counts: EventCounts | None
    is_exact: bool
    evidence: tuple[QueryEvidence, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BudgetData:
    """What was read for one budget.

    Attributes:
        window_counts: Events in the last so many seconds, by seconds.
        history: The elapsed period in slices, or None where it could not be had.
    """

    total: RatioCount
    window_counts: Mapping[float, EventCounts]
    history: EventHistory | None
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Gathered:
    """What has come back so far of the questions asked at once."""

    whole: RatioCount | None = None
    window_counts: dict[float, EventCounts] = field(default_factory=dict)
    asked: set[float] = field(default_factory=set)
    history: EventHistory | None = None
    notes: tuple[str, ...] = ()

    def shortfalls(self, lengths: Sequence[float]) -> list[str]:
        """Return what the source would not say, or not in time."""
        missing = [format_duration(seconds) for seconds in lengths if seconds not in self.asked]
        notes = [f"The source did not count the last {listed(missing)}; those burn rates are null."] if missing else []
        return notes if self.history else [*notes, "How the budget was spent over time could not be read."]


@dataclass(frozen=True, slots=True)
class BudgetReader:
    """Reads what one budget needs from one source."""

    source: MetricSource
    queries: RatioQueries

    @property
    def counter(self) -> EventCounter:
        """Counts at the source."""
        return EventCounter(self.source)

    async def read(self, period: Period, tiers: Sequence[BurnRateTier]) -> BudgetData:
        """Return all counts.

        Raises:
            NoDataError: The source has no series for the total anywhere in the period.
        """
        lengths = sorted({seconds for tier in tiers for seconds in (tier.long_seconds, tier.short_seconds)})
        gathered = _Gathered()
        await all_of(
            [
                partial(self._read_whole, period, gathered),
                partial(self._read_burn, period, lengths, gathered),
                partial(self._read_history, period, gathered),
            ]
        )
        whole = gathered.whole
        if whole is None or whole.counts is None:
            raise await self._no_series(period)
        return BudgetData(
            total=whole,
            window_counts=gathered.window_counts,
            history=gathered.history,
            notes=(*gathered.notes, *gathered.shortfalls(lengths)),
        )

    async def _read_whole(self, period: Period, into: _Gathered) -> None:
        into.notes = await self.counter.counter_notes(self.queries.used)
        into.whole = await self.ratio(Window(period.start, period.at), is_checked=True)

    async def _read_burn(self, period: Period, lengths: Sequence[float], into: _Gathered) -> None:
        with anyio.move_on_after(min(_REFINEMENT_SECONDS, seconds_left())):
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
        """Return the events of one window, total and bad."""
        asked = [("good", self.queries.good), ("bad", self.queries.bad), ("total", self.queries.total)]
        used = [(name, query) for name, query in asked if query is not None]
        count = partial(self.counter.count, window=window, is_checked=is_checked, others=self.queries.used)
        found = await all_of([partial(count, query) for _, query in used])
        sides = dict(zip((name for name, _ in used), found, strict=True))
        counts, notes = _event_counts(sides)
        return RatioCount(
            counts=counts,
            is_exact=all(side.is_exact for side in found),
            evidence=tuple(row for side in found for row in side.evidence),
            notes=(*notes, *(note for side in found for note in side.notes)),
        )

    async def history(self, *, start: datetime, end: datetime, slices: int = _SLICES) -> EventHistory | None:
        """Return events slice by slice from `start` to `end`, or None where the source refuses or takes too long."""
        seconds = (end - start).total_seconds()
        count = max(1, min(slices, int(seconds // _MIN_SLICE_SECONDS)))
        # Whole milliseconds, counted back from the end: a source rounds steps to them, and would lose the last slice.
        slice_seconds = max(1, int(seconds * 1000 // count)) / 1000
        start = end - timedelta(seconds=slice_seconds * count)
        with anyio.move_on_after(min(_REFINEMENT_SECONDS, seconds_left())):
            try:
                return await self._history(start, slice_seconds, count)
            except (RefusedError, UpstreamError):
                return None
        return None

    async def _history(self, start: datetime, slice_seconds: float, count: int) -> EventHistory:
        async def side(query: CountQuery | None) -> tuple[float | None, ...]:
            if query is None:
                return (None,) * count
            return await self.counter.slices(query, start=start, slice_seconds=slice_seconds, count=count)

        sides = (self.queries.good, self.queries.bad, self.queries.total)
        good, bad, total = await all_of([partial(side, query) for query in sides])
        is_total_given = self.queries.total is not None
        totals = total if is_total_given else tuple(map(_added, good, bad))
        bads = bad if self.queries.bad is not None else tuple(map(_bad_left, totals, good))
        return EventHistory(start, slice_seconds, totals, tuple(value or 0.0 for value in bads))

    async def _no_series(self, period: Period) -> NoDataError:
        query = self.queries.total or self.queries.used[0]
        names: tuple[str, ...] = ()
        if query.metrics:
            known = await self.source.label_values("__name__", window=Window(period.start, period.at))
            names = nearest_names(query.metrics[0], known)
        is_known = bool(query.metrics) and query.metrics[0] in names
        cause = "no series has these labels" if is_known else "no metric of this name exists in the window"
        return NoDataError(
            f"{quoted(query.text)} counts nothing at {quoted(self.source.name)} between {period.start:%Y-%m-%d %H:%M} "
            f"and {period.at:%Y-%m-%d %H:%M} UTC.",
            causes=(cause, "the window lies outside the recorded data"),
            nearest=() if is_known else names,
            next_steps=("use find_metrics to look for the counter, or query_prometheus to see its labels.",),
        )


def coverage_note(history: EventHistory, *, period_seconds: float) -> str | None:
    """Return a warning when data do not cover the whole window."""
    ratio = history.coverage_ratio
    if ratio >= 1.0:
        return None
    covered = f"about {seconds_text(ratio * period_seconds)}" if ratio > 0 else "next to nothing"
    whole = seconds_text(period_seconds)
    start = history.data_start
    since = f", since about {start:%Y-%m-%d %H:%M} UTC" if start and start > history.start else ", with gaps"
    return f"Data cover {covered} of {whole}{since}; the figures are of the events that were seen."


def _event_counts(sides: Mapping[str, Counted]) -> tuple[EventCounts | None, tuple[str, ...]]:
    good, bad, total = (sides[name].events if name in sides else None for name in ("good", "bad", "total"))
    if "total" in sides and total is None:
        return None, ()
    if total is None:
        total = _added(good, bad)
    if total is None:
        return None, ()
    if "bad" in sides:
        note = ("No series counts bad events in the window: taken as none, since the total exists.",)
        return EventCounts(total, min(bad or 0.0, total)), note if bad is None else ()
    note = ("No series counts good events in the window, so every event counts as bad.",)
    return EventCounts(total, _bad_left(total, good) or 0.0), note if good is None else ()


def _added(good: float | None, bad: float | None) -> float | None:
    return None if good is None and bad is None else (good or 0.0) + (bad or 0.0)


def _bad_left(total: float | None, good: float | None) -> float | None:
    return None if total is None else max(0.0, total - (good or 0.0))
