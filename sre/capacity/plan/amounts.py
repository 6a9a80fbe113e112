"""Fields of a document that hold amounts: numbers with a unit, shares, lengths of time."""

from math import isfinite

from sre.capacity.model import DAY_SECONDS
from sre.capacity.plan.quantity import Quantity, read_quantity
from sre.core.errors import InputError
from sre.core.fields import Fields
from sre.core.text import quoted
from sre.core.times import parse_duration


def amount(fields: Fields, key: str, *, mending: str) -> Quantity | None:
    """Return an amount with its unit, or None where it is missing or wrong; the latter is a problem."""
    text = fields.text(key)
    if not text:
        return None
    found = read_quantity(text)
    if found is None:
        fields.problem(key, f"is {quoted(text, limit=40)}, which is no amount", mending)
    return found


def share(fields: Fields, key: str, *, default: float, low: float, high: float) -> float:
    """Return a ratio, written as `0.3` or `30 %`; anything outside of low..high is a problem and reads as default."""
    span = f"give a share from {100 * low:g} % to {100 * high:g} %, such as {100 * default:g} % or {default:g}"
    found = amount(fields, key, mending=span)
    if found is None:
        return default
    if found.unit not in ("", "ratio") or not low <= found.value <= high:
        fields.problem(key, "is no share in range", span)
        return default
    return found.value


def growth_share(fields: Fields, key: str) -> float | None:
    """Return a growth a month as a ratio, which may be below zero; None where there is none."""
    text = fields.text(key)
    if not text:
        return None
    found = read_quantity(text.lstrip("+-"))
    sign = -1.0 if text.startswith("-") else 1.0
    if found is None or found.unit not in ("", "ratio") or not -0.99 <= sign * found.value <= 10:
        fields.problem(key, f"is {quoted(text, limit=40)}, which is no growth a month", "give one such as 15 % or 0.15")
        return None
    return sign * found.value


def days(fields: Fields, key: str, *, default: float, high: float = 1000.0) -> float:
    """Return a length of time in days, written as `14d` or as a number of days."""
    text = fields.text(key)
    if not text:
        return default
    try:
        found = float(text) if _is_number(text) else parse_duration(text, field=key).seconds / DAY_SECONDS
    except InputError:
        found = -1.0
    if not 0 <= found <= high:
        fields.problem(key, f"is {quoted(text, limit=40)}", f"give a duration such as 14d or 6w, at most {high:g}d")
        return default
    return found


def seconds_held(fields: Fields, key: str) -> float | None:
    """Return a mean time in seconds, written as `50ms` or as a number of seconds; None where there is none."""
    text = fields.text(key)
    if not text:
        return None
    try:
        found = float(text) if _is_number(text) else parse_duration(text, field=key).seconds
    except InputError:
        found = -1.0
    if not 0 < found <= DAY_SECONDS:
        fields.problem(key, f"is {quoted(text, limit=40)}", "give a time such as 50ms or 0.05 (seconds)")
        return None
    return found


def whole(fields: Fields, key: str, *, default: int, low: int, high: int) -> int:
    """Return a whole number from low to high."""
    if key not in fields:
        fields.knows(key)
        return default
    found = fields.number(key, default=-1.0, low=low, high=high)
    if found != -1.0 and found != int(found):
        fields.problem(key, "is no whole number", f"give one from {low} to {high}")
        return default
    return default if found == -1.0 else int(found)


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False
