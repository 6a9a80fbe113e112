"""Words that do not belong into a status update: inner names, causes, guesses, promises; found by kind and audience."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, cast

from sre.core.text import cleaned
from sre.incidents.blameless import Passage, language_findings
from sre.incidents.cadence import AUDIENCES, Audience

_TABLE: Final = Path(__file__).parent / "update_words.yaml"
_MAX_TEXT: Final = 4_000
# Shorter names stand in other words too often.
_LEAST_NAME: Final = 3
_MAX_NAMES: Final = 5_000


@dataclass(frozen=True, slots=True)
class WordKind:
    """A kind of words, whom it is kept from, and what to say instead."""

    name: str
    kept_from: tuple[Audience, ...]
    why: str
    better: str


@dataclass(frozen=True, slots=True)
class Names:
    """Names that are known from the record and the source, by kind: service, slo, person, host, alert.

    Attributes:
        own: Of the incident itself; they count although they may be plain words.
        others: Of anything else at the source; those that are plain words do not count.
    """

    own: Mapping[str, Sequence[str]]
    others: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class WordFinding:
    """Words that do not belong.

    Attributes:
        where: The part of the facts or the record they stand in.
        phrase: The words.
        is_kept_out: The sentence was left out of the draft.
    """

    where: str
    phrase: str
    kind: WordKind
    is_kept_out: bool


@dataclass(frozen=True, slots=True)
class _Pattern:
    kind: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class WordTable:
    """The table of `update_words.yaml`; `plain` are words that may be names of ours and need not be."""

    kinds: Mapping[str, WordKind]
    patterns: tuple[_Pattern, ...]
    plain: frozenset[str]


@cache
def default_words() -> WordTable:
    """Return the table."""
    import yaml

    return checked_words(yaml.safe_load(_TABLE.read_text(encoding="utf-8")))


def checked_words(table: Mapping[str, object]) -> WordTable:
    """Return a table of words.

    Raises:
        ValueError: An unknown audience or kind, a pattern that does not compile, or a kind without its reason.
    """
    kinds = {
        name: WordKind(name, tuple(row["kept_from"]), str(row["why"]), str(row["better"]))  # type: ignore[arg-type]
        for name, row in cast("Mapping[str, Mapping[str, Sequence[str]]]", table["kinds"]).items()
    }
    for kind in kinds.values():
        if not set(kind.kept_from) <= set(AUDIENCES) or not kind.why or not kind.better:
            raise ValueError(f"kind {kind.name}: needs known audiences, why and better")
    patterns = []
    for row in cast("Sequence[Mapping[str, str]]", table["words"]):
        if row["kind"] not in kinds:
            raise ValueError(f"words: no such kind: {row['kind']}")
        flags = 0 if row.get("is_case_sensitive") else re.IGNORECASE
        try:
            patterns.append(_Pattern(row["kind"], re.compile(row["pattern"], flags)))
        except re.error as error:
            raise ValueError(f"words of {row['kind']}: {error}") from error
    return WordTable(kinds, tuple(patterns), frozenset(cast("Sequence[str]", table["plain"])))


class WordFilter:
    """Keeps from an audience what it must not read, and remembers what that was.

    Args:
        allowed: Words that this audience knows, such as the public name of the function.
    """

    def __init__(self, audience: Audience, names: Names, *, allowed: str = "") -> None:
        self.findings: list[WordFinding] = []
        self._audience: Audience = audience
        self._table = default_words()
        self._allowed = allowed.casefold()
        self._names = _name_patterns(names, plain=self._table.plain)
        self._people = tuple(names.own.get("person", ()))
        self._services = tuple(names.own.get("service", ()))

    def passed(self, text: str, *, where: str) -> str:
        """Return the sentences of a text that the audience may read."""
        kept = [sentence for sentence in _sentences(cleaned(text, limit=_MAX_TEXT)) if self._may_read(sentence, where)]
        return " ".join(kept)

    def _may_read(self, sentence: str, where: str) -> bool:
        found = list(dict.fromkeys([*self._matches(sentence), *self._blame(sentence, where)]))
        kept_out = [kind for kind, _ in found if self._audience in self._table.kinds[kind].kept_from]
        self.findings += [
            WordFinding(where, phrase, self._table.kinds[kind], is_kept_out=kind in kept_out)
            for kind, phrase in found
            if kind in kept_out or (kind in ("guess", "promise") and self._audience == "internal")
        ]
        return not kept_out

    def _matches(self, sentence: str) -> Iterable[tuple[str, str]]:
        taken: list[tuple[int, int]] = []
        for kind, pattern in (*self._names, *((one.kind, one.pattern) for one in self._table.patterns)):
            for match in pattern.finditer(sentence):
                start, end = match.span()
                is_free = all(end <= first or start >= last for first, last in taken)
                if is_free and match[0].casefold() not in self._allowed:
                    taken.append((start, end))
                    yield kind, match[0]

    def _blame(self, sentence: str, where: str) -> Iterable[tuple[str, str]]:
        found = language_findings([Passage(where, sentence)], people=self._people, services=self._services)
        return (("blame", finding.text) for finding in found)


def _sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+(?=[^\s])", text) if part.strip()]


def _name_patterns(names: Names, *, plain: frozenset[str]) -> list[tuple[str, re.Pattern[str]]]:
    found: dict[str, dict[str, None]] = {}
    for kind, values in names.own.items():
        found.setdefault(kind, {}).update(dict.fromkeys(_usable(values)))
    for kind, values in names.others.items():
        telling = (value for value in _usable(values) if value.casefold() not in plain)
        found.setdefault(kind, {}).update(dict.fromkeys(telling))
    return [
        (
            kind,
            re.compile(r"(?<![\w-])(?:" + "|".join(_spelt(value) for value in longest) + r")(?![\w-])", re.IGNORECASE),
        )
        for kind, values in found.items()
        if (longest := sorted(values, key=len, reverse=True)[:_MAX_NAMES])
    ]


def _usable(values: Iterable[str]) -> Iterable[str]:
    trimmed = (value.strip() for value in values)
    return (value for value in trimmed if len(value) >= _LEAST_NAME and not value.isdigit())


def _spelt(name: str) -> str:
    """Return a pattern of a name however its words are joined: order-mails, order_mails, order mails."""
    return r"[\s_-]?".join(re.escape(part) for part in re.split(r"[\s_-]+", name) if part)
