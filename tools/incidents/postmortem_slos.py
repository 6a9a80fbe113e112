"""What an incident cost each SLO of its services, by the SLO's own counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import ConfigError, SreError
from sre.core.labels import Labels
from sre.core.text import listed, quoted
from sre.core.times import Window
from sre.incidents.model import Measured, SloImpact
from tools.concurrent import all_of, outcome_of, seconds_left
from tools.event_counts import Counted, EventCounter
from tools.slo_lookup import slo_registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.slo.model import RatioIndicator, Slo
    from sre.core.slo.windows import Period
    from tools.incidents.service_impact import EvidenceBook

# Each costs four queries, two of them over the whole SLO window.
_MAX_SLOS = 8
_MAX_NAME = 80
# A share of data this close to all of a window is all of it.
_WHOLE = 0.99


@dataclass(slots=True)
class ChosenSlos:
    """The SLOs to measure, and why others are not."""

    slos: list[Slo] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Bad and all events of one window, or of its worst group; None where not known.

    Attributes:
        queries: What was asked, and how many samples it saw.
    """

    bad: float | None
    total: float | None
    queries: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read of one SLO: counts of the incident and of the SLO's window that ends with it.

    Attributes:
        is_cut: The window, a calendar period, began during the incident, so all of it is part of the incident.
    """

    slo: Slo
    counted: str
    period: Period
    during: _Counts
    whole: _Counts
    group: str = ""
    is_cut: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlosRead:
    """What was read, before it is written up, and why some SLOs say nothing."""

    readings: list[_Reading]
    notes: list[str]

    def impacts(self, book: EvidenceBook, *, data_start: datetime | None) -> tuple[SloImpact, ...]:
        """Return what each SLO lost, the one that lost most of its budget first; queries go into the book.

        Args:
            data_start: Where recorded data begin, or None where the source cannot tell.
        """
        ordered = sorted(self.readings, key=lambda one: -(_burnt(one) or 0.0))
        return tuple(_impact(one, data_start, book) for one in ordered)


async def chosen_slos(deps: Deps, source: MetricSource, *, services: Sequence[str], names: Sequence[str]) -> ChosenSlos:
    """Return the SLOs that are named, and those of the services, as far as they are read at this source."""
    found = ChosenSlos()
    try:
        registered = [one.slo for one in (await slo_registry(deps).load_all()).slos]
    except ConfigError as error:
        if names:
            found.notes.append(f"Budgets of SLOs were not measured: {error.message}")
        return found
    unknown = [quoted(name, limit=_MAX_NAME) for name in names if name not in {slo.name for slo in registered}]
    if unknown:
        found.notes.append(f"No SLO is defined with the name {listed(unknown)}; list_slos has those that are.")
    wanted = [slo for slo in registered if slo.name in names]
    wanted += [slo for slo in registered if slo.service and slo.service in services and slo.name not in names]
    elsewhere = {
        slo.name: slo.source_name for slo in wanted if slo.source_name in deps.sources.names() and
        slo.source_name != source.name
    }  # fmt: skip
    found.slos = [slo for slo in wanted if slo.name not in elsewhere]
    found.notes += [
        f"SLO {quoted(name, limit=_MAX_NAME)} is measured at the source {quoted(other or '')}; pass it as source."
        for name, other in elsewhere.items()
    ]
    if len(found.slos) > _MAX_SLOS:
        rest = [quoted(slo.name, limit=_MAX_NAME) for slo in found.slos[_MAX_SLOS:]]
        found.notes.append(f"Budgets not measured: {listed(rest)}; name fewer services.")
        found.slos = found.slos[:_MAX_SLOS]
    return found


async def read_slos(source: MetricSource, slos: Sequence[Slo], window: Window) -> SlosRead:
    """Return what a source says about each SLO.

    Args:
        window: Start to end of the incident.
    """
    outcomes = await all_of([partial(_attempt, source, slo, window) for slo in slos])
    notes = [
        f"SLO {quoted(slo.name, limit=_MAX_NAME)} was not measured: {outcome.message}"
        for slo, outcome in zip(slos, outcomes, strict=True)
        if isinstance(outcome, SreError)
    ]
    return SlosRead([one for one in outcomes if not isinstance(one, SreError)], notes)


async def _attempt(source: MetricSource, slo: Slo, window: Window) -> _Reading | SreError:
    return await outcome_of(partial(_read, source, slo, window), seconds=seconds_left(), system=source.name)


async def _read(source: MetricSource, slo: Slo, window: Window) -> _Reading:
    from sre.core.slo.model import Occurrences, RatioIndicator
    from sre.core.slo.windows import period_at

    period = period_at(slo.window, at=window.end)
    is_plain = isinstance(slo.budgeting, Occurrences) and not slo.group_by and not slo.maintenance
    if isinstance(slo.indicator, RatioIndicator) and is_plain:
        return await _read_events(source, slo, slo.indicator, window, period)
    return await _read_groups(source, slo, window, period)


async def _read_events(
    source: MetricSource, slo: Slo, indicator: RatioIndicator, window: Window, period: Period
) -> _Reading:
    """Count the events of a whole SLO, those of the incident exactly where that can be."""
    from sre.core.slo.count_query import parse_count_query

    sides = {"good": indicator.good, "bad": indicator.bad, "total": indicator.total}
    queries = {name: parse_count_query(text, field=name) for name, text in sides.items() if text}
    counter = EventCounter(source)
    whole = Window(period.start, window.end)
    calls = [
        partial(counter.count, query, window=one, is_checked=one is window, others=tuple(queries.values()))
        for one in (window, whole)
        for query in queries.values()
    ]
    counted = await all_of(calls)
    during, of_period = counted[: len(queries)], counted[len(queries) :]
    return _Reading(
        slo,
        "events",
        period,
        _sides(dict(zip(queries, during, strict=True))),
        _sides(dict(zip(queries, of_period, strict=True))),
        is_cut=period.start > window.start,
        notes=tuple(dict.fromkeys(note for one in during for note in one.notes)),
    )


def _sides(counted: dict[str, Counted]) -> _Counts:
    """Return bad and all events from the sides that are known; one without series counts nothing beside another."""
    seen = tuple((row.query, row.sample_count) for one in counted.values() for row in one.evidence)
    known = {name: one.events or 0.0 for name, one in counted.items()}
    total = known["total"] if "total" in known else known["good"] + known["bad"]
    if not total:
        return _Counts(None, None, seen)
    bad = known["bad"] if "bad" in known else max(0.0, total - known["good"])
    return _Counts(min(bad, total), total, seen)


async def _read_groups(source: MetricSource, slo: Slo, window: Window, period: Period) -> _Reading:
    """Count an SLO of any kind by its own queries; of groups, the one that lost most."""
    from sre.core.slo.sli_queries import sli_queries

    queries = sli_queries(slo)
    base = queries.base_seconds
    lengths = [math.ceil(seconds / base) * base for seconds in (window.seconds, period.elapsed_seconds)]
    texts = [text for seconds in lengths for text in (queries.bad_over(seconds), queries.total_over(seconds))]
    results = await all_of([partial(source.instant_query, text, at=window.end) for text in texts])
    values = [dict(zip(result.labels, result.values.tolist(), strict=True)) for result in results]
    group = _worst_group(values[0], values[3])
    seen = tuple((text, result.samples_read or len(result.values)) for text, result in zip(texts, results, strict=True))
    during = _Counts(_finite(values[0].get(group)), _finite(values[1].get(group)), seen[:2])
    whole = _Counts(_finite(values[2].get(group)), _finite(values[3].get(group)), seen[2:])
    named = ", ".join(f"{name}={value}" for name, value in group.items())
    return _Reading(slo, queries.counted, period, during, whole, named, period.start > window.start)


def _worst_group(bad: dict[Labels, float], total: dict[Labels, float]) -> Labels:
    """Return the group that lost the largest share of its own budget; that of no labels where there is none."""
    share = {
        labels: (_finite(count) or 0.0) / (_finite(total.get(labels)) or math.inf) for labels, count in bad.items()
    }
    return max(share, key=lambda labels: share[labels], default=next(iter(total), Labels()))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _allowed(reading: _Reading) -> float | None:
    """Return how many bad ones the whole window allows, a calendar period's at the traffic so far."""
    from sre.core.slo.budget import budget_ratio

    if not reading.whole.total:
        return None
    return budget_ratio(reading.slo.objective_ratio) * reading.whole.total / reading.period.elapsed_ratio


