"""A runbook for an alert, made from the alert's own expression: one page for somebody who has just been woken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sre.alerting.runbook_queries import RunbookQuery
from sre.alerting.signal_kinds import KindWords, SignalKind, kind_words
from sre.core.alert_conditions import Condition
from sre.core.conventions import (
    DASHBOARD_ANNOTATION,
    DESCRIPTION_ANNOTATION,
    SEVERITY_LABEL,
    SUMMARY_ANNOTATION,
)
from sre.core.markdown import markdown_environment
from sre.core.rules import AlertRule
from sre.core.times import format_duration

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
TO_FILL = "**TO FILL**"
_TEAM_LABELS = ("team", "owner", "squad")


@dataclass(frozen=True, slots=True)
class BudgetSpeed:
    """What one burn-rate tier says about time.

    Attributes:
        spent_ratio: Share of the period's budget that is gone when the tier fires, 0..1.
        gone_in_seconds: From a full budget to none at just this speed.
    """

    tier: str
    severity: str
    factor: float
    long_seconds: float
    short_seconds: float
    spent_ratio: float
    gone_in_seconds: float


@dataclass(frozen=True, slots=True)
class SloFacts:
    """The SLO behind an alert, as far as its runbook tells it."""

    name: str
    service: str
    objective_ratio: float
    window: str
    description: str
    speeds: tuple[BudgetSpeed, ...]


@dataclass(frozen=True, slots=True)
class TriedQuery:
    """A query of the runbook and what became of it.

    Attributes:
        outcome: What the source said, for the reader; empty where it was not asked.
        has_data: Whether it returned something; None where it was not, or could not be, tried.
    """

    asked: RunbookQuery
    outcome: str = ""
    has_data: bool | None = None

    @property
    def is_empty_by_mistake(self) -> bool:
        """Whether it returned nothing although it should."""
        return self.has_data is False and self.asked.expects_data


@dataclass(frozen=True, slots=True)
class Runbook:
    """All that one page says.

    Attributes:
        rules: The alert's rules; burn-rate tiers share one alert.
        service: Whose alert it is; empty if neither its labels nor its expression say.
        escalate_to: Who is called next; empty if nobody said.
    """

    rules: tuple[AlertRule, ...]
    kind: SignalKind
    conditions: tuple[Condition, ...]
    queries: tuple[TriedQuery, ...]
    slo: SloFacts | None = None
    service: str = ""
    escalate_to: str = ""

    @property
    def alert(self) -> str:
        """Name of the alert."""
        return self.rules[0].alert

    @property
    def words(self) -> KindWords:
        """What is true of all alerts of this kind."""
        return kind_words()[self.kind]

    @property
    def severities(self) -> tuple[str, ...]:
        """Severities of its rules, in order, each once."""
        return tuple(dict.fromkeys(rule.labels.get(SEVERITY_LABEL, "") for rule in self.rules))

    def label(self, *names: str) -> str:
        """Return the first of these labels that its first rule sets, or an empty string."""
        return next((value for name in names if (value := self.rules[0].labels.get(name))), "")

    def annotation(self, name: str) -> str:
        """Return an annotation of its first rule, or an empty string."""
        return self.rules[0].annotations.get(name, "")


def runbook_markdown(runbook: Runbook) -> str:
    """Return the page; text from outside is escaped and can form nothing but text."""
    text = (
        _environment()
        .get_template("runbook.md.j2")
        .render(
            r=runbook,
            words=runbook.words,
            slo=runbook.slo,
            service=(runbook.slo.service if runbook.slo else "") or runbook.service,
            team=runbook.label(*_TEAM_LABELS),
            summary=runbook.annotation(SUMMARY_ANNOTATION),
            description=runbook.annotation(DESCRIPTION_ANNOTATION),
            dashboard=runbook.annotation(DASHBOARD_ANNOTATION),
            queries=_by_purpose(runbook.queries),
            silence=silence_command(runbook.rules[0]),
            holds=_waits(runbook.rules),
        )
    )
    return text.strip() + "\n"


def silence_command(rule: AlertRule) -> str:
    """Return the command that silences an alert and nothing else, for as long as a repair usually takes."""
    fixed = {name: value for name, value in rule.labels.items() if name in {"slo", "service"} and "{{" not in value}
    matchers = " ".join(_shell_quoted(f"{name}={value}") for name, value in {"alertname": rule.alert, **fixed}.items())
    return f'amtool silence add {matchers} --duration=1h --author="$USER" --comment="<ticket or incident>"'


def _shell_quoted(text: str) -> str:
    # POSIX: nothing inside single quotes is special but the quote itself.
    return "'" + " ".join(text.split()).replace("'", "'\\''") + "'"


def _by_purpose(queries: Sequence[TriedQuery]) -> Mapping[str, list[TriedQuery]]:
    grouped: dict[str, list[TriedQuery]] = {"state": [], "split": [], "change": [], "context": []}
    for query in queries:
        grouped[query.asked.purpose].append(query)
    return grouped


def _waits(rules: Sequence[AlertRule]) -> str:
    seconds = sorted({rule.for_seconds for rule in rules if rule.for_seconds})
    return " or ".join(format_duration(value) for value in seconds)


def _environment() -> "Environment":
    filters = {"percent": lambda ratio: f"{ratio * 100:.10g} %", "time": format_duration}
    environment = markdown_environment(_TEMPLATES, filters)
    environment.globals |= {"TO_FILL": TO_FILL}
    return environment
