"""Regular expressions as Prometheus reads them: RE2, anchored at both ends, in time linear in the text.

Source:
    The RE2 syntax page, https://github.com/google/re2/wiki/Syntax. The library is RE2 itself, in C++; Prometheus uses
    Go's package regexp, by the same author. Where the two differ, Go decides: see `_refuse_what_go_has_not`.
"""

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Protocol

import re2  # type: ignore[import-untyped]  # it has no stubs

from sre.core.errors import InputError, RefusedError
from sre.core.text import quoted

# A query of 100,000 characters fits, if it is mostly one long list of names; RE2's default is half of this.
MAX_MEMORY_BYTES = 16 * 2**20
MAX_CACHED = 64
# RE2 keeps the interpreter's lock, so one match has to be short: instructions x characters x groups, about a second.
MAX_STEPS = 200_000_000
# RE2 keeps two pointers for every instruction and group while it looks for groups, outside of its memory limit.
MAX_PLACES = 2_000_000
_TOO_LARGE = "pattern too large"
_TOKEN = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.|\(\?P?<\w+>|.", re.DOTALL)


class _Found(Protocol):
    def groups(self, *, default: bytes) -> tuple[bytes, ...]: ...


class _Program(Protocol):
    """What is used of RE2's compiled expression, on bytes: it counts in them, and so need not count characters."""

    programsize: int
    groups: int
    groupindex: Mapping[bytes, int]

    def fullmatch(self, text: bytes) -> _Found | None: ...


class FullMatch:
    """A compiled expression that has to match the whole of a text.

    Args:
        pattern: The expression, without anchors.
        dot_newline: Whether the dot takes a line break, as in Prometheus 3; in Prometheus 2 it does not.
    """

    def __init__(self, pattern: str, *, dot_newline: bool = True) -> None:
        _refuse_what_go_has_not(pattern)
        self._pattern = pattern
        self._dot_newline = dot_newline
        # Without groups RE2 can run its automaton, which is faster and does not slow down with their number.
        self._tester = _compiled(pattern, dot_newline=dot_newline, captures=False)
        self._tester_size = self._tester.programsize

    @cached_property
    def _capturer(self) -> _Program:
        return _compiled(self._pattern, dot_newline=self._dot_newline, captures=True)

    @cached_property
    def _places(self) -> int:
        places = self._capturer.programsize * (1 + self._capturer.groups)
        if places > MAX_PLACES:
            raise _too_large(self._pattern)
        return places

    @cached_property
    def names(self) -> tuple[str, ...]:
        """For every group, its name or an empty string; index 0 is the whole match.

        Raises:
            RefusedError: Two groups have one name, which RE2 accepts but does not report.
        """
        given = [token for token in _TOKEN.findall(self._pattern) if token.startswith("(?")]
        by_index = {index: name.decode() for name, index in self._capturer.groupindex.items()}
        if len(given) > len(by_index):
            raise RefusedError(
                f"two groups of the regular expression have the same name: {quoted(self._pattern)}.",
                next_steps=("Give every group a name of its own, or none.",),
            )
        return tuple(by_index.get(index, "") for index in range(self._capturer.groups + 1))

    def matches(self, text: str) -> bool:
        """Return whether the whole text matches.

        Raises:
            RefusedError: A large expression and a long text, which together take too long.
        """
        encoded = _encoded(text)
        self._refuse_if_slow(self._tester_size * len(encoded))
        return self._tester.fullmatch(encoded) is not None

    def groups(self, text: str) -> tuple[str, ...] | None:
        """Return the whole text and what each group matched (empty if nothing), or None without a match.

        Raises:
            RefusedError: A large expression and a long text, which together take too long.
        """
        encoded = _encoded(text)
        self._refuse_if_slow(self._places * len(encoded))
        found = self._capturer.fullmatch(encoded)
        return None if found is None else (text, *(_decoded(part) for part in found.groups(default=b"")))

    def _refuse_if_slow(self, steps: int) -> None:
        if steps > MAX_STEPS:
            raise RefusedError(
                f"the regular expression is too large for a label value as long as this: {quoted(self._pattern)}.",
                next_steps=("Use smaller repeat counts, fewer alternatives or fewer groups.",),
            )


@lru_cache(maxsize=MAX_CACHED)
def full_match_regex(pattern: str, *, dot_newline: bool = True) -> FullMatch:
    """Return the compiled expression.

    Raises:
        InputError: Not a regular expression.
        RefusedError: Valid, but too large.
    """
    return FullMatch(pattern, dot_newline=dot_newline)


def _compiled(pattern: str, *, dot_newline: bool, captures: bool) -> _Program:
    options = re2.Options()
    options.max_mem = MAX_MEMORY_BYTES
    options.dot_nl = dot_newline
    options.never_capture = not captures
    options.log_errors = False
    try:
        program: _Program = re2.compile(_encoded(pattern), options)
    except re2.error as error:
        raise _refusal(pattern, _decoded(error.args[0])) from error
    # The library's own cache would keep twice as many again, out of reach of our bound.
    re2.purge()
    return program


def _refusal(pattern: str, reason: str) -> InputError | RefusedError:
    return _too_large(pattern) if reason.startswith(_TOO_LARGE) else _wrong(pattern, reason)


def _too_large(pattern: str) -> RefusedError:
    return RefusedError(
        f"the regular expression is too large: {quoted(pattern)}.",
        next_steps=("Use smaller repeat counts, fewer alternatives or fewer groups.",),
    )


def _wrong(pattern: str, reason: str) -> InputError:
    return InputError(
        f"not a regular expression: {quoted(pattern)}; RE2 says {quoted(reason)}.",
        field="query",
        next_steps=("Mend it; https://github.com/google/re2/wiki/Syntax.",),
    )


def _refuse_what_go_has_not(pattern: str) -> None:
    r"""Refuse `\C`, one byte, which could also cut a character in two."""
    if r"\C" in pattern and r"\C" in _TOKEN.findall(pattern):
        raise _wrong(pattern, r"invalid escape sequence: \C")


def _encoded(text: str) -> bytes:
    # JSON can spell lone surrogates; they are to be compared, not to raise.
    return text.encode("utf-8", "surrogatepass")


def _decoded(part: bytes) -> str:
    return part.decode("utf-8", "surrogatepass")
