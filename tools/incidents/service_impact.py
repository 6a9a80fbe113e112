"""What an incident did to a service, counted at the source, each number with its query."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import NoDataError, RefusedError, UpstreamError
from sre.core.times import Window, format_duration
from sre.incidents.model import Evidence, Measured, ServiceImpact
from sre.slo.budget import budget_ratio
from sre.slo.count_query import CountQuery, parse_count_query
from tools.concurrent import all_of
from tools.event_counts import Counted, EventCounter

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from sre.slo.windows import Period

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
    """

    service: str
    total: str = ""
    bad: str = ""
    latency_p95: str = ""
    convention: str = ""


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


@dataclass(frozen=True, slots=True)
class Measurements:
    """What a source said about one service, before it is written up."""

    queries: ServiceQueries
    requests: Counted
    failed: Counted
    of_period: Counted
    peak: _Peak
    latency: _Latency


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
        """Return what the source says about one service; what it cannot say is None.

        Raises:
            InputError: A query given by the caller does not count events.
        """
        total = parse_count_query(queries.total, field="total") if queries.total else None
        bad = parse_count_query(queries.bad, field="bad") if queries.bad else None
        counts = await all_of(
            [
                partial(self._count, total, self.window),
                partial(self._count, bad, self.window),
                partial(self._count, total, Window(self.budget_period.start, self.window.end)),
            ]
        )
        requests, failed, of_period = counts
        peak = await self._peak(total, bad)
        latency = await self._latency(queries.latency_p95)
        return Measurements(queries, requests, failed, of_period, peak, latency)

    def impact(self, measured: Measurements, book: EvidenceBook) -> ServiceImpact:
        """Return the impact on one service, its queries written into the book in the order of the table."""
        queries, requests, failed, of_period = measured.queries, measured.requests, measured.failed, measured.of_period
        peak, latency = measured.peak, measured.latency
        cited_requests, cited_failed = book.cite_count(requests), book.cite_count(failed)
        failed_events = _failures(requests, failed, is_asked=bool(queries.bad))
        notes = [*requests.notes, *failed.notes, *_missing_notes(queries, requests, failed)]
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

    async def _count(self, query: CountQuery | None, window: Window) -> Counted:
        if query is None:
            return Counted(None)
        return await EventCounter(self.source).count(query, window=window, is_checked=True)

    async def _peak(self, total: CountQuery | None, bad: CountQuery | None) -> _Peak:
        if total is None or bad is None:
            return _Peak(None, None, "", "")
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
        try:
            totals, bads = await all_of([partial(ask, total), partial(ask, bad)])
        except (RefusedError, UpstreamError):
            return _Peak(None, None, "", "")
        ratios = [(bad or 0.0) / all_ if all_ else -1.0 for all_, bad in zip(totals, bads, strict=True)]
        worst = max(range(count), key=ratios.__getitem__)
        if ratios[worst] < 0:
            return _Peak(None, None, "", "")
        seconds = max(step, _PEAK_RANGE_SECONDS)
        at = self.window.start + timedelta(seconds=step * (worst + 1))
        return _Peak(min(ratios[worst], 1.0), at, _query_of(bad, seconds), _query_of(total, seconds), count)

    async def _latency(self, template: str) -> _Latency:
        if not template:
            return _Latency(None, None, "", "")
        query = template.replace("$window", format_duration(self.window.seconds))
        during = await self._value(query, self.window.end)
        for shift, words in _BASELINES:
            before = await self._value(query, self.window.end - shift)
            if before is not None:
                return _Latency(during, before, words, query)
        return _Latency(during, None, "", query)

    async def _value(self, query: str, at: datetime) -> float | None:
        import math

        try:
            result = await self.source.instant_query(query, at=at)
        except (NoDataError, RefusedError, UpstreamError):
            return None
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
            notes.append(f"Data cover {covered:.0%} of the budget's window; its traffic was projected from that part.")
        return failed / (budget_ratio(self.objective_ratio) * events), notes


def _cited(book: EvidenceBook, *queries: str, sample_count: int) -> tuple[int, ...]:
    return tuple(number for query in queries if query for number in book.cite(query, sample_count=sample_count))


def _query_of(query: CountQuery, seconds: float) -> str:
    return " + ".join(term.query(window_seconds=seconds) for term in query.terms)


def _failures(requests: Counted, failed: Counted, *, is_asked: bool) -> float | None:
    if requests.events is None or not is_asked:
        return None
    return min(failed.events or 0.0, requests.events)


def _missing_notes(queries: ServiceQueries, requests: Counted, failed: Counted) -> list[str]:
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
