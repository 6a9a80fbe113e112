"""Forecasts made again from past moments: which candidates deserve weight, and how far off the mixture was.

Each candidate sees only what lies before an origin. The mixture checked at an origin is weighted by errors made
elsewhere: before it, and after the stretch it is checked on (blocked cross-validation), so no value judges itself.
"""

from dataclasses import dataclass

import numpy as np

from sre.capacity.candidates import Pool
from sre.core.series import BoolArray, FloatArray, IntArray

# How sharply the better candidates of a family, and the better families, are preferred; chosen on development data,
# where anything from half to twice these does nearly as well.
_WITHIN_POWER = 20.0
_FAMILY_POWER = 10.0
# A family this much worse than the best has no say.
_FAMILY_LIMIT = 1.3
_MAX_ORIGINS = 24
# Candidate values to compute at most; bounds time and memory on long horizons.
_MAX_POOL_CELLS = 6_000_000
_MIN_FIRST_SHARE = 0.5
# Stretches checked are at most this share of the history, so that others are left to weight them by.
_MAX_CHECKED_SHARE = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """The mixture at past origins and now.

    Attributes:
        origins: shape (past,), indices of the first point forecast.
        past: shape (past, horizon), the mixture's forecasts there.
        future: shape (horizon,), the mixture from the end of the series.
        actual: shape (past, horizon), what came, NaN where not known.
        weights: One weight a candidate, as used for the future.
    """

    origins: IntArray
    past: FloatArray
    future: FloatArray
    actual: FloatArray
    weights: FloatArray
    pool: Pool

    @property
    def errors(self) -> FloatArray:
        """Actual less forecast, shape (past, horizon)."""
        return np.asarray(self.actual - self.past)


def past_origins(count: int, *, horizon: int, longest_period: int) -> IntArray:
    """Return past origins, evenly spread: late enough to learn from, early enough to check.

    Where the history is shorter than about twice the horizon, late origins check the first leads only.
    """
    checked = max(1, min(horizon, count // 5))
    last = count - checked
    # One full season, and a share of the history, have to lie before the first origin.
    first = max(int(_MIN_FIRST_SHARE * count), min(longest_period + 2, int(0.6 * count)), 4)
    first = min(first, last)
    most = int(np.clip(_MAX_POOL_CELLS // (horizon * 250), 8, _MAX_ORIGINS))
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
    errors = np.abs(pool.forecasts[:, :-1] - actual[None])
    checked = checked_leads(int(origins[-1] + np.isfinite(actual[-1]).sum()), actual.shape[1])
    losses = _losses_elsewhere(errors, origins, checked)
    weights = _weights(losses, _membership(pool.families))
    mixture = np.einsum("co,coh->oh", weights, pool.forecasts)
    seen = np.where(np.arange(actual.shape[1]) < checked, actual, np.nan)
    return Backtest(origins, mixture[:-1], mixture[-1], seen, weights[:, -1], pool)


def _losses_elsewhere(errors: FloatArray, origins: IntArray, checked: int) -> FloatArray:
    """Return the mean relative loss of each candidate, for each origin by the others, and for the end by all.

    Args:
        errors: shape (candidates, past, horizon), absolute, NaN where unknown.
        checked: How many leads of an origin its own weights must know nothing of.

    Returns:
        shape (candidates, past + 1); 1 everywhere where nothing is known.
    """
    candidates, past, horizon = errors.shape
    known = np.isfinite(errors[0])
    sums = np.where(known[None], errors, 0.0)
    np.cumsum(sums, axis=2, out=sums)
    counts = np.cumsum(known, axis=1)
    losses = np.ones((candidates, past + 1))
    for now in range(past + 1):
        leads = np.full(past, horizon)
        if now < past:
            before = np.clip(origins[now] - origins, 0, horizon)
            leads = np.where(origins >= origins[now] + checked, horizon, before)
        used = np.flatnonzero(leads > 0)
        if used.size == 0:
            continue
        count = counts[used, leads[used] - 1]
        mean = sums[:, used, leads[used] - 1] / np.maximum(count, 1)
        losses[:, now] = _relative(mean, count > 0)
    return losses


def _relative(mean: FloatArray, known: BoolArray) -> FloatArray:
    """Return losses relative to the typical candidate at each origin, averaged over origins."""
    typical = np.median(mean, axis=0)
    usable = known & (typical > 0)
    if not usable.any():
        return np.ones(mean.shape[0])
    return np.asarray((mean[:, usable] / typical[usable]).mean(axis=1))


def _membership(families: tuple[str, ...]) -> FloatArray:
    _, index = np.unique(np.array(families), return_inverse=True)
    return np.asarray(np.eye(int(index.max()) + 1)[index].T)


def _weights(losses: FloatArray, membership: FloatArray) -> FloatArray:
    """Return one weight a candidate and column: sharp within a family, then between families.

    Args:
        losses: shape (candidates, columns), > 0.
        membership: shape (families, candidates), one where the candidate belongs.
    """
    safe = np.maximum(losses, 1e-9)
    within = (safe / safe.min(axis=0)) ** -_WITHIN_POWER + 1e-300
    family_sum = membership @ within
    share = within / (membership.T @ family_sum)
    family_loss = membership @ (share * safe)
    best = family_loss.min(axis=0)
    between = np.where(family_loss <= _FAMILY_LIMIT * best, (family_loss / best) ** -_FAMILY_POWER, 0.0)
    between = between / between.sum(axis=0)
    return np.asarray(share * (membership.T @ between))
