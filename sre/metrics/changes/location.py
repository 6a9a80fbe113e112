"""Where in a short stretch of values a level steps, and how well that is known."""

from dataclasses import dataclass

import numpy as np

from sre.core.series import BoolArray, FloatArray

# Hansen, "Sample splitting and threshold estimation", Econometrica 68 (2000), table I: 95 % of the likelihood ratio.
LIKELIHOOD_RATIO_95 = 7.35
# Values on each side from which a level can be told (our choice).
_LEAST_SIDE = 4
# Beyond so many robust standard deviations a value counts as that far: spikes must not decide where the step is.
_CLIP = 3.0
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the level in a stretch of values.

    Attributes:
        index: First value of the new level.
        earliest, latest: It lies between these, both included, with 95 % confidence where the noise is near normal.
        before, after: Medians on both sides.
    """

    index: int
    earliest: int
    latest: int
    before: float
    after: float


def step_in(values: FloatArray) -> Step | None:
    """Return the step that splits values best into two levels; None where too few are known or nothing moves.

    Args:
        values: shape (steps,), NaN where there is none.
    """
    known = np.flatnonzero(np.isfinite(values))
    if known.size < 2 * _LEAST_SIDE:
        return None
    line = values[known]
    split = _best_split(line)
    for _ in range(2):
        # The levels tell what is noise, the noise what is a spike, and without spikes the levels are better known.
        line = _without_spikes(values[known], split)
        split = _best_split(line)
    before, after = line[:split], line[split:]
    noise = long_run_variance(np.concatenate((before - before.mean(), after - after.mean())))
    costs = _costs(line)
    if before.mean() == after.mean():
        return None
    is_likely = np.zeros(line.size, dtype=np.bool_)
    is_likely[_LEAST_SIDE : line.size - _LEAST_SIDE + 1] = _likely(costs, noise)
    places = np.flatnonzero(is_likely)
    return Step(
        int(known[split]),
        # The step may lie anywhere after the last known value that is still on the old level.
        int(known[places[0] - 1]) + 1,
        int(known[places[-1]]),
        float(np.median(values[known[:split]])),
        float(np.median(values[known[split:]])),
    )


def _costs(line: FloatArray) -> FloatArray:
    """Return the sum of squared errors of two means, for each place of the split that leaves enough on both sides."""
    count, centred = line.size, line - line.mean()
    sums, squares = np.cumsum(centred), np.cumsum(centred**2)
    left = np.arange(_LEAST_SIDE, count - _LEAST_SIDE + 1)
    total = sums[left - 1]
    errors: FloatArray = squares[-1] - total**2 / left - (sums[-1] - total) ** 2 / (count - left)
    return errors


def _best_split(line: FloatArray) -> int:
    return int(np.argmin(_costs(line))) + _LEAST_SIDE


def _likely(costs: FloatArray, noise: float) -> BoolArray:
    least = float(costs.min())
    likely: BoolArray = costs - least <= LIKELIHOOD_RATIO_95 * noise
    return likely


def _without_spikes(line: FloatArray, split: int) -> FloatArray:
    parts = []
    for part in (line[:split], line[split:]):
        middle = float(np.median(part))
        spread = _MAD_TO_SD * float(np.median(np.abs(part - middle)))
        parts.append(np.clip(part, middle - _CLIP * spread, middle + _CLIP * spread) if spread else part)
    return np.concatenate(parts)


def long_run_variance(errors: FloatArray) -> float:
    """Return the variance of errors, enlarged by what neighbours have in common (AR(1))."""
    variance = float(errors @ errors) / errors.size
    if variance == 0:
        return 0.0
    common = float(errors[1:] @ errors[:-1]) / errors.size / variance
    common = min(max(common, 0.0), 0.95)
    return variance * (1 + common) / (1 - common)
