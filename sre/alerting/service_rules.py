"""All alerts of a service, symptoms first."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre.alerting.absence_rules import absence_alerts
from sre.alerting.alert_settings import AlertSettings
from sre.alerting.planned_alert import AlertWriter, NotPlanned, PlannedAlert
from sre.alerting.saturation_rules import saturation_alerts
from sre.alerting.service_facts import ServiceFacts
from sre.alerting.symptom_rules import SymptomTargets, error_alert, latency_alert, traffic_alert
from sre.core.rules.model import RuleFile, RuleGroup


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """The alerts of one service, and what is left out."""

    service: str
    alerts: tuple[PlannedAlert, ...]
    left_out: tuple[NotPlanned, ...]

    @property
    def stem(self) -> str:
        """Name of its files."""
        return f"service-{file_stem(self.service)}"

    def rule_file(self) -> RuleFile:
        """Return the rules, a group for each kind of signal."""
        groups: dict[str, list[PlannedAlert]] = {}
        for planned in self.alerts:
            groups.setdefault(planned.signal, []).append(planned)
        return RuleFile(
            tuple(
                RuleGroup(f"{self.stem}-{signal}", tuple(planned.rule for planned in members))
                for signal, members in groups.items()
            ),
            f"rules/{self.stem}.yml",
        )


def service_plan(
    facts: ServiceFacts, targets: SymptomTargets, settings: AlertSettings, *, runbook_url: str = ""
) -> ServicePlan:
    """Return the alerts a service should have."""
    writer = AlertWriter(facts.service, runbook_url)
    by_signal = {
        "errors": (error_alert(facts, targets, settings, writer=writer),),
        "latency": (latency_alert(facts, targets, settings, writer=writer),),
        "traffic": (traffic_alert(facts, settings, writer=writer),),
        "saturation": saturation_alerts(facts, settings, writer=writer),
        "absence": absence_alerts(facts, settings, writer=writer),
    }
    wanted = [planned for signal, found in by_signal.items() if signal not in settings.without for planned in found]
    alerts = tuple(one for one in wanted if isinstance(one, PlannedAlert))
    left = [one for one in wanted if isinstance(one, NotPlanned)]
    left += [NotPlanned(signal, "switched off in the thresholds") for signal in settings.without]
    return ServicePlan(facts.service, _distinct(alerts), tuple(left))


def file_stem(service: str) -> str:
    """Return the name of a service as part of a file name; it is text from outside and could hold a path."""
    kept = "".join(character if character.isalnum() and character.isascii() else "-" for character in service)
    return "-".join(part for part in kept.split("-") if part)[:80].lower() or "service"


def _distinct(alerts: Sequence[PlannedAlert]) -> tuple[PlannedAlert, ...]:
    # Two resources of one kind would share a name; the first convention that fits is the better one.
    return tuple({planned.rule.alert: planned for planned in reversed(alerts)}[name] for name in _names(alerts))


def _names(alerts: Sequence[PlannedAlert]) -> list[str]:
    return list(dict.fromkeys(planned.rule.alert for planned in alerts))
