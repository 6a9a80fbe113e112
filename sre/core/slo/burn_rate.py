"""Burn rate: how many times faster than allowed the error budget is being spent."""

from dataclasses import dataclass
from typing import Literal

from sre.core.errors import NoDataError
from sre.core.slo.budget import EventCounts, budget_ratio
from sre.core.slo.tiers import TierShare


@dataclass(frozen=True, slots=True)
class BurnRateTier:
    """A pair of windows and the burn rate at which both together alert.

    Attributes:
        factor: Burn rate both windows must exceed.
        detection_seconds: Time from the start of a full outage until both windows exceed the factor, or None where
            even a full outage stays below it.
    """

    name: str
    severity: Literal["page", "ticket"]
    long_seconds: float
    short_seconds: float
    budget_share: float
    factor: float
    detection_seconds: float | None

    @property
    def can_fire(self) -> bool:
        """Whether any outage at all reaches the factor."""
        return self.detection_seconds is not None


@dataclass(frozen=True, slots=True)
class TierState:
    """What the two windows of a tier say now; a burn rate is None where there were no events."""

    tier: BurnRateTier
    long_burn_rate: float | None
    short_burn_rate: float | None

    @property
    def is_firing(self) -> bool:
        """Both windows above the factor."""
        if self.long_burn_rate is None or self.short_burn_rate is None:
            return False
        return self.long_burn_rate > self.tier.factor and self.short_burn_rate > self.tier.factor


def burn_rate(counts: EventCounts, *, objective_ratio: float) -> float:
    """Return how many times faster than allowed the error budget is being spent.

    Args:
        counts: Events in the window that is judged.
        objective_ratio: Share of events that must be good, 0 < x < 1.

    Returns:
        Dimensionless; 1.0 spends exactly the whole budget by the end of the SLO period.

    Raises:
        NoDataError: No events, so no rate exists.

    Source:
        Beyer et al., The Site Reliability Workbook (2018), ch. 5, "Alerting on SLOs", section 4.
    """
    if counts.total <= 0:
        raise NoDataError("There were no events in the window, so no burn rate exists.")
    return counts.bad / counts.total / budget_ratio(objective_ratio)


def factor_for_share(*, budget_share: float, window_seconds: float, period_seconds: float) -> float:
    """Return the burn rate that spends `budget_share` of the period's budget within `window_seconds`.

    Source:
        The Site Reliability Workbook (2018), ch. 5, sections 4 and 5: share x period / window.
    """
    return budget_share * period_seconds / window_seconds


def budget_spent_ratio(*, rate: float, for_seconds: float, period_seconds: float) -> float:
    """Return the share of the period's budget that a burn rate spends in a time at even traffic.

    Source:
        The Site Reliability Workbook (2018), ch. 5, section 4.
    """
    return rate * for_seconds / period_seconds


def detection_seconds(*, factor: float, objective_ratio: float, long_seconds: float, error_ratio: float = 1.0) -> float:
    """Return how long an outage of `error_ratio` lasts before the long window reaches the factor.

    Source:
        The Site Reliability Workbook (2018), ch. 5, section 4: (1 - SLO) / error ratio x window x burn rate.
    """
    return budget_ratio(objective_ratio) / error_ratio * long_seconds * factor


def tiers_for(
    shares: tuple[TierShare, ...], *, objective_ratio: float, period_seconds: float
) -> tuple[BurnRateTier, ...]:
    """Return the tiers of an SLO period; a tier whose long window does not fit inside the period is left out."""
    return tuple(
        _tier(share, objective_ratio=objective_ratio, period_seconds=period_seconds)
        for share in shares
        if share.long_seconds < period_seconds
    )


def _tier(share: TierShare, *, objective_ratio: float, period_seconds: float) -> BurnRateTier:
    factor = factor_for_share(
        budget_share=share.budget_share, window_seconds=share.long_seconds, period_seconds=period_seconds
    )
    delay = detection_seconds(factor=factor, objective_ratio=objective_ratio, long_seconds=share.long_seconds)
    return BurnRateTier(
        name=share.name,
        severity=share.severity,
        long_seconds=share.long_seconds,
        short_seconds=share.short_seconds,
        budget_share=share.budget_share,
        factor=factor,
        detection_seconds=delay if delay < share.long_seconds else None,
    )
