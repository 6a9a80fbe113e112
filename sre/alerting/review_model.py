"""A review of rules: the rules in it, what is known of the data they ask for, and what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from sre.alerting.mending import RuleText
from sre.alerting.rule_editing import Rule
from sre.alerting.urgency import Urgency, urgency_of
from sre.core.errors import InputError, RefusedError
from sre.core.promql import Query, parse
from sre.core.rules import AlertRule
from sre.core.telemetry import MetricType

FindingKind: TypeAlias = Literal["interruption", "risk", "hygiene"]
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class ReviewedRule:
    """A rule with its place.

    Attributes:
        index: Among all rules of the review.
        source: The text it stands in, and `place` its index there.
        interval_seconds: Between evaluations; None where nobody says.
        query: None where it does not parse, or asks for what is not read here.
        problem: What Prometheus will say to it; empty if nothing is known.
        unread: Why its expression was not looked into although Prometheus may take it.
    """

    index: int
    source: RuleText
    place: int
    group: str
    interval_seconds: float | None
    rule: Rule
    query: Query | None
    problem: str = ""
    unread: str = ""

    @property
    def name(self) -> str:
        """Name of the alert or record; text from outside."""
        return self.rule.alert if isinstance(self.rule, AlertRule) else self.rule.record

    @property
    def urgency(self) -> Urgency:
        """Whom it reaches."""
        return urgency_of(self.rule.labels)

    @property
    def is_page(self) -> bool:
        """Whether it counts as a page: what nobody graded reaches whoever the default route reaches."""
        return self.urgency in ("page", "unknown")

    def diff(self, changed: Rule | None) -> str:
        """Return the diff of its file that changes it, None removes it."""
        return self.source.diff(self.place, changed)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend.

    Attributes:
        check: Key of the table of checks.
        rule: Index of the rule; None where it is about all.
        evidence: What was seen, with numbers.
        mending: What to do.
        changed: The rule as it should be, or None.
        removes: Whether the mending takes the rule out.
        minutes_per_week: Of people's time that the mending saves, by the replay.
    """

    check: str
    rule: int | None
    evidence: str
    mending: str
    changed: Rule | None = None
    removes: bool = False
    minutes_per_week: float = 0.0

    @property
    def kind(self) -> FindingKind:
        """What it endangers."""
        return checks()[self.check].kind

    @property
    def why(self) -> str:
        """Why it matters."""
        return checks()[self.check].why


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found about some rules.

    Attributes:
        unread: Indexes of the rules that were not reached.
    """

    findings: tuple[Finding, ...]
    unread: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class SelectorFacts:
    """What the source says about one selector of a rule.

    Attributes:
        metric_exists: None where it could not be asked.
        missing_label: A label that no series of the metric has.
        missing_value: A label none of whose values pass the matcher.
        values: Some values of that label, or labels of the metric, or names of metrics: the nearest first.
    """

    series_count: int
    metric_exists: bool | None = True
    missing_label: str = ""
    missing_value: str = ""
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownData:
    """What is known of the data without asking again.

    Attributes:
        selectors: Facts by selector text; selectors that were not asked for are missing.
        types: Type by metric name, where the source says.
        spacing_seconds: Usual time between samples; None where unknown.
        days: Length of the history that was looked at.
    """

    selectors: Mapping[str, SelectorFacts] = field(default_factory=dict)
    types: Mapping[str, MetricType] = field(default_factory=dict)
    spacing_seconds: float | None = None
    days: float = 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """A row of the table of checks."""

    kind: FindingKind
    why: str


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The constants of a review, from `review_assumptions.yaml`."""

    minutes_per_page: float
    extra_minutes_per_page_at_night: float
    minutes_per_ticket: float
    one_interruption_minutes: float
    incident_minutes: float
    night_from_hour: int
    night_to_hour: int
    shift_hours: float
    incidents_per_shift: float
    minutes_to_look: float
    always_firing_ratio: float
    flapping_minutes: float
    least_flaps: int
    long_episode_minutes: float
    noisy_pages_per_shift: float
    coincident_ratio: float
    least_coincidences: int
    coincident_minutes: float
    symptom_error_ratio: float
    symptom_burn_rate: float
    most_symptom_error_ratio: float
    least_symptom_minutes: float
    out_of_reach_ratio: float
    short_history_days: float


@cache
def checks() -> Mapping[str, Check]:
    """Return the table of checks."""
    import yaml

    rows = yaml.safe_load((HERE / "review_checks.yaml").read_text(encoding="utf-8"))
    return {name: Check(**row) for name, row in rows.items()}


@cache
def assumptions() -> Assumptions:
    """Return the constants."""
    import yaml

    return Assumptions(**yaml.safe_load((HERE / "review_assumptions.yaml").read_text(encoding="utf-8")))


def reviewed_rules(sources: Sequence[RuleText]) -> tuple[ReviewedRule, ...]:
    """Return all rules of all texts, parsed."""
    found: list[ReviewedRule] = []
    # An alias can put one long expression into thousands of rules.
    parsed = cache(_parsed)
    for source in sources:
        place = 0
        for group in source.file.groups:
            for rule in group.rules:
                query, problem, unread = parsed(rule.expr)
                found.append(
                    ReviewedRule(
                        index=len(found),
                        source=source,
                        place=place,
                        group=group.name,
                        interval_seconds=group.interval_seconds,
                        rule=rule,
                        query=query,
                        problem=problem,
                        unread=unread,
                    )
                )
                place += 1
    return tuple(found)


def _parsed(expr: str) -> tuple[Query | None, str, str]:
    try:
        query = parse(expr)
    except InputError as error:
        return None, error.message, ""
    except RefusedError as error:
        return None, "", error.message
    if query.value_type not in ("vector", "scalar"):
        return None, f"a rule needs an instant vector or a scalar, and this is a {query.value_type}", ""
    return query, "", ""
