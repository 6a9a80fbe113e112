"""How much the noise of a series remembers: what its mean varies more than if its values were independent."""

import numpy as np

from sre.core.series import FloatArray, IntArray

# Lags are counted until this many in a row are no larger than chance makes them (Politis, "Adaptive bandwidth choice",
# Journal of Nonparametric Statistics 15, 2003), at most up to this share of the length.
_QUIET_RUN = 4
_LAG_SHARE = 6
_LAGS_MIN = 4
_NEARLY_ONE = 0.98


def long_run_factor(residuals: FloatArray) -> FloatArray:
    """Return the long-run variance over the variance, at least 1.

    Args:
        residuals: shape (rows, steps), what is left of each row without its level, at least 8 steps.

    Returns:
        shape (rows,), the larger of what the autocorrelations sum to and of what a first-order autoregression with the
        same first autocorrelation has. Both are mended for the bias of short rows (Kendall 1954).
    """
    length = residuals.shape[1]
    found = _autocorrelations(residuals)
    missing = (1 + 3 * np.clip(found[:, :1], 0, 1)) / length
    first = np.clip(found[:, 0] + missing[:, 0], -0.2, _NEARLY_ONE)
    lags = np.arange(1, found.shape[1] + 1)
    width = np.maximum(2 * _lags_that_matter(found, length), 1)
    weights = np.clip(2 * (1 - lags / width[:, None]), 0, 1)
    summed = 1 + 2 * ((found + missing) * weights).sum(axis=1)
    return np.asarray(np.maximum(np.maximum(summed, (1 + first) / (1 - first)), 1.0))


def _autocorrelations(residuals: FloatArray) -> FloatArray:
    """Return those of lag 1 on, shape (rows, lags)."""
    length = residuals.shape[1]
    lags = min(length // 2 - 1, max(_LAGS_MIN, length // _LAG_SHARE))
    spectrum = np.fft.rfft(residuals, 2 * length, axis=1)
    products = np.fft.irfft(np.abs(spectrum) ** 2, 2 * length, axis=1)[:, : lags + 1]
    return np.asarray(products[:, 1:] / (products[:, :1] + 1e-12))


def _lags_that_matter(found: FloatArray, length: int) -> IntArray:
    """Return after how many lags a run of them is within chance, shape (rows,)."""
    is_quiet = np.abs(found) < np.sqrt(np.log10(length) / length)
    counts = np.concatenate([np.zeros((len(found), 1)), np.cumsum(is_quiet, axis=1)], axis=1)
    is_run = counts[:, _QUIET_RUN:] - counts[:, :-_QUIET_RUN] == _QUIET_RUN
    return np.asarray(np.where(is_run.any(axis=1), is_run.argmax(axis=1), found.shape[1]))
