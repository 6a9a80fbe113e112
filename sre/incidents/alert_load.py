"""How often alerts called somebody: interruptions, and pages by shift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from sre.core.times import Window, epoch_ms, instant_from_ms

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000
_DAY_HOURS: Final = 24.0
# As in a review of alert rules: alerts of one rule that touch, or nearly do, reach people as one call.
ONE_CALL_MINUTES: Final = 5.0
# Beyer et al., Site Reliability Engineering (2016), ch. 11: at most two incidents in an on-call shift.
PAGES_A_SHIFT: Final = 2

Reach: TypeAlias = Literal["page", "ticket", "none"]


@dataclass(frozen=True, slots=True)
class Firing:
    """One time an alert fired, epoch milliseconds; `name` is text from outside."""

    name: str
    reach: Reach
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class AlertLoad:
    """Interruptions of a window, by whom they reach.

    Attributes:
        pages, tickets: Calls that began in the window.
        standing: Alerts that fired already when it began; not counted.
        by_alert: Calls by alert, the most first.
    """

    pages: tuple[Firing, ...]
    tickets: tuple[Firing, ...]
    standing: int
    by_alert: tuple[tuple[str, int], ...]

    @property
    def count(self) -> int:
        """All calls."""
        return len(self.pages) + len(self.tickets)


@dataclass(frozen=True, slots=True)
class ShiftLoad:
    """Pages by shift; shifts are counted from midnight UTC.

    Attributes:
        per_shift: Mean over the window.
        busiest_at: Begin of the shift with the most pages; None without any.
        over_target: Shifts with more than two.
    """

    count: int
    per_day: float
    per_week: float
    per_shift: float
    busiest: int
    busiest_at: datetime | None
    over_target: int


def alert_load(firings: Iterable[Firing], window: Window) -> AlertLoad:
    """Return what called somebody in a window; what only informs is left out."""
    start_ms = epoch_ms(window.start)
    calls = [one for one in _calls(firings) if one.reach != "none"]
    began = [one for one in calls if one.start_ms > start_ms]
    counts = Counter(one.name for one in began)
    return AlertLoad(
        pages=tuple(one for one in began if one.reach == "page"),
        tickets=tuple(one for one in began if one.reach == "ticket"),
        standing=len(calls) - len(began),
        by_alert=tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def shift_load(starts: Sequence[datetime], window: Window, *, shift_hours: float) -> ShiftLoad:
    """Return the load of pages on those on call.

    Args:
        starts: When each page came, aware UTC.
        shift_hours: Length of a shift, > 0.
    """
    days = window.seconds / 3_600 / _DAY_HOURS
    length_ms = shift_hours * _HOUR_MS
    by_shift = Counter(int(epoch_ms(at) // length_ms) for at in starts)
    place, most = max(by_shift.items(), key=lambda item: (item[1], -item[0]), default=(0, 0))
    return ShiftLoad(
        count=len(starts),
        per_day=len(starts) / days,
        per_week=len(starts) / days * 7,
        per_shift=len(starts) / days * shift_hours / _DAY_HOURS,
        busiest=most,
        busiest_at=instant_from_ms(round(place * length_ms)) if most else None,
        over_target=sum(count > PAGES_A_SHIFT for count in by_shift.values()),
    )


def _calls(firings: Iterable[Firing]) -> list[Firing]:
    """Return firings of the same alert and reach that touch, or nearly do, as one."""
    calls: list[Firing] = []
    last: dict[tuple[str, Reach], int] = {}
    for one in sorted(firings, key=lambda firing: (firing.start_ms, firing.name)):
        place = last.get((one.name, one.reach))
        if place is not None and one.start_ms <= calls[place].end_ms + ONE_CALL_MINUTES * _MINUTE_MS:
            earlier = calls[place]
            calls[place] = Firing(one.name, one.reach, earlier.start_ms, max(earlier.end_ms, one.end_ms))
            continue
        last[one.name, one.reach] = len(calls)
        calls.append(one)
    return calls
