"""What an incident did to a service, counted at the source, each number with its query."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import InputError, SreError
from sre.core.slo.budget import budget_ratio
from sre.core.slo.count_query import CountQuery, parse_count_query
from sre.core.text import listed
from sre.core.times import Window, format_duration
from sre.incidents.model import Evidence, Measured, ServiceImpact
from tools.concurrent import SPARE_SECONDS, all_of, outcome_of, seconds_left
from tools.event_counts import Counted, EventCounter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connectors.base import MetricSource
    from sre.core.slo.windows import Period

# What is read of a service, as a reader is told of it; the order is that of importance.
_REQUESTS, _FAILURES, _PERIOD = "requests", "failed requests", "requests of the budget's window"
_PEAK, _LATENCY, _EARLIER = "the peak of failures", "latency", "latency on an earlier day"
_ORDER = (_REQUESTS, _FAILURES, _PERIOD, _PEAK, _LATENCY, _EARLIER)
# A comparison with an earlier week is asked beside the value and may take as long as one slow answer.
_BASELINE_SECONDS = 15.0
_BASELINE_MARGIN_SECONDS = 2.0
# The short window of the fastest burn-rate tier: long enough for a scrape a minute, short enough to show the worst.
_PEAK_RANGE_SECONDS = 300.0
_PEAK_POINTS = 240
_MIN_PEAK_STEP_SECONDS = 60.0
# The same hours of the week before are the fairest comparison; the day before where there is no week of history.
_BASELINES = ((timedelta(days=7), "the same hours a week earlier"), (timedelta(days=1), "the same hours a day earlier"))


@dataclass(frozen=True, slots=True)
class ServiceQueries:
    """How to ask about one service; empty where not known.

    Attributes:
        total: Counter of all requests.
        bad: Counter of failed requests.
        latency_p95: Seconds, with `$window` where the range goes.
        convention: Where these came from.
        has_slo: Its SLOs say what budget it lost, so no other budget is read.
    """

    service: str
    total: str = ""
    bad: str = ""
    latency_p95: str = ""
    convention: str = ""
    has_slo: bool = False


@dataclass(slots=True)
class EvidenceBook:
    """Numbers the queries of a document, each query once."""

    rows: list[Evidence] = field(default_factory=list)

    def cite(self, query: str, *, sample_count: int = 0) -> tuple[int, ...]:
        """Return the number of a query, adding it if it is new."""
        for row in self.rows:
            if row.query == query:
                return (row.number,)
        self.rows.append(Evidence(len(self.rows) + 1, query, sample_count))
        return (len(self.rows),)

    def cite_count(self, counted: Counted) -> tuple[int, ...]:
        """Return the numbers of the queries behind a count."""
        numbers = [self.cite(row.query, sample_count=row.sample_count) for row in counted.evidence]
        return tuple(number for group in numbers for number in group)


@dataclass(frozen=True, slots=True)
class _Peak:
    ratio: float | None
    at: datetime | None
    bad_query: str
    total_query: str
    point_count: int = 0


@dataclass(frozen=True, slots=True)
class _Latency:
    during: float | None
    before: float | None
    baseline: str
    query: str

    @property
    def point_count(self) -> int:
        """Values that were found: during, before."""
        return (self.during is not None) + (self.before is not None)


_UNCOUNTED, _NO_PEAK, _NO_LATENCY = Counted(None), _Peak(None, None, "", ""), _Latency(None, None, "", "")


@dataclass(slots=True)
class Measurements:
    """What a source said about one service, before it is written up.

    Attributes:
        unread: Why something could not be read, by what it is; its own field is then empty.
    """

    queries: ServiceQueries
    requests: Counted = _UNCOUNTED
    failed: Counted = _UNCOUNTED
    of_period: Counted = _UNCOUNTED
    peak: _Peak = _NO_PEAK
    latency: _Latency = _NO_LATENCY
    unread: dict[str, SreError] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        counts = (self.requests.events, self.failed.events, self.of_period.events)
        return not any(value is not None for value in (*counts, self.peak.ratio, self.latency.during))

    @property
    def unread_notes(self) -> list[str]:
        """What could not be read, the same reason said once."""
        reasons: dict[str, list[str]] = {}
        for name in sorted(self.unread):
            reasons.setdefault(self.unread[name].message, []).append(name)
        return [f"Could not be read: {listed(names)}. {reason}" for reason, names in reasons.items()]


@dataclass(frozen=True, slots=True)
class ImpactReader:
    """Measures services over one incident.

    Attributes:
        window: Start to end of the incident.
        budget_period: The SLO window that ends with the incident.
        data_start: Where recorded data begin, or None where the source cannot tell.
    """

    source: MetricSource
    window: Window
    budget_period: Period
    objective_ratio: float
    data_start: datetime | None = None

    async def measure(self, queries: ServiceQueries) -> Measurements:
        """Return what the source says about one service; what it cannot say, or not in time, is named as unread.

        Raises:
            InputError: A query given by the caller does not count events.
            SreError: Nothing could be read; the first reason.
        """
        total = parse_count_query(queries.total, field="total") if queries.total else None
        bad = parse_count_query(queries.bad, field="bad") if queries.bad else None
        found = Measurements(queries)

        async def requests() -> None:
            found.requests = await self._count(total, self.window)

        async def failures() -> None:
            found.failed = await self._count(bad, self.window, beside=total)

        async def period() -> None:
            found.of_period = await self._count(total, Window(self.budget_period.start, self.window.end))

        async def peak() -> None:
            found.peak = await self._peak(total, bad)

        async def latency() -> None:
            found.latency = await self._latency(queries.latency_p95, found)

        asked = {
            _REQUESTS: requests, _FAILURES: failures, _PEAK: peak, _LATENCY: latency,
            **({} if queries.has_slo else {_PERIOD: period}),
        }  # fmt: skip
        await all_of([partial(self._read, name, call, found) for name, call in asked.items()])
        _raise_if_useless(found)
        return found

    async def _read(self, name: str, call: Callable[[], Awaitable[None]], into: Measurements) -> None:
        outcome = await outcome_of(call, seconds=seconds_left(), system=self.source.name)
        if isinstance(outcome, SreError):
            into.unread[name] = outcome

    def impact(self, measured: Measurements, book: EvidenceBook) -> ServiceImpact:
        """Return the impact on one service, its queries written into the book in the order of the table."""
        queries, requests, failed, of_period = measured.queries, measured.requests, measured.failed, measured.of_period
        peak, latency = measured.peak, measured.latency
        cited_requests, cited_failed = book.cite_count(requests), book.cite_count(failed)
        is_told = bool(queries.bad) and _FAILURES not in measured.unread
        failed_events = _failures(requests, failed, is_asked=is_told)
        notes = [*requests.notes, *failed.notes, *_missing_notes(measured), *measured.unread_notes]
        burnt, burnt_note = self._burnt(failed_events, of_period)
        has_peak, points = peak.ratio is not None, peak.point_count
        cited_peak = _cited(book, peak.bad_query, peak.total_query, sample_count=points) if has_peak else ()
        cited_latency = _cited(book, latency.query, sample_count=latency.point_count)
        return ServiceImpact(
            service=queries.service,
            requests=Measured(requests.events, cited_requests),
            failed_requests=Measured(failed_events, cited_failed),
            peak_error_ratio=Measured(peak.ratio, cited_peak),
            peak_at=peak.at,
            latency_p95_seconds=Measured(latency.during, cited_latency),
            baseline_p95_seconds=Measured(latency.before, cited_latency),
            baseline=latency.baseline,
            budget_burnt_ratio=Measured(burnt, book.cite_count(of_period) if burnt is not None else ()),
            convention=queries.convention,
            notes=tuple(dict.fromkeys([*notes, *burnt_note])),
        )

    async def _count(self, query: CountQuery | None, window: Window, *, beside: CountQuery | None = None) -> Counted:
        if query is None:
            return _UNCOUNTED
        others = (beside,) if beside else ()
        return await EventCounter(self.source).count(query, window=window, is_checked=True, others=others)

    async def _peak(self, total: CountQuery | None, bad: CountQuery | None) -> _Peak:
        if total is None or bad is None:
            return _NO_PEAK
        step = max(_MIN_PEAK_STEP_SECONDS, self.window.seconds / _PEAK_POINTS)
        count = max(1, int(self.window.seconds // step))
        counter = EventCounter(self.source)
        ask = partial(
            counter.slices,
            start=self.window.start,
            slice_seconds=step,
            count=count,
            range_seconds=max(step, _PEAK_RANGE_SECONDS),
        )
        totals, bads = await all_of([partial(ask, total), partial(ask, bad)])
        ratios = [(bad or 0.0) / all_ if all_ else -1.0 for all_, bad in zip(totals, bads, strict=True)]
        worst = max(range(count), key=ratios.__getitem__)
        if ratios[worst] < 0:
            return _NO_PEAK
        seconds = max(step, _PEAK_RANGE_SECONDS)
        at = self.window.start + timedelta(seconds=step * (worst + 1))
        return _Peak(min(ratios[worst], 1.0), at, _query_of(bad, seconds), _query_of(total, seconds), count)

    async def _latency(self, template: str, into: Measurements) -> _Latency:
        if not template:
            return _NO_LATENCY
        query = template.replace("$window", format_duration(self.window.seconds))
        first, *further = _BASELINES
        during, before = await all_of(
            [partial(self._value, query, self.window.end), partial(self._before, query, first[0], into)]
        )
        if before is not None:
            return _Latency(during, before, first[1], query)
        for shift, words in further:
            before = await self._before(query, shift, into) if _EARLIER not in into.unread else None
            if before is not None:
                return _Latency(during, before, words, query)
        return _Latency(during, None, "", query)

    async def _before(self, query: str, shift: timedelta, into: Measurements) -> float | None:
        """Return the value so long ago; a comparison that cannot be had must not cost the value itself."""
        seconds = min(_BASELINE_SECONDS, seconds_left(spare_seconds=SPARE_SECONDS + _BASELINE_MARGIN_SECONDS))
        call = partial(self._value, query, self.window.end - shift)
        outcome = await outcome_of(call, seconds=seconds, system=self.source.name)
        if isinstance(outcome, SreError):
            into.unread[_EARLIER] = outcome
            return None
        return outcome

    async def _value(self, query: str, at: datetime) -> float | None:
        import math

        result = await self.source.instant_query(query, at=at)
        values = [float(value) for value in result.values.tolist() if math.isfinite(value)]
        return max(values) if values else None

    def _burnt(self, failed: float | None, of_period: Counted) -> tuple[float | None, list[str]]:
        if failed is None or not of_period.events:
            return None, []
        whole = self.budget_period
        begins = max(whole.start, self.data_start) if self.data_start else whole.start
        covered = (self.window.end - begins).total_seconds() / whole.seconds
        notes = []
        events = of_period.events
        if 0 < covered < 0.99:
            events /= covered
            share = f"{covered:.0%}" if covered >= 0.01 else "less than 1%"  # our choice: "0%" would read as nothing
            notes.append(f"Data cover {share} of the budget's window; its traffic was projected from that part.")
        return failed / (budget_ratio(self.objective_ratio) * events), notes


def _cited(book: EvidenceBook, *queries: str, sample_count: int) -> tuple[int, ...]:
    return tuple(number for query in queries if query for number in book.cite(query, sample_count=sample_count))


def _query_of(query: CountQuery, seconds: float) -> str:
    return " + ".join(term.query(window_seconds=seconds) for term in query.terms)


def _failures(requests: Counted, failed: Counted, *, is_asked: bool) -> float | None:
    if requests.events is None or not is_asked:
        return None
    return min(failed.events or 0.0, requests.events)


def _raise_if_useless(measured: Measurements) -> None:
    """Raise what the caller can mend, and the first failure where nothing came of it all."""
    wrong = next((error for error in measured.unread.values() if isinstance(error, InputError)), None)
    if wrong is not None:
        raise wrong
    first = next((measured.unread[name] for name in _ORDER if name in measured.unread), None)
    if first is not None and measured.is_empty:
        raise first


def _missing_notes(measured: Measurements) -> list[str]:
    queries, requests, failed = measured.queries, measured.requests, measured.failed
    if _REQUESTS in measured.unread or (_FAILURES in measured.unread and requests.events is not None):
        return []
    if not queries.total:
        return ["No counter of requests was found for this service; pass total and bad."]
    if requests.events is None:
        return ["The source has no requests of this service in the window."]
    if not queries.bad:
        return ["No counter of failed requests was found for this service; pass bad."]
    if failed.events is None:
        return ["No series counts failed requests in the window: taken as none, since requests were counted."]
    if not (requests.is_exact and failed.is_exact):
        return ["Counts are estimates: increase() extrapolates to the ends of the window."]
    return []
