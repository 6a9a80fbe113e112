"""The routing tree of Alertmanager as data, and which receivers an alert reaches in it.

Source: prometheus.io/docs, "Alerting: Configuration": a node takes an alert when all its matchers do; the first child
that takes it decides, unless it says `continue`; a node whose children all refuse keeps the alert itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

MatchType: TypeAlias = Literal["=", "!=", "=~", "!~"]


@dataclass(frozen=True, slots=True)
class RouteMatcher:
    """One condition on a label; a label that is missing counts as empty."""

    name: str
    op: MatchType
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels meets it; expressions must match the whole value."""
        value = labels.get(self.name, "")
        if self.op in ("=", "!="):
            return (value == self.value) == (self.op == "=")
        return _is_match(self.value, value) == (self.op == "=~")

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.op}"{escaped}"'


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the tree.

    Attributes:
        receiver: Empty to take the parent's.
        matchers: All must match; none matches everything.
        group_by: Alerts with the same values of these come as one notification; empty takes the parent's.
        group_wait_seconds: How long a new group collects alerts before the first notification; None takes the parent's.
        group_interval_seconds: How long a change of a group waits.
        repeat_seconds: After what time an unchanged group is sent again.
        active_intervals: Names of times outside of which nothing is sent.
    """

    receiver: str = ""
    matchers: tuple[RouteMatcher, ...] = ()
    group_by: tuple[str, ...] = ()
    group_wait_seconds: float | None = None
    group_interval_seconds: float | None = None
    repeat_seconds: float | None = None
    active_intervals: tuple[str, ...] = ()
    goes_on: bool = False
    routes: tuple["Route", ...] = ()


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alert that matches `source` fires, alerts that match `target` are not sent.

    Attributes:
        equal: Labels in which the two must agree; one that both lack agrees.
    """

    source: tuple[RouteMatcher, ...]
    target: tuple[RouteMatcher, ...]
    equal: tuple[str, ...]

    def inhibits(self, source: Mapping[str, str], target: Mapping[str, str]) -> bool:
        """Whether one alert keeps another back."""
        return (
            all(matcher.matches(source) for matcher in self.source)
            and all(matcher.matches(target) for matcher in self.target)
            and all(source.get(name, "") == target.get(name, "") for name in self.equal)
        )


def receivers_of(root: Route, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the receivers an alert with these labels reaches, in the order of the tree."""
    return tuple(_reached(root, labels, inherited=""))


def is_inhibited(rules: Sequence[Inhibition], *, by: Mapping[str, str], alert: Mapping[str, str]) -> bool:
    """Whether any rule keeps an alert back while another fires."""
    return any(rule.inhibits(by, alert) for rule in rules)


def _reached(route: Route, labels: Mapping[str, str], *, inherited: str) -> list[str]:
    if not all(matcher.matches(labels) for matcher in route.matchers):
        return []
    receiver = route.receiver or inherited
    found: list[str] = []
    for child in route.routes:
        reached = _reached(child, labels, inherited=receiver)
        found += reached
        if reached and not child.goes_on:
            break
    return found or [receiver]


def _is_match(pattern: str, value: str) -> bool:
    from sre.core.promql.regex import full_match_regex

    return full_match_regex(pattern, dot_newline=False).matches(value)
