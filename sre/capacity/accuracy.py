"""What the held-back past says about a forecast: error, bias, and whether its interval holds what it should."""

import numpy as np

from sre.capacity.backtest import Backtest
from sre.capacity.model import Accuracy
from sre.capacity.paths import widening
from sre.core.series import FloatArray, IntArray

_MIN_INTERVAL_ORIGINS = 3
_MIN_OTHERS = 2
_MIN_OTHER_ERRORS = 10
# Tried in turn; the first that holds enough is taken. The share is itself measured on few stretches, so only a gross
# shortfall counts: correcting small ones made intervals worse on development data.
_FACTORS = (1.0, 1.25, 1.5)
_COVERAGE_SLACK = 0.4


def measured_accuracy(
    backtest: Backtest,
    values: FloatArray,
    *,
    standard: FloatArray,
    widths: FloatArray,
    independent_count: float,
    period: int,
    interval_ratio: float,
) -> Accuracy:
    """Return the accuracy of the mixture at past origins.

    Args:
        values: shape (steps,), gaps filled; the seasonal naive is computed on them.
        standard: shape (past, horizon), errors over their typical size at that lead, NaN where unknown.
        widths: shape (past, horizon), by how much the forecast's errors were widened beyond what was seen.
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
        coverage_ratio=held_back_coverage(
            standard,
            backtest.origins,
            interval_ratio=interval_ratio,
            independent_count=independent_count,
            widths=widths,
        ),
        bias_ratio=float(errors[known].mean()) / size if size > 0 else None,
    )


def _naive_error(backtest: Backtest, values: FloatArray, period: int) -> float:
    """Return the mean absolute error of repeating the season before each origin, on the same held-back points."""
    leads = np.arange(backtest.actual.shape[1]) % period
    source = np.maximum(backtest.origins[:, None] - period + leads[None, :], 0)
    errors = np.abs(backtest.actual - values[source])
    return float(errors[np.isfinite(errors)].mean())


def held_back_coverage(
    standard: FloatArray,
    origins: IntArray,
    *,
    interval_ratio: float,
    independent_count: float,
    widths: FloatArray | float,
) -> float | None:
    """Return the share of held-back errors inside an interval built from the other, non-overlapping origins.

    Args:
        standard: shape (past, horizon), errors over their typical size at that lead, NaN where unknown.
        widths: By how much to widen the interval, everywhere or by past moment and lead.
    """
    inside, total = 0, 0
    narrowed = standard / widths
    for row in range(standard.shape[0]):
        mine = narrowed[row][np.isfinite(narrowed[row])]
        apart = np.abs(origins - origins[row]) >= mine.size
        others = standard[apart]
        others = others[np.isfinite(others)]
        if apart.sum() < _MIN_OTHERS or others.size < _MIN_OTHER_ERRORS or mine.size == 0:
            continue
        # Futures take past errors either way, so the interval they make is as wide on both sides.
        reach = np.quantile(np.abs(others), interval_ratio) * widening(independent_count)
        inside += int((np.abs(mine) <= reach).sum())
        total += mine.size
    return inside / total if standard.shape[0] >= _MIN_INTERVAL_ORIGINS and total else None


def calibration_factor(standard: FloatArray, origins: IntArray, *, independent_count: float) -> float:
    """Return by how much errors must be widened so that 80 % intervals held what they should on the held-back past."""
    for factor in _FACTORS:
        share = held_back_coverage(
            standard, origins, interval_ratio=0.8, independent_count=independent_count, widths=factor
        )
        if share is None:
            return 1.0
        if share >= 0.8 - _COVERAGE_SLACK:
            return factor
    return _FACTORS[-1]
