"""How available services were: by their SLOs' own counts, else by the requests of their golden signals."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import anyio

from sre.core.errors import ConfigError, SreError
from sre.core.text import cleaned, listed, quoted
from sre.core.times import Duration, Window, epoch_ms, format_instant
from tools.answer import QueryEvidence
from tools.concurrent import all_of, attempted, outcome_of, seconds_left
from tools.event_counts import EventCounter
from tools.slo_lookup import slo_registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.series import RangeResult
    from sre.core.slo.model import Slo

# Each costs two range queries that read the whole window once.
_MAX_SLOS = 12
_CONCURRENT = 4
# Parts of the window: enough to name gaps by the day in a month.
_PARTS = 30
_MINUTE = 60.0
# Kept back, so that what was read in time is told though something else was not.
_SPARE_SECONDS = 8.0
_MAX_NAME, _MAX_GAPS = 80, 3


@dataclass(frozen=True, slots=True)
class Availability:
    """What was good of one SLO or service.

    Attributes:
        slo: Empty where golden signals were counted.
        objective_ratio: None where nobody promised anything.
        covered_ratio: Share of the window's parts with data.
        gaps: Parts without data, joined.
    """

    service: str
    bad: float
    total: float
    counted: str
    covered_ratio: float
    gaps: tuple[Window, ...]
    slo: str = ""
    objective_ratio: float | None = None
    group: str = ""

    @property
    def ratio(self) -> float | None:
        """Good over all; None without any."""
        return 1.0 - self.bad / self.total if self.total else None

    @property
    def is_met(self) -> bool | None:
        """Whether the objective was kept; None without one."""
        return None if self.ratio is None or self.objective_ratio is None else self.ratio >= self.objective_ratio


@dataclass(slots=True)
class AvailabilityRead:
    """What was read, and what could not be."""

    rows: list[Availability] = field(default_factory=list)
    queries: list[QueryEvidence] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The window cut in equal parts that end with it."""

    start: datetime
    seconds: float
    count: int

    @classmethod
    def of(cls, window: Window, *, base_seconds: float) -> _Parts:
        base = max(_MINUTE, base_seconds)
        units = max(1, math.floor(window.seconds / base))
        # What does not divide is lost at the start, so the number of parts is the one that loses least.
        count = min(range(min(units, _PARTS), min(units, _PARTS) // 2, -1), key=lambda parts: units % parts, default=1)
        seconds = units // count * base
        return cls(window.end - timedelta(seconds=seconds * count), seconds, count)

    @property
    def ends(self) -> Window:
        """From the end of the first part to that of the last."""
        last = self.start + timedelta(seconds=self.seconds * self.count)
        first = self.start + timedelta(seconds=self.seconds)
        return Window(first, last if self.count > 1 else last + timedelta(milliseconds=1))

    def gaps(self, known: Sequence[float | None]) -> tuple[Window, ...]:
        """Return the parts without a value, neighbours joined."""
        found: list[Window] = []
        for place, value in enumerate(known):
            if value is not None:
                continue
            start = self.start + timedelta(seconds=self.seconds * place)
            end = start + timedelta(seconds=self.seconds)
            if found and found[-1].end == start:
                start = found.pop().start
            found.append(Window(start, end))
        return tuple(found)


async def read_availability(deps: Deps, source: MetricSource, window: Window, *, service: str) -> AvailabilityRead:
    """Return how available a service was, or all services that have an SLO; what cannot be read is a note."""
    found = AvailabilityRead()
    slos = await _chosen(deps, source, service, found)
    limiter = anyio.CapacityLimiter(_CONCURRENT)
    if slos:
        await all_of([partial(_read_slo, source, slo, window, limiter, found) for slo in slos])
    elif service:
        await _read_signals(deps, source, service, window, found)
    else:
        found.left_out.append("availability: no SLO is defined here; pass service, or define one with define_slo.")
    found.rows.sort(key=lambda one: (one.is_met is not False, one.service, one.slo))
    held = await attempted(source.coverage, seconds=seconds_left())
    if found.rows and held is not None and held.start > window.start:
        found.notes.append(
            f"{source.name} holds data since {format_instant(held.start)}; availability is of that time."
        )
    return found


async def _chosen(deps: Deps, source: MetricSource, service: str, found: AvailabilityRead) -> list[Slo]:
    try:
        registered = [one.slo for one in (await slo_registry(deps).load_all()).slos]
    except ConfigError:
        return []
    wanted = [slo for slo in registered if not service or slo.service.casefold() == service.casefold()]
    here = [
        slo for slo in wanted if slo.source_name in (None, source.name) or slo.source_name not in deps.sources.names()
    ]
    elsewhere = [quoted(slo.name, limit=_MAX_NAME) for slo in wanted if slo not in here]
    if elsewhere:
        found.left_out.append(f"availability by {listed(elsewhere)}: measured at another source; pass it as source.")
    if len(here) > _MAX_SLOS:
        rest = [quoted(slo.name, limit=_MAX_NAME) for slo in here[_MAX_SLOS:]]
        found.left_out.append(f"availability by {listed(rest)}: pass service to ask for fewer.")
    return here[:_MAX_SLOS]


async def _read_slo(
    source: MetricSource, slo: Slo, window: Window, limiter: anyio.CapacityLimiter, found: AvailabilityRead
) -> None:
    from sre.core.slo.sli_queries import sli_queries

    queries = sli_queries(slo)
    parts = _Parts.of(window, base_seconds=queries.base_seconds)
    texts = (queries.bad_over(parts.seconds), queries.total_over(parts.seconds))
    async with limiter:
        outcome = await outcome_of(
            lambda: all_of(
                [partial(source.range_query, text, window=parts.ends, step=Duration(parts.seconds)) for text in texts]
            ),
            seconds=seconds_left(spare_seconds=_SPARE_SECONDS),
            system=source.name,
        )
    if isinstance(outcome, SreError):
        found.left_out.append(f"availability by {quoted(slo.name, limit=_MAX_NAME)}: {outcome.message}")
        return
    bad, total = (_by_group(result, parts) for result in outcome)
    found.queries += [_evidence(text, result) for text, result in zip(texts, outcome, strict=True)]
    rows = [
        replace(_row(slo, bad.get(group, []), values, parts), group=group, counted=queries.counted)
        for group, values in total.items()
    ]
    known = [one for one in rows if one.total > 0]
    if not known:
        found.notes.append(
            f"SLO {quoted(slo.name, limit=_MAX_NAME)}: {source.name} has no {queries.counted} in the window."
        )
        return
    # Of groups with a budget each, the one that lost the largest share stands for the SLO.
    found.rows.append(min(known, key=lambda one: one.ratio or 0.0))


def _row(slo: Slo, bad: Sequence[float | None], total: Sequence[float | None], parts: _Parts) -> Availability:
    all_events = sum(value or 0.0 for value in total)
    return Availability(
        service=slo.service,
        slo=slo.name,
        bad=min(sum(value or 0.0 for value in bad), all_events),
        total=all_events,
        counted="events",
        objective_ratio=slo.objective_ratio,
        covered_ratio=sum(value is not None for value in total) / parts.count,
        gaps=parts.gaps(total),
    )


def _by_group(result: RangeResult, parts: _Parts) -> Mapping[str, list[float | None]]:
    series, first_ms = result.series, epoch_ms(parts.ends.start)
    found: dict[str, list[float | None]] = {}
    for row, labels in enumerate(series.labels):
        values: list[float | None] = [None] * parts.count
        for step, at_ms in enumerate(series.grid.times_ms().tolist()):
            place = round((at_ms - first_ms) / 1000 / parts.seconds)
            value = float(series.values[row, step])
            if 0 <= place < parts.count and series.present[row, step] and math.isfinite(value):
                values[place] = value
        named = ", ".join(f"{name}={value}" for name, value in labels.items())
        found[cleaned(named, limit=_MAX_NAME)] = values
    return found


def _evidence(text: str, result: RangeResult) -> QueryEvidence:
    count = result.samples_read or result.series.point_count
    return QueryEvidence(query=text, series_count=len(result.series), sample_count=count)


async def _read_signals(
    deps: Deps, source: MetricSource, service: str, window: Window, found: AvailabilityRead
) -> None:
    outcome = await outcome_of(
        lambda: _signals(deps, source, service, window, found),
        seconds=seconds_left(spare_seconds=_SPARE_SECONDS),
        system=source.name,
    )
    if isinstance(outcome, SreError):
        found.left_out.append(f"availability of {quoted(service, limit=_MAX_NAME)}: {outcome.message}")
        return
    if outcome is not None:
        found.rows.append(outcome)


async def _signals(
    deps: Deps, source: MetricSource, service: str, window: Window, found: AvailabilityRead
) -> Availability | None:
    from sre.core.slo.count_query import parse_count_query
    from tools.incidents.service_queries import queries_of_service

    name = quoted(service, limit=_MAX_NAME)
    queries = await queries_of_service(deps, source, service, window=window)
    if not queries.total or not queries.bad:
        found.left_out.append(f"availability of {name}: no counter of requests and failures was found; define an SLO.")
        return None
    parts = _Parts.of(window, base_seconds=_MINUTE)
    counter = EventCounter(source)
    asked = [parse_count_query(text, field=side) for text, side in ((queries.bad, "bad"), (queries.total, "total"))]
    bad, total = await all_of(
        [
            partial(counter.slices, one, start=parts.start, slice_seconds=parts.seconds, count=parts.count)
            for one in asked
        ]
    )
    seen = sum(value is not None for value in total)
    found.queries += [
        QueryEvidence(query=term.query(window_seconds=parts.seconds), series_count=1, sample_count=seen)
        for one in asked
        for term in one.terms
    ]
    events = sum(value or 0.0 for value in total)
    if not events:
        found.notes.append(f"{source.name} has no requests of {name} in the window.")
        return None
    failed = min(sum(value or 0.0 for value in bad), events)
    found.notes.append(f"{name} has no SLO: its availability is the share of requests that did not fail.")
    return Availability(service, failed, events, "events", seen / parts.count, parts.gaps(total))


def gap_words(gaps: Sequence[Window]) -> list[str]:
    """Return gaps for an answer, the longest first."""
    longest = sorted(gaps, key=lambda one: -one.seconds)
    more = [f"and {len(gaps) - _MAX_GAPS} more"] if len(gaps) > _MAX_GAPS else []
    return [*(str(one) for one in longest[:_MAX_GAPS]), *more]
