"""The steps of `draft_status_update`: what is known, what the data say, the words that may not be said, the draft."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sre.core.errors import InputError, SreError
from sre.core.figures import figure_text
from sre.core.text import cleaned, quoted
from sre.core.times import format_instant, parse_instant
from sre.incidents.cadence import AUDIENCES, Audience, next_update, update_after
from sre.incidents.status_update import StatusUpdate, UpdateFacts, status_update
from sre.incidents.update_words import WordFilter
from tools.answer import QueryEvidence, WindowAnswer
from tools.concurrent import all_of
from tools.context import deps_of, in_thread, recorded_note, report_progress
from tools.incidents.draft_status_update import StatusUpdateAnswer, WordRow
from tools.incidents.records import read_incident
from tools.incidents.severity_budgets import BudgetsRead, read_budgets
from tools.incidents.severity_reading import HarmRead, HarmReader
from tools.incidents.status_facts import facts_for_update, joined_names, names_of
from tools.incidents.status_names import names_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.incidents.records.model import Incident
    from tools.context import ToolContext

_COUNTED = timedelta(hours=1)
_MAX_COUNTED = timedelta(days=2)
_MAX_PHRASE = 120
_MAX_FINDINGS_SAID = 3


class _Reading:
    """What a source said, while a draft is made."""

    def __init__(self, deps: Deps, source: MetricSource, at: datetime) -> None:
        self.deps = deps
        self.source = source
        self.at = at
        self.names: dict[str, list[str]] = {}
        self.notes: list[str] = []
        self.harm = HarmRead()
        self.budgets = BudgetsRead()
        self.since = at

    async def read(self, facts: UpdateFacts, audience: Audience, record: Incident | None) -> None:
        """Read what this audience needs: harm for all, budgets for executives, names to keep from those outside."""
        until = facts.ended_at if facts.ended_at and facts.ended_at < self.at else self.at
        began = facts.started_at if facts.started_at and facts.started_at < until else until - _COUNTED
        self.since = max(began, until - _MAX_COUNTED)

        async def harm() -> None:
            if not facts.services:
                return
            try:
                reader = HarmReader(self.deps, self.source, until, self.since)
                self.harm = await reader.read(facts.services)
            except SreError as error:
                self.notes.append(f"Not measured: {error.message}")

        async def budgets() -> None:
            if audience != "executive" or not facts.services:
                return
            slos = record.slos if record else ()
            self.budgets = await read_budgets(self.deps, self.source, services=facts.services, names=slos, at=until)

        async def names() -> None:
            if audience == "internal":
                return
            self.names, problem = await names_at(self.source, at=self.at)
            if problem:
                self.notes.append(
                    f"Not all names of {self.source.name} are known, so inner names may slip in: {problem}"
                )

        await all_of([harm, budgets, names])
        self.notes += [*self.harm.notes, *dict.fromkeys(self.budgets.notes)]


async def drafted_update(
    ctx: ToolContext, *, incident: str, audience: str, facts: Mapping[str, Any], at: str, source: str
) -> StatusUpdateAnswer:
    """Return a draft for an audience.

    Raises:
        InputError: No such audience or incident, a wrong fact, or nothing is told.
    """
    if audience not in AUDIENCES:
        raise InputError(f"There is no audience {quoted(audience, limit=80)}.", field="audience", valid=AUDIENCES)
    who: Audience = audience
    deps = deps_of(ctx)
    record = await read_incident(deps, incident) if incident.strip() else None
    metrics = deps.sources.metric(source or None) if source or deps.sources.names() else None
    now = await deps.now_of(metrics) if metrics else deps.clock.now()
    given_at = parse_instant(at, now=now, field="at")
    known, notes = facts_for_update(facts, record, audience=who, now=now, at=given_at.at)
    reading = _Reading(deps, metrics, given_at.at) if metrics else None
    if reading is not None:
        await report_progress(ctx, 0, 1, "Measuring the harm")
        await reading.read(known, who, record)
        known = _with_data(known, reading)
    due = update_after(known.severity, who, at=given_at.at) if known.severity else None
    names = joined_names(names_of(record, known), reading.names if reading else {})
    words = await in_thread(lambda: WordFilter(who, names, allowed=known.function))
    draft = await in_thread(lambda: status_update(known, who, due=due, words=words))
    answer = _answer(draft, known, who, record, at=given_at.at)
    answer.next_update_due = due.at if due and known.status not in ("resolved", "closed") else None
    answer.warnings = [*given_at.notes, *notes, *(reading.notes if reading else []), *_late(record, who, given_at.at)]
    if reading is not None:
        await _add_evidence(answer, reading, now)
    elif who == "customer":
        answer.warnings.append("No source is configured: only names in the record and the facts were looked for.")
    return answer


def _with_data(facts: UpdateFacts, reading: _Reading) -> UpdateFacts:
    harms = [harm for harm in reading.harm.harms if not harm.is_empty]
    worst = max(harms, key=lambda harm: (harm.failed or 0.0) / (harm.requests or 1.0), default=None)
    spent = [one for one in reading.budgets.budgets if one.consumed_ratio is not None]
    least = max(spent, key=lambda one: one.consumed_ratio or 0.0, default=None)
    budget = "" if least is None else _budget_words(1 - (least.consumed_ratio or 0.0))
    return replace(facts, harm=worst, budget=budget)


def _budget_words(remaining: float) -> str:
    if remaining < 0:
        return f"none, overspent by {figure_text(-remaining, 'ratio')}"
    return figure_text(remaining, "ratio")


def _late(record: Incident | None, audience: Audience, at: datetime) -> list[str]:
    if record is None:
        return []
    due = next_update(record, audience)
    if due.at is None or not due.is_late(at):
        return []
    return [f"The {audience} update was due at {format_instant(due.at)} by the policy ({due.words})."]


def _answer(
    draft: StatusUpdate, facts: UpdateFacts, audience: Audience, record: Incident | None, *, at: datetime
) -> StatusUpdateAnswer:
    kept_out = [one for one in draft.findings if one.is_kept_out]
    answer = StatusUpdateAnswer(
        summary=_summary(draft, facts, audience, record),
        text=draft.text,
        audience=audience,
        severity=facts.severity,
        status=facts.status,
        update_number=facts.number,
        at=at,
        is_ready=not draft.to_fill and not kept_out,
        to_fill=list(draft.to_fill),
        unknown=list(dict.fromkeys(draft.unknown)),
        findings=[
            WordRow(
                where=one.where,
                phrase=cleaned(one.phrase, limit=_MAX_PHRASE),
                kind=one.kind.name,
                is_kept_out=one.is_kept_out,
                why=one.kind.why,
                better=one.kind.better,
            )
            for one in draft.findings
        ],
    )
    if record is not None:
        answer.record_with = (
            f'update_incident(incident="{record.reference}", facts={{"sent_update": '
            f'{{"audience": "{audience}", "text": ...}}}}) once it is sent'
        )
    return answer


def _summary(draft: StatusUpdate, facts: UpdateFacts, audience: Audience, record: Incident | None) -> str:
    what = (
        f"{record.reference} {quoted(record.title, limit=80)}"
        if record
        else quoted(facts.title or facts.impact, limit=80)
    )
    severity = facts.severity or "severity not known"
    head = f"Draft of update {facts.number} ({audience}) on {what}, {severity}, {facts.status}."
    last = draft.text.splitlines()[-1]
    due = last[last.index("Next update") :].rstrip(".") + "." if "Next update" in last else ""
    kept = [one for one in draft.findings if one.is_kept_out]
    parts = [head, due]
    if kept:
        phrases = ", ".join(quoted(one.phrase, limit=60) for one in kept[:_MAX_FINDINGS_SAID])
        parts.append(f"Left out for words that must not be read there: {phrases}; see findings.")
    if draft.to_fill:
        parts.append(f"To fill: {', '.join(draft.to_fill)}.")
    if draft.unknown:
        parts.append(f"Said not to be known: {', '.join(dict.fromkeys(draft.unknown))}.")
    parts.append("A person reads and sends it.")
    return " ".join(part for part in parts if part)


async def _add_evidence(answer: StatusUpdateAnswer, reading: _Reading, now: datetime) -> None:
    answer.source = reading.source.name
    queries: list[QueryEvidence] = [one for each in reading.harm.queries.values() for one in each]
    answer.queries = [*queries, *reading.budgets.queries]
    if answer.queries:
        answer.window = WindowAnswer(start=reading.since, end=max(reading.at, reading.since + timedelta(seconds=1)))
    if await reading.source.latest() is not None:
        answer.warnings.append(recorded_note(now))
