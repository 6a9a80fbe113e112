"""How wide noise is, and the order of values."""

import numpy as np

from sre.core.series import FloatArray


def noise_spread(around: FloatArray) -> float:
    """Return a robust standard deviation, never zero; `around` has shape (values,), all finite."""
    low, quarter, three_quarters, high = np.quantile(around, [0.05, 0.25, 0.75, 0.95])
    spread = float(three_quarters - quarter) / 1.349 or float(high - low) / 3.29 or float(around.std())
    return max(spread, 1e-9 * float(np.abs(around).max()), 1e-300)


def ranks(values: FloatArray) -> FloatArray:
    """Return the ranks about zero, equal values at the middle of theirs, shape (values,)."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    middles = np.cumsum(counts) - (counts + 1) / 2
    found = middles[places]
    return np.asarray(found - found.mean())
