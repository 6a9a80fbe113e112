"""When a series left its normal range, and in which direction it went."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.series import BoolArray, FloatArray, IntArray

# The limit of Shewhart's control charts (Economic Control of Quality of Manufactured Product, 1931).
OUTSIDE_DEVIATIONS: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """How every series moved in the incident; all arrays have shape (series,) unless said.

    Attributes:
        sign: 1 up, -1 down: the direction of the larger surprise.
        first: The column where it left its normal range for more than one step, -1 where it did not.
        is_outside: shape (series, steps), where it was out of range in that direction.
    """

    sign: FloatArray
    first: IntArray
    is_outside: BoolArray


def moves(deviations: FloatArray) -> Move:
    """Find when each series left three standard deviations, in its main direction, for two steps or more.

    A missing step neither confirms nor ends a move. The last step may stand alone.

    Args:
        deviations: shape (series, steps) of the incident and the steps just before it, NaN where no sample.
    """
    clean = np.nan_to_num(deviations)
    upward = np.log1p(np.square(np.maximum(clean, 0))).sum(axis=1)
    downward = np.log1p(np.square(np.minimum(clean, 0))).sum(axis=1)
    sign = np.where(upward >= downward, 1.0, -1.0)
    outside: BoolArray = clean * sign[:, None] > OUTSIDE_DEVIATIONS
    missing = ~np.isfinite(deviations)
    following = np.ones_like(outside)
    following[:, :-1] = outside[:, 1:] | missing[:, 1:]
    starts = outside & following
    first = np.where(starts.any(axis=1), starts.argmax(axis=1), -1).astype(np.int64)
    return Move(sign, first, outside)
