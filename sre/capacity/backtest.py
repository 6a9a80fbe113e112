"""Forecasts made again from past moments: which candidates deserve weight, and how far off the mixture was.

Each candidate sees only what lies before an origin. The mixture checked at an origin is weighted by errors made
elsewhere: before it, and after the stretch it is checked on (blocked cross-validation), so no value judges itself.
"""

from dataclasses import dataclass

import numpy as np

from sre.capacity.groups import Pool
from sre.capacity.weighing import Sample, losses_elsewhere, sampled_leads, weights_of
from sre.core.series import FloatArray, IntArray

_MAX_ORIGINS = 36
# On long horizons, where each moment costs more.
_LONG_HORIZON, _LONG_ORIGINS = 200, 24
# Candidate values to compute at most; bounds time and memory on long horizons.
_MAX_POOL_CELLS = 4_000_000
_MIN_FIRST_SHARE = 0.5
# The last origin is this share of a horizon before the end.
_LATE_SHARE = 0.25
# A candidate with no more weight than this anywhere is left out of the mixture.
_LEAST_WEIGHT = 2e-3
# Stretches checked are at most this share of the history, so that others are left to weight them by.
_MAX_CHECKED_SHARE = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class NetworkSay:
    """What the networks contributed.

    Attributes:
        ratio: Share of the future that is theirs and not the candidates', 0..1.
        below, above: shape (past + 1, leads), how far under and over the middle they put the quantiles 0.1 and 0.9;
            they may know fewer leads than were asked for.
    """

    ratio: float
    below: FloatArray
    above: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """The mixture at past origins and now.

    Attributes:
        origins: shape (past,), indices of the first point forecast.
        past: shape (past, horizon), the mixture's forecasts there.
        future: shape (horizon,), the mixture from the end of the series.
        actual: shape (past, horizon), what came, NaN where not known.
        weights: One weight a candidate, as used for the future.
        network: What networks said of the same moments, None where there are none for the step.
    """

    origins: IntArray
    past: FloatArray
    future: FloatArray
    actual: FloatArray
    weights: FloatArray
    pool: Pool
    network: NetworkSay | None = None

    @property
    def errors(self) -> FloatArray:
        """Actual less forecast, shape (past, horizon)."""
        return np.asarray(self.actual - self.past)


def past_origins(count: int, *, horizon: int, longest_period: int) -> IntArray:
    """Return past origins, evenly spread: late enough to learn from, early enough to check.

    Late origins check the first leads only, so that what happened last counts for the next steps. A horizon longer than
    a fifth of the history leaves too few origins that check far leads for that.
    """
    checked = max(1, count // 5) if horizon > count // 5 else max(1, round(_LATE_SHARE * horizon))
    last = count - checked
    # One full season, and a share of the history, have to lie before the first origin.
    first = max(int(_MIN_FIRST_SHARE * count), min(longest_period + 2, int(0.6 * count)), 4)
    first = min(first, last)
    most = _MAX_ORIGINS if horizon <= _LONG_HORIZON else _LONG_ORIGINS
    most = int(np.clip(_MAX_POOL_CELLS // (horizon * 100), 8, most))
    return np.unique(np.round(np.linspace(first, last, min(most, last - first + 1))).astype(np.int64))


def actuals(values: FloatArray, origins: IntArray, horizon: int) -> FloatArray:
    """Return what followed each origin, shape (origins, horizon), NaN after the end."""
    index = origins[:, None] + np.arange(horizon)
    inside = index < values.size
    return np.where(inside, values[np.minimum(index, values.size - 1)], np.nan)


def checked_leads(count: int, horizon: int) -> int:
    """Return how many leads of each past forecast are checked."""
    return int(np.clip(int(_MAX_CHECKED_SHARE * count), 1, horizon))


def mixed(pool: Pool, origins: IntArray, actual: FloatArray) -> Backtest:
    """Return the weighted mixture at each past origin and at the end.

    Args:
        origins: shape (past,); the pool holds one origin more, the end of the series.
        actual: shape (past, horizon), NaN where not known.
    """
    horizon = actual.shape[1]
    checked = checked_leads(int(origins[-1] + np.isfinite(actual[-1]).sum()), horizon)
    sample = sampled_leads(horizon)
    errors = np.abs(pool.at(sample.leads)[:, :-1] - actual[None][:, :, sample.leads - 1])
    losses = losses_elsewhere(errors, origins, sample, checked=checked)
    weights = weights_of(losses, pool.families)
    mixture = _mixture(pool, weights, sample)
    seen = np.where(np.arange(horizon) < checked, actual, np.nan)
    return Backtest(origins, mixture[:-1], mixture[-1], seen, _final(weights, sample), pool)


def _mixture(pool: Pool, weights: FloatArray, sample: Sample) -> FloatArray:
    """Return the mixture over the whole horizon, shape (origins, horizon), from the candidates that matter.

    Args:
        weights: shape (candidates, origins, stages).
    """
    chosen = np.flatnonzero(weights.max(axis=(1, 2)) > _LEAST_WEIGHT)
    kept = weights[chosen]
    kept = kept / kept.sum(axis=0)
    parts = []
    for stage, (start, end) in enumerate(sample.stages):
        mixture = np.zeros((weights.shape[1], end - start))
        # Group by group: all candidates at once would take tens of megabytes.
        for places, forecasts in pool.parts(np.arange(start, end), chosen):
            mixture += np.einsum("co,coh->oh", kept[places, :, stage], forecasts)
        parts.append(mixture)
    return np.concatenate(parts, axis=1)


def _final(weights: FloatArray, sample: Sample) -> FloatArray:
    lengths = np.array([end - start for start, end in sample.stages])
    return np.asarray(weights[:, -1] @ lengths / lengths.sum())
