"""The whole state of an error budget, from counts alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sre.core.errors import NoDataError
from sre.core.slo.budget import ErrorBudget, EventCounts, error_budget
from sre.core.slo.burn_rate import BurnRateTier, TierState, burn_rate
from sre.core.slo.model import MaintenanceWindow
from sre.core.slo.windows import Period
from sre.core.times import format_duration
from sre.slo.exhaustion import exhausted_at_linear, exhausted_at_rolling
from sre.slo.history import EventHistory, spent_since_start
from sre.slo.maintenance import counted_seconds
from sre.slo.policy import DeployDecision, PolicyLevel, default_policy, deploy_decision, policy_level


@dataclass(frozen=True, slots=True)
class BudgetFacts:
    """What a budget is judged from.

    Attributes:
        counts: Events from the start of the period to `period.at`, total > 0.
        tiers: Burn-rate tiers of this period.
        window_counts: Events in the last so many seconds, by seconds; a window that was not counted is absent.
        history: The elapsed period in slices, or None where only counts are known.
        maintenance: Times whose events are not in the counts; they are no part of the period either.
    """

    objective_ratio: float
    period: Period
    counts: EventCounts
    tiers: tuple[BurnRateTier, ...]
    window_counts: Mapping[float, EventCounts]
    history: EventHistory | None = None
    maintenance: tuple[MaintenanceWindow, ...] = ()

    @property
    def period_seconds(self) -> float:
        """Length of the whole period without maintenance."""
        return counted_seconds(self.maintenance, start=self.period.start, end=self.period.end)

    @property
    def elapsed_seconds(self) -> float:
        """Length of the elapsed period without maintenance."""
        return counted_seconds(self.maintenance, start=self.period.start, end=self.period.at)


@dataclass(frozen=True, slots=True)
class Exhaustion:
    """When the budget is or was spent (None: never), and what that rests on."""

    at: datetime | None
    basis: str


@dataclass(frozen=True, slots=True)
class BudgetReport:
    """The state of an error budget.

    Attributes:
        period_burn_rate: Burn rate over the elapsed period: bad events over what that part allows.
    """

    budget: ErrorBudget
    period_burn_rate: float
    tiers: tuple[TierState, ...]
    exhaustion: Exhaustion
    policy: PolicyLevel
    deploy: DeployDecision


def budget_report(facts: BudgetFacts) -> BudgetReport:
    """Return budget, burn rates, exhaustion, policy and the deploy decision.

    Raises:
        NoDataError: There were no events, or the whole period so far was maintenance.
    """
    if facts.elapsed_seconds <= 0:
        raise NoDataError("The whole period so far is maintenance, so nothing in it counts.")
    budget = error_budget(
        facts.counts,
        objective_ratio=facts.objective_ratio,
        period_seconds=facts.period_seconds,
        elapsed_ratio=facts.elapsed_seconds / facts.period_seconds,
    )
    period_rate = burn_rate(facts.counts, objective_ratio=facts.objective_ratio)
    states = tuple(_tier_state(tier, facts) for tier in facts.tiers)
    level = policy_level(budget.remaining_ratio, policy=default_policy())
    pages = [state.tier.name for state in states if state.is_firing and state.tier.severity == "page"]
    return BudgetReport(
        budget=budget,
        period_burn_rate=period_rate,
        tiers=states,
        exhaustion=_exhaustion(facts, budget, states, period_rate),
        policy=level,
        deploy=deploy_decision(level, firing_page_tiers=pages, is_burn_known=bool(facts.window_counts)),
    )


def _tier_state(tier: BurnRateTier, facts: BudgetFacts) -> TierState:
    return TierState(tier, _rate_over(tier.long_seconds, facts), _rate_over(tier.short_seconds, facts))


def _rate_over(seconds: float, facts: BudgetFacts) -> float | None:
    counts = facts.window_counts.get(seconds)
    if counts is None or counts.total <= 0:
        return None
    return burn_rate(counts, objective_ratio=facts.objective_ratio)


def _exhaustion(
    facts: BudgetFacts, budget: ErrorBudget, states: tuple[TierState, ...], period_rate: float
) -> Exhaustion:
    if budget.is_exhausted:
        return _already_exhausted(facts, budget)
    rate, seconds = current_burn(states, default=(period_rate, facts.period.elapsed_seconds))
    basis = f"at the burn rate of the last {format_duration(seconds)} ({rate:.3g})"
    if facts.period.is_calendar:
        return _in_calendar(facts.period, budget, rate, basis)
    if facts.history is None:
        return _without_history(facts.period, budget, rate, basis)
    at = exhausted_at_rolling(facts.history, at=facts.period.at, budget_ratio=budget.budget_ratio, burn_rate=rate)
    return Exhaustion(at, f"{basis}, old errors leaving the window{'' if at else ': the budget lasts'}")


def _already_exhausted(facts: BudgetFacts, budget: ErrorBudget) -> Exhaustion:
    if facts.period.is_calendar and facts.history is not None:
        since = spent_since_start(facts.history, allowed_bad=budget.allowed_bad)
        if since is not None:
            return Exhaustion(since, f"exhausted since then, to {format_duration(facts.history.slice_seconds)}")
    return Exhaustion(None, "exhausted already; since when is not known from these data")


def _without_history(period: Period, budget: ErrorBudget, rate: float, basis: str) -> Exhaustion:
    # At a rate of 1 or less a rolling window settles below its allowance once it holds nothing else.
    if rate <= 1:
        return Exhaustion(None, f"{basis}: the budget lasts")
    at = exhausted_at_linear(
        at=period.at, remaining_ratio=budget.remaining_ratio, burn_rate=rate, period_seconds=period.seconds
    )
    return Exhaustion(at, f"{basis}; when old errors leave the window is not known, so it may last longer")


def _in_calendar(period: Period, budget: ErrorBudget, rate: float, basis: str) -> Exhaustion:
    at = exhausted_at_linear(
        at=period.at, remaining_ratio=budget.remaining_ratio, burn_rate=rate, period_seconds=period.seconds
    )
    if at is None or at > period.end:
        return Exhaustion(None, f"{basis}: not before the period ends")
    return Exhaustion(at, basis)


def current_burn(states: tuple[TierState, ...], *, default: tuple[float, float]) -> tuple[float, float]:
    """Return the burn rate that stands for now, and the length in seconds of the window it was seen over.

    While a tier fires, the long window of the fastest one; otherwise the longest window, since a short one is mostly
    noise when nothing is wrong (our choice).
    """
    for state in states:
        if state.is_firing and state.long_burn_rate is not None:
            return state.long_burn_rate, state.tier.long_seconds
    for state in reversed(states):
        if state.long_burn_rate is not None:
            return state.long_burn_rate, state.tier.long_seconds
    return default
