"""Random windows of series, each a past and the steps after it, as a network is shown them while it learns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre.capacity.network import NetworkArray, normalised
from sre.core.series import FloatArray, IntArray
from training.kinds import Shape

# Each window is the sum of two series this often, and upside down this often: more shapes than the series have, and
# no liking for growth, which economic series have and machines need not.
_MIXED_RATIO = 0.35
_TURNED_RATIO = 0.15
# And this often less of the past is shown than there is: many a series that is to be forecast is young.
_YOUNG_RATIO = 0.3
# Steps ahead further than this many scales from the level are cut: one wild series must not teach all.
_WIDEST_AHEAD = 25.0
# Beyond this length a series is drawn no more often.
_LENGTH_COUNTS = 800
_TINY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Windows as a network sees them.

    Attributes:
        told: shape (windows, told), what the first layer reads.
        ahead: shape (windows, horizon), the steps after, in scales from the level.
    """

    told: NetworkArray
    ahead: NetworkArray


def drawn(series: Sequence[FloatArray], shape: Shape, *, count: int, random: np.random.Generator) -> Windows:
    """Return windows that end at random places of random series.

    Some are mixed of two series, some turned upside down, and of some only the last part of the past is shown.

    Args:
        series: Each of at least `shape.least_length` steps, no NaN.
    """
    past = np.full((count, shape.reads), np.nan)
    ahead = np.empty((count, shape.horizon))
    for row, (one, other) in enumerate(_pairs(series, count=count, random=random)):
        reads = _reads(shape, random)
        before, after = _window(series[one], shape, reads, random)
        if random.random() < _MIXED_RATIO:
            before, after = _mixed((before, after), _window(series[other], shape, reads, random), random.random())
        if random.random() < _TURNED_RATIO:
            middle = before.max() + before.min()
            before, after = middle - before, middle - after
        past[row, -before.size :], ahead[row] = before, after
    return _seen(past, ahead, shape)


def _pairs(series: Sequence[FloatArray], *, count: int, random: np.random.Generator) -> IntArray:
    """Return whose window each is and with whose it may be mixed, shape (count, 2)."""
    weights = np.sqrt([min(values.size, _LENGTH_COUNTS) for values in series])
    return random.choice(len(series), size=(count, 2), p=weights / weights.sum())


def _reads(shape: Shape, random: np.random.Generator) -> int:
    """Return how many steps of the past are shown where there are as many, at least the shortest past."""
    return int(random.integers(shape.least_past, shape.reads)) if random.random() < _YOUNG_RATIO else shape.reads


def _window(values: FloatArray, shape: Shape, reads: int, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return a past of at most so many steps, and the steps after it."""
    end = int(random.integers(shape.least_past, values.size - shape.horizon + 1))
    return values[max(0, end - reads) : end], values[end : end + shape.horizon]


def _mixed(
    one: tuple[FloatArray, FloatArray], other: tuple[FloatArray, FloatArray], share: float
) -> tuple[FloatArray, FloatArray]:
    """Return the first with the second on top, moving `share` times as much; as it was where that makes no sense."""
    (before, after), (more, more_after) = one, other
    if more.size < before.size:
        return one
    more = more[-before.size :]
    if np.ptp(more) == 0 or np.ptp(before) == 0:
        return one
    times = share * (before.std() + _TINY) / (more.std() + _TINY)
    return before + times * (more - more.min()), after + times * (more_after - more.min())


def _seen(past: FloatArray, ahead: FloatArray, shape: Shape) -> Windows:
    seen = normalised(past, season=shape.season, span=shape.span)
    # After nothing but zeros any other value is infinitely many scales away, and cut like all that is far.
    with np.errstate(over="ignore"):
        apart = (ahead - seen.level[:, None]) / seen.scale[:, None]
    cut = np.clip(apart, -_WIDEST_AHEAD, _WIDEST_AHEAD)
    return Windows(seen.told(shape.known_each), cut.astype(np.float32))
