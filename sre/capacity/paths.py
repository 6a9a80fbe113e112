"""Simulated futures: the forecast plus errors of the kind the same method made on this series before.

Each future takes whole stretches of past error, so that it keeps what errors do over time (they persist, they grow,
they carry noise); a limit is met when a future meets it, not when the edge of an interval does.
"""

import zlib
from dataclasses import dataclass

import numpy as np

from sre.capacity.backtest import Backtest
from sre.core.series import BoolArray, FloatArray, IntArray

PATH_COUNT = 500
# With few independent past stretches the largest errors have not been seen yet: widen by this over their number.
_WIDENING = 0.25
# Beyond the leads that could be checked errors are taken to grow at least like a random walk's: no trend is sure.
_LEAST_EXPONENT = 0.5
_TRUSTED_ORIGINS = 3
# Share of a future's variance taken from one past stretch; the rest comes from another.
_MAIN_SHARE = 0.8
_FLIP_SHARE = 0.5
_BUCKETS = 10
# A stretch that added nothing still counts as this share of its predicted rate.
_LEAST_RATE_SHARE = 0.1
# A rate off by more than e^3, twenty times, says that the past stretch was no guide at all.
_MAX_LOG_RATE = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class ErrorModel:
    """What is known of past errors.

    Attributes:
        standard: shape (past, horizon), errors over their scale at that lead, NaN where unknown.
        scale: shape (horizon,), the typical size of an error at each lead.
        independent_count: How many past stretches did not overlap, >= a fraction of one.
        factor: By how much to widen because past intervals held too little.
    """

    standard: FloatArray
    scale: FloatArray
    independent_count: float
    factor: float = 1.0


def error_model(errors: FloatArray, *, independent_count: float, may_shrink: bool = False) -> ErrorModel:
    """Return scale by lead and standardised stretches.

    Args:
        errors: shape (past, horizon), NaN where unknown.
        may_shrink: Errors may get smaller with lead, as those of a mean rate do.
    """
    scale = _scale_by_lead(errors, may_shrink=may_shrink)
    standard = errors / np.maximum(scale, 1e-300)
    return ErrorModel(standard, scale, independent_count)


def simulated(model: ErrorModel, *, seed: int, count: int = PATH_COUNT) -> FloatArray:
    """Return simulated error paths, shape (count, horizon), the same for the same seed."""
    rng = np.random.default_rng(seed)
    main, other = _stretches(model, rng, count), _stretches(model, rng, count)
    flips = np.where(rng.random((count, 1)) < _FLIP_SHARE, -1.0, 1.0)
    signs = np.where(rng.random((count, 1)) < 0.5, -1.0, 1.0)
    mixed = np.sqrt(_MAIN_SHARE) * flips * main + np.sqrt(1 - _MAIN_SHARE) * signs * other
    return np.asarray(mixed * model.scale * widening(model.independent_count) * model.factor)


def widening(independent_count: float) -> float:
    """Return the factor by which errors are widened for having been seen on few separate stretches."""
    return 1 + _WIDENING / max(independent_count, 0.5)


def simulated_stock(
    added: FloatArray, predicted: FloatArray, expected: FloatArray, *, seed: int, widened: float
) -> FloatArray:
    """Return simulated totals added to a stock, shape (PATH_COUNT, horizon), never falling.

    A future takes the bursts of a past stretch, relative to what was predicted there, and a rate that is off from the
    expected one by as much as past rates were, either way.

    Args:
        added: shape (past, horizon), what each step added, NaN where unknown.
        predicted: shape (past, horizon), what each step was predicted to add.
        expected: shape (horizon,), what each step is expected to add.
        widened: Factor on the logarithm of the rate's error.
    """
    rng = np.random.default_rng(seed)
    known = np.isfinite(added)
    steps = np.where(known, added, 0.0)
    base = np.maximum(np.where(known, predicted, 0.0).sum(axis=1), 1e-300)
    small = _LEAST_RATE_SHARE * base
    rate = (steps.sum(axis=1) + small) / (base + small)
    typical = np.maximum(steps.sum(axis=1) / np.maximum(known.sum(axis=1), 1), 1e-300)
    bursts = np.where(known, steps / typical[:, None], 0.0)
    has_moved = steps.sum(axis=1) > 0
    bursts = np.where(has_moved[:, None], bursts, known * 1.0)
    reach = known.sum(axis=1).astype(np.float64)
    share = reach / reach.sum()
    drawn = rng.choice(reach.size, size=(2, PATH_COUNT), p=share)
    signs = np.where(rng.random(PATH_COUNT) < 0.5, -1.0, 1.0)
    factor = np.exp(np.clip(signs * np.log(rate[drawn[0]]) * widened, -_MAX_LOG_RATE, _MAX_LOG_RATE))
    shape = _wrapped(bursts, known)[drawn[1]]
    shape = np.take_along_axis(shape, _rolled(rng, reach[drawn[1]], expected.size), axis=1)
    return np.asarray(np.cumsum(np.maximum(expected, 0.0) * factor[:, None] * shape, axis=1))


