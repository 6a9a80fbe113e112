r"""RE2 syntax, the dialect of Prometheus, read into a small tree.

Read here rather than by Python's `re`, which gives other meanings to some of it (`\s`, `$`, `{,3}`, `a++`) and needs
exponential time for hostile expressions. What is valid RE2 but not carried out is refused by name.

Source:
    The RE2 syntax page, https://github.com/google/re2/wiki/Syntax, as Go's package regexp/syntax carries it out.
"""

import re
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias

from sre.core.errors import InputError, RefusedError
from sre.core.promql.regex_chars import CLASS_ESCAPES, LAST_CHARACTER, POSIX_CLASSES, Ranges, ascii_folds, negated
from sre.core.text import quoted

MAX_REPEAT = 1000
MAX_GROUP_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Chain:
    """One part after the other."""

    parts: "tuple[Regex, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the options, the earlier preferred."""

    options: "tuple[Regex, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """`least` to `most` times (None: without end), as many as possible if greedy."""

    part: "Regex"
    least: int
    most: int | None
    greedy: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A part whose text is kept under a number."""

    part: "Regex"
    index: int


@dataclass(frozen=True, slots=True)
class Assertion:
    """A condition on the place between two characters."""

    kind: Literal["start", "end", "boundary", "no boundary"]


Regex: TypeAlias = Chars | Chain | Choice | Repeat | Group | Assertion

_GROUP_NAME = re.compile(r"[A-Za-z0-9_]+")
_CONTROLS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_ASSERTION_ESCAPES: dict[str, Literal["start", "end", "boundary", "no boundary"]] = {
    "A": "start",
    "z": "end",
    "b": "boundary",
    "B": "no boundary",
}


