"""What `generate_slo_rules` answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from sre.core.exact import exact_number
from sre.core.figures import figure_text
from sre.core.text import listed
from sre.core.times import format_duration
from tools.answer import Figure, Part, RatioNearOne
from tools.artefacts import ArtefactAnswer

if TYPE_CHECKING:
    from sre.slo.alert_tiers import TierLeftOut
    from sre.slo.tier_facts import TierFacts


class TierAnswer(Part):
    """A burn-rate tier that alerts."""

    tier: str
    severity: Literal["page", "ticket"]
    long: str
    short: str
    factor: Figure
    threshold_ratio: Figure = Field(description="Both windows must exceed it")
    budget_gone_ratio: Figure = Field(description="Share of the period's budget spent when it fires, at even traffic")
    outage_seconds: Figure = Field(description="Total outage until it fires; rules and scrapes add up to a minute")
    tenfold_seconds: Figure = Field(None, description="The same at 10 x the budget's rate; null: never")
    one_event_fires_below_per_hour: Figure = Field(None, description="Traffic at which one bad event is enough")
    min_bad_events: Figure = None
    note: str = ""


class TierLeftOutAnswer(Part):
    """A tier without an alert."""

    tier: str
    reason: str
    is_refused: bool = Field(description="It could never fire; otherwise the definition or the period rules it out")


class SloRulesAnswer(Part):
    """The rules of one SLO."""

    slo: str
    objective_ratio: RatioNearOne
    window: str
    counted: str
    alerts: list[str]
    tiers: list[TierAnswer]
    left_out_tiers: list[TierLeftOutAnswer] = Field(default_factory=list)
    scenarios: int = 0
    untested_tiers: list[str] = Field(default_factory=list, description="Cannot fire without a faster one firing")
    valid_until: str | None = Field(None, description="Calendar periods are written out up to here")
    notes: list[str] = Field(default_factory=list)


class GenerateSloRulesAnswer(ArtefactAnswer):
    """Recording rules, alerts and their unit tests."""

    RANKED: ClassVar[tuple[str, ...]] = ("slos",)

    slos: list[SloRulesAnswer] = Field(default_factory=list)


def tier_answer(facts: TierFacts, *, min_bad_events: float, counted: str) -> TierAnswer:
    """Return a tier as it is shown."""
    tier = facts.tier
    return TierAnswer(
        tier=tier.name,
        severity=tier.severity,
        long=format_duration(tier.long_seconds),
        short=format_duration(tier.short_seconds),
        factor=tier.factor,
        threshold_ratio=facts.threshold,
        budget_gone_ratio=tier.budget_share,
        outage_seconds=facts.outage_seconds,
        tenfold_seconds=facts.tenfold_seconds,
        one_event_fires_below_per_hour=facts.single_event_per_hour if min_bad_events <= 1 else None,
        min_bad_events=min_bad_events or None,
        note=_note(facts, counted),
    )


def left_out_answer(tier: TierLeftOut) -> TierLeftOutAnswer:
    """Return a tier without an alert as it is shown."""
    return TierLeftOutAnswer(tier=tier.name, reason=tier.reason, is_refused=tier.is_refused)


def summary_of(answer: GenerateSloRulesAnswer) -> str:
    """Return what came out, in a few sentences."""
    failed = [check.name for check in answer.checks if check.ok is False]
    verdict = f"NOT READY, a check failed ({listed(failed)}). " if failed else ""
    if len(answer.slos) == 1:
        return f"{verdict}{_one(answer.slos[0])} {_checked(answer)}"
    names = listed([one.slo for one in answer.slos])
    alerts = sum(len(one.tiers) for one in answer.slos)
    return f"{verdict}Rules for {len(answer.slos)} SLOs ({names}) with {alerts} burn-rate alerts. {_checked(answer)}"


def _one(rules: SloRulesAnswer) -> str:
    target = exact_number((rules.objective_ratio or 0) * 100)
    pages = [tier for tier in rules.tiers if tier.severity == "page"]
    first = pages[0] if pages else rules.tiers[0]
    wakes = "pages" if first.severity == "page" else "sends a ticket"
    soon = format_duration(round(first.outage_seconds or 0))
    refused = [tier.tier for tier in rules.left_out_tiers if tier.is_refused]
    without = f" Refused, since it could never fire: {listed(refused)}." if refused else ""
    return (
        f"Rules for {rules.slo} ({target} % over {rules.window}): {len(rules.tiers)} burn-rate tiers "
        f"({listed([tier.tier for tier in rules.tiers])}); a total outage {wakes} after {soon} with "
        f"{figure_text((first.budget_gone_ratio or 0) * 100)} % of the budget gone.{without}"
    )


def _checked(answer: GenerateSloRulesAnswer) -> str:
    good = [f"{check.name} ({check.tool})" for check in answer.checks if check.ok]
    return f"Checked: {listed(good)}." if good else "Nothing could be checked."


def _note(facts: TierFacts, counted: str) -> str:
    if facts.is_single_enough:
        return f"One bad {counted.removesuffix('s')} is enough."
    if facts.is_idle:
        return "Fires at a burn that leaves budget over; disable the tier if nobody acts on it."
    return ""
