"""How PagerDuty writes things down: texts, times, references, pages of a list, errors.

All text is cut and cleaned here, the moment it comes in. Unknown fields are ignored and missing ones have the value
that means "not said": accounts differ in what they tell.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from connectors.http import NotTheApiError, decoded_json
from sre.core.oncall import Named
from sre.core.text import cleaned

Read = TypeVar("Read", bound=BaseModel)
Entry = TypeVar("Entry")
Row = TypeVar("Row", bound=BaseModel)

LINE_LIMIT = 300
TEXT_LIMIT = 2000
_ID_LIMIT = 64
_URL_LIMIT = 500
_MAX_DETAILS = 20
_DETAIL_LIMIT = 200
_WEB_ADDRESS = re.compile(r"https?://[^\s\"'<>]+")
_NOT_OURS = "answered with JSON that is not of the PagerDuty API"


def _text(value: object, *, limit: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("not a text")
    return cleaned(value, limit=limit)


def _web_address(value: object) -> str:
    told = value.strip() if isinstance(value, str) else ""
    return told if len(told) <= _URL_LIMIT and told.isascii() and _WEB_ADDRESS.fullmatch(told) else ""


def _instant(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is not None:
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("not an RFC 3339 time")


def _maybe_instant(value: object) -> datetime | None:
    return None if value is None or value == "" else _instant(value)


def _details(value: object) -> dict[str, str]:
    """Return what a sender added, as text by key; a sender may add anything, also a plain text or a list."""
    if not value and not isinstance(value, bool | int | float):
        return {}
    rows = value if isinstance(value, Mapping) else {"details": value}
    shown = list(rows.items())[:_MAX_DETAILS]
    return {cleaned(str(key), limit=_ID_LIMIT): cleaned(_shown(held), limit=_DETAIL_LIMIT) for key, held in shown}


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _none_as_empty(value: object) -> object:
    return [] if value is None else value


Id = Annotated[str, BeforeValidator(lambda value: _text(value, limit=_ID_LIMIT))]
Line = Annotated[str, BeforeValidator(lambda value: _text(value, limit=LINE_LIMIT))]
Text = Annotated[str, BeforeValidator(lambda value: _text(value, limit=TEXT_LIMIT))]
WebAddress = Annotated[str, BeforeValidator(_web_address)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
MaybeInstant = Annotated[datetime | None, BeforeValidator(_maybe_instant)]
Details = Annotated[dict[str, str], BeforeValidator(_details)]


class Wire(BaseModel):
    """Anything that is read."""

    model_config = ConfigDict(populate_by_name=True, hide_input_in_errors=True)


class WireReference(Wire):
    """Another thing by id, with a summary for people; a whole thing has a name as well."""

    id: Id = ""
    type: Id = ""
    summary: Line = ""
    name: Line = ""

    def as_named(self) -> Named | None:
        """Return it in our own words, or None where nothing is told of it."""
        shown = self.summary or self.name
        return Named(self.id, shown) if self.id or shown else None


References = Annotated[list[WireReference], BeforeValidator(_none_as_empty)]


def named(reference: WireReference | None) -> Named | None:
    """Return a reference in our own words, or None where there is none."""
    return reference.as_named() if reference is not None else None


def all_named(references: list[WireReference]) -> tuple[Named, ...]:
    """Return the references of which something is told."""
    return tuple(one for one in map(named, references) if one is not None)


@dataclass(frozen=True, slots=True)
class Page(Generic[Entry]):
    """A page of a list.

    Attributes:
        limit: How many a page can hold, as PagerDuty counted, which may be fewer than were asked for; 0 if not told.
        has_more: Whether there is another page.
    """

    entries: tuple[Entry, ...]
    limit: int
    has_more: bool


class _WirePage(Wire):
    limit: int = 0
    more: bool = False


class WireProblem(Wire):
    """What is inside an error answer.

    Source:
        PagerDuty, "Errors": the codes are named there; their list is not whole.
    """

    message: Line = ""
    code: int | None = None
    errors: Annotated[list[object], BeforeValidator(_none_as_empty)] = Field(default_factory=list)

    @property
    def told(self) -> str:
        """The message with its details, cleaned."""
        details = "; ".join(one for one in self.errors if isinstance(one, str))
        return cleaned(f"{self.message}: {details}" if details else self.message, limit=LINE_LIMIT)


def read_one(body: bytearray, kind: type[Read]) -> Read:
    """Return the body as `kind`; raises NotTheApiError."""
    try:
        return kind.model_validate(decoded_json(body))
    except (ValidationError, RecursionError):
        raise NotTheApiError(_NOT_OURS) from None


def read_page(body: bytearray, kind: type[Row], *, key: str) -> Page[Row]:
    """Return a page whose entries stand under `key`; raises NotTheApiError."""
    document = decoded_json(body)
    held = document.get(key) if isinstance(document, dict) else None
    if not isinstance(held, list):
        raise NotTheApiError(_NOT_OURS)
    try:
        page = _WirePage.model_validate(document)
        return Page(tuple(kind.model_validate(one) for one in held), page.limit, page.more)
    except (ValidationError, RecursionError):
        raise NotTheApiError(_NOT_OURS) from None


def problem_in(body: bytearray) -> WireProblem | None:
    """Return what an error answer of either API says, or None for any other body.

    The REST API puts it under `error`; Events v2 has `status`, `message` and `errors` at the top.
    """
    try:
        document = decoded_json(body)
    except NotTheApiError:
        return None
    if not isinstance(document, dict):
        return None
    inner = document.get("error", document if "status" in document else None)
    if not isinstance(inner, dict):
        return None
    try:
        problem = WireProblem.model_validate(inner)
    except ValidationError:
        return None
    return problem if problem.told or problem.code is not None else None
