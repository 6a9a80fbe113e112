"""Texts that a label's regular expression matches, for the input of rule tests: `5..` gives `500`, `GET|POST` both.

Reads the common part of the RE2 syntax. What it makes is a guess until `Matcher` says that it matches; for what it
does not read it makes nothing.
"""

from collections.abc import Iterator
from itertools import islice, product
from typing import Final

# A label needs one value or two, not all of them.
_MAX_EXAMPLES: Final = 12
_MAX_PATTERN: Final = 2_000
_CLASSES: Final = {"d": "0123456789", "w": "a0_", "s": " ", "D": "a", "W": "-", "S": "a"}
# What a dot or a negated class may stand for; digits first, since dots stand for digits in statuses mostly.
_ANY: Final = "0a/-_.xyz"


class _UnreadError(Exception):
    """The pattern has something in it that is not read here."""


def regex_examples(pattern: str) -> tuple[str, ...]:
    """Return some texts that the whole pattern probably matches, simplest first; none where it cannot be read."""
    if len(pattern) > _MAX_PATTERN:
        return ()
    try:
        reader = _Reader(pattern)
        found = reader.alternatives()
        if reader.rest:
            return ()
    except (_UnreadError, RecursionError):
        return ()
    return tuple(dict.fromkeys(islice(found, _MAX_EXAMPLES)))


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self.rest = pattern

    def alternatives(self) -> list[str]:
        """Return examples of each alternative, the first ones of all before the second ones."""
        several = [self._sequence()]
        while self._took("|"):
            several.append(self._sequence())
        longest = max(len(examples) for examples in several)
        return [examples[index] for index in range(longest) for examples in several if index < len(examples)]

    def _sequence(self) -> list[str]:
        parts: list[list[str]] = []
        while self.rest and self.rest[0] not in "|)":
            parts.append(self._repeated(self._atom()))
        # Turned round twice, so that the first part varies fastest.
        choices = islice(product(*reversed(parts)), _MAX_EXAMPLES)
        return ["".join(reversed(choice)) for choice in choices]

    def _atom(self) -> list[str]:
        head, self.rest = self.rest[0], self.rest[1:]
        match head:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escape()
            case ".":
                return list(_ANY[:2])
            case "^" | "$":
                return [""]
            case "*" | "+" | "?" | "{":
                raise _UnreadError
        return [head]

    def _group(self) -> list[str]:
        if self._took("?"):
            self._flags()
        inner = self.alternatives()
        if not self._took(")"):
            raise _UnreadError
        return inner[:_MAX_EXAMPLES]

    def _flags(self) -> None:
        for opening in (":", "i:", "s:"):
            if self._took(opening):
                return
        if (self.rest.startswith(("P<", "<"))) and ">" in self.rest:
            self.rest = self.rest.partition(">")[2]
            return
        raise _UnreadError

    def _escape(self) -> list[str]:
        if not self.rest:
            raise _UnreadError
        letter, self.rest = self.rest[0], self.rest[1:]
        if letter in _CLASSES:
            return list(_CLASSES[letter][:2])
        if letter.isalnum():
            raise _UnreadError
        return [letter]

    def _class(self) -> list[str]:
        body, closing, after = self.rest.partition("]")
        if not closing or not body or "[" in body or body.endswith("\\"):
            raise _UnreadError
        self.rest = after
        is_negated = body.startswith("^")
        members = set(_members(body[1:] if is_negated else body))
        if is_negated:
            return [text for text in _ANY if text not in members][:2]
        return sorted(members)[:2]

    def _repeated(self, examples: list[str]) -> list[str]:
        """Return examples of an atom with the repetition behind it; the fewest times that leave something."""
        times = self._times()
        if times is None:
            return examples
        least, is_optional = times
        repeated = [text * max(1, least) for text in examples]
        return [*repeated, ""] if is_optional else repeated

    def _times(self) -> tuple[int, bool] | None:
        for mark, times in (("*", (0, True)), ("+", (1, False)), ("?", (0, True))):
            if self._took(mark):
                self._took("?")
                return times
        if not self._took("{"):
            return None
        inside, closing, self.rest = self.rest.partition("}")
        least = inside.partition(",")[0]
        if not closing or not least.isdigit() or int(least) > 50:
            raise _UnreadError
        return int(least), int(least) == 0

    def _took(self, text: str) -> bool:
        if not self.rest.startswith(text):
            return False
        self.rest = self.rest[len(text) :]
        return True


def _members(body: str) -> Iterator[str]:
    index = 0
    while index < len(body):
        if body[index] == "\\":
            escaped = body[index + 1]
            yield from _CLASSES.get(escaped, escaped)
            index += 2
        elif body[index + 1 : index + 2] == "-" and index + 2 < len(body):
            first, last = ord(body[index]), ord(body[index + 2])
            yield from (chr(code) for code in range(first, min(last, first + 100) + 1))
            index += 3
        else:
            yield body[index]
            index += 1
