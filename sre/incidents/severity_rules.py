"""The table of `severity_rules.yaml`: facts, rules over them, and what a rule makes of the facts at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args

from sre.core.figures import plain_text
from sre.incidents.model import SEVERITIES, Severity

_TABLE: Final = Path(__file__).parent / "severity_rules.yaml"
Comparison: TypeAlias = Literal["is", "over", "from", "under"]
_COMPARISONS: Final[tuple[Comparison, ...]] = get_args(Comparison)
# `maybe`: its harms hold, but not all that gives them weight is known. `open`: nothing is known of a harm it asks for.
Outcome: TypeAlias = Literal["met", "maybe", "not_met", "open"]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something an incident is judged by.

    Attributes:
        ask: How to ask for it.
        is_weight: It only makes a harm matter more or less.
    """

    name: str
    ask: str
    is_weight: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a fact.

    Attributes:
        value: A flag or a number.
        words: It with where it comes from, for people.
        is_doubtful: Whoever told it was not sure; a doubtful flag is true.
    """

    value: bool | float
    words: str
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """What one fact must be."""

    fact: Fact
    comparison: Comparison
    limit: bool | float

    def holds(self, known: Known | None) -> bool | None:
        """Return whether it holds; None where the fact is not known."""
        if known is None:
            return None
        match self.comparison:
            case "is":
                return bool(known.value) == self.limit
            case "over":
                return float(known.value) > self.limit
            case "from":
                return float(known.value) >= self.limit
            case "under":
                return float(known.value) < self.limit

    def __str__(self) -> str:
        if self.comparison == "is":
            return self.fact.name if self.limit else f"not {self.fact.name}"
        return f"{self.fact.name} {self.comparison} {plain_text(float(self.limit))}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; `severity` None raises the result by one level."""

    id: str
    severity: Severity | None
    words: str
    source: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a rule says to the facts.

    Attributes:
        because: The facts that decided, for people.
        missing: Facts that are not known and would decide.
    """

    rule: Rule
    outcome: Outcome
    because: tuple[str, ...] = ()
    missing: tuple[Fact, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether the severity follows it."""
        return self.outcome in ("met", "maybe")


@dataclass(frozen=True, slots=True)
class SeverityRules:
    """All facts and rules, the worst severities first."""

    facts: Mapping[str, Fact]
    rules: tuple[Rule, ...]


@cache
def default_rules() -> SeverityRules:
    """Return the rules of `severity_rules.yaml`."""
    import yaml

    return checked_rules(yaml.safe_load(_TABLE.read_text(encoding="utf-8")))


def checked_rules(table: Mapping[str, object]) -> SeverityRules:
    """Return a table as rules.

    Raises:
        ValueError: An id twice, an unknown fact, severity or comparison, or a rule without a harm or its words.
    """
    rows = cast("Mapping[str, Mapping[str, object]]", table["facts"])
    facts = {name: Fact(name, str(row["ask"]), bool(row.get("weight", False))) for name, row in rows.items()}
    rules = tuple(_rule(row, facts) for row in cast("Sequence[Mapping[str, object]]", table["rules"]))
    if len({rule.id for rule in rules}) != len(rules):
        raise ValueError("rules need unique ids")
    order = [SEVERITIES.index(rule.severity) if rule.severity else len(SEVERITIES) for rule in rules]
    if order != sorted(order):
        raise ValueError("rules go from P0 down, those that raise the result last")
    return SeverityRules(facts, rules)


def judged(rule: Rule, known: Mapping[str, Known]) -> Judged:
    """Return what a rule says: the first condition that fails decides, then a harm nobody knows of, then doubt."""
    results = [(condition, condition.holds(known.get(condition.fact.name))) for condition in rule.conditions]
    failed = next((condition for condition, holds in results if holds is False), None)
    if failed is not None:
        return Judged(rule, "not_met", (known[failed.fact.name].words,))
    missing = tuple(condition.fact for condition, holds in results if holds is None)
    because = tuple(known[condition.fact.name].words for condition, holds in results if holds)
    if any(not fact.is_weight for fact in missing):
        return Judged(rule, "open", because, missing)
    is_doubtful = any(known[condition.fact.name].is_doubtful for condition, holds in results if holds)
    return Judged(rule, "maybe" if missing or is_doubtful else "met", because, missing)


def _rule(row: Mapping[str, object], facts: Mapping[str, Fact]) -> Rule:
    name, severity = str(row["id"]), str(row["severity"])
    words, source = str(row.get("words") or ""), str(row.get("source") or "")
    if severity != "up" and severity not in SEVERITIES:
        raise ValueError(f"rule {name}: severity is one of {', '.join(SEVERITIES)}, or up")
    if not words or not source:
        raise ValueError(f"rule {name}: needs its words and its source")
    when = cast("Mapping[str, Mapping[str, object]]", row["when"])
    conditions = tuple(_condition(name, fact, spec, facts) for fact, spec in when.items())
    if all(condition.fact.is_weight for condition in conditions):
        raise ValueError(f"rule {name}: needs a harm")
    level = None if severity == "up" else cast("Severity", severity)
    return Rule(name, level, words, source, conditions)


def _condition(rule: str, fact: str, spec: Mapping[str, object], facts: Mapping[str, Fact]) -> Condition:
    if fact not in facts:
        raise ValueError(f"rule {rule}: no such fact: {fact}")
    if len(spec) != 1 or (comparison := next(iter(spec))) not in _COMPARISONS:
        raise ValueError(f"rule {rule}: {fact} needs one of {', '.join(_COMPARISONS)}")
    limit = spec[comparison]
    if (comparison == "is") != isinstance(limit, bool) or not isinstance(limit, (bool, int, float)):
        raise ValueError(f"rule {rule}: {fact} is compared with a flag by is, with a number otherwise")
    return Condition(facts[fact], comparison, limit if isinstance(limit, bool) else float(limit))
