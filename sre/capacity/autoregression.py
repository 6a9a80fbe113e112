"""A linear autoregression with seasonal lags, fitted with a little ridge and run forward from many origins at once."""

from dataclasses import dataclass

import numpy as np

from sre.core.series import FloatArray, IntArray

_SHORT_LAGS = (1, 2, 3, 4, 6, 8, 12)
_RIDGE = 1e-3
# Forecasts stay within this many times the widest departure seen: an unstable fit must not run away.
_MAX_DEPARTURE = 3.0
_MIN_ROWS_A_LAG = 3


@dataclass(frozen=True, slots=True, eq=False)
class Autoregression:
    """Coefficients for each lag around a mean, and the band outside which it is not believed."""

    lags: IntArray
    coefficients: FloatArray
    mean: float
    band: float

    def run(self, past: FloatArray, horizon: int) -> FloatArray:
        """Return forecasts, shape (origins, horizon), from pasts of shape (origins, >= longest lag)."""
        longest = int(self.lags.max())
        path = np.empty((past.shape[0], longest + horizon))
        path[:, :longest] = past[:, -longest:] - self.mean
        for step in range(longest, longest + horizon):
            path[:, step] = path[:, step - self.lags] @ self.coefficients
        return np.asarray(np.clip(path[:, longest:], -self.band, self.band) + self.mean)


def lag_sets(periods: tuple[int, ...], *, longest: int) -> list[tuple[int, ...]]:
    """Return the sets of lags worth fitting: near ones, and near ones with those one season ago."""
    near = tuple(lag for lag in _SHORT_LAGS if lag < longest)
    seasonal = {period + shift for period in periods for shift in (-1, 0, 1)} | {2 * period for period in periods}
    far = tuple(sorted({lag for lag in seasonal if 0 < lag < longest} | set(near)))
    return [lags for lags in dict.fromkeys((near, far)) if lags]


def fitted(values: FloatArray, lags: tuple[int, ...]) -> Autoregression | None:
    """Return the fit to `values` (shape (steps,), no NaN), or None where there is too little to fit."""
    longest = max(lags)
    if values.size - longest < _MIN_ROWS_A_LAG * len(lags) + 5:
        return None
    mean = float(values.mean())
    around = values - mean
    band = _MAX_DEPARTURE * float(np.abs(around).max())
    if band <= 0:
        return None
    rows = np.stack([around[longest - lag : around.size - lag] for lag in lags], axis=1)
    gram = rows.T @ rows
    gram[np.diag_indices_from(gram)] += _RIDGE * np.trace(gram) / len(lags) + 1e-300
    try:
        coefficients = np.linalg.solve(gram, rows.T @ around[longest:])
    except np.linalg.LinAlgError:
        return None
    return Autoregression(np.array(lags), np.asarray(coefficients, dtype=np.float64), mean, band)
