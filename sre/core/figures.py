"""Numbers as people read them: `412 ms`, `1.5 GiB`, `0.3 %`, `2,140/s`, `no value`.

Only for sentences; data fields carry base units and plain numbers.
"""

import math
from datetime import UTC, datetime
from typing import Final

from sre.core.times import format_instant

NO_VALUE: Final = "no value"
_BINARY_PREFIXES: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_DIGITS: Final = 3
# The year 3000; beyond it a number of seconds is not a date that anybody set.
_LAST_INSTANT: Final = 32_503_680_000.0
# Above this a plain number is written 1.23e+15, because nobody counts that many digits.
_LARGEST_PLAIN: Final = 1e15
_SMALLEST_PLAIN: Final = 1e-4
# Between these a number reads as well whole as with zeros for digits, and cannot contradict an exact one beside it.
_WHOLE_FROM: Final = 1e3
_LARGEST_WHOLE: Final = 1e9


def figure_text(value: float | None, unit: str = "") -> str:
    """Return a number with its unit for a sentence.

    Args:
        value: In base units; None and NaN read as no value.
        unit: `seconds`, `milliseconds`, `unix_seconds` (a point in time), `bytes`, `bytes_per_second`, `ratio`,
            `percent`, `per_second`, `count`, an empty string, or any other word, which is put behind the number.
    """
    if value is None or math.isnan(value):
        return NO_VALUE
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    if unit == "seconds":
        return seconds_text(value)
    if unit == "unix_seconds":
        return _instant_text(value)
    if unit == "milliseconds":
        return seconds_text(value / 1000)
    if unit in ("bytes", "bytes_per_second"):
        return _bytes_text(value) + ("/s" if unit == "bytes_per_second" else "")
    if unit in ("ratio", "percent"):
        return f"{plain_text(value * 100 if unit == 'ratio' else value)} %"
    if unit == "per_second":
        return f"{plain_text(value)}/s"
    return plain_text(value) if unit in ("", "count") else f"{plain_text(value)} {unit}"


def seconds_text(seconds: float) -> str:
    """Return a length of time in the unit people would choose: µs, ms, s, min, h or d."""
    size = abs(seconds)
    if size == 0:
        return "0 s"
    for below, scale, name in (
        (1e-3, 1e6, "µs"),
        (1.0, 1e3, "ms"),
        (120.0, 1.0, "s"),
        (7200.0, 1 / 60, "min"),
        (172_800.0, 1 / 3600, "h"),
    ):
        if size < below:
            return f"{plain_text(seconds * scale)} {name}"
    return f"{plain_text(seconds / 86_400)} d"


def _instant_text(seconds: float) -> str:
    """Return a point in time, to the second; a number that is none (0 often means never) stays a number."""
    if not 0 < seconds < _LAST_INSTANT:
        return f"{plain_text(seconds)} s"
    return format_instant(datetime.fromtimestamp(round(seconds), UTC))


def plain_text(value: float) -> str:
    """Return a number with three significant digits; below a thousand million its whole part is never cut."""
    size = abs(value)
    if size == 0:
        return "0"
    if size < _LARGEST_WHOLE and (size >= _WHOLE_FROM or value == int(value)):
        return f"{round(value):,}"
    if not _SMALLEST_PLAIN <= size < _LARGEST_PLAIN:
        return f"{value:.{_DIGITS - 1}e}"
    places = max(0, _DIGITS - 1 - math.floor(math.log10(size)))
    text = f"{round(value, _DIGITS - 1 - math.floor(math.log10(size))):,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _bytes_text(value: float) -> str:
    exponent = min(int(math.log2(abs(value)) // 10), len(_BINARY_PREFIXES) - 1) if abs(value) >= 1 else 0
    return f"{plain_text(value / 1024**exponent)} {_BINARY_PREFIXES[exponent]}"
