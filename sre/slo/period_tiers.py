"""The burn-rate tiers that an SLO is judged by in one period, as long as that period really is."""

import math
from dataclasses import replace

from sre.core.slo.burn_rate import BurnRateTier, detection_seconds, factor_for_share, tiers_for
from sre.core.slo.model import Slo
from sre.core.slo.tiers import default_tiers


def period_tiers(slo: Slo, *, period_seconds: float, base_seconds: float | None = None) -> tuple[BurnRateTier, ...]:
    """Return the tiers with the SLO's own severities, without those its definition turns off.

    Args:
        base_seconds: Windows are widened to whole multiples of it (slices of time); None leaves them as they are.
    """
    found = []
    for tier in tiers_for(default_tiers(), objective_ratio=slo.objective_ratio, period_seconds=period_seconds):
        if is_turned_off(tier, slo):
            continue
        placed = own_tier(tier, slo, period_seconds=period_seconds, base_seconds=base_seconds)
        if placed.short_seconds < placed.long_seconds < period_seconds:
            found.append(placed)
    return tuple(found)


def is_turned_off(tier: BurnRateTier, slo: Slo) -> bool:
    """Whether an SLO's definition does without this tier."""
    setting = slo.alerting.tiers.get(tier.name)
    return setting is not None and not setting.is_enabled


def own_tier(tier: BurnRateTier, slo: Slo, *, period_seconds: float, base_seconds: float | None = None) -> BurnRateTier:
    """Return a tier with the SLO's own severity and windows that are multiples of the base, its share of budget kept.

    Args:
        base_seconds: Windows are longer where they must be to be multiples of it; None leaves them as they are.
    """
    setting = slo.alerting.tiers.get(tier.name)
    placed = replace(tier, severity=(setting.severity if setting else None) or tier.severity)
    base = base_seconds or 1.0
    long, short = (math.ceil(seconds / base) * base for seconds in (tier.long_seconds, tier.short_seconds))
    if base_seconds is None or (long, short) == (tier.long_seconds, tier.short_seconds):
        return placed
    factor = factor_for_share(budget_share=tier.budget_share, window_seconds=long, period_seconds=period_seconds)
    delay = detection_seconds(factor=factor, objective_ratio=slo.objective_ratio, long_seconds=long)
    detected = delay if delay < long else None
    return replace(placed, long_seconds=long, short_seconds=short, factor=factor, detection_seconds=detected)
