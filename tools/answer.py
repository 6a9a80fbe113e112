"""What every tool answers with: one model, a summary first, figures that are safe to send.

A tool returns an `Answer`. `server/boundary.py` turns it into MCP content: it cleans strings, keeps the answer within
its budget by shortening the lists named in `RANKED`, and attaches images.
"""

import math
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, PrivateAttr, WithJsonSchema

from sre.core.times import format_instant

# 4,000 tokens at the 3 characters a token that JSON full of numbers costs; the hard limit is the protocol's side.
DEFAULT_BUDGET_CHARS = 12_000
HARD_LIMIT_CHARS = 40_000
_SIGNIFICANT_DIGITS = 4
# Up to here a float holds every whole number.
_EXACT_WHOLE = 2**53


def rounded(value: float, digits: int = _SIGNIFICANT_DIGITS) -> float:
    """Return `value` with `digits` significant digits, its whole part never cut.

    1,234.6 becomes 1,235 and 4,766,100.3 becomes 4,766,100: as short as with zeros in the place of digits,
    and a mean beside an exact maximum cannot come out above it.
    """
    if value == 0 or not math.isfinite(value) or value == int(value):
        return value
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return round(value, places if abs(value) >= _EXACT_WHOLE else max(0, places))


def finite_or_none(value: object) -> object:
    """Return None for NaN and infinities, which JSON cannot carry; a plain float otherwise."""
    if value is None or isinstance(value, (str, bool)):
        return value
    number = float(value)  # type: ignore[arg-type]  # numpy scalars are floats too
    return number if math.isfinite(number) else None


def _shown(value: float | None) -> float | int | None:
    if value is None:
        return None
    short = rounded(value)
    return int(short) if short == int(short) and abs(short) < _EXACT_WHOLE else short


def _shown_near_one(value: float | None) -> float | None:
    # 0.999543 must not become 0.9995: what matters is the distance to 1, so that keeps the digits.
    return None if value is None else round(1 - rounded(1 - value), 12)


def _shown_epoch(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 3)


def _shown_point(pair: list[float | None]) -> list[float | int | None]:
    return [_shown_epoch(pair[0] or 0.0), *(_shown(value) for value in pair[1:])]


def _finite_items(pair: object) -> object:
    return [finite_or_none(item) for item in pair] if isinstance(pair, (list, tuple)) else pair


# One schema instead of a choice of two: clients validate every figure of every answer against it.
_NUMBER_OR_NULL = WithJsonSchema({"type": ["number", "null"]})

# A measured or computed number: four significant digits and all of its whole part, null when there is none.
Figure = Annotated[
    float | None,
    BeforeValidator(finite_or_none),
    PlainSerializer(_shown, return_type=float | int | None, when_used="json"),
    _NUMBER_OR_NULL,
]
# A ratio whose distance to 1 matters (an SLI, an objective): four significant digits of 1 - x.
RatioNearOne = Annotated[
    float | None,
    BeforeValidator(finite_or_none),
    PlainSerializer(_shown_near_one, return_type=float | None, when_used="json"),
    _NUMBER_OR_NULL,
]
# `[epoch seconds, value, ...]`; times keep milliseconds, values are figures.
Point = Annotated[
    list[float | None],
    BeforeValidator(_finite_items),
    PlainSerializer(_shown_point, return_type=list[float | int | None], when_used="json"),
    WithJsonSchema({"type": "array", "items": {"type": ["number", "null"]}}),
]
# An instant, written as RFC 3339 in UTC.
Instant = Annotated[datetime, PlainSerializer(format_instant, return_type=str, when_used="json")]


class Part(BaseModel):
    """A piece of an answer; unset fields of value None are kept, since null is an answer."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class WindowAnswer(Part):
    """The window a question was resolved to."""

    start: Instant
    end: Instant
    step_seconds: Figure = None


class QueryEvidence(Part):
    """A query that was run, and how much it saw."""

    query: str
    series_count: int = 0
    sample_count: int = Field(0, description="Points used")


class Answer(Part):
    """Base of all answers.

    Attributes:
        summary: A sentence or two a person could read out; stands alone.
        warnings: What makes the numbers less sure than they look.
        left_out: What is not here and how to get it.
    """

    # Ranked list fields that may lose their tail to keep the budget, the least needed first.
    RANKED: ClassVar[tuple[str, ...]] = ()

    summary: str
    warnings: list[str] = Field(default_factory=list)
    left_out: list[str] = Field(default_factory=list)

    _images_png: list[bytes] = PrivateAttr(default_factory=list)
    _budget_chars: int = PrivateAttr(default=DEFAULT_BUDGET_CHARS)

    @property
    def images_png(self) -> list[bytes]:
        """Pictures that go with the answer, PNG, each under 500 kB."""
        return self._images_png

    @property
    def budget_chars(self) -> int:
        """Characters of JSON this answer may have."""
        return self._budget_chars

    def with_image(self, png: bytes) -> None:
        """Attach a PNG."""
        self._images_png.append(png)

    def with_budget(self, budget_chars: int) -> None:
        """Allow a larger answer, because the caller asked for the detail; never above the hard limit."""
        self._budget_chars = min(budget_chars, HARD_LIMIT_CHARS)


class EvidencedAnswer(Answer):
    """An answer computed from a source: says where, when and from what."""

    source: str | None = None
    window: WindowAnswer | None = None
    queries: list[QueryEvidence] = Field(default_factory=list)
