"""Events counted from a counter's own samples: no extrapolation, resets respected."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sre.core.series import Samples


@dataclass(frozen=True, slots=True)
class CounterIncrease:
    """What counters grew by.

    Attributes:
        events: Growth between the samples next before (or at) start and end.
        series_count: Series with samples in or before the window.
        born_count: Series whose first sample lies inside the window; they are taken to begin at zero.
        old_count: Series that were there when the data began, inside the window; what they had counted is left out.
        sample_count: Samples looked at.
    """

    events: float
    series_count: int
    born_count: int
    sample_count: int
    old_count: int = 0


def counter_increase(
    series: Sequence["Samples"], *, start_ms: int, end_ms: int, data_start_ms: int | None = None
) -> CounterIncrease:
    """Return what counters grew by from `start_ms` to `end_ms`.

    A value below the one before it is a restart, and counts in full from zero. A series without a sample at or before
    the start began inside the window, and also counts from zero; so `series` must reach back over any gap in scrapes.

    Args:
        data_start_ms: Where the data themselves begin, if that is after the start: a series with a sample up to here
            may be much older, and counts from its first sample.

    Source:
        Restart rule: Prometheus documentation, "Query functions", `increase`. Counting a new series from zero is our
        choice, where `increase` drops its first value.
    """
    events, born, read, used, old = 0.0, 0, 0, 0, 0
    for one in series:
        values, has_start = _values_between(one, start_ms=start_ms, end_ms=end_ms)
        is_old = not has_start and data_start_ms is not None and _begins_by(one, data_start_ms)
        read += len(values)
        used += bool(values)
        old += bool(values) and is_old
        born += bool(values) and not has_start and not is_old
        events += _growth(values, has_start=has_start or is_old)
    return CounterIncrease(events, used, born, read, old)


def _values_between(one: "Samples", *, start_ms: int, end_ms: int) -> tuple[list[float], bool]:
    import numpy as np

    first = int(np.searchsorted(one.timestamps_ms, start_ms, side="right")) - 1
    last = int(np.searchsorted(one.timestamps_ms, end_ms, side="right"))
    values = one.values[max(first, 0) : last]
    return [float(value) for value in values.tolist() if not math.isnan(value)], first >= 0


def _begins_by(one: "Samples", at_ms: int) -> bool:
    return bool(one.timestamps_ms.size) and int(one.timestamps_ms[0]) <= at_ms


def _growth(values: Sequence[float], *, has_start: bool) -> float:
    previous = values[0] if has_start and values else 0.0
    total = 0.0
    for value in values:
        total += value - previous if value >= previous else value
        previous = value
    return total
