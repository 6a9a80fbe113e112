"""From facts and data to a postmortem and its answer."""

from __future__ import annotations

import re
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
from sre.incidents.blameless import LanguageFinding, Passage, language_findings
from sre.incidents.gaps import postmortem_gaps
from sre.incidents.model import IncidentFacts, ServiceImpact, TimelineEvent
from sre.incidents.postmortem import Postmortem, postmortem_markdown
from sre.incidents.response_times import order_problems, response_times
from sre.incidents.targets import target_results
from sre.incidents.timeline import merged_timeline, milestones
from tools.answer import HARD_LIMIT_CHARS, WindowAnswer
from tools.concurrent import all_of, attempted, seconds_left
from tools.incidents.postmortem_answer import (
    PostmortemAnswer,
    evidence_rows,
    finding_rows,
    impact_row,
    set_times,
    summary_of,
)
from tools.incidents.service_impact import EvidenceBook, ImpactReader, Measurements, ServiceQueries
from tools.incidents.service_queries import queries_of_service

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.slo.windows import SloWindow

_NOT_IN_A_FILE_NAME = re.compile(r"[^a-z0-9]+")
_MAX_FILE_STEM = 60
# Newest samples are this old at most where scraping works: the look-back of Prometheus.
_FRESHNESS = timedelta(minutes=5)


@dataclass(slots=True)
class PostmortemDraft:
    """A postmortem in the making.

    Attributes:
        now: Stands in for the end of an incident that has none.
    """

    deps: Deps
    facts: IncidentFacts
    objective_ratio: float
    slo_window: SloWindow
    now: datetime
    book: EvidenceBook = field(default_factory=EvidenceBook)
    impacts: tuple[ServiceImpact, ...] = ()
    notes: list[str] = field(default_factory=list)
    source_name: str | None = None

    async def measure(self, source: MetricSource, *, total: str, bad: str) -> None:
        """Measure each service at a source; what cannot be measured becomes a note.

        Raises:
            InputError: `total` or `bad` does not count events.
        """
        self.source_name = source.name
        end = self.facts.end or self.now
        if end <= self.facts.start:
            self.notes.append("The incident starts after the data end, so impact was not measured.")
            return
        if self.facts.end is None:
            self.notes.append(f"No end was given: the impact is counted until {format_instant(end)}.")
        window = Window(self.facts.start, end)
        try:
            coverage = await source.coverage()
            if coverage is not None and not _overlap(window, coverage):
                self.notes.append(_outside_note(source.name, window, coverage))
                return
            reader = self._reader(source, window, coverage)
            named = self.facts.services or ("all requests",)
            found = await all_of(
                [partial(self._measured, reader, service, *(_given(n, total, bad))) for n, service in enumerate(named)]
            )
        except UpstreamError as error:
            self.notes.append(f"Impact was not measured: {error.message}")
            return
        self.notes += dict.fromkeys(note for note in found if isinstance(note, str))
        read = [measured for measured in found if not isinstance(measured, str)]
        self.impacts = tuple(reader.impact(measured, self.book) for measured in read)
        self.notes += [*_cut_notes(window, coverage), *_impact_notes(self.impacts)]

    def answer(self, *, notes: Sequence[str]) -> PostmortemAnswer:
        """Return the finished draft."""
        postmortem = self._postmortem()
        findings = self._findings()
        end = self.facts.end or self.now
        answer = PostmortemAnswer(
            summary=summary_of(postmortem, finding_count=len(findings)),
            source=self.source_name,
            window=WindowAnswer(start=self.facts.start, end=end) if end > self.facts.start else None,
            queries=evidence_rows(postmortem.evidence),
            warnings=[*notes, *order_problems(self.facts), *self.notes],
            impact=[impact_row(impact) for impact in self.impacts],
            gaps=list(postmortem.gaps),
            language_findings=finding_rows(findings),
            file_name=_file_name(self.facts),
            markdown=postmortem_markdown(postmortem),
        )
        set_times(answer, postmortem.times, postmortem.targets)
        answer.with_budget(HARD_LIMIT_CHARS)
        return answer

    def _reader(self, source: MetricSource, window: Window, coverage: Window | None) -> ImpactReader:
        return ImpactReader(
            source=source,
            window=window,
            budget_period=period_at(self.slo_window, at=window.end),
            objective_ratio=self.objective_ratio,
            data_start=coverage.start if coverage else None,
        )

    async def _measured(self, reader: ImpactReader, service: str, total: str, bad: str) -> Measurements | str:
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
        )
        try:
            return await reader.measure(queries)
        except (NoDataError, RefusedError, UpstreamError) as error:
            return f"{quoted(service)} was not measured: {error.message}"

    def _postmortem(self) -> Postmortem:
        return Postmortem(
            facts=self.facts,
            times=response_times(self.facts),
            targets=target_results(self.facts),
            timeline=merged_timeline(self.facts.events, milestones(self.facts), self._measured_events()),
            impacts=self.impacts,
            evidence=tuple(self.book.rows),
            gaps=postmortem_gaps(self.facts, self.impacts),
            objective_ratio=self.objective_ratio,
            budget_window=str(self.slo_window),
            evaluated_at=self.facts.end or self.now,
        )

    def _measured_events(self) -> list[TimelineEvent]:
        # What burns the budget at the speed of the fastest page tier is an event; less is background.
        fastest = default_tiers()[0]
        factor = factor_for_share(
            budget_share=fastest.budget_share,
            window_seconds=fastest.long_seconds,
            period_seconds=period_at(self.slo_window, at=self.now).seconds,
        )
        noteworthy = factor * budget_ratio(self.objective_ratio)
        return [
            TimelineEvent(
                impact.peak_at,
                f"{impact.service}: failures peak at {impact.peak_error_ratio.value:.1%} of requests in 5 minutes.",
                evidence=impact.peak_error_ratio.evidence,
            )
            for impact in self.impacts
            if impact.peak_at is not None and (impact.peak_error_ratio.value or 0.0) >= noteworthy
        ]

    def _findings(self) -> tuple[LanguageFinding, ...]:
        facts = self.facts
        people = {event.who for event in facts.events} | {item.owner for item in facts.action_items}
        return language_findings(_passages(facts), people=sorted(people - {""}), services=facts.services)


