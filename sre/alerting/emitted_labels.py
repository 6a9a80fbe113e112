"""The label sets of every alert that our generators emit, and whom each must reach."""

from collections.abc import Mapping
from dataclasses import dataclass

from sre.alerting.receiver_model import Audience
from sre.core.conventions import (
    SERVICE_LABEL,
    SEVERITY_LABEL,
    SIGNAL_LABEL,
    SLO_LABEL,
    TIER_LABEL,
    WATCHDOG_ALERT,
    budget_burn_alert,
    sli_missing_alert,
)

# By signal, the severities that `generate_alert_rules` gives.
_SIGNALS: Mapping[str, tuple[str, ...]] = {
    "errors": ("page", "ticket"),
    "latency": ("page", "ticket"),
    "traffic": ("ticket",),
    "saturation": ("page", "ticket"),
    "absence": ("page", "ticket"),
}
# By tier, the severity of the table; a definition may turn each into the other.
_TIERS: Mapping[str, str] = {"fast": "page", "medium": "page", "slow": "ticket", "steady": "ticket"}
_AUDIENCE: Mapping[str, Audience] = {"page": "pages", "ticket": "tickets"}


@dataclass(frozen=True, slots=True)
class EmittedAlert:
    """Labels of an alert, and the receiver that must get it."""

    labels: Mapping[str, str]
    receiver: Audience


def emitted_alerts(*, service: str = "checkout", slo: str = "checkout-availability") -> tuple[EmittedAlert, ...]:
    """Return one example of each kind of alert, one of others without a severity, and a critical one."""
    found = [
        EmittedAlert(
            {
                "alertname": budget_burn_alert(slo),
                SLO_LABEL: slo,
                SERVICE_LABEL: service,
                TIER_LABEL: tier,
                SEVERITY_LABEL: severity,
            },
            _AUDIENCE[severity],
        )
        for tier, severity in _TIERS.items()
    ]
    missing = {"alertname": sli_missing_alert(slo), SLO_LABEL: slo, SERVICE_LABEL: service, SEVERITY_LABEL: "ticket"}
    found.append(EmittedAlert(missing, "tickets"))
    for signal, severities in _SIGNALS.items():
        for severity in severities:
            labels = {SERVICE_LABEL: service, SIGNAL_LABEL: signal, SEVERITY_LABEL: severity}
            found.append(EmittedAlert(labels, _AUDIENCE[severity]))
    watchdog = {"alertname": WATCHDOG_ALERT, SERVICE_LABEL: "monitoring", SEVERITY_LABEL: "none"}
    found.append(EmittedAlert(watchdog, "watchdog"))
    found.append(EmittedAlert({"alertname": "SomeoneElsesAlert", SERVICE_LABEL: service}, "tickets"))
    return (*found, EmittedAlert({"alertname": "SomeoneElsesAlert", SEVERITY_LABEL: "critical"}, "pages"))
