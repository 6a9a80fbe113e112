"""Arguments of prompts: how a string from a client becomes a value that is safe inside a sentence.

Clients send strings, and some split what a person typed on white space, so every argument but the last is one word.
A value is cleaned and checked here, and the templates print it quoted: it can be read, and cannot become a line of
the prompt.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from sre.core.errors import InputError
from sre.core.text import cleaned, quoted
from sre.core.times import parse_duration

NAME_LIMIT = 100
TEXT_LIMIT = 1000
_NAME = re.compile(r"[^\s`\"'\\{}]+")
_INSTANT = re.compile(r"now|(?:now)?[+-]\d\w*|\d+(?:\.\d+)?|\d{4}-\d\d-\d\d[0-9T:.Zz+-]*")
SEVERITIES = ("P0", "P1", "P2", "P3")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a prompt.

    Attributes:
        read: Turns what the client sent into the value the template prints; raises `InputError`.
        default: The value when nothing was sent; None where the template says what to do without it.
        choices: Values worth offering while somebody types.
    """

    name: str
    description: str
    read: Callable[[str, str], str]
    default: str | None = None
    is_required: bool = False
    choices: tuple[str, ...] = ()

    def value_of(self, sent: str | None) -> str | None:
        """Return the checked value of what was sent, the default where nothing was.

        Raises:
            InputError: Required and missing, or not of its kind; names the argument.
        """
        if sent is None or not sent.strip():
            if self.is_required:
                raise InputError(f"{self.name} is missing: {self.description}.", field=self.name)
            return self.default
        return self.read(sent, self.name)


def as_data(value: str) -> str:
    """Return `value` as a quoted JSON string that cannot end a line, a code span or a fence."""
    return json.dumps(value.replace("`", "'"), ensure_ascii=False)


def read_name(sent: str, field: str) -> str:
    """Return a name of a service, source or metric: one word."""
    name = cleaned(sent, limit=NAME_LIMIT + 1)
    if len(name) > NAME_LIMIT or not _NAME.fullmatch(name):
        raise InputError(
            f"{field} must be one word without quotes or braces, at most {NAME_LIMIT} characters, not {quoted(sent)}.",
            field=field,
        )
    return name


def read_ratio(sent: str, field: str) -> str:
    """Return a ratio between 0 and 1, from `0.999`, `99.9` or `99.9%`."""
    spelt = sent.strip().removesuffix("%").strip()
    if not re.fullmatch(r"\d{1,3}(?:\.\d{1,9})?", spelt):
        raise _bad_ratio(sent, field)
    number = float(spelt)
    is_percent = sent.strip().endswith("%") or number > 1
    ratio = number / 100 if is_percent else number
    if not 0 < ratio < 1:
        raise _bad_ratio(sent, field)
    return f"{ratio:.11f}".rstrip("0")


def read_duration(sent: str, field: str) -> str:
    """Return a duration in the Prometheus spelling."""
    return str(parse_duration(sent, field=field))


def read_instant(sent: str, field: str) -> str:
    """Return a time as it was spelt, once it looks like one; the tool that gets it resolves it."""
    spelt = sent.strip()
    if len(spelt) > 64 or not _INSTANT.fullmatch(spelt):
        raise InputError(
            f"{field} is not a time: {quoted(sent)}.", field=field, valid=("now-1h", "-30m", "2026-01-31T12:00:00Z")
        )
    return spelt


def read_severity(sent: str, field: str) -> str:
    """Return P0, P1, P2 or P3."""
    spelt = sent.strip().upper()
    if spelt not in SEVERITIES:
        raise InputError(f"{field} is not a severity: {quoted(sent)}.", field=field, valid=SEVERITIES)
    return spelt


def read_text(sent: str, field: str) -> str:  # noqa: ARG001  # same face as the others
    """Return free text on one line, without control characters, capped."""
    return cleaned(sent, limit=TEXT_LIMIT)


def _bad_ratio(sent: str, field: str) -> InputError:
    return InputError(
        f"{field} must lie between 0 and 1, or 0 % and 100 %, not {quoted(sent)}.",
        field=field,
        valid=("0.999", "99.9", "99.9%"),
    )


SERVICE = Argument("service", "Name of the service, as its metrics spell it", read_name, is_required=True)
OPTIONAL_SERVICE = Argument("service", "Name of the service; leave out to choose one first", read_name)
SOURCE = Argument("source", "Configured metric source; the default one if left out", read_name)
OBJECTIVE = Argument(
    "objective",
    "Availability objective: 0.999 or 99.9%",
    read_ratio,
    default="0.999",
    choices=("0.99", "0.995", "0.999", "0.9995", "0.9999"),
)
