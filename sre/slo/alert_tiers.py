"""Which burn-rate tiers an SLO alerts by: those of the table, as its window, its budget and its own settings allow."""

from dataclasses import dataclass

from sre.core.errors import InputError
from sre.core.exact import exact_number
from sre.core.slo.budget import budget_ratio
from sre.core.slo.burn_rate import BurnRateTier, tiers_for
from sre.core.slo.model import AlertingSettings, Slo
from sre.core.slo.sli_queries import sli_queries
from sre.core.slo.tiers import default_tiers
from sre.core.slo.windows import CalendarUnit, RollingWindow, SloWindow
from sre.core.times import format_duration
from sre.slo.period_tiers import is_turned_off, own_tier

# A calendar period differs in length from one to the next, a rule's threshold must not: these are the lengths that
# factors are made for (our choice; a month of 30 d gives the factors of the book).
_NOMINAL_DAYS: dict[CalendarUnit, int] = {"week": 7, "month": 30, "quarter": 91, "year": 365}
_DAY_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class TierLeftOut:
    """A tier of the table that makes no alert, and why."""

    name: str
    reason: str
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class AlertTiers:
    """The tiers of one SLO.

    Attributes:
        used: Fastest first; severity and windows as the SLO has them.
        period_seconds: Length of the period that the factors are made for.
    """

    used: tuple[BurnRateTier, ...]
    left_out: tuple[TierLeftOut, ...]
    period_seconds: float


def nominal_period_seconds(window: SloWindow) -> float:
    """Return the length of an SLO's period; that of a calendar period is nominal, a month has 30 d."""
    if isinstance(window, RollingWindow):
        return window.duration.seconds
    return _NOMINAL_DAYS[window.unit] * _DAY_SECONDS


def threshold_ratio(tier: BurnRateTier, *, objective_ratio: float) -> float:
    """Return the share of bad events that both windows of a tier must exceed, as exactly as it is written."""
    return float(exact_number(tier.factor * budget_ratio(objective_ratio)))


def alert_tiers(slo: Slo) -> AlertTiers:
    """Return the tiers that an SLO alerts by.

    Raises:
        InputError: None is left, or the definition names a tier that does not exist.
    """
    period = nominal_period_seconds(slo.window)
    _check_names(slo.alerting)
    base = sli_queries(slo).base_seconds
    left_out: list[TierLeftOut] = []
    used: list[BurnRateTier] = []
    fitting = tiers_for(default_tiers(), objective_ratio=slo.objective_ratio, period_seconds=period)
    by_name = {tier.name: tier for tier in fitting}
    for share in default_tiers():
        tier = by_name.get(share.name)
        if tier is None:
            reason = f"its window of {format_duration(share.long_seconds)} is not shorter than the period"
            left_out.append(TierLeftOut(share.name, reason))
            continue
        placed = own_tier(tier, slo, period_seconds=period, base_seconds=base)
        why = _why_not(placed, slo)
        if why is None:
            used.append(placed)
        else:
            left_out.append(why)
    if not used:
        reasons = "; ".join(f"{tier.name}: {tier.reason}" for tier in left_out)
        raise InputError(
            f"No burn-rate tier of this SLO can alert. {reasons}.",
            field="slo",
            next_steps=("raise the objective, lengthen the window, or enable a tier in its alerting settings.",),
        )
    return AlertTiers(tuple(used), tuple(left_out), period)


def _check_names(settings: AlertingSettings) -> None:
    known = [tier.name for tier in default_tiers()]
    unknown = sorted(set(settings.tiers) - set(known))
    if unknown:
        raise InputError(
            f"The alerting settings name {len(unknown)} tier(s) that do not exist.", field="slo", valid=tuple(known)
        )


def _why_not(tier: BurnRateTier, slo: Slo) -> TierLeftOut | None:
    if is_turned_off(tier, slo):
        return TierLeftOut(tier.name, "turned off by the definition")
    threshold = threshold_ratio(tier, objective_ratio=slo.objective_ratio)
    if threshold >= 1:
        budget = exact_number(budget_ratio(slo.objective_ratio))
        reason = (
            f"can never fire: {exact_number(tier.factor)} x the budget of {budget} asks for an error ratio above "
            f"{exact_number(threshold)}, and a full outage has 1"
        )
        return TierLeftOut(tier.name, reason, is_refused=True)
    if tier.short_seconds >= tier.long_seconds:
        reason = f"slices of {format_duration(tier.short_seconds)} are too coarse for its windows"
        return TierLeftOut(tier.name, reason, is_refused=True)
    return None
