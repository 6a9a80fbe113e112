"""The window an SLO is measured over: rolling, or a calendar period in a time zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sre.core.errors import InputError
from sre.core.text import quoted
from sre.core.times import Duration, parse_duration

CalendarUnit: TypeAlias = Literal["week", "month", "quarter", "year"]

# Below an hour an objective says nothing about reliability, and no burn-rate tier fits inside it (our choice).
_MIN_ROLLING_SECONDS = 3600.0
_CALENDAR_UNITS: dict[str, CalendarUnit] = {
    "calendar-week": "week",
    "calendar-month": "month",
    "calendar-quarter": "quarter",
    "calendar-year": "year",
}
# Calendar months in a unit.
_MONTHS = {"month": 1, "quarter": 3, "year": 12}

WINDOW_EXAMPLES = ("7d", "28d", "30d", "90d", *_CALENDAR_UNITS)


@dataclass(frozen=True, slots=True)
class RollingWindow:
    """The last `duration`, moving with the clock."""

    duration: Duration

    def __str__(self) -> str:
        return str(self.duration)


@dataclass(frozen=True, slots=True)
class CalendarWindow:
    """The calendar week (from Monday), month, quarter or year that an instant falls into, in `time_zone`."""

    unit: CalendarUnit
    time_zone: str = "UTC"

    def __str__(self) -> str:
        return f"calendar-{self.unit} ({self.time_zone})"


SloWindow: TypeAlias = RollingWindow | CalendarWindow


@dataclass(frozen=True, slots=True)
class Period:
    """A window placed in time.

    Attributes:
        start: First instant of the period, aware UTC.
        at: The instant it is looked at; events up to here are known.
        end: Last instant of the period; equal to `at` when rolling.
        is_calendar: Whether the budget starts afresh at `end`.
    """

    start: datetime
    at: datetime
    end: datetime
    is_calendar: bool = False

    @property
    def seconds(self) -> float:
        """Length of the whole period in seconds."""
        return (self.end - self.start).total_seconds()

    @property
    def elapsed_seconds(self) -> float:
        """Seconds from the start of the period to `at`."""
        return (self.at - self.start).total_seconds()

    @property
    def elapsed_ratio(self) -> float:
        """Share of the period that has passed, 0..1; 1 when rolling."""
        return self.elapsed_seconds / self.seconds


def parse_slo_window(text: str, *, time_zone: str = "UTC", field: str = "window") -> SloWindow:
    """Return the window that `text` spells: a duration (rolling) or `calendar-week|month|quarter|year`.

    Raises:
        InputError: Neither, shorter than an hour, or a time zone that does not exist.
    """
    spelt = text.strip().lower()
    zone_of(time_zone)
    if spelt in _CALENDAR_UNITS:
        return CalendarWindow(_CALENDAR_UNITS[spelt], time_zone)
    try:
        duration = parse_duration(text, field=field)
    except InputError as error:
        raise InputError(
            f"{field} is not an SLO window: {quoted(text)}.", field=field, valid=WINDOW_EXAMPLES
        ) from error
    if duration.seconds < _MIN_ROLLING_SECONDS:
        raise InputError(f"{field} must be at least 1h, not {quoted(text)}.", field=field, valid=WINDOW_EXAMPLES)
    return RollingWindow(duration)


def zone_of(name: str, *, field: str = "time_zone") -> ZoneInfo:
    """Return the time zone of an IANA name.

    Raises:
        InputError: No such zone on this machine.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(
            f"{field} is not a known IANA time zone: {quoted(name)}.",
            field=field,
            valid=("UTC", "Europe/Berlin", "America/New_York"),
        ) from None


def period_at(window: SloWindow, *, at: datetime) -> Period:
    """Return where `window` lies when looked at from `at` (aware)."""
    now = at.astimezone(UTC)
    if isinstance(window, RollingWindow):
        return Period(now - timedelta(seconds=window.duration.seconds), now, now)
    start, end = _calendar_bounds(window.unit, local=now.astimezone(zone_of(window.time_zone)))
    return Period(start.astimezone(UTC), now, end.astimezone(UTC), is_calendar=True)


def _calendar_bounds(unit: CalendarUnit, *, local: datetime) -> tuple[datetime, datetime]:
    # Wall-clock midnights: aware arithmetic within one zone moves the wall clock, so a day of 23 or 25 h is right.
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "week":
        monday = midnight - timedelta(days=midnight.weekday())
        return monday, monday + timedelta(days=7)
    months = _MONTHS[unit]
    first_month = (midnight.month - 1) // months * months + 1
    first = midnight.replace(month=first_month, day=1)
    return first, _plus_months(first, months)


def _plus_months(first_of_month: datetime, months: int) -> datetime:
    years, index = divmod(first_of_month.month - 1 + months, 12)
    return first_of_month.replace(year=first_of_month.year + years, month=index + 1)
