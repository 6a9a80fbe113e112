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
    """Return about when the errors of an episode began.

    That is the beginning of the first base window whose share of bad events was above both its own normal (median of
    the day before, three deviations) and the budget, counting back from the alert without a pause longer than the
    alert's short window. Errors older than the long window have no part in the alert and are not looked at.

    Args:
        budget_ratio: Share of events that may be bad.
    """
    grid, base_seconds = group.grid, group.base_ms / 1000
    ratio = group.over(base_seconds).error_ratio
    pending = (episode.pending_ms - grid.start_ms) // grid.step_ms
    begin = max(0, pending - round(episode.tier.long_seconds * 1000) // grid.step_ms)
    level = max(budget_ratio, _normal_level(ratio[:begin], steps=round(_NORMAL_SECONDS * 1000) // grid.step_ms))
    above = begin + np.flatnonzero(ratio[begin : pending + 1] > level)
    if not above.size:
        return episode.pending_ms
    pause_steps = round(max(episode.tier.short_seconds, base_seconds) * 1000) // grid.step_ms
    pauses = np.flatnonzero(np.diff(above) > pause_steps)
    first = above[pauses[-1] + 1] if pauses.size else above[0]
    # The errors came after the step before: until then the window held none.
    return int(grid.start_ms + grid.step_ms * (first - 1))


def _normal_level(before: FloatArray, *, steps: int) -> float:
    known = before[-steps:][np.isfinite(before[-steps:])]
    if known.size < _LEAST_NORMAL_STEPS:
        return 0.0
    middle = np.median(known)
    return float(middle + _NORMAL_DEVIATIONS * np.median(np.abs(known - middle)))
