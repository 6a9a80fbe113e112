"""When what set off an alert began, where nobody wrote it down: an estimate from the error ratio itself."""

import numpy as np

from sre.core.series import FloatArray
from sre.slo.burn_history import GroupHistory
from sre.slo.episodes import TierEpisode

# What is normal is taken from so much before the windows of the alert reach (our choice).
_NORMAL_SECONDS = 86_400.0
_LEAST_NORMAL_STEPS = 30
# Three standard deviations, from the median absolute deviation (x 1.4826 for normal noise).
_NORMAL_DEVIATIONS = 3 * 1.4826


def onset_ms(group: GroupHistory, episode: TierEpisode, *, budget_ratio: float) -> int:
    """Return about when the errors behind an episode began.

    That is the instant since which the bad events beyond what is normal, added up to the alert, are most (the estimate
    of a change that goes with a cumulative sum control chart; Page 1954). Normal is what the day before had (median
    and three deviations), and no less than the budget. Errors older than the long window have no part in the alert
    and are not looked at.

    Args:
        budget_ratio: Share of events that may be bad.
    """
    grid = group.grid
    counts = group.over(group.base_ms / 1000)
    pending = (episode.pending_ms - grid.start_ms) // grid.step_ms
    begin = max(0, pending - round(episode.tier.long_seconds * 1000) // grid.step_ms)
    normal = _normal_level(counts.error_ratio[:begin], steps=round(_NORMAL_SECONDS * 1000) // grid.step_ms)
    bad, total = counts.bad[begin : pending + 1], counts.total[begin : pending + 1]
    for level in (max(budget_ratio, normal), budget_ratio):
        excess = np.concatenate([[0.0], np.cumsum(bad - level * total)])
        last_low = int(np.flatnonzero(excess == excess.min())[-1])
        if last_low <= pending - begin:
            # The errors came after the step before: until then the window held none too many.
            return int(grid.start_ms + grid.step_ms * max(0, begin + last_low - 1))
    return episode.pending_ms


def _normal_level(before: FloatArray, *, steps: int) -> float:
    known = before[-steps:][np.isfinite(before[-steps:])]
    if known.size < _LEAST_NORMAL_STEPS:
        return 0.0
    middle = np.median(known)
    return float(middle + _NORMAL_DEVIATIONS * np.median(np.abs(known - middle)))
