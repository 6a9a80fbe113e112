"""The time window of an OpenSLO document, both ways, and OpenSLO's spelling of durations."""

from collections.abc import Mapping
from datetime import datetime

from connectors.openslo.fields import CALENDAR_FIELDS, ROLLING_FIELDS, check_fields
from sre.core.errors import InputError
from sre.core.problems import Findings
from sre.core.rules.writing import YamlValue
from sre.core.slo.windows import CalendarUnit, CalendarWindow, RollingWindow, SloWindow, parse_slo_window, zone_of
from sre.core.text import quoted
from sre.core.times import Duration, format_duration, parse_duration

PATH = "spec.timeWindow[0]"
# OpenSLO's duration shorthand; M, Q and Y have no fixed length, so they only make calendar windows.
_CALENDAR_DURATIONS: dict[str, CalendarUnit] = {
    "1w": "week",
    "7d": "week",
    "1M": "month",
    "1Q": "quarter",
    "1Y": "year",
}
_CALENDAR_SPELLINGS: dict[CalendarUnit, str] = {"week": "1w", "month": "1M", "quarter": "1Q", "year": "1Y"}
_MONTHS: dict[CalendarUnit, int] = {"month": 1, "quarter": 3, "year": 12}
_START_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d")
# A Monday and the first day of a year, so it begins a period of every unit.
_ANY_START = "2024-01-01 00:00:00"


def read_window(spec: Mapping[str, object], found: Findings) -> SloWindow | None:
    """Return the window of `spec.timeWindow[0]`, or None where it has a problem."""
    if not spec:
        return None
    check_fields(spec, ROLLING_FIELDS, path=PATH, found=found)
    duration = found.text(spec, "duration", path=PATH)
    calendar, is_rolling = spec.get("calendar"), spec.get("isRolling")
    if is_rolling is True and calendar is None:
        return _rolling(duration, found) if duration else None
    # The specification lets isRolling be left out beside a calendar.
    if is_rolling not in (None, False) or not isinstance(calendar, Mapping):
        found.add(PATH, "is neither rolling nor calendar", "set isRolling: true, or isRolling: false with a calendar")
        return None
    return _calendar(duration, calendar, found)


def written_window(window: SloWindow) -> dict[str, YamlValue]:
    """Return the item of `spec.timeWindow` that reads back as the window."""
    if isinstance(window, RollingWindow):
        return {"duration": duration_text(window.duration), "isRolling": True}
    return {
        "duration": _CALENDAR_SPELLINGS[window.unit],
        "isRolling": False,
        "calendar": {"startTime": _ANY_START, "timeZone": window.time_zone},
    }


def duration_text(duration: Duration) -> str:
    """Return a duration as OpenSLO's shorthand, one number and one unit; what it cannot spell, as Prometheus does."""
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if duration.seconds % seconds == 0:
            return f"{round(duration.seconds / seconds)}{unit}"
    return format_duration(duration.seconds)


def read_slice_window(value: object, *, path: str, found: Findings) -> Duration | None:
    """Return the length of a time slice, or None where it has a problem; a bare number is minutes."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    try:
        return parse_duration(f"{value}m" if is_number else str(value), field="timeSliceWindow")
    except InputError as error:
        what = "is missing" if value is None else error.message.rstrip(".")
        found.add(path, what, "give the length of a slice, such as 5m")
        return None


def _rolling(duration: str, found: Findings) -> SloWindow | None:
    if duration[-1:] in {"M", "Q", "Y"}:
        found.add(f"{PATH}.duration", f"{quoted(duration)} has no fixed length", "use 30d, 90d or a calendar window")
        return None
    try:
        window = parse_slo_window(duration)
    except InputError as error:
        found.add(f"{PATH}.duration", error.message.rstrip("."), "use 7d, 28d, 30d, 90d or 4w")
        return None
    if isinstance(window, RollingWindow):
        return window
    found.add(f"{PATH}.duration", "names a calendar period", "use 30d, or isRolling: false with a calendar")
    return None


def _calendar(duration: str, calendar: Mapping[str, object], found: Findings) -> SloWindow | None:
    check_fields(calendar, CALENDAR_FIELDS, path=f"{PATH}.calendar", found=found)
    unit = _CALENDAR_DURATIONS.get(duration)
    if unit is None:
        hint = "; m is minutes and M is months" if duration.endswith("m") else ""
        found.add(f"{PATH}.duration", f"{quoted(duration)} is not a calendar period", f"use 1w, 1M, 1Q or 1Y{hint}")
    zone = found.text(calendar, "timeZone", path=f"{PATH}.calendar")
    try:
        zone_of(zone or "UTC")
    except InputError as error:
        found.add(f"{PATH}.calendar.timeZone", error.message.rstrip("."), "use an IANA name such as Europe/Berlin")
        return None
    if unit and not _starts_a_period(calendar.get("startTime"), unit):
        found.add(
            f"{PATH}.calendar.startTime",
            f"is not the start of a calendar {unit}",
            f"only windows that begin with the {unit} at 00:00 are supported, such as {_ANY_START}",
        )
    return CalendarWindow(unit, zone) if unit and zone else None


def _starts_a_period(start: object, unit: CalendarUnit) -> bool:
    at = _start_time(start)
    if at is None or (at.hour, at.minute, at.second) != (0, 0, 0):
        return False
    if unit == "week":
        return at.weekday() == 0
    return at.day == 1 and (at.month - 1) % _MONTHS[unit] == 0


def _start_time(start: object) -> datetime | None:
    if isinstance(start, datetime):
        return start
    for pattern in _START_FORMATS:
        try:
            return datetime.strptime(str(start), pattern)  # noqa: DTZ007  # wall-clock time, its zone is beside it
        except ValueError:
            continue
    return None
