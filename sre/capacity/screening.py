"""A first guess at which of many series is the most urgent, cheap enough to make for all of them."""

import numpy as np

from sre.capacity.crossing import inferred_direction
from sre.capacity.model import Direction, History

_PARTS = 4
_NOW_SHARE = 20


def guessed_urgency(history: History, *, threshold: float | None, direction: Direction | None) -> tuple[float, float]:
    """Return a sort key, the most urgent first: seconds to the threshold on a straight line, then the distance to it.

    Without a threshold it is the movement, the fastest first. Only an order to forecast in: the
    line goes through the medians of the first and the last quarter, which knows neither seasons nor noise.
    """
    values = history.values[np.isfinite(history.values)]
    part = max(1, values.size // _PARTS)
    first, last = float(np.median(values[:part])), float(np.median(values[-part:]))
    slope = (last - first) / (max(1, values.size - part) * history.step.seconds)
    if threshold is None:
        return (-abs(slope), 0.0)
    now = float(np.median(values[-max(1, values.size // _NOW_SHARE) :]))
    way = direction or inferred_direction(threshold=threshold, last_value=float(values[-1]))
    sign = 1.0 if way == "up" else -1.0
    left = sign * (threshold - now)
    spread = float(values.std())
    distance = left / spread if spread else np.inf * np.sign(left)
    if left <= 0:
        return (0.0, distance)
    return (left / (sign * slope) if sign * slope > 0 else np.inf, distance)