def _rolled(rng: np.random.Generator, reach: FloatArray, horizon: int) -> IntArray:
    """Return indices that start a stretch anywhere and wrap around at its end, shape (paths, horizon)."""
    starts = np.floor(rng.random(reach.size) * reach).astype(np.int64)
    lengths = np.minimum(reach, horizon).astype(np.int64)
    return np.asarray((starts[:, None] + np.arange(horizon)) % np.maximum(lengths, 1)[:, None])


def seed_of(values: FloatArray) -> int:
    """Return a seed that depends on the shape of the data, not on its unit, so that answers repeat."""
    spread = float(np.nanmax(np.abs(values))) or 1.0
    return zlib.crc32(np.round(np.nan_to_num(values / spread), 6).tobytes())


def independent_stretches(backtest: Backtest) -> float:
    """Return how many stretches of one horizon the held-back part holds."""
    horizon = backtest.actual.shape[1]
    held_back = int(np.isfinite(backtest.actual[0]).sum() + backtest.origins[-1] - backtest.origins[0])
    return float(held_back / horizon)


def _scale_by_lead(errors: FloatArray, *, may_shrink: bool) -> FloatArray:
    """Return the mean absolute error by lead, smoothed over leads, and carried on where none is known."""
    horizon = errors.shape[1]
    known = np.isfinite(errors)
    counts = known.sum(axis=0)
    trusted = int((counts >= min(_TRUSTED_ORIGINS, counts.max())).sum())
    edges = np.unique(np.round(np.geomspace(1, trusted + 1, min(_BUCKETS, trusted) + 1)).astype(np.int64)) - 1
    sizes = np.where(known, np.abs(errors), 0.0)
    centres = (edges[:-1] + edges[1:] + 1) / 2
    totals = np.add.reduceat(sizes[:, :trusted].sum(axis=0), edges[:-1])
    means = totals / np.maximum(np.add.reduceat(counts[:trusted], edges[:-1]), 1)
    means = means if may_shrink else np.maximum.accumulate(means)
    leads = np.arange(1, horizon + 1, dtype=np.float64)
    inside = np.interp(leads, centres, means)
    exponent = _growth_exponent(centres, means)
    return np.asarray(np.where(leads <= centres[-1], inside, means[-1] * (leads / centres[-1]) ** exponent))


def _growth_exponent(centres: FloatArray, means: FloatArray) -> float:
    positive = means > 0
    if positive.sum() < 3:
        return _LEAST_EXPONENT
    slope = np.polyfit(np.log(centres[positive]), np.log(means[positive]), 1)[0]
    return float(np.clip(slope, _LEAST_EXPONENT, 1.0))


def _stretches(model: ErrorModel, rng: np.random.Generator, count: int) -> FloatArray:
    """Return `count` drawn stretches over the whole horizon; where one ends early its level goes on with noise."""
    known = np.isfinite(model.standard)
    reach = known.sum(axis=1).astype(np.float64)
    drawn = rng.choice(reach.size, size=count, p=reach / reach.sum())
    donors = rng.choice(reach.size, size=count, p=reach / reach.sum())
    standard = np.where(known, model.standard, 0.0)
    ends = _end_levels(standard, known)
    noise = np.where(known, standard - ends[:, None], 0.0)
    tails = ends[drawn][:, None] + _wrapped(noise, known)[donors]
    return np.where(known[drawn], standard[drawn], tails)


def _end_levels(standard: FloatArray, known: BoolArray) -> FloatArray:
    """Return the mean of the last quarter of what is known of each stretch."""
    seen = np.cumsum(known, axis=1)
    total = seen[:, -1:]
    late = known & (seen > 0.75 * total)
    return np.asarray((standard * late).sum(axis=1) / np.maximum(late.sum(axis=1), 1))


def _wrapped(noise: FloatArray, known: BoolArray) -> FloatArray:
    """Return each stretch of noise repeated over the whole horizon."""
    horizon = noise.shape[1]
    ends = np.where(known.any(axis=1), horizon - known[:, ::-1].argmax(axis=1), 1)
    index = np.arange(horizon)[None, :] % ends[:, None]
    return np.take_along_axis(noise, index, axis=1)
