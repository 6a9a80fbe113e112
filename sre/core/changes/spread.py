"""How wide noise is."""

import numpy as np

from sre.core.series import FloatArray


def noise_spread(around: FloatArray) -> float:
    """Return a robust standard deviation, never zero."""
    low, quarter, three_quarters, high = np.quantile(around, [0.05, 0.25, 0.75, 0.95])
    spread = float(three_quarters - quarter) / 1.349 or float(high - low) / 3.29 or float(around.std())
    return max(spread, 1e-9 * float(np.abs(around).max()), 1e-300)
