"""What the held-back past says about a forecast: error, bias, and whether its interval holds what it should."""

import numpy as np

from sre.capacity.backtest import Backtest
from sre.capacity.model import Accuracy
from sre.capacity.paths import widening
from sre.core.series import FloatArray

_MIN_INTERVAL_ORIGINS = 3
_MIN_OTHERS = 2


def measured_accuracy(
    backtest: Backtest,
    values: FloatArray,
    *,
    standard: FloatArray,
    independent_count: float,
    period: int,
    interval_ratio: float,
) -> Accuracy:
    """Return the accuracy of the mixture at past origins.

    Args:
        values: shape (steps,), gaps filled; the seasonal naive is computed on them.
        standard: shape (past, horizon), errors over their typical size at that lead, NaN where unknown.
    """
    errors = backtest.errors
    known = np.isfinite(errors)
    mean_error = float(np.abs(errors[known]).mean())
    in_sample = float(np.abs(values[period:] - values[:-period]).mean())
    naive = _naive_error(backtest, values, period)
    size = float(np.abs(backtest.actual[known]).mean())
    return Accuracy(
        origin_count=int(backtest.origins.size),
        lead_steps=int(known.any(axis=0).sum()),
        mean_absolute_error=mean_error,
        scaled_error=mean_error / in_sample if in_sample > 0 else None,
        naive_ratio=mean_error / naive if naive > 0 else None,
        coverage_ratio=_coverage(
            standard, backtest, interval_ratio=interval_ratio, independent_count=independent_count
        ),
        bias_ratio=float(errors[known].mean()) / size if size > 0 else None,
    )


def _naive_error(backtest: Backtest, values: FloatArray, period: int) -> float:
    """Return the mean absolute error of repeating the season before each origin, on the same held-back points."""
    leads = np.arange(backtest.actual.shape[1]) % period
    source = np.maximum(backtest.origins[:, None] - period + leads[None, :], 0)
    errors = np.abs(backtest.actual - values[source])
    return float(errors[np.isfinite(errors)].mean())


def _coverage(
    standard: FloatArray, backtest: Backtest, *, interval_ratio: float, independent_count: float
) -> float | None:
    """Return the share of held-back values inside an interval built from the other, non-overlapping origins."""
    horizon = standard.shape[1]
    tail = (1 - interval_ratio) / 2
    inside, total = 0, 0
    for row in range(standard.shape[0]):
        apart = np.abs(backtest.origins - backtest.origins[row]) >= min(horizon, np.isfinite(standard[row]).sum())
        others = standard[apart]
        others = others[np.isfinite(others)]
        mine = standard[row][np.isfinite(standard[row])]
        if apart.sum() < _MIN_OTHERS or others.size < 10 or mine.size == 0:
            continue
        low, high = np.quantile(others, [tail, 1 - tail]) * widening(independent_count)
        inside += int(((mine >= low) & (mine <= high)).sum())
        total += mine.size
    return inside / total if standard.shape[0] >= _MIN_INTERVAL_ORIGINS and total else None
