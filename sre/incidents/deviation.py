"""When a signal left what is normal for it, how far it went, and when it came back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from sre.core.series import BoolArray, FloatArray, IntArray

Direction: TypeAlias = Literal["up", "down", "both"]

# Fewer known values than this do not show what is normal (our choice).
LEAST_NORMAL_STEPS: Final = 20
# Five standard deviations, from the median absolute deviation (x 1.4826 for normal noise): one false step in millions
# where noise is normal, and a run of three of them where it is not.
_DEVIATIONS: Final = 5 * 1.4826
# Rare bursts are normal as well, if the time before had them.
_HIGH_QUANTILE: Final = 0.99
# So many steps in a row, or it is a blip (our choice); the first of them is when it began.
SUSTAINED_STEPS: Final = 3
# Runs closer than this are one deviation that paused for breath (our choice).
_PAUSE_STEPS: Final = 5


@dataclass(frozen=True, slots=True)
class Floor:
    """How far from its median a signal must be at least, to be worth telling.

    Attributes:
        absolute: In the unit of the signal.
        relative: As a share of the median.
        least_high: Nothing below this is too much, whatever is usual.
    """

    absolute: float
    relative: float
    least_high: float = -math.inf


@dataclass(frozen=True, slots=True)
class Normal:
    """What is normal for a signal: its median, and the limits beyond which it is not."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Deviation:
    """A time at which a signal was not normal.

    Attributes:
        after_ms: The last instant before at which it still was; it began after this.
        first_ms, last_ms: The first and the last instant at which it was not.
        worst_ms, worst: The value furthest from the median.
        first: The value at `first_ms`.
        is_open: It still was not normal at the end of the data.
    """

    after_ms: int
    first_ms: int
    last_ms: int
    worst_ms: int
    first: float
    worst: float
    normal: Normal
    is_open: bool

    @property
    def is_up(self) -> bool:
        """Whether it went above what is normal."""
        return self.worst > self.normal.median


def normal_of(values: FloatArray, *, floor: Floor) -> Normal | None:
    """Return what is normal by the values of a normal time, NaN where unknown; None where these are too few."""
    known = values[np.isfinite(values)]
    if known.size < LEAST_NORMAL_STEPS:
        return None
    median = float(np.median(known))
    spread = _DEVIATIONS * float(np.median(np.abs(known - median)))
    least = max(floor.absolute, floor.relative * abs(median), spread)
    tails = np.quantile(known, [1 - _HIGH_QUANTILE, _HIGH_QUANTILE])
    low, high = min(median - least, float(tails[0])), max(median + least, float(tails[1]), floor.least_high)
    return Normal(median, low, high)


def deviations(
    times_ms: IntArray, values: FloatArray, *, is_normal: BoolArray, floor: Floor, direction: Direction = "up"
) -> tuple[Deviation, ...]:
    """Return when a signal was not normal, outside of the time that says what is.

    Args:
        times_ms: shape (steps,), evenly spaced.
        values: shape (steps,), NaN where unknown: an unknown step neither begins nor ends a deviation.
        is_normal: shape (steps,), the time that says what is normal.
        direction: Which side counts.

    Source:
        Robust limits by median and median absolute deviation: Leys et al., Journal of Experimental Social Psychology
        49 (2013). Runs of several steps against blips as in run rules of control charts (Western Electric, 1956). The
        numbers are our choice.
    """
    normal = normal_of(values[is_normal], floor=floor)
    if normal is None:
        return ()
    high = (values > normal.high) & (direction != "down")
    low = (values < normal.low) & (direction != "up")
    known = np.isfinite(values) & ~is_normal
    return tuple(
        _deviation(times_ms, values, places, normal)
        for places in _runs(np.flatnonzero(known), (high | low)[known])
        if places.size >= SUSTAINED_STEPS
    )


def _runs(places: IntArray, is_off: BoolArray) -> list[IntArray]:
    """Return the places of each run of steps that are off; short pauses are part of a run, blips are not."""
    found: list[IntArray] = []
    run: list[int] = []
    paused = 0
    for place, off in zip(places.tolist(), is_off.tolist(), strict=True):
        paused = 0 if off else paused + 1
        if off:
            run.append(place)
        elif run and (len(run) < SUSTAINED_STEPS or paused > _PAUSE_STEPS):
            found.append(np.array(run, dtype=np.int64))
            run = []
    return [*found, np.array(run, dtype=np.int64)]


def _deviation(times_ms: IntArray, values: FloatArray, places: IntArray, normal: Normal) -> Deviation:
    first, last = int(places[0]), int(places[-1])
    known = np.flatnonzero(np.isfinite(values))
    before = known[known < first]
    inside = values[places]
    worst = int(places[int(np.argmax(np.abs(inside - normal.median)))])
    return Deviation(
        after_ms=int(times_ms[before[-1] if before.size else first]),
        first_ms=int(times_ms[first]),
        last_ms=int(times_ms[last]),
        worst_ms=int(times_ms[worst]),
        first=float(values[first]),
        worst=float(values[worst]),
        normal=normal,
        is_open=not (known > last).any(),
    )