def _burnt(reading: _Reading) -> float | None:
    allowed, bad = _allowed(reading), (reading.whole if reading.is_cut else reading.during).bad
    return None if allowed is None or bad is None else bad / allowed


def _left(reading: _Reading) -> float | None:
    allowed = _allowed(reading)
    return None if allowed is None or reading.whole.bad is None else 1.0 - reading.whole.bad / allowed


def _impact(reading: _Reading, data_start: datetime | None, book: EvidenceBook) -> SloImpact:
    slo = reading.slo
    during, whole = _cited(reading.during, book), _cited(reading.whole, book)
    return SloImpact(
        slo=slo.name,
        service=slo.service,
        objective_ratio=slo.objective_ratio,
        window=str(slo.window),
        counted=reading.counted,
        total=Measured(reading.during.total, during),
        bad=Measured(reading.during.bad, during),
        burnt_ratio=Measured(_burnt(reading), (*during, *whole)),
        left_ratio=Measured(_left(reading), whole),
        group=reading.group,
        notes=tuple(_notes(reading, data_start)),
    )


def _cited(counts: _Counts, book: EvidenceBook) -> tuple[int, ...]:
    return tuple(number for query, seen in counts.queries for number in book.cite(query, sample_count=seen))


def _notes(reading: _Reading, data_start: datetime | None) -> list[str]:
    notes = [*reading.notes]
    if reading.is_cut:
        notes.append("Its window began during the incident; the share burnt is of what came after.")
    if reading.during.total is None:
        notes.append("The source has no events of it from start to end.")
    begins, period = data_start, reading.period
    if begins is not None and begins > period.start and reading.whole.total:
        covered = (period.at - begins).total_seconds() / max(1.0, period.elapsed_seconds)
        if covered < _WHOLE:
            share = f"{covered:.0%}" if covered >= 0.01 else "less than 1%"
            notes.append(
                f"Data cover {share} of the SLO's window; the budget is that of the {reading.counted} seen, "
                "so the shares are larger than over a whole window."
            )
    return notes
