"""What a postmortem says, read from where it is known: impact by service and SLO, and what systems saw."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import NoDataError, RefusedError, UpstreamError
from sre.core.slo.budget import budget_ratio
from sre.core.slo.burn_rate import factor_for_share
from sre.core.slo.tiers import default_tiers
from sre.core.slo.windows import period_at
from sre.core.text import listed, quoted
from sre.core.times import Window, format_instant
from sre.incidents.chronicle import Evidence, Happening
from sre.incidents.gaps import postmortem_gaps
from sre.incidents.model import IncidentFacts, ServiceImpact, SloImpact
from sre.incidents.postmortem import AssumedBudget, Postmortem
from sre.incidents.response_times import response_times
from sre.incidents.targets import target_results
from tools.concurrent import all_of, attempted, seconds_left
from tools.incidents.postmortem_slos import ChosenSlos, SlosRead, chosen_slos, read_slos
from tools.incidents.postmortem_timeline import Seen, hints_of, joined_timeline, seen_by_systems
from tools.incidents.service_impact import EvidenceBook, ImpactReader, Measurements, ServiceQueries
from tools.incidents.service_queries import queries_of_service

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.slo.windows import SloWindow
    from sre.incidents.records.model import Incident
    from sre.incidents.similar import SimilarIncident

# More services make a table nobody reads, and each costs about ten queries.
MAX_SERVICES = 8
# Newest samples are this old at most where scraping works: the look-back of Prometheus.
_FRESHNESS = timedelta(minutes=5)


@dataclass(slots=True)
class PostmortemDraft:
    """A postmortem in the making.

    Attributes:
        facts: What is recorded and told.
        now: Stands in for the end of an incident that has none.
        is_budget_told: The caller named the objective, so budgets of services are of that one.
    """

    deps: Deps
    facts: IncidentFacts
    objective_ratio: float
    slo_window: SloWindow
    now: datetime
    is_budget_told: bool = False
    book: EvidenceBook = field(default_factory=EvidenceBook)
    impacts: tuple[ServiceImpact, ...] = ()
    slo_impacts: tuple[SloImpact, ...] = ()
    seen: Seen = field(default_factory=Seen)
    similar: tuple[SimilarIncident, ...] | None = None
    notes: list[str] = field(default_factory=list)
    source_name: str | None = None

    @property
    def end(self) -> datetime:
        """Until when the incident is looked at: its end, else when the harm stopped, else now."""
        stopped = self.facts.end or self.facts.mitigated_at
        return stopped if stopped is not None and stopped > self.facts.start else self.now

    async def measure(self, source: MetricSource, *, total: str, bad: str) -> None:
        """Measure each service and SLO at a source; what cannot be measured becomes a note.

        Raises:
            InputError: `total` or `bad` does not count events.
        """
        self.source_name = source.name
        if self.end <= self.facts.start:
            self.notes.append("The incident starts after the data end, so impact was not measured.")
            return
        if self.facts.end is None:
            until = "its mitigation, " if self.facts.mitigated_at == self.end else ""
            self.notes.append(f"No end is known: the impact is counted until {until}{format_instant(self.end)}.")
        window = Window(self.facts.start, self.end)
        try:
            coverage = await source.coverage()
            if coverage is not None and not _overlap(window, coverage):
                self.notes.append(_outside_note(source.name, window, coverage))
                return
            chosen = await chosen_slos(self.deps, source, services=self.facts.services, names=self.facts.slos)
            reader = self._reader(source, window, coverage)
            await self._measure_all(reader, chosen, total=total, bad=bad)
        except UpstreamError as error:
            self.notes.append(f"Impact was not measured: {error.message}")
            return
        self.notes += [*_cut_notes(window, coverage), *_impact_notes(self.impacts), *_slo_notes(self.slo_impacts)]

    async def look(self, source: MetricSource | None) -> None:
        """Ask all systems what happened around the incident."""
        window = Window(self.facts.start, self.end)
        if self.end > self.facts.start:
            self.seen = await seen_by_systems(self.deps, source, window, services=self.facts.services, now=self.now)

    def unheard(self) -> list[str]:
        """Return who was not heard about what happened; of a source without any data that was said once already."""
        is_silent = not self.impacts and not self.seen.happenings
        return [note for system, note in self.seen.notes if not (is_silent and system == self.source_name)]

    async def postmortem(self, record: Incident | None) -> Postmortem:
        """Return what the document says, once all is read."""
        hints = hints_of(self.seen, since=self.facts.start)
        timeline = await joined_timeline(self.facts, self._with_peaks(), self.book)
        return Postmortem(
            facts=self.facts,
            times=response_times(self.facts),
            targets=target_results(self.facts),
            timeline=timeline.events,
            impacts=self.impacts,
            evidence=tuple(self.book.rows),
            gaps=postmortem_gaps(self.facts, self.impacts, self.slo_impacts, hints=hints),
            evaluated_at=self.end,
            budget=self._assumed_budget(),
            slo_impacts=self.slo_impacts,
            similar=self.similar,
            delays=timeline.delays,
            reference=record.reference if record else "",
            entry_count=len(record.entries) if record else 0,
        )

    async def _measure_all(self, reader: ImpactReader, chosen: ChosenSlos, *, total: str, bad: str) -> None:
        """Read services and SLOs at once, and write them up in the order of the document."""
        slos = SlosRead([], [])

        async def of_slos() -> None:
            nonlocal slos
            slos = await read_slos(reader.source, chosen.slos, reader.window)

        with_slo = set() if self.is_budget_told else {slo.service for slo in chosen.slos}
        # Without a service there is still what the caller's own queries count.
        named = self.facts.services[:MAX_SERVICES] or (("all requests",) if total else ())
        found: list[Measurements | str] = []

        async def of_services() -> None:
            found.extend(
                await all_of(
                    [
                        partial(self._measured, reader, service, *_given(n, total, bad), has_slo=service in with_slo)
                        for n, service in enumerate(named)
                    ]
                )
            )

        await all_of([of_services, of_slos])
        self.impacts = tuple(reader.impact(one, self.book) for one in found if not isinstance(one, str))
        self.slo_impacts = slos.impacts(self.book, data_start=reader.data_start)
        unmeasured = dict.fromkeys(note for note in found if isinstance(note, str))
        self.notes += _too_many(self.facts.services)
        self.notes += [*unmeasured, *chosen.notes, *slos.notes]

    def _reader(self, source: MetricSource, window: Window, coverage: Window | None) -> ImpactReader:
        return ImpactReader(
            source=source,
            window=window,
            budget_period=period_at(self.slo_window, at=window.end),
            objective_ratio=self.objective_ratio,
            data_start=coverage.start if coverage else None,
        )

    async def _measured(
        self, reader: ImpactReader, service: str, total: str, bad: str, *, has_slo: bool
    ) -> Measurements | str:
        """Return what was measured of one service, or a note why nothing was; no service may cost another."""
        try:
            found = await queries_of_service(self.deps, reader.source, service, window=reader.window)
        except NoDataError as error:
            if not total:
                return await _unmeasured_note(reader, error)
            found = ServiceQueries(service)
        except (RefusedError, UpstreamError) as error:
            if not total:
                return f"{quoted(service)} was not measured: {error.message}"
            found = ServiceQueries(service)
        queries = replace(
            found,
            total=total or found.total,
            bad=bad or found.bad,
            convention="given in the call" if total else found.convention,
            has_slo=has_slo,
        )
        try:
            return await reader.measure(queries)
        except (NoDataError, RefusedError, UpstreamError) as error:
            return f"{quoted(service)} was not measured: {error.message}"

    def _assumed_budget(self) -> AssumedBudget | None:
        if not any(impact.budget_burnt_ratio.value is not None for impact in self.impacts):
            return None
        return AssumedBudget(self.objective_ratio, str(self.slo_window), is_told=self.is_budget_told)

    def _with_peaks(self) -> Seen:
        """Return what systems saw, with the worst moments that were measured and that no system told."""
        told = {one.service for one in self.seen.happenings if one.kind == "worst"}
        peaks = [one for one in self._peaks() if one.service not in told]
        return replace(self.seen, happenings=[*self.seen.happenings, *peaks])

    def _peaks(self) -> list[Happening]:
        # What burns the budget at the speed of the fastest page tier is an event; less is background.
        fastest = default_tiers()[0]
        factor = factor_for_share(
            budget_share=fastest.budget_share,
            window_seconds=fastest.long_seconds,
            period_seconds=period_at(self.slo_window, at=self.now).seconds,
        )
        noteworthy = factor * budget_ratio(self.objective_ratio)
        queries = {row.number: row.query for row in self.book.rows}
        return [
            Happening(
                impact.peak_at,
                "worst",
                f"{impact.service}: failures peak at {impact.peak_error_ratio.value:.1%} of requests in 5 minutes.",
                impact.service,
                evidence=tuple(
                    Evidence(self.source_name or "", queries[number]) for number in impact.peak_error_ratio.evidence
                ),
            )
            for impact in self.impacts
            if impact.peak_at is not None and (impact.peak_error_ratio.value or 0.0) >= noteworthy
        ]


async def _unmeasured_note(reader: ImpactReader, error: NoDataError) -> str:
    """Return why a service is not known, in one sentence; a source that was empty then is no fault of the name."""
    names = await attempted(lambda: reader.source.label_names(window=reader.window), seconds=seconds_left())
    if names == ():
        return _outside_note(reader.source.name, reader.window, None)
    way_out = f"nearest that exist: {listed(error.nearest)}" if error.nearest else "pass total and bad to measure it"
    reason = error.message[:1].lower() + error.message[1:].rstrip(".")
    return f"Not measured: {reason}; {way_out}."


def _too_many(services: Sequence[str]) -> list[str]:
    rest = services[MAX_SERVICES:]
    if not rest:
        return []
    return [f"Not measured, since {MAX_SERVICES} services are: {listed([quoted(name) for name in rest])}."]


def _overlap(window: Window, coverage: Window) -> bool:
    return coverage.start < window.end and window.start < coverage.end


def _outside_note(source_name: str, window: Window, coverage: Window | None) -> str:
    covered = f"they cover {_span(coverage)}" if coverage else "it has none there"
    return f"Impact was not measured: {_span(window)} lies outside the data of {quoted(source_name)}; {covered}."


def _cut_notes(window: Window, coverage: Window | None) -> list[str]:
    if coverage is None or (coverage.start <= window.start and window.end <= coverage.end + _FRESHNESS):
        return []
    return [f"Data cover {_span(coverage)} only; what happened outside that is not in the impact numbers."]


def _span(window: Window) -> str:
    start, end = (format_instant(at.replace(microsecond=0)) for at in (window.start, window.end))
    return f"{start} to {end}"


def _impact_notes(impacts: Sequence[ServiceImpact]) -> list[str]:
    """Return what makes numbers less sure, each note once with all the services it is true of."""
    services: dict[str, list[str]] = {}
    for impact in impacts:
        for note in impact.notes:
            services.setdefault(note, []).append(quoted(impact.service))
    return [f"{listed(named)}: {note}" for note, named in services.items()]


def _given(number: int, total: str, bad: str) -> tuple[str, str]:
    return (total, bad) if number == 0 else ("", "")


def _slo_notes(impacts: Sequence[SloImpact]) -> list[str]:
    names: dict[str, list[str]] = {}
    for impact in impacts:
        for note in impact.notes:
            names.setdefault(note, []).append(quoted(impact.slo))
    return [f"SLO {listed(named)}: {note}" for note, named in names.items()]
