"""When a threshold is met: from the crossing times of simulated futures."""

import numpy as np

from sre.capacity.model import Direction, Exhaustion, Outcome
from sre.core.series import FloatArray, IntArray


def inferred_direction(*, threshold: float, last_value: float) -> Direction:
    """Return the way from where the series stands to the threshold."""
    return "down" if threshold < last_value else "up"


def exhaustion(
    paths: FloatArray,
    *,
    threshold: float,
    direction: Direction,
    interval_ratio: float,
    times_ms: IntArray,
    last_ms: int,
    last_value: float,
    bounds: tuple[float | None, float | None] = (None, None),
) -> Exhaustion:
    """Return when and how probably futures meet the threshold.

    Args:
        paths: shape (paths, horizon).
        times_ms: shape (horizon,).
        bounds: What the series cannot pass, below and above.
    """
    if _is_past(np.array([last_value]), threshold, direction)[0]:
        return Exhaustion(threshold, direction, "already_crossed", 1.0, last_ms, last_ms, last_ms)
    if _is_out_of_reach(threshold, direction, bounds):
        return Exhaustion(threshold, direction, "cannot_cross", 0.0)
    past = _is_past(paths, threshold, direction)
    first = np.where(past.any(axis=1), past.argmax(axis=1), times_ms.size)
    probability = float(past.any(axis=1).mean())
    tail = (1 - interval_ratio) / 2
    early, middle, late = (_time_at(first, share, times_ms) for share in (tail, 0.5, 1 - tail))
    outcome: Outcome = "crosses" if middle is not None else "does_not_cross"
    return Exhaustion(threshold, direction, outcome, probability, middle, early, late)


def _is_past(
    values: FloatArray, threshold: float, direction: Direction
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.asarray(values >= threshold if direction == "up" else values <= threshold)


def _is_out_of_reach(threshold: float, direction: Direction, bounds: tuple[float | None, float | None]) -> bool:
    low, high = bounds
    if direction == "up":
        return high is not None and threshold > high
    return low is not None and threshold < low


def _time_at(first: IntArray, share: float, times_ms: IntArray) -> int | None:
    """Return the time by which `share` of the futures have crossed, or None where that is beyond the horizon."""
    index = int(np.sort(first)[int(np.clip(np.ceil(share * first.size) - 1, 0, first.size - 1))])
    return int(times_ms[index]) if index < times_ms.size else None
