"""Which stretches of time are compared: around a change, or as the caller says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sre.core.errors import InputError, NoDataError
from sre.core.steps import FRIENDLY_STEPS_SECONDS
from sre.core.text import quoted
from sre.core.times import Duration, Window, format_duration, format_instant, parse_duration, parse_instant

if TYPE_CHECKING:
    from datetime import datetime

    from tools.performance.compare_steps import Asked

_DAY_SECONDS = 86_400.0
# Restarts, cold caches and a rolling deploy are not what the change does in the long run (our choice).
_GUARD_SECONDS = 300.0
_GUARD_SHARE = 0.05
# About as many values a side as the method was measured on; more of them hardly say more.
_POINTS = 288
# Enough that half the values of a side may be missing and it can still be judged.
_LEAST_POINTS = 10
_LEAST_STEP_SECONDS = 15.0
# Shorter ranges of a rate hold fewer than four scrapes.
_SCRAPES_A_RATE = 4
_USUAL_SPACING_SECONDS = 15.0
# Ten days tell well how days differ, and cost a source little more than the two that are compared.
_EARLIER_DAYS = 10
_LONGEST_DAYS = 45
_VALID = ("now-2d/now-1d", "2026-01-31T12:00:00Z/2026-01-31T18:00:00Z")


@dataclass(frozen=True, slots=True)
class Windows:
    """What to read.

    Attributes:
        step: Distance of the values.
        rate_range: Over which a rate at each of them looks back.
        earlier: From where on the days before are read too; None where they are not.
        change: When it was changed; None where two windows were given.
        notes: What had to be assumed.
    """

    before: Window
    after: Window
    step: Duration
    rate_range: Duration
    earlier: datetime | None = None
    change: datetime | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_adjoining(self) -> bool:
        """Whether one follows the other, and both are of one length."""
        return self.change is not None


def windows_of(asked: Asked, *, now: datetime, coverage: Window | None, spacing: Duration | None) -> Windows:
    """Return the windows.

    Args:
        spacing: Usual distance of the samples, where it is known.

    Raises:
        InputError: A time does not parse, or there is none.
        NoDataError: Nothing, or next to nothing, lies after the change.
    """
    if asked.before is not None or asked.after is not None:
        return _given(asked, now=now, spacing=spacing)
    return _around(asked, now=now, coverage=coverage, spacing=spacing)


def _around(asked: Asked, *, now: datetime, coverage: Window | None, spacing: Duration | None) -> Windows:
    read = parse_instant(asked.change_at, now=now, field="change_at")
    longest = parse_duration(asked.window, field="window").seconds
    if longest > _LONGEST_DAYS * _DAY_SECONDS:
        raise InputError(f"window is at most {_LONGEST_DAYS}d.", field="window", valid=("2h", "1d", "7d"))
    guard = min(_GUARD_SECONDS, _GUARD_SHARE * longest)
    there = (now - read.at).total_seconds() - guard
    step, rate_range = _step(min(longest, max(there, 1.0)), spacing)
    length = min(longest, there // step * step)
    if longest < _LEAST_POINTS * step:
        raise _too_short(longest, step)
    if length < _LEAST_POINTS * step:
        raise _too_early(read.at, now, step=step, guard=guard)
    before_end, after_start = (read.at + timedelta(seconds=sign * guard) for sign in (-1, 1))
    before = Window(before_end - timedelta(seconds=length), before_end)
    after = Window(after_start, after_start + timedelta(seconds=length))
    notes = list(read.notes)
    if length < longest:
        notes.append(f"Only {format_duration(length)} lie after the change, so as much before it is compared.")
    if coverage is not None and coverage.start > before.start:
        notes.append(f"The data begin at {format_instant(coverage.start)}, within the window before the change.")
    return Windows(
        before, after, Duration(step), Duration(rate_range), _earlier(before, length, coverage), read.at, tuple(notes)
    )


def _earlier(before: Window, length: float, coverage: Window | None) -> datetime | None:
    """Return from where on earlier days are read; the hours of the day matter little to windows of several days."""
    if length > 1.5 * _DAY_SECONDS:
        return None
    start = before.start - timedelta(days=_EARLIER_DAYS)
    return max(start, coverage.start) if coverage is not None and coverage.start < before.start else start


def _given(asked: Asked, *, now: datetime, spacing: Duration | None) -> Windows:
    before, first = _window(asked.before, "before", now)
    after, second = _window(asked.after, "after", now)
    if before.end > after.start and after.end > before.start:
        raise InputError("The windows before and after overlap.", field="after", valid=_VALID)
    shortest = min(before.seconds, after.seconds)
    step, rate_range = _step(shortest, spacing)
    if shortest < step:
        raise _too_short(shortest, step)
    notes = list(dict.fromkeys((*first, *second)))
    apart = abs((after.start - before.start).total_seconds()) % _DAY_SECONDS
    if max(before.seconds, after.seconds) < _DAY_SECONDS and min(apart, _DAY_SECONDS - apart) > 0.25 * before.seconds:
        notes.append(
            "The windows lie at different hours of the day: what differs may be the hour. "
            "With change_at, earlier days show what is usual."
        )
    return Windows(before, after, Duration(step), Duration(rate_range), notes=tuple(notes))


def _window(given: Any, field: str, now: datetime) -> tuple[Window, tuple[str, ...]]:
    if not isinstance(given, str) or given.count("/") != 1:
        shown = quoted(given, limit=80) if isinstance(given, str) else "none" if given is None else "data"
        raise InputError(
            f"{field} must be a window start/end beside a query or a service, not {shown}.", field=field, valid=_VALID
        )
    start, end = (parse_instant(part, now=now, field=field) for part in given.split("/"))
    if end.at <= start.at:
        raise InputError(f"{field} ends before it starts.", field=field, valid=_VALID)
    if (end.at - start.at).total_seconds() > _LONGEST_DAYS * _DAY_SECONDS:
        raise InputError(f"{field} is at most {_LONGEST_DAYS}d long.", field=field, valid=_VALID)
    return Window(start.at, end.at), (*start.notes, *end.notes)


def _step(seconds: float, spacing: Duration | None) -> tuple[float, float]:
    """Return the distance of the values, and the range of a rate: four scrapes, and no gap between two rates."""
    scraped = spacing.seconds if spacing is not None else _USUAL_SPACING_SECONDS
    step = _friendly(max(seconds / _POINTS, scraped, _LEAST_STEP_SECONDS))
    return step, max(step, _friendly(_SCRAPES_A_RATE * scraped))


def _friendly(wanted: float) -> float:
    return float(next((step for step in FRIENDLY_STEPS_SECONDS if step >= wanted), FRIENDLY_STEPS_SECONDS[-1]))


def _too_short(seconds: float, step: float) -> InputError:
    return InputError(
        f"{format_duration(seconds)} hold {seconds // step:.0f} values of {format_duration(step)}: too few to compare.",
        field="window",
        valid=(format_duration(2 * _LEAST_POINTS * step), "1d"),
    )


def _too_early(change: datetime, now: datetime, *, step: float, guard: float) -> NoDataError:
    since = (now - change).total_seconds()
    needed = format_duration(_LEAST_POINTS * step + guard)
    if since <= 0:
        text = f"change_at ({format_instant(change)}) is not before now ({format_instant(now)})."
    else:
        text = f"Only {format_duration(since // 1)} have passed since the change: too little to compare."
    return NoDataError(text, next_steps=(f"ask again {needed} after the change, or with an earlier change_at.",))
