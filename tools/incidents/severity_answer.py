"""The answer of `assess_severity`: its shape, and how an assessment becomes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sre.core.figures import figure_text
from sre.core.text import cleaned, listed, quoted
from sre.incidents.targets import default_targets
from tools.answer import EvidencedAnswer, Figure, Instant, Part

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sre.incidents.harm import BudgetHarm, Harm
    from sre.incidents.severity import Assessment
    from sre.incidents.severity_rules import Judged
    from sre.incidents.targets import Target

_MAX_QUESTIONS_SAID = 3
# What to say of an incident that no rule makes worse than P3.
_TELLING = ("failing_ratio", "latency_factor")
_FACT_CHARS = 300
# From here on another service is named in the summary: the limit of the rule `degraded`.
_ALSO_HIT = 0.01
_OUTCOMES = {"met": "holds", "maybe": "may hold", "not_met": "does not hold", "open": "not known"}


class TargetRow(Part):
    """A limit of the severity; `due` is null where only words say."""

    target: str
    due: Instant | None = None
    counted_from: str


class ReasonRow(Part):
    """A rule and what it says; `severity` up raises by one level."""

    rule: str
    severity: str
    outcome: str
    words: str
    because: list[str] = Field(default_factory=list)
    not_known: list[str] = Field(default_factory=list)


class QuestionRow(Part):
    """A fact that could change the severity, by its key in `facts`."""

    fact: str
    ask: str


class HarmRow(Part):
    """What one service suffers; usual is the day before, or this time of earlier days for traffic."""

    service: str
    failing_ratio: Figure = None
    usual_ratio: Figure = None
    times_usual: Figure = None
    requests: Figure = None
    failed_requests: Figure = None
    latency_seconds: Figure = None
    usual_latency_seconds: Figure = None
    traffic_per_second: Figure = None
    usual_per_second: Figure = None


class BudgetRow(Part):
    """How fast the budget of an SLO burns, over the windows of its two page tiers."""

    slo: str
    burn_rates_fast: list[Figure]
    burn_rates_slow: list[Figure]
    fast_factor: Figure = None
    slow_factor: Figure = None
    consumed_ratio: Figure = None


class SeverityAnswer(EvidencedAnswer):
    """A severity with its reasons."""

    RANKED: ClassVar[tuple[str, ...]] = ("queries", "budgets", "services", "reasons")

    severity: str
    is_sure: bool
    severity_without_doubts: str = Field(description="If every doubt turns out harmless")
    respond: TargetRow
    repair: TargetRow
    reasons: list[ReasonRow] = Field(default_factory=list)
    questions: list[QuestionRow] = Field(default_factory=list)
    services: list[HarmRow] = Field(default_factory=list)
    budgets: list[BudgetRow] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Clock:
    """What the limits count from; None where not told.

    Attributes:
        at: The instant that was judged.
    """

    at: datetime
    started_at: datetime | None
    detected_at: datetime | None


def severity_answer(
    found: Assessment, clock: Clock, *, harms: Sequence[Harm], budgets: Sequence[BudgetHarm]
) -> SeverityAnswer:
    """Return the answer to an assessment."""
    targets = default_targets()[found.severity]
    asked = clock.detected_at or clock.started_at or clock.at
    asked_words = "detection" if clock.detected_at else "start" if clock.started_at else "now"
    respond = _target(targets.respond, asked, asked_words)
    began, began_words = (clock.started_at, "start") if clock.started_at else (clock.at, "now")
    repair = _target(targets.repair, began, began_words)
    ranked = sorted(found.judged, key=_rank)
    return SeverityAnswer(
        summary=_summary(found, clock, (_limit("Respond", respond), _limit("repair", repair)), harms),
        severity=found.severity,
        is_sure=found.is_sure,
        severity_without_doubts=found.sure_severity,
        respond=respond,
        repair=repair,
        reasons=[_reason(one) for one in ranked],
        questions=[QuestionRow(fact=fact.name, ask=fact.ask) for fact in found.questions],
        services=[_harm_row(harm) for harm in harms],
        budgets=[_budget_row(budget) for budget in budgets],
    )


def _target(target: Target, start: datetime, since: str) -> TargetRow:
    return TargetRow(target=target.text, due=target.due(start), counted_from=since)


def _rank(one: Judged) -> int:
    return ("met", "maybe", "not_met", "open").index(one.outcome)


def _reason(one: Judged) -> ReasonRow:
    return ReasonRow(
        rule=one.rule.id,
        severity=one.rule.severity or "up",
        outcome=_OUTCOMES[one.outcome],
        words=one.rule.words,
        because=[cleaned(words, limit=_FACT_CHARS) for words in one.because],
        not_known=[fact.name for fact in one.missing],
    )


def _harm_row(harm: Harm) -> HarmRow:
    return HarmRow(
        service=cleaned(harm.service),
        failing_ratio=harm.failing_ratio,
        usual_ratio=harm.usual_ratio,
        times_usual=harm.error_factor,
        requests=harm.requests,
        failed_requests=harm.failed,
        latency_seconds=harm.latency_seconds,
        usual_latency_seconds=harm.usual_latency_seconds,
        traffic_per_second=harm.traffic_per_second,
        usual_per_second=harm.usual_per_second,
    )


def _budget_row(budget: BudgetHarm) -> BudgetRow:
    return BudgetRow(
        slo=cleaned(budget.slo),
        burn_rates_fast=list(budget.fast),
        burn_rates_slow=list(budget.slow),
        fast_factor=budget.fast_factor,
        slow_factor=budget.slow_factor,
        consumed_ratio=budget.consumed_ratio,
    )


def _summary(found: Assessment, clock: Clock, limits: Sequence[str], harms: Sequence[Harm]) -> str:
    parts = [f"{found.severity}{_doubt(found)}: {_why(found)}.", f"{'; '.join(limits)}."]
    if harms and harms[0].failing_ratio is not None:
        parts.append(_hit(harms[0], clock))
        parts += _also_hit(harms[1:])
    if found.questions:
        asked = " ".join(fact.ask for fact in found.questions[:_MAX_QUESTIONS_SAID])
        parts.append(f"{'To be sure, ask' if not found.is_sure else 'Worse if the answer is yes'}: {asked}")
    return " ".join(parts)


def _hit(worst: Harm, clock: Clock) -> str:
    usual = f" (usually {figure_text(worst.usual_ratio, 'ratio')})" if worst.usual_ratio is not None else ""
    now = f"{quoted(worst.service, limit=80)}: {figure_text(worst.failing_ratio, 'ratio')} of requests fail{usual}"
    if worst.failed is None or worst.requests is None:
        return f"{now}."
    since = f"since {clock.started_at:%H:%M} UTC" if clock.started_at else "in the hour before"
    return f"{now}; {worst.failed:,.0f} of {worst.requests:,.0f} {since}."


def _also_hit(others: Sequence[Harm]) -> list[str]:
    hit = [one for one in others if (one.failing_ratio or 0.0) >= _ALSO_HIT and not one.is_by_chance]
    shares = [f"{quoted(one.service, limit=80)} {figure_text(one.failing_ratio, 'ratio')}" for one in hit]
    return [f"Also hit: {listed(shares, limit=4)}."] if shares else []


def _doubt(found: Assessment) -> str:
    if found.is_sure:
        return ""
    return f" to be on the safe side ({found.sure_severity} if the doubts turn out harmless)"


def _why(found: Assessment) -> str:
    if not found.deciding:
        measured = [found.known[name].words for name in _TELLING if name in found.known]
        return "no rule asks for more" + (f"; the worst that is known: {'; '.join(measured)}" if measured else "")
    return "; ".join(_because(one) for one in found.deciding)


def _because(one: Judged) -> str:
    unknown = [fact.name for fact in one.missing]
    doubt = f"; not known: {', '.join(unknown)}" if unknown else ""
    return f"{one.rule.words} ({'; '.join(one.because)}{doubt})"


def _limit(word: str, row: TargetRow) -> str:
    by = f" (by {row.due:%d %b %H:%M} UTC, from {row.counted_from})" if row.due else ""
    return f"{word}: {row.target}{by}"
