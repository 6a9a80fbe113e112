"""Finding words that blame, and saying what to write instead."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sre.core.text import cleaned

_TABLE = Path(__file__).parent / "blame_rules.yaml"
_MAX_TEXT = 5_000
_EXCERPT_AROUND = 40
_ROLES = (
    "he|she|they|we|i|you|(?:the\\s+|an?\\s+|our\\s+|one\\s+of\\s+the\\s+)?(?:on-?call(?:\\s+engineer)?|engineers?|"
    "operators?|developers?|devs?|admins?|administrators?|interns?|contractors?|juniors?|managers?|sre|dba|responders?|"
    "team|reviewers?|person|somebody|someone|whoever)"
)
_NAME = r"[A-Z][a-zäöüéèß'’-]{2,}(?:\s+[A-Z][a-zäöüéèß'’-]{2,})?"


@dataclass(frozen=True, slots=True)
class BlameRule:
    """A pattern, why it is a problem, and what is better."""

    id: str
    pattern: str
    why: str
    better: str
    is_case_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """A text of the caller and where it stands."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class LanguageFinding:
    """Words to change.

    Attributes:
        where: The field they stand in.
        text: The words with a little of what is around them, cleaned.
    """

    where: str
    text: str
    rule: str
    why: str
    better: str


@cache
def default_rules() -> tuple[BlameRule, ...]:
    """Return the rules of `blame_rules.yaml`."""
    import yaml

    return checked_rules(yaml.safe_load(_TABLE.read_text(encoding="utf-8"))["rules"])


def checked_rules(rows: Sequence[Mapping[str, object]]) -> tuple[BlameRule, ...]:
    """Return the rows of a table as rules.

    Raises:
        ValueError: An id twice, a pattern that does not compile, or a rule without reason or better words.
    """
    rules = tuple(
        BlameRule(
            id=str(row["id"]),
            pattern=str(row["pattern"]),
            why=str(row.get("why") or ""),
            better=str(row.get("better") or ""),
            is_case_sensitive=bool(row.get("is_case_sensitive", False)),
        )
        for row in rows
    )
    if len({rule.id for rule in rules}) != len(rules):
        raise ValueError("rules need unique ids")
    for rule in rules:
        if not rule.why or not rule.better:
            raise ValueError(f"rule {rule.id}: says why and what is better")
        try:
            _compiled(rule, people=())
        except re.error as error:
            raise ValueError(f"rule {rule.id}: {error}") from error
    return rules


def language_findings(
    passages: Iterable[Passage], *, people: Sequence[str] = (), services: Sequence[str] = ()
) -> tuple[LanguageFinding, ...]:
    """Return what to rephrase, in the order of the passages; the same words once.

    Args:
        passages: Texts of the caller.
        people: Names known to be of people (authors of events, owners); matched as a person wherever they stand.
        services: Names that look like a person's at the start of a sentence but are not.
    """
    not_people = {service.casefold() for service in services}
    patterns = [(rule, _compiled(rule, people=tuple(people))) for rule in default_rules()]
    found: dict[tuple[str, str], LanguageFinding] = {}
    for passage in passages:
        text = cleaned(passage.text, limit=_MAX_TEXT)
        for rule, start, end in _matches(text, patterns, not_people):
            excerpt = _excerpt(text, start, end)
            found.setdefault(
                (rule.id, excerpt), LanguageFinding(passage.where, excerpt, rule.id, rule.why, rule.better)
            )
    return tuple(found.values())


def _matches(
    text: str, patterns: Sequence[tuple[BlameRule, re.Pattern[str]]], not_people: set[str]
) -> list[tuple[BlameRule, int, int]]:
    """Return where rules match, in order of the text; words that two rules match belong to the first rule."""
    taken: list[tuple[BlameRule, int, int]] = []
    for rule, pattern in patterns:
        for match in pattern.finditer(text):
            start, end = match.span()
            is_free = all(end <= other_start or start >= other_end for _, other_start, other_end in taken)
            if is_free and _first_word(match[0]) not in not_people:
                taken.append((rule, start, end))
    return sorted(taken, key=lambda one: one[1])


def _compiled(rule: BlameRule, *, people: tuple[str, ...]) -> re.Pattern[str]:
    names = [re.escape(name.strip()) for name in people if len(name.strip()) > 1]
    person = "(?:" + "|".join([*names, _ROLES]) + ")"
    pattern = rule.pattern.replace("{person}", person).replace("{name}", f"(?:{_NAME})")
    return re.compile(pattern, 0 if rule.is_case_sensitive else re.IGNORECASE)


def _first_word(text: str) -> str:
    return text.split(maxsplit=1)[0].casefold() if text.split() else ""


def _excerpt(text: str, start: int, end: int) -> str:
    first, last = max(0, start - _EXCERPT_AROUND), min(len(text), end + _EXCERPT_AROUND)
    # Whole words only, so that a finding can be searched for.
    if first > 0:
        first = text.find(" ", first, start) + 1 or start
    if last < len(text):
        last = max(text.rfind(" ", end, last), end)
    return ("… " if first else "") + text[first:last].strip() + (" …" if last < len(text) else "")
