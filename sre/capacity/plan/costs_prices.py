"""The prices of a resource, as a caller writes them: `on_demand: 0.096/hour` and a list of commitments.

For the reader of the document: `read_prices(fields, currency=..., capacity=...)` takes the mapping below `prices`.

    prices:
      on_demand: 0.096/hour        # a unit; also /month, /year, a plain number (a month), or 0.08/GB/month
      commitments:
        - name: 1 year, nothing upfront
          term: 1 year             # also 12 months, 36, 365d
          price: 0.061/hour        # whether used or not; may be left out where all is paid upfront
          upfront: 0               # once a unit and term
      held:                        # terms that run already; price is what is still to be paid a unit
        - { units: 4, until: 2027-03-01, price: 0.058/hour }
"""

import re
from datetime import UTC, datetime
from typing import Final

from sre.capacity.model import MONTH_SECONDS
from sre.capacity.plan.amounts import whole
from sre.capacity.plan.model import Commitment, Held, Prices
from sre.capacity.plan.quantity import Quantity, read_quantity
from sre.core.fields import Fields
from sre.core.text import cleaned, quoted
from sre.core.times import epoch_ms

HOURS_A_MONTH: Final = MONTH_SECONDS / 3600
_MONTHS_A: Final = {"hour": 1 / HOURS_A_MONTH, "day": 24 / HOURS_A_MONTH, "month": 1.0, "year": 12.0}
_NUMBER: Final = r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d{1,12})?|\d{1,15}(?:\.\d{1,17})?(?:e-\d{1,2})?"
_AMOUNT: Final = re.compile(
    rf"(?P<amount>{_NUMBER})(?:/(?P<size>(?!hour|day|month|year)[a-z]{{1,20}}))?(?:/(?P<per>hour|day|month|year))?"
)
# `0.08 per GB and month`, `0.08 / GB-month` and `0.08 a GB a month` are spelt `0.08/gb/month`.
_DIVIDED: Final = re.compile(r" ?(?:/|-|(?<![a-z])(?:per|and|an?)(?![a-z])) ?")
_TERM: Final = re.compile(r"(?P<count>\d{1,6}(?:\.\d{1,3})?) ?(?P<unit>d|days?|months?|y|years?)?")
_LARGEST: Final = 1e15
_LONGEST_TERM_MONTHS: Final = 120.0
_MAX_COMMITMENTS: Final = 10
_MAX_NAME: Final = 60
_MOST_UNITS: Final = 1_000_000


def read_prices(fields: Fields, *, currency: str, capacity: Quantity) -> Prices | None:
    """Return the prices of a unit, or None where the mapping names none; problems go to the findings of `fields`.

    Args:
        fields: The mapping below `prices`.
        currency: Of the whole document; one written here takes its place.
        capacity: Of one unit, for prices of an amount such as a gigabyte.
    """
    own = fields.text("currency", default=currency)
    on_demand = _per_month(fields, "on_demand", capacity) if "on_demand" in fields else None
    fields.knows("on_demand")
    parts = fields.parts("commitments")
    if len(parts) > _MAX_COMMITMENTS:
        fields.problem("commitments", f"has {len(parts)} entries", f"give at most {_MAX_COMMITMENTS}")
    commitments = tuple(_commitment(part, capacity) for part in parts[:_MAX_COMMITMENTS])
    held = tuple(_held(part, capacity) for part in fields.parts("held")[:_MAX_COMMITMENTS])
    fields.refuse_others()
    names = [one.name for one in commitments]
    for name in sorted({name for name in names if names.count(name) > 1}):
        fields.problem("commitments", f"has {quoted(name, limit=_MAX_NAME)} more than once", "give each its own name")
    if (commitments or held) and on_demand is None:
        fields.problem("on_demand", "is missing", "commitments are judged against it: give a price such as 0.1/hour")
    return None if on_demand is None else Prices(cleaned(own, limit=20), on_demand, commitments, held)


def _held(fields: Fields, capacity: Quantity) -> Held:
    units = whole(fields, "units", default=0, low=1, high=_MOST_UNITS)
    if "units" not in fields:
        fields.problem("units", "is missing", "say how many units the term covers")
    price = _per_month(fields, "price", capacity) if "price" in fields else 0.0
    fields.knows("price")
    text = fields.text("until", is_needed=True)
    fields.refuse_others()
    return Held(units, _day_ms(fields, text), price)


def _day_ms(fields: Fields, text: str) -> int:
    try:
        return epoch_ms(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError:
        if text:
            fields.problem("until", f"is {quoted(text, limit=40)}, which is no day", "give one such as 2027-03-01")
        return 0


def _commitment(fields: Fields, capacity: Quantity) -> Commitment:
    term = _term_months(fields)
    upfront = fields.number("upfront", default=0.0, low=0.0, high=_LARGEST)
    has_price = "price" in fields
    per_month = _per_month(fields, "price", capacity) if has_price else 0.0
    fields.knows("price")
    if not has_price and upfront == 0:
        fields.problem("price", "is missing, and upfront too", "give one of them, such as 0.06/hour")
    name = fields.text("name") or f"{term:g} months"
    fields.refuse_others()
    return Commitment(cleaned(name, limit=_MAX_NAME), term, per_month, upfront)


def _per_month(fields: Fields, key: str, capacity: Quantity) -> float:
    text = fields.text(key)
    if not text:
        # Not a text, and said so.
        return 0.0
    found = _AMOUNT.fullmatch(_DIVIDED.sub("/", " ".join(text.lower().split())))
    amount = float(found["amount"].replace(",", "")) if found else -1.0
    if found is None or amount > _LARGEST:
        fields.problem(key, f"is {quoted(text, limit=40)}, which is no price", "give one such as 0.1/hour or 70/month")
        return 0.0
    per_month = amount / _MONTHS_A[found["per"] or "month"]
    return per_month * _sizes(fields, key, found["size"], capacity) if found["size"] else per_month


def _sizes(fields: Fields, key: str, size: str, capacity: Quantity) -> float:
    """Return how many times a price of an amount is paid for one unit."""
    one = read_quantity(f"1 {size}")
    if one is None or one.value <= 0 or one.unit != capacity.unit or one.unit == "ratio":
        mending = "give the price of a unit, such as 70/month"
        fields.problem(key, f"is for one {quoted(size, limit=20)}, which capacity is not counted in", mending)
        return 0.0
    return capacity.value / one.value


def _term_months(fields: Fields) -> float:
    text = fields.text("term", is_needed=True)
    found = _TERM.fullmatch(" ".join(text.lower().split()))
    if not found:
        if text:
            fields.problem("term", f"is {quoted(text, limit=40)}, which is no term", "give one such as 12 months")
        return 12.0
    unit = found["unit"] or "month"
    scale = 1.0 if unit.startswith("month") else 12.0 if unit.startswith("y") else 24 / HOURS_A_MONTH
    months = float(found["count"]) * scale
    if not 0.5 <= months <= _LONGEST_TERM_MONTHS:
        fields.problem("term", f"is {quoted(text, limit=40)}", "give one from half a month to ten years")
        return 12.0
    return months
