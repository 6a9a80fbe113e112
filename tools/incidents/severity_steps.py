"""The steps of `assess_severity`: what was told, what data say, and the rules over both."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sre.core.errors import InputError, NoDataError, SreError
from sre.core.text import listed, quoted
from sre.core.times import format_instant, parse_instant
from sre.incidents.harm import joined_facts, measured_facts
from sre.incidents.records.facts import began_at
from sre.incidents.severity import assessment
from tools.answer import WindowAnswer
from tools.concurrent import all_of
from tools.context import deps_of, recorded_note, report_progress
from tools.incidents.records import read_incident
from tools.incidents.severity_answer import Clock, SeverityAnswer, severity_answer
from tools.incidents.severity_budgets import BudgetsRead, read_budgets
from tools.incidents.severity_facts import ToldImpact, told_impact
from tools.incidents.severity_reading import HarmRead, HarmReader, unread_note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.incidents.records.model import Incident
    from tools.context import ToolContext

# Without a start, the requests hit are counted over the last hour.
_COUNTED = timedelta(hours=1)
_MAX_COUNTED = timedelta(days=2)
_SHOWN_SERVICES = 2
_MAX_QUERIES = 12


@dataclass(slots=True)
class _Measured:
    """What a source said; empty where none was asked."""

    source: MetricSource | None = None
    harm: HarmRead = field(default_factory=HarmRead)
    budgets: BudgetsRead = field(default_factory=BudgetsRead)
    notes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether the data say nothing about harm, which is not the same as no harm."""
        return not self.budgets.budgets and all(harm.is_empty and not harm.is_gone for harm in self.harm.harms)


async def assessed(
    ctx: ToolContext, *, facts: Mapping[str, Any], services: Sequence[str], incident: str, at: str, source: str
) -> SeverityAnswer:
    """Return the severity that the facts and the data ask for.

    Raises:
        InputError: Nothing to judge by, or a wrong fact.
        SreError: Nothing was told and the source said nothing.
    """
    deps = deps_of(ctx)
    record = await read_incident(deps, incident) if incident.strip() else None
    metrics = _source(deps, source)
    now = await deps.now_of(metrics) if metrics else deps.clock.now()
    judged_at = parse_instant(at, now=now, field="at")
    told = told_impact(facts, now=now)
    named = list(
        dict.fromkeys(name.strip() for name in (*services, *(record.services if record else ())) if name.strip())
    )
    clock = _clock(told, record, judged_at.at)
    if metrics is None and not told.known:
        raise _nothing_to_judge()
    measured = _Measured()
    if metrics is not None and (named or not told.known):
        await report_progress(ctx, 0, 1, "Measuring the harm")
        measured = await _measured(deps, metrics, named, clock, record, has_facts=bool(told.known))
        if not told.known and measured.is_empty:
            raise _nothing_seen(metrics, named, clock)
    known = joined_facts(told.known, measured_facts(measured.harm.harms, measured.budgets.budgets))
    answer = severity_answer(assessment(known), clock, harms=measured.harm.harms, budgets=measured.budgets.budgets)
    answer.warnings = [*judged_at.notes, *told.notes, *_order_notes(clock), *measured.notes]
    if any("errors" in harm.unread or "traffic" in harm.unread for harm in measured.harm.harms):
        answer.is_sure = False
        answer.summary += " Not everything could be read, so it may be worse."
    if measured.source is not None:
        _add_evidence(answer, measured, clock)
        if await measured.source.latest() is not None:
            answer.warnings.append(recorded_note(now))
    elif metrics is not None:
        answer.left_out.append("What the data say was not asked: name services to measure them.")
    if record is not None and record.severity != answer.severity:
        answer.warnings.append(
            f"{record.reference} is recorded as {record.severity}; update_incident changes it, with the reason."
        )
    return answer


def _source(deps: Deps, name: str) -> MetricSource | None:
    return deps.sources.metric(name or None) if name or deps.sources.names() else None


