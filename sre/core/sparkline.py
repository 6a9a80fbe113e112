"""A series as a line of block characters, for readers of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sre.core.series import FloatArray

BLOCKS: Final = "▁▂▃▄▅▆▇█"
GAP: Final = "·"
DEFAULT_WIDTH: Final = 20


def sparkline(values: FloatArray | Sequence[float | None], *, width: int = DEFAULT_WIDTH) -> str:
    """Return at most `width` characters, lowest value as the lowest block.

    Each character stands for one slice of time and shows the highest value in it, so that a short peak stays visible;
    `·` is a slice without any value. A flat line is drawn low.

    Args:
        values: Evenly spaced, None or NaN where there is no value.
    """
    import numpy as np

    if not len(values) or width < 1:
        return ""
    known = np.array(values, dtype=np.float64)
    known[~np.isfinite(known)] = -np.inf
    cells = min(known.size, width)
    peaks = np.maximum.reduceat(known, known.size * np.arange(cells) // cells)
    heights = peaks[peaks > -np.inf]
    if not heights.size:
        return GAP * cells
    low, high = float(heights.min()), float(heights.max())
    return "".join(GAP if peak == -math.inf else _block(peak, low=low, high=high) for peak in peaks.tolist())


def _block(value: float, *, low: float, high: float) -> str:
    if high <= low:
        return BLOCKS[0]
    # Halves first: high - low may overflow for values near the largest float.
    share = (value / 2 - low / 2) / (high / 2 - low / 2)
    return BLOCKS[min(int(share * len(BLOCKS)), len(BLOCKS) - 1)]
