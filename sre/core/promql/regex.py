"""Regular expressions as Prometheus reads them."""

import re
from functools import lru_cache

from sre.core.errors import InputError
from sre.core.text import quoted


class FullMatch:
    """A compiled expression that has to match the whole of a text."""

    def __init__(self, pattern: str) -> None:
        try:
            self._pattern = re.compile(pattern, re.DOTALL)
        except re.error as error:
            raise InputError(f"not a regular expression: {quoted(pattern)}.", field="query") from error
        names = {index: name for name, index in self._pattern.groupindex.items()}
        self.names = tuple(names.get(index, "") for index in range(self._pattern.groups + 1))

    def matches(self, text: str) -> bool:
        """Return whether the whole text matches."""
        return self._pattern.fullmatch(text) is not None

    def groups(self, text: str) -> tuple[str, ...] | None:
        """Return the whole text and what each group matched (empty if nothing), or None without a match."""
        found = self._pattern.fullmatch(text)
        return None if found is None else (found[0], *(group or "" for group in found.groups()))


@lru_cache(maxsize=256)
def full_match_regex(pattern: str) -> FullMatch:
    """Return the compiled expression."""
    return FullMatch(pattern)