def _nothing_to_judge() -> InputError:
    return InputError(
        "There is nothing to judge by: no facts were told and no metric source is configured.",
        field="facts",
        next_steps=(
            'tell what is known, such as {"failing_ratio": 0.3, "core": true, "workaround": false}, or',
            "set PROMETHEUS_URL in the server's environment to measure.",
        ),
    )


def _nothing_seen(source: MetricSource, named: list[str], clock: Clock) -> NoDataError:
    of_whom = f" of {listed([quoted(name, limit=80) for name in named])}" if named else ""
    return NoDataError(
        f"{source.name} has no requests, failures or latency{of_whom} at {format_instant(clock.at)}, "
        "which is no sign of health.",
        causes=("it publishes none under a known name, or", "it is not collected, or the data do not cover that time."),
        next_steps=(
            'tell the facts, such as {"failing_ratio": 0.3, "core": true, "workaround": false}, or',
            "map its queries in the settings, under services.",
        ),
    )


def _clock(told: ToldImpact, record: Incident | None, at: datetime) -> Clock:
    if record is None:
        return Clock(at, told.started_at, told.detected_at)
    return Clock(at, told.started_at or began_at(record), told.detected_at or record.times.get("detected"))


def _order_notes(clock: Clock) -> list[str]:
    if clock.started_at and clock.detected_at and clock.detected_at < clock.started_at:
        return ["detected_at lies before started_at; one of the two is wrong."]
    if clock.started_at and clock.started_at > clock.at:
        return ["The incident began after the instant that is judged."]
    return []


async def _measured(
    deps: Deps, source: MetricSource, named: list[str], clock: Clock, record: Incident | None, *, has_facts: bool
) -> _Measured:
    found = _Measured(source)
    since = clock.started_at if clock.started_at and clock.started_at < clock.at else clock.at - _COUNTED
    reader = HarmReader(deps, source, clock.at, max(since, clock.at - _MAX_COUNTED))

    async def harm() -> None:
        try:
            found.harm = await reader.read(named)
        except InputError:
            raise
        except SreError as error:
            if not has_facts:
                raise
            found.notes.append(f"Not measured: {error.message}")

    async def budgets() -> None:
        slos = record.slos if record else ()
        found.budgets = await read_budgets(deps, source, services=named, names=slos, at=clock.at)

    await all_of([harm, budgets])
    found.notes += [*found.harm.notes, *dict.fromkeys(found.budgets.notes), *_harm_notes(found.harm)]
    return found


def _harm_notes(found: HarmRead) -> list[str]:
    notes = [unread_note(harm) for harm in found.harms if harm.unread]
    silent = [quoted(harm.service, limit=80) for harm in found.harms if harm.is_empty and not harm.unread]
    if silent:
        notes.append(f"No requests are seen of {listed(silent)}: no data is not the same as no harm.")
    by_chance = [quoted(harm.service, limit=80) for harm in found.harms if harm.is_by_chance and harm.failing_ratio]
    if by_chance:
        notes.append(f"Failures of {listed(by_chance)} are too few in five minutes to judge by.")
    return notes


def _add_evidence(answer: SeverityAnswer, measured: _Measured, clock: Clock) -> None:
    assert measured.source is not None
    answer.source = measured.source.name
    since = clock.started_at if clock.started_at and clock.started_at < clock.at else clock.at - _COUNTED
    answer.window = WindowAnswer(start=since, end=clock.at)
    by_service = [measured.harm.queries.get(harm.service, []) for harm in measured.harm.harms]
    queries = [*(query for each in by_service[:_SHOWN_SERVICES] for query in each), *measured.budgets.queries]
    answer.queries = queries[:_MAX_QUERIES]
    if len(by_service) > _SHOWN_SERVICES or len(queries) > _MAX_QUERIES:
        answer.left_out.append(
            "Queries beyond those of the worst services: the same for each; name one to see its own."
        )
    if measured.harm.skipped:
        names = listed([quoted(name, limit=80) for name in measured.harm.skipped])
        answer.left_out.append(f"Not measured: {names}; name them in services.")
