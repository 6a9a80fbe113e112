"""Series with a known law, as histories."""

from collections.abc import Callable

import numpy as np

from sre.capacity.history import regular_history
from sre.capacity.model import History
from sre.core.series import FloatArray

# A Monday, 00:00 UTC, 2026-01-05.
MONDAY_MS = 1_767_571_200_000
HOUR = 3600.0
DAY = 86_400.0


def history_of(
    values: FloatArray | list[float], *, step_seconds: float = HOUR, start_ms: int = MONDAY_MS, **options: bool
) -> History:
    """Return a history of these values, the first one at `start_ms`."""
    array = np.asarray(values, dtype=np.float64)
    times = start_ms + np.round(np.arange(array.size) * step_seconds * 1000).astype(np.int64)
    return regular_history(times, array, **options)  # type: ignore[arg-type]


def law(count: int, value_at: Callable[[FloatArray], FloatArray], *, noise: float = 0.0, seed: int = 0) -> FloatArray:
    """Return `value_at(0, 1, ...)` plus normal noise."""
    rng = np.random.default_rng(seed)
    return np.asarray(value_at(np.arange(count, dtype=np.float64)) + noise * rng.standard_normal(count))
