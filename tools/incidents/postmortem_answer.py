"""The answer of `draft_postmortem`: its shape, and how a postmortem becomes one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from sre.core.figures import seconds_text
from sre.core.text import quoted
from tools.answer import EvidencedAnswer, Figure, Instant, Part, QueryEvidence

if TYPE_CHECKING:
    from sre.incidents.blameless import LanguageFinding
    from sre.incidents.model import Evidence, Measured, ServiceImpact
    from sre.incidents.postmortem import Postmortem
    from sre.incidents.response_times import ResponseTimes
    from sre.incidents.targets import TargetResult

_WHOLE_FROM = 100.0


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

    RANKED = ("language_findings",)

    duration_minutes: Figure = None
    time_to_detect_minutes: Figure = None
    time_to_acknowledge_minutes: Figure = Field(None, description="From detection")
    time_to_mitigate_minutes: Figure = None
    time_to_resolve_minutes: Figure = None
    targets: list[TargetAnswer] = Field(default_factory=list)
    impact: list[ImpactAnswer] = Field(default_factory=list)
    gaps: list[str] = Field(default_factory=list, description="What is still to be filled in")
    language_findings: list[FindingAnswer] = Field(default_factory=list)
    file_name: str = ""
    markdown: str = ""


def set_times(answer: PostmortemAnswer, times: ResponseTimes, targets: Sequence[TargetResult]) -> None:
    """Put the response times into the answer."""
    answer.duration_minutes = answer.time_to_resolve_minutes = times.resolve_minutes
    answer.time_to_detect_minutes = times.detect_minutes
    answer.time_to_acknowledge_minutes = times.acknowledge_minutes
    answer.time_to_mitigate_minutes = times.mitigate_minutes
    answer.targets = [TargetAnswer(kind=t.kind, target=t.target, counted=t.basis, is_met=t.is_met) for t in targets]


def impact_row(impact: ServiceImpact) -> ImpactAnswer:
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


def finding_rows(findings: Sequence[LanguageFinding]) -> list[FindingAnswer]:
    """Return the language findings as data."""
    return [FindingAnswer(where=f.where, text=f.text, rule=f.rule, why=f.why, better=f.better) for f in findings]


def evidence_rows(rows: Sequence[Evidence]) -> list[QueryEvidence]:
    """Return the queries in the order of their numbers: the first is E1."""
    return [QueryEvidence(query=row.query, series_count=1, sample_count=row.sample_count) for row in rows]


def summary_of(postmortem: Postmortem, *, finding_count: int) -> str:
    """Return what the draft holds, as sentences."""
    from sre.incidents.postmortem import impact_sentence

    minutes = postmortem.times.resolve_minutes
    lasted = f"lasted {seconds_text(minutes * 60)}" if minutes is not None else "has no end yet"
    sentences = [f"Draft for {quoted(postmortem.facts.title)}: it {lasted}."]
    sentences += [f"{impact_sentence(impact)}." for impact in postmortem.impacts]
    gaps = len(postmortem.gaps)
    sentences.append(f"{gaps} gap{'s' if gaps != 1 else ''} to fill." if gaps else "No gaps.")
    if finding_count:
        sound = "passage sounds" if finding_count == 1 else "passages sound"
        sentences.append(f"{finding_count} {sound} like blame; see language_findings.")
    return " ".join(sentences)


def _names(*numbers: Measured) -> list[str]:
    return [f"E{n}" for n in dict.fromkeys(n for measured in numbers for n in measured.evidence)]


def _whole(count: float | None) -> float | None:
    return float(round(count)) if count is not None and count >= _WHOLE_FROM else count
