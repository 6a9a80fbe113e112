"""The steps of `draft_postmortem`: what is recorded and told, what data and systems say, and the document."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from sre.core.errors import SreError
from sre.core.slo.budget import budget_ratio
from sre.core.slo.windows import parse_slo_window
from sre.incidents.joined_facts import contradictions, joined_facts
from sre.incidents.people_hurt import with_people_hurt
from sre.incidents.recorded_facts import recorded_facts
from sre.incidents.response_times import order_problems
from sre.incidents.similar import Profile, similar_incidents
from tools.concurrent import all_of, outcome_of, seconds_left
from tools.context import deps_of, in_thread, report_progress
from tools.incidents.incident_facts import FactsReader
from tools.incidents.postmortem_answer import PostmortemAnswer, postmortem_answer
from tools.incidents.postmortem_draft import PostmortemDraft
from tools.incidents.postmortem_passages import blaming_words
from tools.incidents.records import all_incidents, read_incident
from tools.recording import record_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.incidents.model import IncidentFacts
    from sre.incidents.records.model import Incident
    from sre.incidents.similar import SimilarIncident
    from tools.context import ToolContext

# What most services promise, where nobody says and no SLO is defined; the document says that it is an example.
_EXAMPLE_OBJECTIVE = 0.999


@dataclass(frozen=True, slots=True)
class PostmortemCall:
    """The arguments of a call."""

    incident: str
    title: str
    start: str
    end: str
    services: list[str]
    facts: Mapping[str, Any]
    total: str
    bad: str
    objective: float
    window: str
    source: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known before anything is measured.

    Attributes:
        told: What came with the call.
        recorded: What the record says, or None.
        facts: Both as one.
    """

    now: datetime
    told: IncidentFacts
    facts: IncidentFacts
    recorded: IncidentFacts | None = None
    record: Incident | None = None
    notes: list[str] = field(default_factory=list)


async def drafted_postmortem(ctx: ToolContext, call: PostmortemCall) -> PostmortemAnswer:
    """Return the draft.

    Raises:
        InputError: No such incident, neither incident nor title and start, or a wrong fact.
    """
    deps = deps_of(ctx)
    objective_ratio = call.objective or _EXAMPLE_OBJECTIVE
    budget_ratio(objective_ratio)
    slo_window = parse_slo_window(call.window or "30d")
    is_told = bool(call.objective or call.window)
    metrics = deps.sources.metric(call.source or None) if call.source or deps.sources.names() else None
    known = await _known(deps, metrics, call)
    draft = PostmortemDraft(
        deps, known.facts, objective_ratio, slo_window, known.now, is_budget_told=is_told, notes=known.notes
    )
    await report_progress(ctx, 0, 2, "Measuring the impact")
    await _read(draft, known, metrics, call)
    await report_progress(ctx, 1, 2, "Writing")
    postmortem = await draft.postmortem(known.record)
    findings = await in_thread(lambda: blaming_words(known.told, known.recorded))
    answer = await in_thread(lambda: postmortem_answer(postmortem, findings=findings, record=known.record))
    answer.source = draft.source_name
    answer.warnings = [*order_problems(known.facts), *draft.notes, *draft.unheard()]
    answer.left_out += draft.seen.left_out
    return answer


async def _known(deps: Deps, metrics: MetricSource | None, call: PostmortemCall) -> _Known:
    now = await deps.now_of(metrics) if metrics else (await record_time(deps)).now
    record = await read_incident(deps, call.incident) if call.incident.strip() else None
    recorded = await in_thread(partial(recorded_facts, record, today=now.date())) if record else None
    reader = FactsReader(now=now)
    told = reader.incident(
        title=call.title, start=call.start, end=call.end, services=call.services, facts=call.facts, record=recorded
    )
    if record is None or recorded is None:
        return _Known(now, told, with_people_hurt(told), notes=reader.notes)
    notes = [*reader.notes, *contradictions(recorded, told, reference=record.reference)]
    if not record.is_over():
        notes.append(f"{record.reference} is not over: it is {record.status}, so this is a first draft.")
    return _Known(now, told, with_people_hurt(joined_facts(recorded, told)), recorded, record, notes)


async def _read(draft: PostmortemDraft, known: _Known, metrics: MetricSource | None, call: PostmortemCall) -> None:
    """Measure, ask systems and look for similar incidents, all at once."""
    facts = known.facts
    unlike: list[str] = []

    async def measure() -> None:
        if metrics is not None and (facts.services or facts.slos or call.total):
            await draft.measure(metrics, total=call.total, bad=call.bad)

    async def look() -> None:
        if facts.services or known.record is not None:
            await draft.look(metrics)

    async def compare() -> None:
        outcome = await _similar(draft.deps, known)
        if isinstance(outcome, SreError):
            unlike.append(f"Similar incidents were not looked for: {outcome.message}")
        else:
            draft.similar = outcome

    await all_of([measure, look, compare])
    draft.notes += unlike


async def _similar(deps: Deps, known: _Known) -> tuple[SimilarIncident, ...] | SreError | None:
    if deps.journal is None:
        return None
    outcome = await outcome_of(lambda: all_incidents(deps), seconds=seconds_left(), system="the journal")
    if isinstance(outcome, SreError):
        return outcome
    facts = known.facts
    subject = Profile(
        facts.title,
        facts.start,
        facts.services,
        facts.slos,
        tuple(cause.text for cause in facts.causes),
        known.record.number if known.record else None,
    )
    return await in_thread(lambda: similar_incidents(subject, outcome, now=known.now))
