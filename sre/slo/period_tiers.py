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
        setting = slo.alerting.tiers.get(tier.name)
        if setting is not None and not setting.is_enabled:
            continue
        placed = replace(tier, severity=(setting.severity if setting else None) or tier.severity)
        if base_seconds is not None:
            placed = _widened(placed, base_seconds, objective_ratio=slo.objective_ratio, period_seconds=period_seconds)
        if placed.short_seconds < placed.long_seconds < period_seconds:
            found.append(placed)
    return tuple(found)


def _widened(tier: BurnRateTier, base_seconds: float, *, objective_ratio: float, period_seconds: float) -> BurnRateTier:
    long, short = (
        math.ceil(seconds / base_seconds) * base_seconds for seconds in (tier.long_seconds, tier.short_seconds)
    )
    if (long, short) == (tier.long_seconds, tier.short_seconds):
        return tier
    factor = factor_for_share(budget_share=tier.budget_share, window_seconds=long, period_seconds=period_seconds)
    delay = detection_seconds(factor=factor, objective_ratio=objective_ratio, long_seconds=long)
    detected = delay if delay < long else None
    return replace(tier, long_seconds=long, short_seconds=short, factor=factor, detection_seconds=detected)
