"""Recording and alerting rules, in their groups, as a rule file holds them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """Keeps the value of an expression as a series of its own.

    Attributes:
        labels: Added to the recorded series.
    """

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlertRule:
    """Fires for each series that an expression returns.

    Attributes:
        for_seconds: How long the expression must hold before the alert fires.
        keep_firing_for_seconds: How long it goes on firing once the expression no longer holds.
        annotations: Text; may hold Go templates.
    """

    alert: str
    expr: str
    for_seconds: float = 0.0
    keep_firing_for_seconds: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules evaluated one after another at the same instants.

    Attributes:
        interval_seconds: Between evaluations; None takes the server's own.
    """

    name: str
    rules: tuple[RecordingRule | AlertRule, ...]
    interval_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RuleFile:
    """The groups of one file.

    Attributes:
        path: Where it came from or belongs; empty if that does not matter.
    """

    groups: tuple[RuleGroup, ...]
    path: str = ""

    def rules(self) -> Iterator[RecordingRule | AlertRule]:
        """Return all rules in order."""
        for group in self.groups:
            yield from group.rules

    def alerts(self) -> tuple[AlertRule, ...]:
        """Return the alerting rules in order."""
        return tuple(rule for rule in self.rules() if isinstance(rule, AlertRule))

    def records(self) -> tuple[RecordingRule, ...]:
        """Return the recording rules in order."""
        return tuple(rule for rule in self.rules() if isinstance(rule, RecordingRule))
