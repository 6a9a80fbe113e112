"""The answer of `draft_postmortem`: its shape, and how a postmortem becomes one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sre.core.figures import seconds_text
from sre.core.text import cleaned, quoted
from sre.core.times import format_instant
from tools.answer import (
    HARD_LIMIT_CHARS,
    EvidencedAnswer,
    Figure,
    Instant,
    Part,
    QueryEvidence,
    RatioNearOne,
    WindowAnswer,
)

if TYPE_CHECKING:
    from sre.incidents.blameless import LanguageFinding
    from sre.incidents.model import Measured, ServiceImpact, SloImpact
    from sre.incidents.postmortem import Postmortem
    from sre.incidents.records.model import Incident
    from sre.incidents.response_times import ResponseTimes
    from sre.incidents.similar import SimilarIncident
    from sre.incidents.targets import TargetResult

_WHOLE_FROM = 100.0
_NOT_IN_A_FILE_NAME = re.compile(r"[^a-z0-9]+")
_MAX_FILE_STEM = 60
_MAX_TITLE = 200
_MAX_SAID_SIMILAR = 1


class ImpactAnswer(Part):
    """What one service lost; `evidence` names rows of `queries`, E1 being the first."""

    service: str
    requests: Figure = None
    failed_requests: Figure = None
    error_ratio: Figure = None
    peak_error_ratio: Figure = None
    peak_at: Instant | None = None
    latency_p95_seconds: Figure = None
    baseline_p95_seconds: Figure = None
    budget_burnt_ratio: Figure = None
    convention: str = ""
    evidence: list[str] = Field(default_factory=list)


class SloImpactAnswer(Part):
    """What one SLO lost from start to end; left_ratio is at the end, negative when overspent."""

    slo: str
    service: str = ""
    objective_ratio: RatioNearOne
    window: str
    counted: str
    total: Figure = None
    bad: Figure = None
    burnt_ratio: Figure = None
    left_ratio: Figure = None
    group: str = ""
    evidence: list[str] = Field(default_factory=list)


class SimilarAnswer(Part):
    """An earlier incident that is alike; `unfinished` names what was not done when this one began."""

    incident: str
    title: str
    began_at: Instant
    score: Figure
    why: list[str]
    unfinished: list[str] = Field(default_factory=list)


class TargetAnswer(Part):
    """A target of the severity; null where a time is missing or words cannot be judged."""

    kind: str
    target: str
    counted: str
    is_met: bool | None


class FindingAnswer(Part):
    """Words that blame, and what to write instead."""

    where: str
    text: str
    rule: str
    why: str
    better: str


class PostmortemAnswer(EvidencedAnswer):
    """A draft, and the numbers in it as data."""

    RANKED: ClassVar[tuple[str, ...]] = ("language_findings", "queries")

    incident: str | None = None

    duration_minutes: Figure = None
    time_to_detect_minutes: Figure = None
    time_to_acknowledge_minutes: Figure = Field(None, description="From detection")
    time_to_mitigate_minutes: Figure = None
    time_to_resolve_minutes: Figure = None
    targets: list[TargetAnswer] = Field(default_factory=list)
    impact: list[ImpactAnswer] = Field(default_factory=list)
    slo_impact: list[SloImpactAnswer] = Field(default_factory=list, description="Most budget burnt first")
    similar: list[SimilarAnswer] = Field(default_factory=list, description="Likest first")
    gaps: list[str] = Field(default_factory=list, description="What is still to be filled in")
    language_findings: list[FindingAnswer] = Field(default_factory=list)
    next_steps: list[str] = Field(default_factory=list)
    file_name: str = ""
    markdown: str = ""


def postmortem_answer(
    postmortem: Postmortem, *, findings: Sequence[LanguageFinding], record: Incident | None
) -> PostmortemAnswer:
    """Return the finished draft with its numbers as data."""
    from sre.incidents.postmortem import postmortem_document

    document = postmortem_document(postmortem)
    facts, end = postmortem.facts, postmortem.evaluated_at
    answer = PostmortemAnswer(
        summary=_summary(postmortem, finding_count=len(findings)),
        incident=record.reference if record else None,
        window=WindowAnswer(start=facts.start, end=end) if end > facts.start else None,
        queries=[
            QueryEvidence(query=row.query, series_count=1, sample_count=row.sample_count) for row in postmortem.evidence
        ],
        impact=[_impact_row(impact) for impact in postmortem.impacts],
        slo_impact=[_slo_row(impact) for impact in postmortem.slo_impacts],
        similar=[_similar_row(one) for one in postmortem.similar or ()],
        gaps=list(postmortem.gaps),
        language_findings=[
            FindingAnswer(where=f.where, text=f.text, rule=f.rule, why=f.why, better=f.better) for f in findings
        ],
        next_steps=_next_steps(postmortem),
        left_out=[f"From the document: {words}." for words in document.left_out],
        file_name=_file_name(postmortem),
        markdown=document.markdown,
    )
    _set_times(answer, postmortem.times, postmortem.targets)
    answer.with_budget(HARD_LIMIT_CHARS)
    return answer


def _set_times(answer: PostmortemAnswer, times: ResponseTimes, targets: Sequence[TargetResult]) -> None:
    """Put the response times into the answer."""
    answer.duration_minutes = answer.time_to_resolve_minutes = times.resolve_minutes
    answer.time_to_detect_minutes = times.detect_minutes
    answer.time_to_acknowledge_minutes = times.acknowledge_minutes
    answer.time_to_mitigate_minutes = times.mitigate_minutes
    answer.targets = [TargetAnswer(kind=t.kind, target=t.target, counted=t.basis, is_met=t.is_met) for t in targets]


def _impact_row(impact: ServiceImpact) -> ImpactAnswer:
    """Return the impact on one service as data."""
    requests, failed = impact.requests.value, impact.failed_requests.value
    return ImpactAnswer(
        service=impact.service,
        requests=_whole(requests),
        failed_requests=_whole(failed),
        error_ratio=failed / requests if failed is not None and requests else None,
        peak_error_ratio=impact.peak_error_ratio.value,
        peak_at=impact.peak_at,
        latency_p95_seconds=impact.latency_p95_seconds.value,
        baseline_p95_seconds=impact.baseline_p95_seconds.value,
        budget_burnt_ratio=impact.budget_burnt_ratio.value,
        convention=impact.convention,
        evidence=_names(
            impact.requests, impact.failed_requests, impact.peak_error_ratio, impact.latency_p95_seconds,
            impact.budget_burnt_ratio,
        ),
    )  # fmt: skip


def _slo_row(impact: SloImpact) -> SloImpactAnswer:
    return SloImpactAnswer(
        slo=impact.slo,
        service=impact.service,
        objective_ratio=impact.objective_ratio,
        window=impact.window,
        counted=impact.counted,
        total=_whole(impact.total.value),
        bad=_whole(impact.bad.value),
        burnt_ratio=impact.burnt_ratio.value,
        left_ratio=impact.left_ratio.value,
        group=cleaned(impact.group),
        evidence=_names(impact.total, impact.bad, impact.burnt_ratio, impact.left_ratio),
    )


def _similar_row(one: SimilarIncident) -> SimilarAnswer:
    from sre.incidents.postmortem import unfinished_words
    from sre.incidents.records.facts import began_at

    return SimilarAnswer(
        incident=one.incident.reference,
        title=cleaned(one.incident.title, limit=_MAX_TITLE),
        began_at=began_at(one.incident),
        score=one.score,
        why=list(one.reasons),
        unfinished=[
            f"{action.reference} {quoted(action.action.title, limit=_MAX_TITLE)}: {unfinished_words(action)}"
            for action in one.unfinished
        ],
    )


def _summary(postmortem: Postmortem, *, finding_count: int) -> str:
    from sre.incidents.postmortem import impact_sentence, slo_sentence

    reference = f"{postmortem.reference} " if postmortem.reference else ""
    sentences = [f"Draft for {reference}{quoted(postmortem.facts.title)}: it {_lasted(postmortem)}."]
    sentences += [f"{impact_sentence(impact)}." for impact in postmortem.impacts]
    sentences += [f"{slo_sentence(impact)}." for impact in postmortem.slo_impacts if impact.bad.value]
    sentences += [_missed(one) for one in postmortem.targets if one.is_met is False]
    sentences += [_alike(one) for one in (postmortem.similar or ())[:_MAX_SAID_SIMILAR]]
    gaps = len(postmortem.gaps)
    sentences.append(f"{gaps} gap{'s' if gaps != 1 else ''} to fill." if gaps else "No gaps.")
    if finding_count:
        sound = "passage sounds" if finding_count == 1 else "passages sound"
        sentences.append(f"{finding_count} {sound} like blame; see language_findings.")
    return " ".join(sentences)


def _lasted(postmortem: Postmortem) -> str:
    minutes, facts = postmortem.times.resolve_minutes, postmortem.facts
    if minutes is not None:
        return f"lasted {seconds_text(minutes * 60)}"
    if facts.end is not None and facts.is_start_assumed:
        return f"has no known start and ended {format_instant(facts.end.replace(microsecond=0))}"
    return "has no end yet"


def _missed(target: TargetResult) -> str:
    return f"The target to {target.kind} ({target.target}) was missed."


def _alike(one: SimilarIncident) -> str:
    from sre.incidents.postmortem import unfinished_words

    alike = f"{one.incident.reference} {quoted(one.incident.title, limit=80)} was alike"
    if not one.unfinished:
        return f"{alike}."
    first = one.unfinished[0]
    return f"{alike}; of its actions, {quoted(first.action.title, limit=80)} was {unfinished_words(first)}."


def _next_steps(postmortem: Postmortem) -> list[str]:
    """Return what fills the gaps, as calls to make."""
    facts, reference = postmortem.facts, postmortem.reference
    end = format_instant(postmortem.evaluated_at.replace(microsecond=0))
    window = f'start="{format_instant(facts.start.replace(microsecond=0))}", end="{end}"'
    service = f", service={quoted(facts.services[0], limit=80)}" if facts.services else ""
    steps = []
    if not facts.causes or any(not cause.evidence for cause in facts.causes):
        steps.append(
            f"investigate_incident({window}{service}) shows what moved first; record as causes what people confirm."
        )
    if not postmortem.impacts and not postmortem.slo_impacts:
        steps.append("Name the services, or pass total and bad, to have the impact measured.")
    if reference and postmortem.gaps:
        steps.append(f'update_incident(incident="{reference}") records what is missing; then draft again.')
    if reference and any(gap.startswith("action_items") for gap in postmortem.gaps):
        steps.append(f'track_action_items(incident="{reference}") sets kind, owner and date of actions.')
    if not reference:
        steps.append("declare_incident records it, so that its actions are tracked.")
    return steps


def _file_name(postmortem: Postmortem) -> str:
    facts = postmortem.facts
    words = _NOT_IN_A_FILE_NAME.sub("-", facts.title.lower()).strip("-")[:_MAX_FILE_STEM].strip("-")
    reference = f"{postmortem.reference.lower()}-" if postmortem.reference else ""
    return f"postmortem-{reference}{facts.start:%Y-%m-%d}-{words or 'incident'}.md"


def _names(*numbers: Measured) -> list[str]:
    return [f"E{n}" for n in dict.fromkeys(n for measured in numbers for n in measured.evidence)]


def _whole(count: float | None) -> float | None:
    return float(round(count)) if count is not None and count >= _WHOLE_FROM else count
