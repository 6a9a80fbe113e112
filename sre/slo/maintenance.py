"""What maintenance leaves of a window: the pieces between, and how long they are together."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sre.core.slo.model import MaintenanceWindow
from sre.core.times import Window


def maintenance_within(
    windows: Iterable[MaintenanceWindow], *, start: datetime, end: datetime
) -> tuple[MaintenanceWindow, ...]:
    """Return the maintenance windows that share time with start..end, in their order in time."""
    touching = [one for one in windows if one.start < end and one.end > start]
    return tuple(sorted(touching, key=lambda one: (one.start, one.end)))


def counted_pieces(window: Window, maintenance: Iterable[MaintenanceWindow]) -> tuple[Window, ...]:
    """Return the parts of a window that lie outside all maintenance, in their order in time."""
    pieces: list[Window] = []
    begin = window.start
    for one in maintenance_within(maintenance, start=window.start, end=window.end):
        if one.start > begin:
            pieces.append(Window(begin, one.start))
        begin = max(begin, one.end)
    if begin < window.end:
        pieces.append(Window(begin, window.end))
    return tuple(pieces)


def counted_seconds(maintenance: Sequence[MaintenanceWindow], *, start: datetime, end: datetime) -> float:
    """Return how much of start..end lies outside all maintenance, in seconds."""
    if end <= start:
        return 0.0
    return sum(piece.seconds for piece in counted_pieces(Window(start, end), maintenance))
