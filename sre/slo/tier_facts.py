"""What a burn-rate tier means in time and events: how soon it fires, what is gone by then, whom one event wakes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sre.core.slo.budget import budget_ratio
from sre.core.slo.burn_rate import BurnRateTier, detection_seconds
from sre.core.slo.sli_queries import SAMPLE_SECONDS, Counted
from sre.slo.alert_tiers import threshold_ratio

# An incident that is bad but no outage: ten times the rate that the budget bears.
_TENFOLD: Final = 10.0
# Bad events that a page needs where traffic is so low that a single one would do: one may be chance, two a
# coincidence (our choice; the Site Reliability Workbook, ch. 5, "Low-Traffic Services", has the problem and no number).
LOW_TRAFFIC_MIN_BAD_EVENTS: Final = 3.0
# Below this a tier fires at a burn that leaves much of the budget over; 28 d makes 0.93 of the slowest, which is fine.
_IDLE_FACTOR: Final = 0.9
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class TierFacts:
    """One tier of one SLO.

    Attributes:
        threshold: Share of bad events that both windows must exceed.
        outage_seconds: From the start of a total outage until both windows are above the threshold.
        tenfold_seconds: The same for errors at ten times the budget's rate; None where the tier never fires at that.
        single_event_per_hour: Traffic below which one bad event is enough; None where events are slices or samples.
        is_single_enough: Whether one bad sample or slice is enough; False for real events.
        is_idle: It fires though the budget would last.
    """

    tier: BurnRateTier
    threshold: float
    outage_seconds: float
    tenfold_seconds: float | None
    single_event_per_hour: float | None
    is_single_enough: bool
    is_idle: bool


def tier_facts(tier: BurnRateTier, *, objective_ratio: float, counted: Counted, base_seconds: float) -> TierFacts:
    """Return what a tier means.

    Args:
        base_seconds: Length of a slice, where slices are counted.

    Source:
        The Site Reliability Workbook (2018), ch. 5, section 4: detection time = (1 - SLO) / error ratio x window x
        burn rate; a single event is enough where 1 / events in the long window exceeds the threshold.
    """
    threshold = threshold_ratio(tier, objective_ratio=objective_ratio)
    unit = {"events": 0.0, "samples": SAMPLE_SECONDS, "slices": base_seconds}[counted]
    tenfold = _TENFOLD * budget_ratio(objective_ratio)
    return TierFacts(
        tier=tier,
        threshold=threshold,
        outage_seconds=_whole(_detection(tier, objective_ratio, 1.0), unit),
        tenfold_seconds=_whole(_detection(tier, objective_ratio, tenfold), unit) if threshold < tenfold < 1 else None,
        single_event_per_hour=None if unit else 1 / threshold / (tier.long_seconds / _HOUR),
        is_single_enough=bool(unit) and unit / tier.long_seconds > threshold,
        is_idle=tier.factor < _IDLE_FACTOR,
    )


def low_traffic_min(thresholds: Mapping[BurnRateTier, float], *, quietest: Mapping[str, float]) -> dict[str, float]:
    """Return the least number of bad events, by tier, for those pages that a single event would send.

    Args:
        thresholds: Share of bad events that both windows of a tier must exceed.
        quietest: By tier, the fewest events that its long window has held.
    """
    return {
        tier.name: LOW_TRAFFIC_MIN_BAD_EVENTS
        for tier, threshold in thresholds.items()
        if tier.severity == "page" and tier.name in quietest and quietest[tier.name] * threshold < 1
    }


def _detection(tier: BurnRateTier, objective_ratio: float, error_ratio: float) -> float:
    return detection_seconds(
        factor=tier.factor,
        objective_ratio=objective_ratio,
        long_seconds=tier.long_seconds,
        error_ratio=error_ratio,
    )


def _whole(seconds: float, unit: float) -> float:
    """Return the time at which a whole number of samples or slices is more than that much."""
    return (math.floor(seconds / unit + 1e-9) + 1) * unit if unit else seconds
