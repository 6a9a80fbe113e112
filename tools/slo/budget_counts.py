"""Good, bad and all events of one window: what two of them say of the third, and pieces of a window as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre.core.slo.budget import EventCounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.answer import QueryEvidence
    from tools.event_counts import Counted


@dataclass(frozen=True, slots=True)
class RatioCount:
    """Events of one window; `counts` is None where the source has no such series there.

    Attributes:
        has_born: Series began inside the window and count from zero; only known of a checked count.
    """

    counts: EventCounts | None
    is_exact: bool
    evidence: tuple[QueryEvidence, ...]
    notes: tuple[str, ...]
    has_born: bool = False


def joined(pieces: Sequence[RatioCount]) -> RatioCount:
    """Return the pieces between maintenance windows as one count."""
    known = [piece.counts for piece in pieces if piece.counts is not None]
    return RatioCount(
        counts=EventCounts(sum(one.total for one in known), sum(one.bad for one in known)) if known else None,
        is_exact=bool(known) and all(piece.is_exact for piece in pieces if piece.counts is not None),
        evidence=tuple(row for piece in pieces for row in piece.evidence),
        notes=tuple(dict.fromkeys(note for piece in pieces for note in piece.notes)),
        has_born=any(piece.has_born for piece in pieces),
    )


def event_counts(sides: Mapping[str, Counted]) -> tuple[EventCounts | None, tuple[str, ...]]:
    """Return what two of good, bad and total make together, and what was assumed; None where there is nothing."""
    good, bad, total = (sides[name].events if name in sides else None for name in ("good", "bad", "total"))
    if "total" in sides and total is None:
        return None, ()
    if total is None:
        total = added(good, bad)
    if total is None:
        return None, ()
    if "bad" in sides:
        note = ("No series counts bad events in the window: taken as none, since the total exists.",)
        return EventCounts(total, min(bad or 0.0, total)), note if bad is None else ()
    note = ("No series counts good events in the window, so every event counts as bad.",)
    return EventCounts(total, bad_left(total, good) or 0.0), note if good is None else ()


def added(good: float | None, bad: float | None) -> float | None:
    """Return all events; None where neither side is known."""
    return None if good is None and bad is None else (good or 0.0) + (bad or 0.0)


def bad_left(total: float | None, good: float | None) -> float | None:
    """Return the events that were not good; None where the total is not known."""
    return None if total is None else max(0.0, total - (good or 0.0))