async def _unmeasured_note(reader: ImpactReader, error: NoDataError) -> str:
    """Return why a service is not known, in one sentence; a source that was empty then is no fault of the name."""
    names = await attempted(lambda: reader.source.label_names(window=reader.window), seconds=seconds_left())
    if names == ():
        return _outside_note(reader.source.name, reader.window, None)
    way_out = f"nearest that exist: {listed(error.nearest)}" if error.nearest else "pass total and bad to measure it"
    reason = error.message[:1].lower() + error.message[1:].rstrip(".")
    return f"Not measured: {reason}; {way_out}."


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


def _passages(facts: IncidentFacts) -> list[Passage]:
    return [
        Passage("title", facts.title),
        Passage("impact", facts.impact),
        *(Passage(f"events[{n}]", event.text) for n, event in enumerate(facts.events)),
        *(Passage(f"causes[{n}]", f"{cause.text} {cause.evidence}") for n, cause in enumerate(facts.causes)),
        *(Passage(f"went_well[{n}]", text) for n, text in enumerate(facts.went_well)),
        *(Passage(f"went_badly[{n}]", text) for n, text in enumerate(facts.went_badly)),
        *(Passage(f"lucky[{n}]", text) for n, text in enumerate(facts.lucky)),
        *(Passage(f"action_items[{n}]", item.title) for n, item in enumerate(facts.action_items)),
    ]


def _file_name(facts: IncidentFacts) -> str:
    words = _NOT_IN_A_FILE_NAME.sub("-", facts.title.lower()).strip("-")[:_MAX_FILE_STEM].strip("-")
    return f"postmortem-{facts.start:%Y-%m-%d}-{words or 'incident'}.md"
