"""Amounts as people write them: `1,200 rps`, `2 TB`, `15 %`, `1.2 TB growing 60 GB a month`."""

import re
from dataclasses import dataclass, replace
from typing import Final

from sre.capacity.model import DAY_SECONDS, MONTH_SECONDS
from sre.capacity.plan.demand import Growth

_MONTH_DAYS: Final = MONTH_SECONDS / DAY_SECONDS
_NUMBER: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,12})?|\d{1,18}(?:\.\d{1,12})?(?:e\+?\d{1,2})?"
_UNIT: Final = r"%|/ ?s|[A-Za-zµ][A-Za-z_/ ]{0,40}?"
_QUANTITY: Final = re.compile(rf"(?P<number>{_NUMBER}) ?(?P<unit>{_UNIT})?", re.IGNORECASE | re.ASCII)
# A unit of our reader's own: a word or two, none of which says how something moves.
_WORDS: Final = re.compile(r"(?!.*\b(?:growing|rising|adding|shrinking|falling|losing|by)\b)[^ ]+(?: [^ ]+)?|")
_GROWING: Final = re.compile(
    rf"(?P<start>.{{1,60}}?),? ?(?:(?P<down>shrinking|falling|losing)|growing|rising|adding|\+) ?(?:by )?"
    rf"(?P<number>{_NUMBER}) ?(?P<unit>%|[A-Za-z]{{1,20}})? ?(?:/|per|every|an?) ?"
    r"(?P<span>day|week|month|quarter|year)",
    re.IGNORECASE | re.ASCII,
)
_SPAN_MONTHS: Final = {"day": 1 / _MONTH_DAYS, "week": 7 / _MONTH_DAYS, "month": 1.0, "quarter": 3.0, "year": 12.0}
_DECIMAL: Final = {"b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "pb": 1e15}
_BINARY: Final = {"kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30, "tib": 2.0**40, "pib": 2.0**50}
_BYTES: Final = _DECIMAL | _BINARY | {"byte": 1.0, "bytes": 1.0}
_RATES: Final = {
    **dict.fromkeys(("rps", "qps", "tps", "/s", "/ s", "req/s", "requests/s", "per_second"), 1.0),
    **dict.fromkeys(("requests a second", "requests per second", "a second", "per second"), 1.0),
    **dict.fromkeys(("rpm", "req/min", "requests/min", "requests a minute", "requests per minute"), 1 / 60),
}
_COUNTS: Final = {"k": 1e3, "thousand": 1e3, "million": 1e6, "billion": 1e9}
LARGEST: Final = 1e18


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in base units.

    Attributes:
        unit: `bytes`, `per_second`, `ratio` (from percent), empty, or the word that was written.
    """

    value: float
    unit: str


def read_quantity(text: str) -> Quantity | None:
    """Return the amount a text spells, or None where it spells none (or one beyond 10^18)."""
    found = _QUANTITY.fullmatch(" ".join(text.split()))
    if found is None:
        return None
    scale, unit = _scaled((found["unit"] or "").strip())
    if _WORDS.fullmatch(unit) is None:
        return None
    value = float(found["number"].replace(",", "")) * scale
    return Quantity(value, unit) if value <= LARGEST else None


def read_growing(text: str) -> tuple[Quantity, Growth] | None:
    """Return start and growth of `1,200 rps growing 15 % a month`, or None; a lone amount does not grow.

    An amount in place of the percentage is added each time and not compounded.
    """
    flat = " ".join(text.split())
    alone = read_quantity(flat)
    if alone is not None:
        return alone, Growth()
    found = _GROWING.fullmatch(flat)
    start = read_quantity(found["start"]) if found else None
    if found is None or start is None:
        return None
    moved = read_quantity(found["number"] + " " + (found["unit"] or ""))
    sign = -1.0 if found["down"] else 1.0
    months = _SPAN_MONTHS[found["span"].lower()]
    # `2 TB growing 60 a month` says 60 of what? Bytes it cannot mean.
    units = ("ratio", start.unit) if start.unit == "bytes" else ("ratio", start.unit, "")
    if moved is None or moved.unit not in units:
        return None
    if moved.unit != "ratio":
        return start, Growth(added_per_month=sign * moved.value / months)
    factor = 1 + sign * moved.value
    return None if not 0 < factor <= 100 else (start, Growth(ratio_per_month=factor ** (1 / months) - 1))


def with_range(growth: Growth, *, low: float, high: float) -> Growth:
    """Return the growth with the edges of its 80 % range, ratios a month."""
    return replace(growth, low_ratio=low, high_ratio=high)


def _scaled(unit: str) -> tuple[float, str]:
    lowered = unit.lower()
    if lowered == "%":
        return 0.01, "ratio"
    if lowered in _BYTES:
        return _BYTES[lowered], "bytes"
    if lowered in _RATES:
        return _RATES[lowered], "per_second"
    first, _, rest = lowered.partition(" ")
    if first in _COUNTS:
        scale, name = _scaled(rest)
        return _COUNTS[first] * scale, name
    return 1.0, lowered
