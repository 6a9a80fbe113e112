"""How many events the windows of an SLO's tiers hold where its traffic is lowest, and which pages must ask for more.

Rules are generated, and replayed, with the same answer: from the hourly counts of the last day, its night in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sre.core.series import FloatArray
from sre.core.slo.burn_rate import BurnRateTier
from sre.slo.backtest import AlertSetting
from sre.slo.burn_history import BaseHistory
from sre.slo.tier_facts import low_traffic_min

HOUR_SECONDS: Final = 3600.0
# A day has its night in it.
HOURS: Final = 24
# A group of which less is known may be quieter than it looks, or busier.
LEAST_HOURS: Final = HOURS // 2


def quietest_windows(hours: Sequence[FloatArray], tiers: Sequence[BurnRateTier]) -> dict[str, float]:
    """Return by tier the fewest events that its long window held, of the quietest group; empty without any group.

    Args:
        hours: A group's counts of each hour of one day, those that are known, each shape (hours known,).
        tiers: Those with windows of more than half a day are not looked at.
    """
    known = [counts for counts in hours if len(counts) >= LEAST_HOURS]
    return {
        tier.name: min(_least_over(counts, tier.long_seconds) for counts in known)
        for tier in tiers
        if known and tier.long_seconds <= LEAST_HOURS * HOUR_SECONDS
    }


def hourly_counts(history: BaseHistory) -> list[FloatArray]:
    """Return the events of each known hour of a history's last day, for each group."""
    back = np.arange(HOURS)[::-1] * round(HOUR_SECONDS * 1000 / history.grid.step_ms)
    steps = history.grid.count - 1 - back
    steps = steps[steps >= 0]
    windows = [history.group(index).over(HOUR_SECONDS) for index in range(len(history.groups))]
    return [counts.total[steps][counts.is_known[steps]] for counts in windows]


def as_generated(setting: AlertSetting, history: BaseHistory) -> AlertSetting:
    """Return a setting with the least numbers of bad events that rules generated at the end of a history ask for.

    Args:
        setting: One that says itself how many bad events a page needs stays as it is.
        history: Counts of events, not of slices or samples.
    """
    if setting.min_bad_events is not None:
        return setting
    thresholds = {tier: setting.threshold_ratio(tier) for tier in setting.tiers}
    return replace(setting, low_traffic_min=_least_bad(thresholds, history))


def _least_bad(thresholds: Mapping[BurnRateTier, float], history: BaseHistory) -> dict[str, float]:
    return low_traffic_min(thresholds, quietest=quietest_windows(hourly_counts(history), tuple(thresholds)))


def _least_over(hours: FloatArray, window_seconds: float) -> float:
    width = max(1, round(window_seconds / HOUR_SECONDS))
    return float(np.convolve(hours, np.ones(min(width, len(hours))), mode="valid").min())
