"""The answer of `compute_error_budget`: its shape, and how a report becomes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sre.core.figures import figure_text, seconds_text
from sre.core.times import format_duration, format_instant
from tools.answer import EvidencedAnswer, Figure, Instant, Part, RatioNearOne

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sre.core.slo.budget import EventCounts
    from sre.core.slo.burn_rate import TierState
    from sre.slo.report import BudgetFacts, BudgetReport

# Past this an estimate is shown as whole events; a fraction of one event in thousands is noise.
_WHOLE_FROM = 100.0


class TierAnswer(Part):
    """One pair of windows; a burn rate of 1 spends exactly the budget in one period."""

    tier: str
    severity: str
    long_window: str
    short_window: str
    factor: Figure
    long_burn_rate: Figure = None
    short_burn_rate: Figure = None
    is_firing: bool | None = None
    note: str | None = None


class GroupAnswer(Part):
    """One group of a grouped SLO; a budget of its own."""

    labels: dict[str, str]
    total_events: Figure = None
    bad_events: Figure = None
    sli_ratio: RatioNearOne = None
    remaining_ratio: Figure = None
    fast_burn_rate: Figure = Field(None, description="Over the long window of the fastest tier")
    slow_burn_rate: Figure = Field(None, description="The same of the slowest")
    firing_tiers: list[str] = Field(default_factory=list)
    policy: str | None = None


class MaintenanceAnswer(Part):
    """A time that does not count."""

    start: Instant
    end: Instant
    reason: str


class PolicyAnswer(Part):
    """What the error budget policy asks for."""

    level: str
    action: str


class ErrorBudgetAnswer(EvidencedAnswer):
    """State of an error budget; of a grouped SLO, that of its worst group."""

    RANKED: ClassVar[tuple[str, ...]] = ("maintenance", "groups")

    objective_ratio: RatioNearOne
    slo_window: str
    total_events: Figure = None
    bad_events: Figure = None
    counted: str = Field("events", description="What the counts are of: events, samples or slices of time")
    counting: str = Field(description="How they were counted")
    sli_ratio: RatioNearOne = None
    budget_ratio: Figure
    allowed_bad_events: Figure = None
    consumed_ratio: Figure = None
    remaining_ratio: Figure = None
    remaining_minutes: Figure = Field(None, description="Minutes of full outage left, at even traffic")
    budget_basis: str = ""
    elapsed_consumed_ratio: Figure = Field(None, description="Calendar windows: share of the elapsed part's allowance")
    window_burn_rate: Figure = None
    coverage_ratio: Figure = Field(None, description="Share of the window with data")
    burn_rates: list[TierAnswer] = Field(default_factory=list)
    exhausted_at: Instant | None = None
    exhausted_at_basis: str = ""
    policy: PolicyAnswer | None = None
    deploy_allowed: bool | None = None
    deploy_reason: str = ""
    groups_total: int | None = Field(None, description="Groups of a grouped SLO; the figures above are the worst one's")
    groups_exhausted: int | None = None
    groups: list[GroupAnswer] = Field(default_factory=list, description="Least budget left first")
    maintenance: list[MaintenanceAnswer] = Field(default_factory=list, description="Left out of every figure")


def whole_events(count: float) -> float:
    """Return a count for the answer: estimates of a hundred and more as whole events."""
    return float(round(count)) if count >= _WHOLE_FROM else count


def tier_rows(
    states: tuple[TierState, ...],
    *,
    window_counts: Mapping[float, EventCounts],
    budget_ratio: float,
    thing: str = "event",
) -> list[TierAnswer]:
    """Return the tiers with what they say now.

    Args:
        thing: What is counted, in the singular.
    """
    from sre.slo.low_traffic import fires_on_one_event

    rows = []
    for state in states:
        tier = state.tier
        notes = []
        if not tier.can_fire:
            notes.append("cannot fire: even a full outage burns slower than the factor")
        elif tier.factor < 1:
            notes.append("factor below 1: fires while the budget lasts; too strict for so short an SLO window")
        elif fires_on_one_event(tier, window_counts=window_counts, budget_ratio=budget_ratio):
            few = "low traffic: " if thing == "event" else ""
            notes.append(f"{few}one bad {thing} is enough to fire")
        is_known = state.long_burn_rate is not None and state.short_burn_rate is not None
        if window_counts and not is_known:
            notes.append(f"no {thing}s counted in a window")
        rows.append(
            TierAnswer(
                tier=tier.name,
                severity=tier.severity,
                long_window=format_duration(tier.long_seconds),
                short_window=format_duration(tier.short_seconds),
                factor=tier.factor,
                long_burn_rate=state.long_burn_rate,
                short_burn_rate=state.short_burn_rate,
                is_firing=state.is_firing if is_known else None,
                note="; ".join(notes) or None,
            )
        )
    return rows


def summary_of(
    name: str,
    facts: BudgetFacts,
    report: BudgetReport,
    *,
    slo_window: str,
    spent_since: datetime | None,
    counted: str = "events",
) -> str:
    """Return the state of the budget as sentences.

    Args:
        spent_since: Since when a spent budget is, where that is known.
        counted: What is counted, in the plural.
    """
    sentences = [
        f"{name}: {_good_share(facts, report, counted)} over {slo_window} "
        f"(objective {percent_near_one(facts.objective_ratio)}).",
        _maintenance_sentence(facts),
        _budget_sentence(report),
        _firing_sentence(report.tiers),
        _exhaustion_sentence(report, spent_since),
        f"Policy: {report.policy.action} Deploys are {'allowed' if report.deploy.is_allowed else 'not allowed'}.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _good_share(facts: BudgetFacts, report: BudgetReport, counted: str) -> str:
    share, total = percent_near_one(report.budget.sli_ratio), whole_events(facts.counts.total)
    if counted == "events":
        return f"{share} of {total:,.0f} events were good"
    return f"{facts.counts.bad:,.6g} of {total:,.0f} {counted} were bad, {share} good"


def _maintenance_sentence(facts: BudgetFacts) -> str:
    period = facts.period
    left_out = period.elapsed_seconds - facts.elapsed_seconds
    return f"{seconds_text(left_out)} of maintenance is left out." if left_out > 0 else ""


def _budget_sentence(report: BudgetReport) -> str:
    budget = report.budget
    if budget.is_exhausted:
        return f"The error budget is spent: {figure_text(budget.consumed_ratio, 'ratio')} of it is used."
    minutes = seconds_text(budget.remaining_minutes * 60)
    return f"{figure_text(budget.remaining_ratio, 'ratio')} of the error budget is left, {minutes} of full outage."


def _firing_sentence(states: tuple[TierState, ...]) -> str:
    # At a rate below 1 the budget lasts, whatever a tier of a short SLO window says.
    firing = [state for state in states if state.is_firing and (state.long_burn_rate or 0.0) >= 1]
    if not firing:
        return ""
    first = firing[0]
    rate, window = figure_text(first.long_burn_rate), format_duration(first.tier.long_seconds)
    return f"It burns {rate} times too fast over {window} ({first.tier.severity} tier {first.tier.name})."


def _exhaustion_sentence(report: BudgetReport, spent_since: datetime | None) -> str:
    at = report.exhaustion.at
    if report.budget.is_exhausted:
        return f"Spent since about {format_instant(spent_since)}." if spent_since else ""
    return f"At this rate it is gone at {format_instant(at)}." if at else "At this rate it lasts."


def percent_near_one(ratio: float) -> str:
    """Return a ratio as percent; three digits of its distance to 1 are kept."""
    # The distance to 1 is what matters, so that keeps three digits: 99.9543 %, not 100 %.
    distance = (1.0 - ratio) * 100
    return f"{100 - float(f'{distance:.3g}'):.10g} %"
