"""The slow release: catalog v3.3.0 answers correctly, and slower by two fifths."""

from typing import Final

import numpy as np

from connectors.demo.schedule import MINUTES, SLOW_CATALOG, minute_of
from sre.core.series import FloatArray

SLOWER_RATIO: Final = 0.40
# Half of what a visitor waits for on a catalogue page is the catalogue.
SHARE_SEEN_BY_WEB: Final = 0.5
# The cache that the release broke empties over a while, so the graph bends instead of jumping.
RAMP_MINUTES: Final = 45


def slowdown() -> FloatArray:
    """Return the factor on the durations of catalog, 1 before the release; shape (minutes,)."""
    since = np.arange(MINUTES) - minute_of(SLOW_CATALOG.at)
    return np.asarray(1.0 + SLOWER_RATIO * np.clip(since / RAMP_MINUTES, 0.0, 1.0))
