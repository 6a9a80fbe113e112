"""Counting events at a source: over one window, and slice by slice.

`increase()` extrapolates to the ends of its window, so it is an estimate. Where few samples are concerned they are
fetched and added up, which is exact. Over long windows the difference of the counters' values is exact where they
existed all the time and never reset; it is used then. Series that begin inside the window count from zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import anyio

from sre.core.errors import RefusedError, TimedOutError, UpstreamError
from sre.core.slo.count_query import CountQuery, CountTerm
from sre.core.text import quoted
from sre.core.times import Duration, Window, epoch_ms, format_duration
from tools.answer import QueryEvidence
from tools.concurrent import SPARE_SECONDS, all_of, beside, seconds_left
from tools.newborn_counters import (
    LOOK_BACK_SECONDS,
    Newborn,
    birth_notes,
    data_since,
    newborn_note,
    newborn_series,
    uncounted_note,
    value_at,
    vector_sum,
)

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.series import Samples
    from sre.slo.counter_increase import CounterIncrease

# A long increase that is refused whole is asked for in this many parts (15 h each for 30 d).
_PARTS_WHEN_REFUSED = 48
# A part must hold several scrapes, or it counts nothing where there were events.
_LEAST_PART_SECONDS = 300.0
# An estimate further than this from the difference means a reset or a gap, and then only the estimate counts them.
_AGREEMENT_RATIO = 0.01
# Below this many events a relative difference says nothing; extrapolation is off by less than this (our choice).
_AGREEMENT_EVENTS = 5.0
# Up to here the samples themselves are fetched: about 2 MB of JSON.
_MAX_SAMPLES_TO_FETCH = 50_000
# A window this long is never fetched, so that nothing needs to be asked about its size first.
_MAX_SECONDS_TO_FETCH = 86_400.0
# A slow source answers with the estimate; the exact count is not worth the deadline of the call.
_CHECK_SECONDS = 10.0
_CHECK_MARGIN = 2.0
# The check for resets reads the window once more; beyond this it is not cheap (about 30 d of 20 series at 15 s).
_MAX_SAMPLES_FOR_CHECK = 5_000_000


@dataclass(frozen=True, slots=True)
class Counted:
    """Events in a window.

    Attributes:
        events: How many, or None where no series exists.
        is_exact: From counter values as they were scraped, not an extrapolated estimate.
        evidence: Queries run and what they saw.
        notes: What makes the number less sure.
        born_count: Series that began inside the window and count from zero; only known of a checked count.
    """

    events: float | None
    is_exact: bool = False
    evidence: tuple[QueryEvidence, ...] = ()
    notes: tuple[str, ...] = ()
    born_count: int = 0


@dataclass(frozen=True, slots=True)
class _TermCount:
    events: float | None
    evidence: QueryEvidence
    is_exact: bool = False
    notes: tuple[str, ...] = ()
    born_count: int = 0


@dataclass(frozen=True, slots=True)
class EventCounter:
    """Counts events at one source."""

    source: MetricSource

    async def count(
        self, query: CountQuery, *, window: Window, is_checked: bool = False, others: Sequence[CountQuery] = ()
    ) -> Counted:
        """Return the events in a window.

        Args:
            is_checked: Also look for the exact difference of the counters, and for series that began in the window.
            others: Counts of the same events by other means; they show whether there were data before a series began.
        """
        witnesses = tuple(dict.fromkeys(t.counter for one in (query, *others) for t in one.terms if t.counter))
        count_term = partial(self._count_term, window=window, witnesses=witnesses if is_checked else None)
        terms = await all_of([partial(count_term, term) for term in query.terms])
        known = [term.events for term in terms if term.events is not None]
        absent = [t.evidence.query for t in terms if t.events is None]
        notes = [note for term in terms for note in term.notes]
        if known and absent:
            notes.append(f"No series for {quoted(absent[0])}; counted as 0 beside the others.")
        return Counted(
            events=max(0.0, sum(known)) if known else None,
            is_exact=bool(known) and all(term.is_exact for term in terms),
            evidence=tuple(term.evidence for term in terms),
            notes=tuple(dict.fromkeys(notes)),
            born_count=sum(term.born_count for term in terms),
        )

    async def slices(
        self,
        query: CountQuery,
        *,
        start: datetime,
        slice_seconds: float,
        count: int,
        range_seconds: float | None = None,
    ) -> tuple[float | None, ...]:
        """Return the events in each of `count` slices after `start`; None where a slice has no data.

        Args:
            range_seconds: Look back so far from the end of each slice instead of over just the slice.
        """
        parts = await all_of(
            [partial(self._slices_of_term, term, start, slice_seconds, count, range_seconds) for term in query.terms]
        )
        return tuple(_sum_or_none([part[index] for part in parts]) for index in range(count))

    async def _count_term(self, term: CountTerm, *, window: Window, witnesses: Sequence[str] | None) -> _TermCount:
        query = term.query(window_seconds=window.seconds)
        try:
            result = await self.source.instant_query(query, at=window.end)
        except (RefusedError, TimedOutError):
            if window.seconds < _PARTS_WHEN_REFUSED * _LEAST_PART_SECONDS:
                raise
            return await self._count_in_parts(term, window)
        raw = vector_sum(result)
        evidence = QueryEvidence(
            query=query, series_count=len(result.labels), sample_count=result.samples_read or len(result.values)
        )
        events = term.events(raw, window_seconds=window.seconds) if raw is not None else None
        estimate = _TermCount(events, evidence)
        if witnesses is not None and term.counter and (result.samples_read or 0) <= _MAX_SAMPLES_FOR_CHECK:
            # A little before whoever waits for the count gives up, so that the estimate is not lost.
            with anyio.move_on_after(min(_CHECK_SECONDS, seconds_left(spare_seconds=SPARE_SECONDS + _CHECK_MARGIN))):
                fetched = await self._from_samples(term, window, witnesses, is_seen=raw is not None)
                return fetched or await self._checked(term, window, estimate, witnesses)
        return estimate

    async def _count_in_parts(self, term: CountTerm, window: Window) -> _TermCount:
        part_seconds = window.seconds / _PARTS_WHEN_REFUSED
        parts = await self._slices_of_term(term, window.start, part_seconds, _PARTS_WHEN_REFUSED)
        evidence = QueryEvidence(
            query=term.query(window_seconds=part_seconds), series_count=1, sample_count=_PARTS_WHEN_REFUSED
        )
        note = (
            f"The source refused to count {format_duration(window.seconds)} at once, so "
            f"{_PARTS_WHEN_REFUSED} parts of {format_duration(part_seconds)} were added up."
        )
        return _TermCount(_sum_or_none(parts), evidence, notes=(note,))

    async def _slices_of_term(
        self,
        term: CountTerm,
        start: datetime,
        slice_seconds: float,
        count: int,
        range_seconds: float | None = None,
    ) -> tuple[float | None, ...]:
        first_end = start + timedelta(seconds=slice_seconds)
        last_end = start + timedelta(seconds=slice_seconds * count)
        counted_seconds = range_seconds or slice_seconds
        query = term.query(window_seconds=counted_seconds)
        window = Window(first_end, last_end if count > 1 else last_end + timedelta(milliseconds=1))
        result = await self.source.range_query(query, window=window, step=Duration(slice_seconds))
        found: list[float | None] = [None] * count
        first_ms, slice_ms = epoch_ms(first_end), slice_seconds * 1000
        series = result.series
        for step, at_ms in enumerate(series.grid.times_ms().tolist()):
            index = round((at_ms - first_ms) / slice_ms)
            column = [
                float(value)
                for value, here in zip(series.values[:, step], series.present[:, step], strict=True)
                if here and math.isfinite(value)
            ]
            if column and 0 <= index < count:
                found[index] = term.events(sum(column), window_seconds=counted_seconds)
        return tuple(found)

    async def _from_samples(
        self, term: CountTerm, window: Window, witnesses: Sequence[str], *, is_seen: bool
    ) -> _TermCount | None:
        """Count from the samples themselves; None where they are too many or cannot be had.

        Args:
            is_seen: `increase()` gave a number. It gives none for a series of one sample, which may be the first event.
        """
        if window.seconds > _MAX_SECONDS_TO_FETCH:
            return None
        span = format_duration(window.seconds + LOOK_BACK_SECONDS)
        try:
            size = await value_at(self.source, f"sum(count_over_time({term.counter}[{span}]))", window.end)
            if size is None or size > _MAX_SAMPLES_TO_FETCH:
                return None
            result = await self.source.instant_query(f"{term.counter}[{span}]", at=window.end)
            grown = await self._grown(result.samples, window, witnesses)
        except (RefusedError, UpstreamError):
            return None
        if not is_seen and not grown.born_count:
            return None
        evidence = QueryEvidence(
            query=f"{term.counter}[{span}]", series_count=grown.series_count, sample_count=grown.sample_count
        )
        notes = birth_notes(term.counter or "", grown)
        events = term.sign * grown.events
        return _TermCount(events, evidence, is_exact=True, notes=notes, born_count=grown.born_count)

    async def _grown(self, samples: Sequence[Samples], window: Window, witnesses: Sequence[str]) -> CounterIncrease:
        from sre.slo.counter_increase import counter_increase

        increase = partial(counter_increase, samples, start_ms=epoch_ms(window.start), end_ms=epoch_ms(window.end))
        grown = increase()
        if not grown.born_count or grown.born_count < grown.series_count:
            return grown
        # All began inside the window: new ones, or where the data begin.
        since = await data_since(self.source, window, witnesses)
        return grown if since == window.start else increase(data_start_ms=epoch_ms(since or window.end))

    async def _checked(
        self, term: CountTerm, window: Window, estimate: _TermCount, witnesses: Sequence[str]
    ) -> _TermCount:
        counter = term.counter or ""
        look = partial(newborn_series, self.source, counter, window=window, witnesses=witnesses)
        try:
            read, newborn = await beside(partial(self._difference, counter, window), look, patience_seconds=None)
        except (RefusedError, UpstreamError):
            return estimate
        if newborn is not None and newborn.count:
            estimate = _with_newborn(term, estimate, newborn, has_resets=read.has_resets)
        elif newborn is None and read.first is not None and read.added_count:
            estimate = replace(estimate, notes=(uncounted_note(counter, read.added_count),))
        difference = read.events(newborn)
        if estimate.events is None or difference is None:
            return estimate
        exact = term.sign * difference
        evidence = estimate.evidence.model_copy(update={"query": _difference_query(term, window)})
        notes = estimate.notes
        if abs(exact - estimate.events) > max(_AGREEMENT_EVENTS, _AGREEMENT_RATIO * abs(exact)):
            note = (
                f"increase() gives {estimate.events:.6g} events for {quoted(counter)}, the difference of the counter "
                f"values {exact:.6g}; there are gaps in the data, and the difference is used."
            )
            notes = (*notes, note)
        return _TermCount(exact, evidence, is_exact=True, notes=notes, born_count=newborn.count if newborn else 0)

    async def _difference(self, counter: str, window: Window) -> _Difference:
        span = format_duration(window.seconds)
        before = f"{counter} offset {span}"
        queries = (
            f"sum({counter})",
            f"sum({before})",
            f"count({counter} unless {before})",
            f"count({before} unless {counter})",
            f"sum(resets({counter}[{span}]))",
        )
        results = await all_of([partial(value_at, self.source, query, window.end) for query in queries])
        last, first, added, gone, resets = results
        return _Difference(last, first, round(added or 0), has_gone=bool(gone), has_resets=bool(resets))


@dataclass(frozen=True, slots=True)
class _Difference:
    """Values of a counter at both ends of a window.

    Attributes:
        added_count: Series with a value at the end but none at the start.
        has_gone: Some have a value at the start but none at the end.
    """

    last: float | None
    first: float | None
    added_count: int
    has_gone: bool
    has_resets: bool

    def events(self, newborn: Newborn | None) -> float | None:
        """Return the growth, or None where it is not the difference: after resets, in gaps, without a beginning."""
        # A series without a value at the start is either new, and starts from zero, or was in a gap of unknown growth.
        born_count = newborn.count if newborn is not None and newborn.is_since_start else 0
        is_whole = not self.has_gone and not self.has_resets and self.added_count == born_count
        if self.last is None or not is_whole or (self.first is None and not born_count):
            return None
        return self.last - (self.first or 0.0)


def _with_newborn(term: CountTerm, estimate: _TermCount, newborn: Newborn, *, has_resets: bool) -> _TermCount:
    note = newborn_note(term.counter or "", newborn, has_resets=has_resets)
    query = f"({estimate.evidence.query} or vector(0)) + {newborn.query}"
    evidence = estimate.evidence.model_copy(
        update={"query": query, "series_count": max(estimate.evidence.series_count, 1)}
    )
    events = (estimate.events or 0.0) + term.sign * newborn.events
    return _TermCount(events, evidence, notes=(note,) if note else (), born_count=newborn.count)


def _difference_query(term: CountTerm, window: Window) -> str:
    return f"sum({term.counter}) - (sum({term.counter} offset {format_duration(window.seconds)}) or vector(0))"


def _sum_or_none(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
