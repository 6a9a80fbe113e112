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
# Beyond the leads that could be checked the lasting part of an error is taken to grow at least like a random walk's:
# no trend is sure. Chance from step to step does not grow.
_LEAST_EXPONENT = 0.5
# How far apart errors of a stretch are compared, as a share of it: from half to one and a half times this, so that a
# season left in the errors is met in all its phases.
_APART_SHARE = 0.25
# On few stretches independent errors seem to last by about this share; it does not count. Chosen on simulated laws.
_BY_CHANCE = 0.2
# No error is chance alone: at least this share of its variance lasts (our choice).
_LEAST_LASTING = 0.01
# Chance is seen often, so of the widening it takes at least this share only (our choice).
_LEAST_WIDENED = 0.1
_TRUSTED_ORIGINS = 3
# Share of a future's variance taken from one past stretch; the rest comes from another.
_MAIN_SHARE = 0.8
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
        lasting_ratio: Share of the errors' variance that persists, 0..1; the rest is chance from step to step.
        independent_count: How many past stretches did not overlap, >= a fraction of one.
        factor: By how much to widen because past intervals held too little.
    """

    standard: FloatArray
    scale: FloatArray
    lasting_ratio: float
    independent_count: float
    factor: float = 1.0

    @property
    def widened(self) -> float:
        """By how much to widen for few separate stretches: what lasts was seen as often as there are of them."""
        return 1 + (widening(self.independent_count) - 1) * max(self.lasting_ratio, _LEAST_WIDENED)


def error_model(errors: FloatArray, *, independent_count: float, may_shrink: bool = False) -> ErrorModel:
    """Return scale by lead and standardised stretches.

    Args:
        errors: shape (past, horizon), NaN where unknown.
        may_shrink: Errors may get smaller with lead, as those of a mean rate do.
    """
    lasting = 1.0 if may_shrink else lasting_ratio(errors)
    scale = _scale_by_lead(errors, may_shrink=may_shrink, lasting=lasting)
    standard = errors / np.maximum(scale, 1e-300)
    return ErrorModel(standard, scale, lasting, independent_count)


def simulated(model: ErrorModel, *, seed: int, count: int = PATH_COUNT) -> FloatArray:
    """Return simulated error paths, shape (count, horizon), the same for the same seed."""
    rng = np.random.default_rng(seed)
    half = count // 2
    main, other = _stretches(model, rng, half), _stretches(model, rng, half)
    signs = np.where(rng.random((half, 1)) < 0.5, -1.0, 1.0)
    drawn = np.sqrt(_MAIN_SHARE) * main + np.sqrt(1 - _MAIN_SHARE) * signs * other
    # What lasts goes either way: each future has its mirror image, so that chance in the draw moves no middle. Chance
    # from step to step was seen often enough to keep its sides: a share near its bound jumps down, not up.
    keeps_sides = rng.random((half, 1)) >= model.lasting_ratio
    chance = _chance(main, rng)
    # The mean of lopsided chance is not its middle: that much of a stretch's mean says nothing of its level.
    middle = float(np.median(chance))
    chance -= middle
    level = drawn.mean(axis=1, keepdims=True) + np.sqrt(_MAIN_SHARE) * middle
    mixed = np.concatenate(
        [
            np.where(keeps_sides, chance + level, drawn),
            np.where(keeps_sides, chance - level, -drawn),
        ]
    )
    return np.asarray(mixed * model.scale * model.widened * model.factor)


def lasting_ratio(errors: FloatArray) -> float:
    """Return the share of the errors' variance that persists, from how far they move within a stretch.

    Independent errors differ by twice their variance at any distance: nothing lasts. Over n steps a random walk has
    the mean square n/2 and differs by n d at the distance n d: d of its variance seems chance, and that is put right.

    Args:
        errors: shape (past, horizon), NaN where unknown.
    """
    known = np.isfinite(errors)
    total = float((errors[known] ** 2).mean())
    reach = int(known.sum(axis=1).max())
    near, far = (max(1, round(share * reach)) for share in (0.5 * _APART_SHARE, 1.5 * _APART_SHARE))
    moves = np.concatenate([(errors[:, apart:] - errors[:, :-apart]).ravel() for apart in range(near, far + 1)])
    moves = moves[np.isfinite(moves)]
    if moves.size == 0 or total == 0:
        return 1.0
    seen = (1 - float((moves**2).mean()) / 2 / total) / (1 - _APART_SHARE)
    return float(np.clip((seen - _BY_CHANCE) / (1 - _BY_CHANCE), _LEAST_LASTING, 1.0))


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
    # Each draw is used twice, with the rate off to either side, so that chance in the draw moves no middle.
    drawn = np.tile(rng.choice(reach.size, size=(2, PATH_COUNT // 2), p=share), 2)
    signs = np.repeat([-1.0, 1.0], PATH_COUNT // 2)
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
    """Return a seed that depends on the order of the values alone, so that answers repeat in any unit."""
    return zlib.crc32(np.argsort(values, kind="stable").astype(np.int32).tobytes())


def independent_stretches(backtest: Backtest) -> float:
    """Return how many stretches of one horizon the held-back part holds."""
    horizon = backtest.actual.shape[1]
    held_back = int(np.isfinite(backtest.actual[0]).sum() + backtest.origins[-1] - backtest.origins[0])
    return float(held_back / horizon)


def size_by_lead(errors: FloatArray) -> FloatArray:
    """Return the mean absolute error by lead, never falling and smoothed over leads, shape (horizon,)."""
    return _scale_by_lead(errors, may_shrink=False, lasting=1.0)


def _scale_by_lead(errors: FloatArray, *, may_shrink: bool, lasting: float) -> FloatArray:
    """Return the mean absolute error by lead, smoothed over leads; beyond what is known its lasting part grows."""
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
    # What chance does to the slope of the means says nothing of how the lasting part grows.
    exponent = _LEAST_EXPONENT + (_growth_exponent(centres, means) - _LEAST_EXPONENT) * lasting
    beyond = np.maximum(leads / centres[-1], 1.0) ** exponent
    return np.asarray(inside * np.sqrt(1 - lasting + lasting * beyond**2))


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


def _chance(stretches: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return how far each stretch is from its own mean, from a random step on."""
    count, horizon = stretches.shape
    steps = (rng.integers(horizon, size=(count, 1)) + np.arange(horizon)) % horizon
    return np.take_along_axis(stretches - stretches.mean(axis=1, keepdims=True), steps, axis=1)


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
