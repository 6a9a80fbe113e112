"""Durations, instants and windows, and the one time grammar every tool accepts.

Durations: `30s 5m 6h 30d 4w 1h30m` (Prometheus grammar). Instants: `now`, `now-1h`, `-5m`, RFC 3339, epoch seconds.
"""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sre.core.errors import InputError
from sre.core.text import quoted

# Prometheus duration units, in its own order (prometheus.io/docs, "Time Durations"); y is 365 d by its definition.
_UNIT_SECONDS = {"y": 365 * 86400.0, "w": 7 * 86400.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
_RELATIVE = re.compile(r"(?:now)?\s*([+-])\s*(\S+)")
_MAX_DURATION_SECONDS = 100 * _UNIT_SECONDS["y"]
_MAX_TIME_TEXT = 64
# RFC 3339 years that both Python and Prometheus can hold.
_MIN_EPOCH_SECONDS, _MAX_EPOCH_SECONDS = 0.0, 253402300799.0

DURATION_EXAMPLES = ("30s", "5m", "6h", "30d", "4w")
INSTANT_EXAMPLES = ("now", "now-1h", "-5m", "2026-01-31T12:00:00Z", "1767225600")


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time; `str()` gives the Prometheus spelling."""

    seconds: float

    def __str__(self) -> str:
        return format_duration(self.seconds)


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to `end`, both aware UTC, start before end."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window needs aware datetimes")
        if self.end <= self.start:
            raise ValueError("a window ends after it starts")

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.end - self.start).total_seconds()

    def __str__(self) -> str:
        return f"{format_instant(self.start)}/{format_instant(self.end)}"


@dataclass(frozen=True, slots=True)
class ReadInstant:
    """An instant as read from a caller, with what had to be assumed to read it."""

    at: datetime
    notes: tuple[str, ...] = ()


def parse_duration(text: str, *, field: str = "duration") -> Duration:
    """Return the duration that `text` spells, greater than zero.

    Raises:
        InputError: Not a duration in the Prometheus grammar, zero, or longer than 100 years.
    """
    spelt = text.strip()
    match = _DURATION.fullmatch(spelt) if 0 < len(spelt) <= _MAX_TIME_TEXT else None
    if match is None or not spelt:
        raise InputError(f"{field} is not a duration: {quoted(text)}.", field=field, valid=DURATION_EXAMPLES)
    seconds = sum(float(n) * unit for n, unit in zip(match.groups(), _UNIT_SECONDS.values(), strict=True) if n)
    if not 0 < seconds <= _MAX_DURATION_SECONDS:
        raise InputError(f"{field} must be longer than 0 and at most 100y, not {quoted(text)}.", field=field)
    return Duration(seconds)


def format_duration(seconds: float) -> str:
    """Return a Prometheus duration such as `1h30m` or `250ms`; a negative one gets a minus sign."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    rest = round(seconds * 1000)
    if rest == 0:
        return "0s"
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, round(_UNIT_SECONDS[unit] * 1000))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def parse_instant(text: str | int | float, *, now: datetime, field: str = "time") -> ReadInstant:
    """Return the instant that `text` names, in UTC.

    Args:
        text: `now`, `now-1h`, `-5m`, RFC 3339 or epoch seconds; a time without zone is read as UTC and noted.
        now: What `now` means, aware.

    Raises:
        InputError: None of these, or outside 1970..9999.
    """
    if isinstance(text, bool):
        raise InputError(f"{field} is not a time.", field=field, valid=INSTANT_EXAMPLES)
    if isinstance(text, (int, float)):
        return ReadInstant(_from_epoch(float(text), field=field))
    spelt = text.strip()
    if not spelt or len(spelt) > _MAX_TIME_TEXT or not spelt.isascii():
        raise InputError(f"{field} is not a time: {quoted(text)}.", field=field, valid=INSTANT_EXAMPLES)
    if spelt == "now":
        return ReadInstant(now)
    if match := _RELATIVE.fullmatch(spelt):
        shift = parse_duration(match[2], field=field).seconds
        return ReadInstant(_from_epoch(now.timestamp() + (shift if match[1] == "+" else -shift), field=field))
    try:
        return ReadInstant(_from_epoch(float(spelt), field=field))
    except ValueError:
        return _from_rfc3339(spelt, field=field)


def format_instant(at: datetime) -> str:
    """Return RFC 3339 in UTC with a `Z`, seconds unless there are milliseconds."""
    utc = at.astimezone(UTC)
    text = utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def instant_from_ms(milliseconds: int) -> datetime:
    """Return the aware UTC datetime of an epoch in milliseconds."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def epoch_ms(at: datetime) -> int:
    """Return epoch milliseconds, the resolution Prometheus stores."""
    return round(at.timestamp() * 1000)


def _from_epoch(seconds: float, *, field: str) -> datetime:
    if not math.isfinite(seconds) or not _MIN_EPOCH_SECONDS <= seconds <= _MAX_EPOCH_SECONDS:
        raise InputError(
            f"{field} is outside the years 1970 to 9999; epoch times are in seconds, not milliseconds.",
            field=field,
            valid=INSTANT_EXAMPLES,
        )
    return datetime.fromtimestamp(seconds, tz=UTC)


def _from_rfc3339(spelt: str, *, field: str) -> ReadInstant:
    try:
        at = datetime.fromisoformat(spelt)
    except ValueError:
        raise InputError(f"{field} is not a time: {quoted(spelt)}.", field=field, valid=INSTANT_EXAMPLES) from None
    if at.tzinfo is not None:
        try:
            return ReadInstant(_from_epoch(at.timestamp(), field=field))
        except (OverflowError, ValueError):
            raise InputError(f"{field} is outside the years 1970 to 9999.", field=field) from None
    aware = at.replace(tzinfo=UTC)
    return ReadInstant(_from_epoch(aware.timestamp(), field=field), (f"{field} has no time zone and was read as UTC.",))