class RegexReader:
    """Reads one expression.

    Attributes:
        names: For every group, its name or an empty string; index 0 is the whole match.
    """

    def __init__(self, pattern: str) -> None:
        self.names: list[str] = [""]
        self._pattern = pattern
        self._at = 0
        self._depth = 0
        self._fold = False
        # Prometheus 3 lets the dot match a line break, too.
        self._dot_matches_newline = True

    def read(self) -> Regex:
        """Return the tree of the whole expression.

        Raises:
            InputError: Not a regular expression.
            RefusedError: Valid, but with syntax that is not carried out.
        """
        tree = self._choice()
        if self._at < len(self._pattern):
            self._fail("unexpected )")
        return tree

    def _choice(self) -> Regex:
        options = [self._sequence()]
        while self._taken("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Regex:
        parts: list[Regex] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            parts.extend(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else Chain(tuple(parts))

    def _repeated(self, atoms: list[Regex]) -> list[Regex]:
        """Return the atoms with a quantifier that follows applied to the last of them."""
        bounds = self._quantifier()
        if bounds is None:
            return atoms
        if not atoms:
            self._fail("nothing to repeat")
        repeat = Repeat(atoms[-1], *bounds, greedy=not self._taken("?"))
        if self._quantifier() is not None:
            self._fail("a quantifier after a quantifier")
        return [*atoms[:-1], repeat]

    def _quantifier(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._taken(sign):
                return bounds
        if not self._pattern.startswith("{", self._at):
            return None
        end = self._pattern.find("}", self._at)
        least, comma, most = self._pattern[self._at + 1 : end].partition(",") if end > 0 else ("", "", "")
        # Anything else in braces is literal text.
        if not _is_number(least) or (most and not _is_number(most)):
            return None
        self._at = end + 1
        low, high = int(least[:5]), int(most[:5]) if most else (None if comma else int(least[:5]))
        if low > MAX_REPEAT or (high is not None and (high > MAX_REPEAT or high < low)):
            self._fail(f"a repeat count out of order or over {MAX_REPEAT}")
        return low, high

    def _atom(self) -> list[Regex]:
        character = self._next()
        match character:
            case "(":
                return self._group()
            case "[":
                return [Chars(self._class())]
            case ".":
                newline = () if self._dot_matches_newline else ((10, 10),)
                return [Chars(negated(newline))]
            case "^":
                return [Assertion("start")]
            case "$":
                return [Assertion("end")]
            case "\\":
                return self._escape()
            case "*" | "+" | "?":
                self._fail("nothing to repeat")
        return [self._literal(character)]

    def _literal(self, character: str) -> Chars:
        return Chars(self._folded(((ord(character), ord(character)),)))

    def _group(self) -> list[Regex]:
        self._depth += 1
        if self._depth > MAX_GROUP_DEPTH:
            self._fail("groups nested too deeply")
        outer = self._fold, self._dot_matches_newline
        index = 0
        if self._taken("?"):
            if self._taken("P<") or self._taken("<"):
                index = self._opened(self._group_name())
            elif self._flags():
                self._depth -= 1
                return []
        else:
            index = self._opened("")
        part = self._choice()
        if not self._taken(")"):
            self._fail("missing )")
        self._depth -= 1
        self._fold, self._dot_matches_newline = outer
        return [Group(part, index) if index else part]

    def _opened(self, name: str) -> int:
        if name and name in self.names:
            self._fail("two groups of one name")
        self.names.append(name)
        return len(self.names) - 1

    def _group_name(self) -> str:
        end = self._pattern.find(">", self._at)
        name = self._pattern[self._at : end] if end > 0 else ""
        if _GROUP_NAME.fullmatch(name) is None:
            self._fail("a group name that is none")
        self._at = end + 1
        return name

    def _flags(self) -> bool:
        """Read the flags after `(?`; return whether they stand alone, and so hold for the rest of the group."""
        value = True
        while (flag := self._next()) not in (":", ")"):
            match flag:
                case "-" if value:
                    value = False
                case "i":
                    self._fold = value
                case "s":
                    self._dot_matches_newline = value
                case "m" | "U":
                    self._refuse(f"the flag {flag}")
                case _:
                    self._fail("an unknown flag or group")
        return flag == ")"

    def _escape(self) -> list[Regex]:
        character = self._next()
        if character in _ASSERTION_ESCAPES:
            return [Assertion(_ASSERTION_ESCAPES[character])]
        if character == "Q":
            end = self._pattern.find("\\E", self._at)
            text = self._pattern[self._at :] if end < 0 else self._pattern[self._at : end]
            self._at = len(self._pattern) if end < 0 else end + 2
            return [self._literal(one) for one in text]
        self._at -= 1
        return [Chars(self._folded(self._class_escape() or self._escaped_character()))]

    def _class_escape(self) -> Ranges | None:
        r"""Read the rest of \d \D \s \S \w \W if it is one of them."""
        character = self._next()
        ranges = CLASS_ESCAPES.get(character.lower())
        if ranges is None:
            self._at -= 1
            return None
        return ranges if character.islower() else negated(ranges)

    def _escaped_character(self) -> Ranges:
        character = self._next()
        if character in _CONTROLS:
            code = _CONTROLS[character]
        elif character == "x":
            code = self._hexadecimal()
        elif character in "01234567":
            code = self._octal(character)
        elif character in "pPC":
            self._refuse(f"\\{character}")
        elif character.isalnum() or not character.isascii():
            self._fail(f"an unknown escape \\{character}")
        else:
            code = ord(character)
        return ((code, code),)

    def _hexadecimal(self) -> int:
        if self._taken("{"):
            end = self._pattern.find("}", self._at)
            digits = self._pattern[self._at : end] if end > 0 else ""
            self._at = end + 1
        else:
            digits = self._pattern[self._at : self._at + 2].ljust(2, "?")
            self._at += 2
        if not 1 <= len(digits) <= 8 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            self._fail("a broken \\x escape")
        if (code := int(digits, 16)) > LAST_CHARACTER:
            self._fail("a character beyond Unicode")
        return code

    def _octal(self, first: str) -> int:
        """Read up to three octal digits; a single digit but 0 would be a back-reference, which RE2 has not."""
        digits = first
        while len(digits) < 3 and self._at < len(self._pattern) and self._pattern[self._at] in "01234567":
            digits += self._next()
        if len(digits) == 1 and first != "0":
            self._fail("a back-reference")
        return int(digits, 8)

    def _class(self) -> Ranges:
        """Read the rest of a class in brackets."""
        exclude = self._taken("^")
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self._taken("]"):
            ranges.extend(self._class_item())
            first = False
        folded = self._folded(tuple(ranges))
        return negated(folded) if exclude else folded

    def _class_item(self) -> Ranges:
        if self._taken("[:"):
            return self._posix()
        if self._pattern.startswith("\\", self._at):
            self._at += 1
            if (known := self._class_escape()) is not None:
                return known
            self._at -= 1
        low = self._class_character()
        if not self._pattern.startswith("-", self._at) or self._pattern.startswith("-]", self._at):
            return ((low, low),)
        self._at += 1
        high = self._class_character()
        if high < low:
            self._fail("a range out of order")
        return ((low, high),)

    def _class_character(self) -> int:
        character = self._next()
        return self._escaped_character()[0][0] if character == "\\" else ord(character)

    def _posix(self) -> Ranges:
        end = self._pattern.find(":]", self._at)
        name = self._pattern[self._at : end] if end > 0 else ""
        ranges = POSIX_CLASSES.get(name.removeprefix("^"))
        if ranges is None:
            self._fail("an unknown class in [: :]")
        self._at = end + 2
        return negated(ranges) if name.startswith("^") else ranges

    def _folded(self, ranges: Ranges) -> Ranges:
        """Return the ranges with the other case of every letter added, under the flag i."""
        if not self._fold:
            return ranges
        added: list[tuple[int, int]] = []
        for low, high in ranges:
            added.extend(ascii_folds(low, min(high, 127)))
            if high <= 127 or high == LAST_CHARACTER:
                continue
            if low < high:
                self._refuse("a range outside ASCII under the flag i")
            added.extend((ord(one), ord(one)) for one in (chr(low).lower(), chr(low).upper()) if len(one) == 1)
        return (*ranges, *added)

    def _taken(self, text: str) -> bool:
        found = self._pattern.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def _next(self) -> str:
        if self._at >= len(self._pattern):
            self._fail("it ends too early")
        self._at += 1
        return self._pattern[self._at - 1]

    def _fail(self, reason: str) -> NoReturn:
        raise InputError(
            f"not a regular expression, {reason}: {quoted(self._pattern)}.",
            field="query",
            next_steps=("Mend it; https://github.com/google/re2/wiki/Syntax.",),
        )

    def _refuse(self, what: str) -> NoReturn:
        raise RefusedError(
            f"{what} in a regular expression is not supported on this source: {quoted(self._pattern)}.",
            next_steps=("Write the expression without it.",),
        )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
