"""Arguments that hold many optional facts: strict, with every problem named at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from sre.core.errors import InputError
from sre.core.text import cleaned, nearest_names, quoted
from sre.core.times import parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_MAX_PROBLEMS = 8


class Given(BaseModel):
    """Strict, but null is the same as not given: that is how a model leaves a field out."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value is not None or name not in cls.model_fields}


class TimesReader:
    """Reads the times among the facts; `notes` holds what had to be assumed about them."""

    def __init__(self, *, now: datetime) -> None:
        self.now = now
        self.notes: list[str] = []

    def at(self, spelt: str | int | float, field: str) -> datetime:
        """Return a time.

        Raises:
            InputError: It does not parse.
        """
        read = parse_instant(spelt, now=self.now, field=field)
        self.notes += read.notes
        return read.at

    def maybe_at(self, spelt: str | int | float | None, field: str) -> datetime | None:
        """Return a time, or None where there is none."""
        return None if spelt is None or spelt == "" else self.at(spelt, field)


Shape = TypeVar("Shape", bound=Given)


def validated(shape: type[Shape], given: Mapping[str, Any], *, field: str = "facts") -> Shape:
    """Return the facts in their shape.

    Raises:
        InputError: A key is unknown or a value wrong; says which, and which keys there are.
    """
    try:
        return shape.model_validate(dict(given))
    except ValidationError as error:
        raise _explained(error, tuple(shape.model_fields), field) from None


def _explained(error: ValidationError, keys: tuple[str, ...], field: str) -> InputError:
    found = error.errors(include_url=False, include_input=False)
    problems = [_problem(problem, keys) for problem in found[:_MAX_PROBLEMS]]
    first = cleaned(str(found[0]["loc"][0]), limit=80) if found[0]["loc"] else field
    count = len(found)
    return InputError(
        f"{field} has {count} problem{'s' if count != 1 else ''}: {'; '.join(problems)}.",
        field=f"{field}.{first}",
        next_steps=(f"keys of {field}: {', '.join(keys)}",),
    )


def _problem(problem: Any, keys: tuple[str, ...]) -> str:
    path = cleaned(".".join(str(part) for part in problem["loc"]), limit=80)
    if problem["type"] != "extra_forbidden":
        return f"{path}: {quoted(problem['msg'])}"
    near = nearest_names(path, keys, count=1)
    return f"{quoted(path)} is not a known key" + (f", perhaps {near[0]}" if near else "")
