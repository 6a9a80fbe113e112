"""Which ranks tell most, by the shape of the data.

Where one side of the values is a hard edge (the ceiling of a throttled disk, the floor of a latency), a shift shows in
the half at the edge long before it shows in the other half. The choice is made on order statistics alone, so it does
not bias the test that follows on the ranks.

Source: Hogg, Fisher & Randles, "A Two-Sample Adaptive Distribution-Free Test", JASA 70 (1975): measures of skewness
and tail weight, and the cut of 2 between symmetric and skewed.
"""

from typing import Literal, TypeAlias

import numpy as np

from sre.core.series import FloatArray

Shape: TypeAlias = Literal["even", "low_edge", "high_edge"]

_SKEWED = 2.0
# Tail weight of their measure: 2.6 for a normal distribution, 3.3 for a double exponential one. With heavier tails
# a half would rest on outliers.
_HEAVY_TAILED = 3.0
_EDGE_SHARE = 0.05
_LEAST_VALUES = 20


def shape_of(values: FloatArray) -> Shape:
    """Return where the values are dense.

    Args:
        values: shape (values,), both samples with the shift between them taken out.
    """
    if values.size < _LEAST_VALUES:
        return "even"
    ordered = np.sort(values)
    edge, half, quarter = (max(1, round(ordered.size * share)) for share in (_EDGE_SHARE, 0.5, 0.25))
    lowest, highest = ordered[:edge].mean(), ordered[-edge:].mean()
    middle = ordered[quarter:-quarter].mean()
    spread = ordered[-half:].mean() - ordered[:half].mean()
    if spread <= 0 or (highest - lowest) / spread > _HEAVY_TAILED:
        return "even"
    above, below = highest - middle, middle - lowest
    if above > _SKEWED * below:
        return "low_edge"
    return "high_edge" if below > _SKEWED * above else "even"


def scores(rank_shares: FloatArray, shape: Shape) -> FloatArray:
    """Return scores of ranks divided by their number, 0..1, same shape; Wilcoxon's, or those of one half."""
    if shape == "low_edge":
        return np.minimum(rank_shares, 0.5)
    return np.maximum(rank_shares, 0.5) if shape == "high_edge" else rank_shares
