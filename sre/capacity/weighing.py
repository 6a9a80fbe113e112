"""How much each candidate counts: by its errors at past origins, sharply within a family, then between families."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sre.core.series import BoolArray, FloatArray, IntArray

# How sharply the better candidates of a family, and the better families, are preferred; chosen on development data,
# where anything from half to twice these does nearly as well.
_WITHIN_POWER = 20.0
_FAMILY_POWER = 10.0
# A family this much worse than the best has no say.
_FAMILY_LIMIT = 1.3
_LEAST_LOG = -200.0
# Near and far leads are weighed apart, in this many stages of about geometric length; each takes this share of its
# weights from itself and the rest from all leads.
_STAGES, _OWN_SHARE = 4, 0.7
# An origin at which the typical candidate errs this much less than at others says nothing: a constant stretch.
_LEAST_TYPICAL = 1e-9
# Leads looked at: so many evenly, so many geometrically.
_EVEN_LEADS, _NEAR_LEADS = 22, 10


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The leads at which candidates are compared.

    Attributes:
        leads: Increasing, 1 is the first step ahead.
        shares: shape (leads,), for how many leads each stands.
        stages: First and one past the last lead of each stage.
        stage_of: shape (leads,), the stage of each.
    """

    leads: IntArray
    shares: FloatArray
    stages: tuple[tuple[int, int], ...]
    stage_of: IntArray


def sampled_leads(horizon: int) -> Sample:
    """Return leads that stand for a whole horizon."""
    edges = np.unique(np.round(np.geomspace(1, horizon + 1, _STAGES + 1)).astype(np.int64))
    even = np.round(np.linspace(1, horizon, min(horizon, _EVEN_LEADS)))
    near = np.round(np.geomspace(1, horizon, min(horizon, _NEAR_LEADS)))
    leads = np.unique(np.concatenate([even, near])).astype(np.int64)
    middles = (leads[1:] + leads[:-1]) / 2
    shares = np.diff(np.concatenate(([0.5], middles, [horizon + 0.5])))
    stages = tuple((int(start), int(end)) for start, end in pairwise(edges))
    return Sample(leads, shares, stages, np.searchsorted(edges, leads, side="right") - 1)


def losses_elsewhere(errors: FloatArray, origins: IntArray, sample: Sample, *, checked: int) -> FloatArray:
    """Return the mean relative loss of each candidate, for each origin by the others, and for the end by all.

    Args:
        errors: shape (candidates, past, leads), absolute, NaN where unknown.
        checked: How many leads of an origin its own weights must know nothing of.

    Returns:
        shape (candidates, past + 1, stages); 1 everywhere where nothing is known.
    """
    known = np.isfinite(errors[0])
    relative, usable = _relative(np.where(known[None], errors, 0.0), known, sample)
    allowed = _allowed(origins, sample, checked=checked) & usable[None]
    flat = relative.reshape(relative.shape[0], -1)
    overall = _means(flat, allowed, sample.shares)
    out = np.empty((*overall.shape, len(sample.stages)))
    for stage in range(len(sample.stages)):
        inside = sample.stage_of == stage
        own = _means(flat, allowed & inside, sample.shares)
        # Far leads that few past moments could check are weighed by the nearer ones.
        share = _OWN_SHARE * float(usable[:, inside].mean())
        out[:, :, stage] = np.maximum(overall, 1e-9) ** (1 - share) * np.maximum(own, 1e-9) ** share
        unknown = ~(allowed & inside).any(axis=(1, 2))
        out[:, unknown, stage] = overall[:, unknown]
    return out


def weights_of(losses: FloatArray, families: tuple[str, ...]) -> FloatArray:
    """Return one weight a candidate for every column of losses, summing to 1 over candidates.

    Args:
        losses: shape (candidates, ...), > 0.
        families: One a candidate.
    """
    _, index = np.unique(np.array(families), return_inverse=True)
    order = np.argsort(index, kind="stable")
    starts = np.flatnonzero(np.diff(index[order], prepend=-1))
    # Logarithms, and a floor above what the processor treats as denormal, which costs it a hundred times as much.
    safe = np.log(np.maximum(losses.reshape(losses.shape[0], -1)[order], 1e-9))
    within = np.exp(np.maximum(_WITHIN_POWER * (safe.min(axis=0) - safe), _LEAST_LOG))
    share = within / np.add.reduceat(within, starts, axis=0)[index[order]]
    family_loss = np.add.reduceat(share * np.exp(safe), starts, axis=0)
    ratio = family_loss / family_loss.min(axis=0)
    between = np.where(ratio <= _FAMILY_LIMIT, np.exp(-_FAMILY_POWER * np.log(ratio)), 0.0)
    between = between / between.sum(axis=0)
    out = np.empty_like(share)
    out[order] = share * between[index[order]]
    return np.asarray(out.reshape(losses.shape))


def _relative(errors: FloatArray, known: BoolArray, sample: Sample) -> tuple[FloatArray, BoolArray]:
    """Return errors over those of the typical candidate at the same origin and stage, and where that says something."""
    typical = np.zeros(known.shape)
    for stage in range(len(sample.stages)):
        inside = sample.stage_of == stage
        weights = known[:, inside] * sample.shares[inside]
        sums = np.einsum("cpl,pl->cp", errors[:, :, inside], weights)
        typical[:, inside] = np.median(sums / np.maximum(weights.sum(axis=1), 1e-12), axis=0)[:, None]
    least = _LEAST_TYPICAL * float(typical.max(initial=0.0))
    usable = known & (typical > least)
    return np.where(usable[None], errors / np.maximum(typical, max(least, 1e-300)), 0.0), usable


def _allowed(origins: IntArray, sample: Sample, *, checked: int) -> BoolArray:
    """Return which errors may weigh which origin, shape (past + 1, past, leads)."""
    apart = origins[:, None] - origins[None, :]
    before = sample.leads[None, None, :] <= apart[:, :, None]
    after = (-apart >= checked)[:, :, None]
    return np.concatenate([before | after, np.ones((1, *before.shape[1:]), dtype=np.bool_)])


def _means(flat: FloatArray, allowed: BoolArray, shares: FloatArray) -> FloatArray:
    """Return means over leads, then over origins, shape (candidates, past + 1); 1 where nothing is allowed."""
    weights = allowed * shares
    total = weights.sum(axis=2, keepdims=True)
    weights = np.where(total > 0, weights / np.maximum(total, 1e-12), 0.0)
    count = (total > 0).sum(axis=1)[:, 0]
    means = flat @ weights.reshape(weights.shape[0], -1).T / np.maximum(count, 1)
    return np.where(count > 0, means, 1.0)
