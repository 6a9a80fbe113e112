"""Label matchers, with the anchored RE2 semantics of Prometheus."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sre.core.labels import Labels
from sre.core.promql.regex import full_match_regex

MatchOperator: TypeAlias = Literal["=", "!=", "=~", "!~"]


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; a label that is not there counts as empty.

    Attributes:
        dot_newline: Whether the dot of a regular expression takes a line break (Prometheus 3) or not (2).
    """

    name: str
    op: MatchOperator
    value: str
    dot_newline: bool = True

    def matches(self, labels: Labels) -> bool:
        """Return whether a series with these labels passes.

        Raises:
            InputError: The value is not a regular expression.
            RefusedError: It is too large.
        """
        return self.matches_value(labels.get(self.name, ""))

    def matches_value(self, value: str) -> bool:
        """Return whether this value of the label passes."""
        match self.op:
            case "=":
                return value == self.value
            case "!=":
                return value != self.value
            case "=~":
                return self._regex_matches(value)
            case _:
                return not self._regex_matches(value)

    def _regex_matches(self, value: str) -> bool:
        return full_match_regex(self.value, dot_newline=self.dot_newline).matches(value)

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.op}"{escaped}"'


def selects(matchers: tuple[Matcher, ...], labels: Labels) -> bool:
    """Return whether a series passes every matcher."""
    return all(matcher.matches(labels) for matcher in matchers)
