"""Series that appear or vanish inside a window."""

from dataclasses import dataclass

import numpy as np

from sre.metrics.changes.model import Rows

# A series that is there for all but so many steps at an end was late or early, not new or gone (our choice).
_SLACK_STEPS = 2


@dataclass(frozen=True, slots=True)
class Presence:
    """Rows whose first value came after the start, or whose last came before the end, with that instant in ms."""

    appeared: tuple[tuple[int, int], ...] = ()
    vanished: tuple[tuple[int, int], ...] = ()


def presence_of(rows: Rows, *, since_ms: int) -> Presence:
    """Return which series appeared or vanished from an instant on, in order of time.

    What every series does is no change of one of them: where the data themselves begin late or end early, nothing
    appeared or vanished.
    """
    some = rows.present.any(axis=1)
    if not some.any():
        return Presence()
    steps = rows.present.shape[1]
    first = np.where(some, np.argmax(rows.present, axis=1), 0)
    last = np.where(some, steps - 1 - np.argmax(rows.present[:, ::-1], axis=1), steps - 1)
    start, end = int(first[some].min()), int(last[some].max())
    times = rows.grid.times_ms()
    born = [(int(row), int(times[first[row]])) for row in np.flatnonzero(some & (first > start + _SLACK_STEPS))]
    gone = [(int(row), int(times[last[row]])) for row in np.flatnonzero(some & (last < end - _SLACK_STEPS))]
    return Presence(_ordered(born, since_ms), _ordered(gone, since_ms))


def _ordered(found: list[tuple[int, int]], since_ms: int) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((one for one in found if one[1] >= since_ms), key=lambda one: (one[1], one[0])))
