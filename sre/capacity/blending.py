"""The mixture and the networks as one forecast: both count by their errors at past moments of this series."""

from dataclasses import replace

import numpy as np

from sre.capacity.backtest import Backtest, NetworkSay, checked_leads
from sre.capacity.model import Step
from sre.capacity.network import has_network, least_history, network_quantiles
from sre.capacity.paths import ErrorModel
from sre.capacity.weighing import losses_elsewhere, sampled_leads
from sre.core.series import FloatArray

# How sharply the better of the two is preferred; at equal errors each counts half. Chosen on series that the networks
# had not seen, where half and twice of it do as well.
_POWER = 4.0
# Share (as a power) of the networks' width in the width of the futures; chosen in the same way.
_WIDTH_POWER = 0.4
_TAIL = 0.1
# After so many separate stretches the series' own word on how wide the networks should be counts half.
_SURE_COUNT = 3.0


def blended(backtest: Backtest, values: FloatArray, *, step: Step) -> Backtest:
    """Return the backtest with the networks' forecasts taken in, as it was where there are none for this step.

    Args:
        values: shape (steps,), no NaN, what the backtest was made on.
    """
    if not has_network(step) or backtest.origins[0] < least_history(step):
        return backtest
    horizon = backtest.future.size
    origins = np.append(backtest.origins, values.size)
    low, middle, high = network_quantiles(values, origins, step=step, horizon=horizon)
    made = np.maximum(middle, 0.0) if values.min() >= 0 else middle
    leads = made.shape[1]
    share = _shares(backtest, made[:-1])[:, None] * _fading(leads, horizon)
    past, future = backtest.past.copy(), backtest.future.copy()
    past[:, :leads] += share[:-1] * (made[:-1] - past[:, :leads])
    future[:leads] += share[-1] * (made[-1] - future[:leads])
    said = NetworkSay(float(share[-1].sum() / horizon), middle - low, high - middle)
    return replace(backtest, past=past, future=future, network=said)


def respread(paths: FloatArray, backtest: Backtest, *, errors: ErrorModel) -> tuple[FloatArray, FloatArray]:
    """Return futures whose width leans to what the networks say of it, and the same factor at past moments.

    Few past errors tell the width of the next badly; a network tells it from thousands of other series, and how much
    it is out on this one its past says. What is taken over is widened for few stretches as the errors were.

    Args:
        paths: shape (paths, horizon).

    Returns:
        The futures, and shape (past, horizon): the factor by which the width at each past moment would have changed.
    """
    said, horizon = backtest.network, backtest.future.size
    factors = np.ones((backtest.origins.size, horizon))
    if said is None:
        return paths, factors
    leads = said.below.shape[1]
    apart = paths - backtest.future
    edges = np.abs(np.quantile(apart[:, :leads], [_TAIL, 1 - _TAIL], axis=0))
    power = _WIDTH_POWER * _fading(leads, horizon)
    cautious = errors.widened ** _fading(leads, horizon) * _learnt_width(backtest, said, errors) ** power
    ratios = np.stack([said.below, said.above]) / np.maximum(edges, 1e-300)[:, None, :]
    widths = cautious * np.clip(ratios, 1e-3, 1e3) ** power
    factors[:, :leads] = widths[:, :-1].mean(axis=0)
    sides = np.where(apart[:, :leads] < 0, widths[0, -1], widths[1, -1])
    spread = paths.copy()
    spread[:, :leads] = backtest.future[:leads] + apart[:, :leads] * sides
    return spread, factors


def _learnt_width(backtest: Backtest, said: NetworkSay, errors: ErrorModel) -> float:
    """Return the factor by which what networks said of the width was too little, the surer the more was checked."""
    leads = said.below.shape[1]
    apart = backtest.errors[:, :leads]
    sides = np.where(apart < 0, said.below[:-1], said.above[:-1])
    relative = np.abs(apart) / np.maximum(sides, 1e-300)
    held = float(np.quantile(relative[np.isfinite(relative)], 1 - 2 * _TAIL))
    sure = errors.independent_count / (errors.independent_count + _SURE_COUNT)
    return float(np.clip(held, 0.1, 10.0) ** sure)


def _shares(backtest: Backtest, made: FloatArray) -> FloatArray:
    """Return how much the networks count at each past moment, by the errors at the others, and now, (past + 1,)."""
    leads = made.shape[1]
    sample = sampled_leads(leads)
    # Near and far leads together: two forecasts need fewer past moments apart than hundreds.
    sample = replace(sample, stages=((1, leads + 1),), stage_of=np.zeros_like(sample.stage_of))
    actual = backtest.actual[:, sample.leads - 1]
    both = np.stack([backtest.past[:, sample.leads - 1], made[:, sample.leads - 1]])
    count = int(backtest.origins[-1] + np.isfinite(backtest.actual[-1]).sum())
    checked = checked_leads(count, backtest.future.size)
    losses = losses_elsewhere(np.abs(both - actual), backtest.origins, sample, checked=checked)[:, :, 0]
    return np.asarray(1 / (1 + (losses[1] / np.maximum(losses[0], 1e-9)) ** _POWER))


def _fading(leads: int, horizon: int) -> FloatArray:
    """Return what share of their say the networks keep at each lead: all, or less and less where they end early."""
    if leads >= horizon:
        return np.ones(leads)
    return np.minimum(1.0, 2 * (leads - np.arange(leads)) / leads)
