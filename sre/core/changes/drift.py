"""A slow drift is no change of level: stairs that merely follow a slope are told from steps."""

import numpy as np

from sre.core.changes.spread import ranks
from sre.core.series import FloatArray

# Twice the log-likelihood, in units of the memory of the noise, that a step has to add to a line that fits better.
_BEYOND_LINE = 16.0


def beyond_slope(values: FloatArray, at: int, *, memory: float) -> float:
    """Return how much more a step tells of the order of the values than a straight line does.

    Args:
        values: shape (steps,), all finite.
        at: First step of the new level.
        memory: As in the scan.

    Returns:
        Twice the difference of the log-likelihoods, in units of the memory of the noise; where step and line together
        tell far more than the line, what is beyond that.
    """
    order = ranks(values)
    line = np.arange(len(values), dtype=np.float64)
    step = (line >= at).astype(np.float64)
    with_line, with_step, with_both = _rest(order, line), _rest(order, step), _rest(order, line, step)
    unit = len(values) / memory
    alone, together = float(np.log(with_line / with_step)), float(np.log(with_line / with_both))
    return max(unit * alone, unit * together - _BEYOND_LINE)


def _rest(values: FloatArray, *shapes: FloatArray) -> float:
    """Return the sum of squares that the shapes and a level leave, at least a tiny one."""
    rest = values - values.mean()
    basis: list[FloatArray] = []
    for shape in shapes:
        upright = shape - shape.mean()
        for known in basis:
            upright = upright - known * float(known @ upright)
        length = float(np.sqrt(upright @ upright))
        if length > 1e-9:
            basis.append(upright / length)
            rest = rest - basis[-1] * float(basis[-1] @ rest)
    return max(float(rest @ rest), 1e-9)
