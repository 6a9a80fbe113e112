"""An alert of a service before it is written: the rule, why its threshold is what it is, and how it is proved."""

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from sre.core.conventions import (
    DESCRIPTION_ANNOTATION,
    RUNBOOK_ANNOTATION,
    SERVICE_LABEL,
    SEVERITY_LABEL,
    SIGNAL_LABEL,
    SUMMARY_ANNOTATION,
    camel_case,
    runbook_address,
)
from sre.core.rules.label_templates import template_safe
from sre.core.rules.model import AlertRule
from sre.core.rules.scenarios import Scenario

Signal: TypeAlias = Literal["errors", "latency", "traffic", "saturation", "absence"]
AlertSeverity: TypeAlias = Literal["page", "ticket"]

# What users feel is looked at twice a minute in real life; history is read at steps that a source can afford.
MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class PlannedAlert:
    """One alert.

    Attributes:
        basis: Where its threshold comes from, for people.
        scenarios: Situations in which it must fire or be silent.
        untested: Why there are none; empty where there are.
    """

    rule: AlertRule
    signal: Signal
    basis: str
    scenarios: tuple[Scenario, ...] = ()
    untested: str = ""

    @property
    def severity(self) -> str:
        """`page` or `ticket`."""
        return self.rule.labels[SEVERITY_LABEL]

    def demoted(self, reason: str) -> "PlannedAlert":
        """Return the same alert as a ticket, with the reason."""
        rule = replace(self.rule, labels={**self.rule.labels, SEVERITY_LABEL: "ticket"})
        scenarios = tuple(
            replace(
                scenario,
                expectations=tuple(
                    replace(one, severity="ticket") if one.fires and one.alert == rule.alert else one
                    for one in scenario.expectations
                ),
            )
            for scenario in self.scenarios
        )
        return replace(self, rule=rule, scenarios=scenarios, basis=f"{self.basis}; {reason}")


@dataclass(frozen=True, slots=True)
class NotPlanned:
    """An alert that is left out, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class AlertWriter:
    """Gives the alerts of one service their names, labels and annotations."""

    service: str
    runbook_url: str = ""

    def name(self, what: str) -> str:
        """Return the name of an alert of this service."""
        prefix = camel_case(self.service) or "Service"
        # A name of a rule may not begin with a digit where people use it as an identifier.
        return f"{prefix if not prefix[0].isdigit() else f'Service{prefix}'}{what}"

    def rule(
        self,
        what: str,
        expr: str,
        *,
        signal: Signal,
        severity: AlertSeverity,
        for_seconds: float,
        summary: str,
        description: str,
    ) -> AlertRule:
        """Return a rule."""
        name = self.name(what)
        return AlertRule(
            alert=name,
            expr=expr,
            for_seconds=for_seconds,
            labels={SERVICE_LABEL: self.service, SEVERITY_LABEL: severity, SIGNAL_LABEL: signal},
            annotations={
                SUMMARY_ANNOTATION: f"{template_safe(self.service)}: {summary}",
                DESCRIPTION_ANNOTATION: description,
                RUNBOOK_ANNOTATION: runbook_address(self.runbook_url, name),
            },
        )


def percent(ratio: float) -> str:
    """Return a ratio for people."""
    return f"{ratio * 100:.4g}%"
