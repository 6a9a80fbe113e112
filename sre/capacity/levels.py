"""Ways to carry a level forward, each as a weighting of the recent past.

A kernel holds one weight a past step for the level and one for the slope, so that a whole family of smoothers is one
matrix product over all origins.
"""

from dataclasses import dataclass

import numpy as np

from sre.core.series import FloatArray

# Memory of the exponential smoothers in steps, about geometric so that no time scale is favoured.
_MEMORIES = (1.0, 2.5, 6.0, 15.0, 40.0, 100.0, 300.0)
# Holt's method with damped trend at a few settings (Gardner and McKenzie, Management Science 31, 1985).
_HOLT_SETTINGS = ((0.2, 0.05, 0.9), (0.2, 0.05, 0.98), (0.5, 0.05, 0.9), (0.5, 0.2, 0.9), (0.2, 0.2, 0.9))
_HOLT_WIDTH = 120
_NEAR_MEMORY = 2.5
# Lengths over which the rate of a stock is taken, as shares of the horizon.
_RATE_SHARES = (0.25, 0.5, 1.0, 2.0)
# Reversion from a near level to a far one: (near memory, far memory, steps to be 63 % back), far and back as (share of
# the window, or steps).
_REVERSIONS = ((3.0, 0.33, 6.0), (3.0, 0.33, 48.0), (12.0, 0.5, 24.0), (12.0, 0.5, 0.0), (3.0, 1.0, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """One way to read level and slope off the past.

    Attributes:
        level, slope: shape (width,), weights of the past values, oldest first.
        damping: Factor by which the slope shrinks each step, 0 < x <= 1.
    """

    family: str
    name: str
    level: FloatArray
    slope: FloatArray
    damping: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Reversion:
    """A fall back from a near level to a far one; `near` and `far` are weights, `back` steps to be 63 % there."""

    name: str
    near: FloatArray
    far: FloatArray
    back: float


def kernels(width: int, horizon: int) -> list[Kernel]:
    """Return the kernels that a past of `width` steps can carry."""
    ages = np.arange(width)[::-1].astype(np.float64)
    flat = np.zeros(width)
    out = [
        Kernel("level", f"level of memory {memory:g}", smoothing_weights(ages, memory), flat)
        for memory in _MEMORIES
        if memory == 1 or memory <= width / 1.5
    ]
    near = smoothing_weights(ages, min(_NEAR_MEMORY, max(1.0, width / 1.5)))
    for length in sorted({int(np.clip(share * horizon, 4, width)) for share in (0.5, 1, 2, 4)} | {width}):
        slope = _slope_weights(ages, length)
        out.append(Kernel("drift", f"drift over {length}", near, slope))
        out.append(Kernel("theta", f"half the drift over {length}", near, slope * 0.5))
        out.append(Kernel("damped", f"damped drift over {length}", near, slope, 1 - 1 / max(horizon / 2, 3)))
    out += [_holt_kernel(width, setting) for setting in _HOLT_SETTINGS]
    return out


def rate_kernels(width: int, horizon: int) -> list[Kernel]:
    """Return the kernels for the increments of a stock.

    What a stock gains over a long horizon is told by its mean rate over a time of that order, not by its last burst:
    nothing here remembers less than a quarter of the horizon.
    """
    ages = np.arange(width)[::-1].astype(np.float64)
    flat = np.zeros(width)
    out = []
    for share in _RATE_SHARES:
        length = int(np.clip(share * horizon, 2, width))
        out.append(Kernel("level", f"rate of memory {length}", smoothing_weights(ages, length), flat))
        mean = np.where(ages < length, 1.0, 0.0) / length
        out.append(Kernel("mean", f"mean rate over {length}", mean, flat))
    whole = np.full(width, 1.0 / width)
    out.append(Kernel("mean", "mean rate over all", whole, flat))
    if width > horizon:
        slope = _slope_weights(ages, width)
        out.append(Kernel("theta", "rate with half its drift", smoothing_weights(ages, width / 2), slope * 0.5))
    return out


def smoothing_weights(ages: FloatArray, memory: float) -> FloatArray:
    """Return exponential weights that sum to 1; a memory of 1 takes the last value alone."""
    if memory <= 1:
        return np.where(ages == 0, 1.0, 0.0)
    weights = (1 - 1 / memory) ** ages
    return np.asarray(weights / weights.sum())


def reversions(width: int, horizon: int) -> list[Reversion]:
    """Return the ways to fall back from the near level to the far one."""
    ages = np.arange(width)[::-1].astype(np.float64)
    return [
        Reversion(
            f"return to normal {near:g}/{far:g}/{back:g}",
            smoothing_weights(ages, near),
            smoothing_weights(ages, far * width),
            back or float(horizon),
        )
        for near, far, back in _REVERSIONS
    ]


def _slope_weights(ages: FloatArray, length: int) -> FloatArray:
    """Return the weights of the least-squares slope over the last `length` steps."""
    inside = (ages < length).astype(np.float64)
    centred = -ages - (inside * -ages).sum() / inside.sum()
    return np.asarray(inside * centred / (inside * centred**2).sum())


def _holt_kernel(width: int, setting: tuple[float, float, float]) -> Kernel:
    alpha, beta, damping = setting
    reach = min(width, _HOLT_WIDTH)
    impulses = np.eye(reach)
    level, slope = impulses[0], np.zeros(reach)
    for step in range(1, reach):
        moved = alpha * impulses[step] + (1 - alpha) * (level + damping * slope)
        slope = beta * (moved - level) + (1 - beta) * damping * slope
        level = moved
    padding = np.zeros(width - reach)
    name = f"damped trend {alpha:g}/{beta:g}/{damping:g}"
    return Kernel("holt", name, np.concatenate([padding, level]), np.concatenate([padding, slope]), damping)
