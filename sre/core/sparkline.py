"""A series as a line of block characters, for readers of text."""

import math
from collections.abc import Sequence
from typing import Final

BLOCKS: Final = "▁▂▃▄▅▆▇█"
GAP: Final = "·"
DEFAULT_WIDTH: Final = 20


def sparkline(values: Sequence[float | None], *, width: int = DEFAULT_WIDTH) -> str:
    """Return at most `width` characters, lowest value as the lowest block.

    Each character stands for one slice of time and shows the highest value in it, so that a short peak stays visible;
    `·` is a slice without any value. A flat line is drawn low.

    Args:
        values: Evenly spaced, None or NaN where there is no value.
    """
    if not values or width < 1:
        return ""
    peaks = [_highest(values[start:stop]) for start, stop in _slices(len(values), width)]
    known = [peak for peak in peaks if peak is not None]
    if not known:
        return GAP * len(peaks)
    low, high = min(known), max(known)
    return "".join(GAP if peak is None else _block(peak, low=low, high=high) for peak in peaks)


def _slices(count: int, width: int) -> list[tuple[int, int]]:
    cells = min(count, width)
    return [(count * cell // cells, count * (cell + 1) // cells) for cell in range(cells)]


def _highest(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return max(known) if known else None


def _block(value: float, *, low: float, high: float) -> str:
    if high <= low:
        return BLOCKS[0]
    # Halves first: high - low may overflow for values near the largest float.
    share = (value / 2 - low / 2) / (high / 2 - low / 2)
    return BLOCKS[min(int(share * len(BLOCKS)), len(BLOCKS) - 1)]
