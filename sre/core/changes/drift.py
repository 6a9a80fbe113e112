"""A slow drift is no change of level: stairs that merely follow a slope are told from steps."""

import numpy as np

from sre.core.changes.spread import ranks
from sre.core.series import FloatArray

# The same that the line has to be better by: a weak step in noise is hardly told from a weak slope.
_BETTER_LINE = 2.0
# Twice the log-likelihood, in units of the memory of the noise, that a step has to add to a line that fits better.
_BEYOND_LINE = 16.0


def is_drift(values: FloatArray, at: int, *, memory: float) -> bool:
    """Return whether a straight line tells more of the order of the values than a step does, and a step adds little.

    Args:
        values: shape (steps,), all finite.
        at: First step of the new level.
        memory: As in the scan.
    """
    order = ranks(values)
    line = np.arange(len(values), dtype=np.float64)
    step = (line >= at).astype(np.float64)
    with_line, with_step = _rest(order, line), _rest(order, step)
    if len(values) * float(np.log(with_step / with_line)) / memory < _BETTER_LINE:
        return False
    with_both = max(_rest(order, line, step), 1e-9)
    return len(values) * float(np.log(with_line / with_both)) / memory < _BEYOND_LINE


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
