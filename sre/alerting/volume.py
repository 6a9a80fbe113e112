"""How much a set of alerts asks of the people on call."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from sre.alerting.interruptions import Interval, RuleHistory, is_at_night, merged
from sre.alerting.review_model import assumptions

_HOUR_MS: Final = 3_600_000
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class RuleVolume:
    """What one rule contributes.

    Attributes:
        interruptions: In the whole history.
        share_ratio: Of all interruptions of its kind (pages, or tickets).
        median_minutes: Length of an interruption; None where there was none.
    """

    index: int
    name: str
    urgency: str
    interruptions: int
    share_ratio: float
    at_night: int
    median_minutes: float | None
    minutes_per_week: float


@dataclass(frozen=True, slots=True)
class Volume:
    """The load of all rules together.

    Attributes:
        pages: Interruptions of single rules that wake somebody.
        incidents: Pages that came together counted once.
        pages_per_shift, incidents_per_shift: Mean over the history.
        busiest_shift_start_ms: Begin of the shift with the most incidents.
        shifts_over_target: Shifts with more incidents than anybody can deal with properly.
        by_rule: Rules that interrupted, the costliest first.
    """

    days: float
    pages: int
    tickets: int
    incidents: int
    pages_at_night: int
    alerts_per_day: float
    pages_per_shift: float
    incidents_per_shift: float
    busiest_shift_incidents: int
    busiest_shift_start_ms: int | None
    shifts: int
    shifts_over_target: int
    minutes_per_week: float
    by_rule: tuple[RuleVolume, ...]


def volume(histories: Sequence[RuleHistory], *, start_ms: int, end_ms: int) -> Volume:
    """Return the load that these alerts were over a history."""
    known = assumptions()
    own = [(history, history.interruptions()) for history in histories if history.reviewed.urgency != "none"]
    totals = {
        kind: sum(len(found) for history, found in own if history.reviewed.is_page is kind) for kind in (True, False)
    }
    rows = [_row(history, found, total=totals[history.reviewed.is_page]) for history, found in own if found]
    pages = [one for history, found in own if history.reviewed.is_page for one in found]
    incidents = _incidents(pages)
    days = (end_ms - start_ms) / (24 * _HOUR_MS)
    per_shift = _by_shift(incidents, start_ms=start_ms)
    shifts = max(1, math.ceil((end_ms - start_ms) / (known.shift_hours * _HOUR_MS)))
    busiest = max(per_shift.items(), key=lambda item: (item[1], -item[0]), default=None)
    return Volume(
        days=days,
        pages=len(pages),
        tickets=totals[False],
        incidents=len(incidents),
        pages_at_night=sum(is_at_night(one, known) for one in pages),
        alerts_per_day=(len(pages) + totals[False]) / days,
        pages_per_shift=len(pages) / shifts,
        incidents_per_shift=len(incidents) / shifts,
        busiest_shift_incidents=busiest[1] if busiest else 0,
        busiest_shift_start_ms=start_ms + round(busiest[0] * known.shift_hours * _HOUR_MS) if busiest else None,
        shifts=shifts,
        shifts_over_target=sum(count > known.incidents_per_shift for count in per_shift.values()),
        minutes_per_week=sum(row.minutes_per_week for row in rows),
        by_rule=tuple(sorted(rows, key=lambda row: (-row.minutes_per_week, -row.interruptions, row.index))),
    )


def _incidents(pages: Sequence[Interval]) -> tuple[Interval, ...]:
    known = assumptions()
    longest_ms = round(known.incident_minutes * _MINUTE_MS)
    busy = [replace(one, end_ms=min(one.end_ms, one.start_ms + longest_ms)) for one in pages]
    return merged(busy, gap_ms=round(known.one_interruption_minutes * _MINUTE_MS))


def _row(history: RuleHistory, found: Sequence[Interval], *, total: int) -> RuleVolume:
    known = assumptions()
    return RuleVolume(
        index=history.reviewed.index,
        name=history.rule.alert,
        urgency=history.reviewed.urgency,
        interruptions=len(found),
        share_ratio=len(found) / total,
        at_night=sum(is_at_night(one, known) for one in found),
        median_minutes=median(one.minutes for one in found),
        minutes_per_week=history.minutes_per_week(found),
    )


def _by_shift(incidents: Sequence[Interval], *, start_ms: int) -> dict[int, int]:
    length_ms = assumptions().shift_hours * _HOUR_MS
    counts: dict[int, int] = {}
    for one in incidents:
        shift = int((one.start_ms - start_ms) // length_ms)
        counts[shift] = counts.get(shift, 0) + 1
    return counts
