"""Seasonal profiles of a series seen from many past moments at once.

Origins are indices of the first point to forecast. Everything here reads only what lies before an origin.
"""

import numpy as np

from sre.core.series import FloatArray, IntArray


def seen_before(values: FloatArray, index: IntArray) -> FloatArray:
    """Return `values[index]`, NaN where the index is negative."""
    return np.where(index >= 0, values[np.maximum(index, 0)], np.nan)


def flat_profile(origins: IntArray) -> FloatArray:
    """Return the profile of a series without season, shape (origins, 1)."""
    return np.zeros((origins.size, 1))


def season_profile(values: FloatArray, origins: IntArray, *, period: int, cycles: int, keep_ratio: float) -> FloatArray:
    """Return the pattern of one season around its level, from the cycles that end at each origin.

    Args:
        values: shape (steps,), no NaN.
        cycles: How many cycles back to look; cycles before the series began are left out.
        keep_ratio: Weight of a cycle relative to the one after it, 0 < x <= 1.

    Returns:
        shape (origins, period); index 0 is the phase of the origin.
    """
    offsets = np.arange(period) - period * np.arange(1, cycles + 1)[:, None]
    blocks = seen_before(values, origins[:, None, None] + offsets[None])
    means = blocks.mean(axis=2)
    known = np.isfinite(means)
    slope = _slope_per_step(means, period=period, keep_ratio=keep_ratio)
    ramp = np.arange(period) - (period - 1) / 2
    around = blocks - means[:, :, None] - slope[:, None, None] * ramp
    weights = keep_ratio ** np.arange(cycles) * known
    total = np.maximum(weights.sum(axis=1), 1e-12)[:, None]
    return np.asarray(np.einsum("oc,ocp->op", weights, np.where(known[:, :, None], around, 0.0)) / total)


def deseasoned(values: FloatArray, origins: IntArray, *, profile: FloatArray, width: int) -> FloatArray:
    """Return the last `width` values before each origin less the profile, oldest first, NaN before the start.

    Returns:
        shape (origins, width).
    """
    offsets = np.arange(width) - width
    return np.asarray(seen_before(values, origins[:, None] + offsets) - profile[:, offsets % profile.shape[1]])


def filled_back(rows: FloatArray) -> FloatArray:
    """Return rows with leading NaN replaced by the first value of each row."""
    known = np.isfinite(rows)
    first = rows[np.arange(rows.shape[0]), known.argmax(axis=1)]
    return np.where(known, rows, first[:, None])


def repeated(profile: FloatArray, horizon: int) -> FloatArray:
    """Return the profile over the horizon, shape (origins, horizon)."""
    return profile[:, np.arange(horizon) % profile.shape[1]]


def _slope_per_step(means: FloatArray, *, period: int, keep_ratio: float) -> FloatArray:
    if means.shape[1] < 2:
        return np.zeros(means.shape[0])
    moves = (means[:, :-1] - means[:, 1:]) / period
    known = np.isfinite(moves)
    weights = keep_ratio ** np.arange(moves.shape[1]) * known
    return np.asarray((weights * np.where(known, moves, 0.0)).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-12))
