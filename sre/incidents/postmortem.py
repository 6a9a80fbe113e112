"""The postmortem as Markdown. Every line is cited, computed with its query, or marked as to be filled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sre.core.figures import figure_text, seconds_text
from sre.core.markdown import code_span, escaped, markdown_environment
from sre.core.text import listed, quoted
from sre.core.times import format_instant
from sre.incidents.chronicle import Delay
from sre.incidents.model import (
    ACTION_KINDS,
    ActionItem,
    Evidence,
    IncidentFacts,
    Measured,
    ServiceImpact,
    SloImpact,
    TimelineEvent,
)
from sre.incidents.naming import as_name
from sre.incidents.postmortem_size import ROOMS, Room, shortened_facts, shortened_timeline
from sre.incidents.records.facts import began_at
from sre.incidents.response_times import ResponseTimes
from sre.incidents.similar import SimilarIncident, UnfinishedAction
from sre.incidents.targets import TargetResult

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
TO_FILL = "**TO FILL**"
# What a document says of facts that came with the call, not from a record.
TOLD = "as told"
_CITE_CHARS = 120
_MAX_CHARS = 20_000
_KIND_TITLES = {
    "prevent": "Prevent a repetition",
    "mitigate": "Limit the harm",
    "detect": "Notice sooner",
    "process": "Work together better",
    None: "Kind to be decided",
}
_SHORTFALLS = {
    "overdue": "never done, overdue since {due}",
    "open": "not done yet",
    "dropped": "dropped",
    "late": "done only after this one began",
}


@dataclass(frozen=True, slots=True)
class AssumedBudget:
    """The budget that burnt shares of services are of, where no SLO says.

    Attributes:
        window: For people.
        is_told: The caller named it; else it is an example.
    """

    objective_ratio: float
    window: str
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class Postmortem:
    """All that the document says.

    Attributes:
        timeline: Ordered, each event once.
        budget: None where the SLOs say it all.
        similar: None where there is no record to compare with.
        delays: What systems saw take how long; both ends stand in the timeline.
        evaluated_at: End of the measured window: the end of the incident, or now while it goes on.
        reference: Of the record, such as `INC-7`; empty where there is none.
        entry_count: Entries of that record.
    """

    facts: IncidentFacts
    times: ResponseTimes
    targets: tuple[TargetResult, ...]
    timeline: tuple[TimelineEvent, ...]
    impacts: tuple[ServiceImpact, ...]
    evidence: tuple[Evidence, ...]
    gaps: tuple[str, ...]
    evaluated_at: datetime
    budget: AssumedBudget | None = None
    slo_impacts: tuple[SloImpact, ...] = ()
    similar: tuple[SimilarIncident, ...] | None = None
    delays: tuple[Delay, ...] = ()
    reference: str = ""
    entry_count: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """The Markdown, and what of the incident it leaves out for its length, as words for a list."""

    markdown: str
    left_out: tuple[str, ...] = field(default=())


def postmortem_document(postmortem: Postmortem) -> Document:
    """Return the document, as long as it may be; text from outside is escaped and can form nothing but text."""
    documents = (_document(postmortem, room) for room in ROOMS)
    shortest = Document("")
    for document in documents:
        shortest = document
        if len(document.markdown) <= _MAX_CHARS:
            break
    return shortest


def _document(postmortem: Postmortem, room: Room) -> Document:
    facts, left_out = shortened_facts(postmortem.facts, room)
    timeline, fewer = shortened_timeline(postmortem.timeline, room)
    rest = (*fewer, *left_out)
    shown = replace(postmortem, facts=facts, timeline=timeline)
    text = (
        _environment(facts, room)
        .get_template("postmortem.md.j2")
        .render(
            p=shown,
            facts=facts,
            times=shown.times,
            action_groups=_action_groups(facts.action_items),
            impact_notes=_notes([(impact.service, impact.notes) for impact in postmortem.impacts]),
            slo_notes=_notes([(impact.slo, impact.notes) for impact in postmortem.slo_impacts]),
            fewer_events=fewer,
            left_out=rest,
            has_story=bool(postmortem.facts.events),
        )
    )
    return Document(text.strip() + "\n", rest)


def impact_sentence(impact: ServiceImpact) -> str:
    """Return what a service lost, as plain text for a summary."""
    failed, requests = impact.failed_requests.value, impact.requests.value
    if failed is None or requests is None:
        return f"{as_name(impact.service)}: no request numbers"
    share = f" ({figure_text(failed / requests, 'ratio')})" if requests else ""
    burnt = impact.budget_burnt_ratio.value
    budget = f", {figure_text(burnt, 'ratio')} of the error budget" if burnt is not None else ""
    return f"{as_name(impact.service)}: {failed:,.0f} of {requests:,.0f} requests failed{share}{budget}"


def slo_sentence(impact: SloImpact) -> str:
    """Return what an SLO lost, as plain text for a summary."""
    bad, total = impact.bad.value, impact.total.value
    if bad is None or total is None:
        return f"SLO {impact.slo}: no numbers"
    burnt, left = impact.burnt_ratio.value, impact.left_ratio.value
    said = f"SLO {impact.slo}: {bad:,.0f} of {total:,.0f} {impact.counted} bad"
    if burnt is None:
        return said
    rest = "" if left is None else "; overspent at the end" if left < 0 else f"; {figure_text(left, 'ratio')} left"
    return f"{said}, {figure_text(burnt, 'ratio')} of its error budget{rest}"


def unfinished_words(one: UnfinishedAction) -> str:
    """Return what became of an action after an earlier incident, as words."""
    due = one.action.due.isoformat() if one.action.due else ""
    return _SHORTFALLS[one.shortfall].format(due=due)


def _environment(facts: IncidentFacts, room: Room) -> "Environment":
    cites = facts.cites
    filters: dict[str, Callable[..., object]] = {
        "utc": _utc,
        "minutes": _minutes,
        "count": lambda measured: _cited(measured, "count"),
        "ratio": lambda measured: _cited(measured, "ratio"),
        "seconds": lambda measured: _cited(measured, "seconds"),
        "evidence": _citation,
        "impact_sentence": impact_sentence,
        "slo_sentence": slo_sentence,
        "query": lambda query: code_span(query, limit=room.query_chars),
        "cite": _in_brackets,
        "grounds": _grounds,
        "similar": _similar_line,
        "took": lambda delay: seconds_text(delay.seconds),
        "unfinished": unfinished_words,
        "percent": lambda ratio: f"{ratio * 100:.10g} %",
        "met": {True: "met", False: "**missed**", None: "not known"}.__getitem__,
    }
    environment = markdown_environment(_TEMPLATES, filters)
    environment.globals |= {
        "TO_FILL": TO_FILL,
        "said": lambda name: _in_brackets(cites.get(name, "")),
        "stands": lambda *names: _joined_cites(facts, names),
    }
    return environment


def _joined_cites(facts: IncidentFacts, names: Sequence[str]) -> str:
    """Return where times stand; one that is not known has to be filled in."""
    if facts.is_start_assumed and "start" in names:
        return TO_FILL
    if any(getattr(facts, name) is None for name in names):
        return TO_FILL
    return "; ".join(dict.fromkeys(escaped(facts.cites.get(name, TOLD), limit=_CITE_CHARS) for name in names))


def _grounds(event: TimelineEvent) -> str:
    """Return what an event rests on: queries, an entry of a record, or that somebody told it."""
    numbers = [f"E{number}" for number in event.evidence]
    said = [escaped(event.cite, limit=2 * _CITE_CHARS)] if event.cite else []
    return f" ({'; '.join([*([', '.join(numbers)] if numbers else []), *said]) or TOLD})"


def _in_brackets(cite: str) -> str:
    return f" ({escaped(cite or TOLD, limit=_CITE_CHARS)})"


def _similar_line(one: SimilarIncident) -> str:
    incident = one.incident
    done = sum(action.status == "done" for action in incident.actions)
    actions = f"{done} of {len(incident.actions)} actions done" if incident.actions else "no actions were recorded"
    title = escaped(quoted(incident.title, limit=_CITE_CHARS))
    why = escaped("; ".join(one.reasons), limit=300)
    return f"{incident.reference} ({began_at(incident):%Y-%m-%d}), {title}: {why}. {actions}."


def _utc(at: datetime | None) -> str:
    return TO_FILL if at is None else format_instant(at.replace(microsecond=0))


def _minutes(minutes: float | None) -> str:
    return TO_FILL if minutes is None else seconds_text(minutes * 60)


def _cited(measured: Measured, unit: str) -> str:
    if measured.value is None:
        return "no data"
    value = f"{measured.value:,.0f}" if unit == "count" else figure_text(measured.value, unit)
    return value + _citation(measured.evidence)


def _citation(numbers: Sequence[int]) -> str:
    return " (" + ", ".join(f"E{number}" for number in sorted(set(numbers))) + ")" if numbers else ""


def _notes(rows: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[str, str]]:
    """Return each note once, with the names of all it is true of."""
    names: dict[str, list[str]] = {}
    for name, notes in rows:
        for note in notes:
            names.setdefault(note, []).append(name)
    return [(listed(named), note) for note, named in names.items()]


def _action_groups(items: Sequence[ActionItem]) -> list[tuple[str, list[ActionItem]]]:
    groups = [(_KIND_TITLES[kind], [item for item in items if item.kind == kind]) for kind in (*ACTION_KINDS, None)]
    return [(title, members) for title, members in groups if members]
