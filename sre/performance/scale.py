"""On which scale values are compared: as ratios, as differences, or by their means.

Values that are all positive are compared as ratios, on logarithms: twice as slow is twice as slow at night too. Values
of which many are zero (failures of a quiet service) are compared by means, since their typical value is zero on both
sides while the failures double. All others are compared as differences.
"""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from sre.core.series import FloatArray

ScaleKind: TypeAlias = Literal["ratio", "difference", "mean"]

# From this share of zeros on, the typical value of both sides may be zero.
_MANY_ZEROS = 0.25
# exp() of more leaves what a float can hold.
_LARGEST_LOG = 700.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How values were compared, and the way back to their unit.

    Attributes:
        base: Level of the values before, in their unit.
        is_never_negative: A fall ends at zero.
    """

    kind: ScaleKind
    base: float
    is_never_negative: bool

    def taken(self, values: FloatArray) -> FloatArray:
        """Return values on the scale."""
        return np.log(values) if self.kind == "ratio" else values

    def ratio(self, shift: float) -> float | None:
        """Return a shift as share of the level before; None where that level is zero."""
        if self.kind == "ratio":
            return math.expm1(min(shift, _LARGEST_LOG))
        return shift / abs(self.base) if self.base else None

    def difference(self, shift: float) -> float:
        """Return a shift in the unit of the metric."""
        return self.base * math.expm1(min(shift, _LARGEST_LOG)) if self.kind == "ratio" else shift

    def bounded(self, shift: float) -> float | None:
        """Return an end of an interval as far as values can fall; None where it has no end."""
        if not math.isfinite(shift):
            return None
        return max(shift, -abs(self.base)) if self.is_never_negative and self.kind != "ratio" else shift

    def typical(self, values: FloatArray) -> float:
        """Return the typical value: the mean where means are compared, else the median."""
        return float(values.mean() if self.kind == "mean" else np.median(values))


def scale_of(before: FloatArray, after: FloatArray) -> Scale:
    """Return the scale that suits both sides.

    Args:
        before, after: shape (values,) each, finite, at least one value.
    """
    values = np.concatenate([before, after])
    least = float(values.min())
    if least > 0:
        return Scale("ratio", float(np.median(before)), is_never_negative=True)
    if float((values == 0).mean()) > _MANY_ZEROS:
        return Scale("mean", float(before.mean()), is_never_negative=least >= 0)
    return Scale("difference", float(np.median(before)), is_never_negative=least >= 0)
