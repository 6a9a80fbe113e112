"""Alerts about the alerting itself: that it delivers, and that what it is made of still works.

Both generators of rules emit the same file, so that any of them alone makes a folder whose delivery is proven.
"""

from dataclasses import dataclass
from typing import Final

from sre.core.conventions import (
    DESCRIPTION_ANNOTATION,
    RUNBOOK_ANNOTATION,
    SERVICE_LABEL,
    SEVERITY_LABEL,
    SIGNAL_LABEL,
    SUMMARY_ANNOTATION,
    WATCHDOG_ALERT,
    runbook_address,
)
from sre.core.labels import Labels
from sre.core.rules.model import AlertRule, RuleFile, RuleGroup
from sre.core.rules.scenarios import Expectation, InputSeries, Scenario, counter, gauge

RULES_PATH: Final = "rules/watchdog.yml"
TESTS_PATH: Final = "tests/watchdog.test.yml"
HEADER: Final = """\
Watchdog always fires: route it to a receiver that raises an alarm when it stops coming.
The others say that a part of the monitoring itself has failed."""
_SERVICE: Final = "monitoring"
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class _Row:
    alert: str
    expr: str
    severity: str
    for_seconds: float
    summary: str
    description: str


_ROWS: Final = (
    _Row(
        WATCHDOG_ALERT, "vector(1)", "none", 0,
        "Alerts are delivered: this one always fires",
        "Nothing to do while it arrives. When it stops, no other alert arrives either: look at Prometheus, then at "
        "the Alertmanager, then at what lies between.",
    ),
    _Row(
        "AlertsNotSent", "sum by (instance) (increase(prometheus_notifications_errors_total[15m])) > 0",
        "ticket", 900,
        "{{ $labels.instance }} cannot send alerts to an Alertmanager",
        "{{ $value | humanize }} alerts could not be sent in 15 minutes.",
    ),
    _Row(
        "NotificationsFail",
        "sum by (instance, integration) (increase(alertmanager_notifications_failed_total[15m])) > 0",
        "page", 300,
        "{{ $labels.instance }} cannot notify by {{ $labels.integration }}",
        "{{ $value | humanize }} notifications by {{ $labels.integration }} failed in 15 minutes: people may not "
        "know what fires. Look at the Alertmanager itself.",
    ),
    _Row(
        "RulesFail", "sum by (instance) (increase(prometheus_rule_evaluation_failures_total[15m])) > 0",
        "ticket", 900,
        "{{ $labels.instance }} cannot evaluate a rule",
        "{{ $value | humanize }} evaluations failed in 15 minutes; what these rules watch is not watched.",
    ),
    _Row(
        "ConfigurationRejected",
        "prometheus_config_last_reload_successful == 0 or alertmanager_config_last_reload_successful == 0",
        "ticket", 600,
        "{{ $labels.instance }} runs on an old configuration",
        "The last reload failed, so the newest changes do not count, and a restart would fail.",
    ),
)  # fmt: skip


def delivery_rules(*, runbook_url: str = "") -> RuleFile:
    """Return the alerts about alerting.

    Args:
        runbook_url: Address of a runbook with `{alert}` in it; empty for the files beside the rules.
    """
    rules = tuple(_rule(row, runbook_url=runbook_url) for row in _ROWS)
    return RuleFile((RuleGroup("watchdog", rules),), RULES_PATH)


def delivery_scenarios() -> tuple[Scenario, ...]:
    """Return a situation for each of the alerts about alerting."""
    return (
        Scenario("the watchdog always fires", (), _fires(WATCHDOG_ALERT, "none", at=(0.0, _HOUR))),
        _failing("AlertsNotSent", "ticket", "prometheus_notifications_errors_total"),
        _failing("NotificationsFail", "page", "alertmanager_notifications_failed_total", integration="pagerduty"),
        _failing("RulesFail", "ticket", "prometheus_rule_evaluation_failures_total"),
        Scenario(
            "a reload fails, and is mended",
            (
                InputSeries(
                    Labels({"__name__": "prometheus_config_last_reload_successful", "instance": "a:9090"}),
                    gauge((_HOUR, 1), (_HOUR, 0), (_HOUR, 1)),
                ),
            ),
            (
                *_silent("ConfigurationRejected", at=(_HOUR - 300, 3 * _HOUR - 300)),
                *_fires("ConfigurationRejected", "ticket", at=(2 * _HOUR - 300,)),
            ),
        ),
    )


def _failing(alert: str, severity: str, metric: str, **labels: str) -> Scenario:
    series = Labels({"__name__": metric, "instance": "a:9090", **labels})
    return Scenario(
        f"{metric} grows for an hour",
        (InputSeries(series, counter((_HOUR, 0), (_HOUR, 0.1), (_HOUR, 0))),),
        (
            *_silent(alert, at=(_HOUR - 300, 3 * _HOUR - 300)),
            *_fires(alert, severity, at=(2 * _HOUR - 300,)),
        ),
    )


def _fires(alert: str, severity: str, *, at: tuple[float, ...]) -> tuple[Expectation, ...]:
    return tuple(Expectation(alert, seconds, fires=True, severity=severity) for seconds in at)


def _silent(alert: str, *, at: tuple[float, ...]) -> tuple[Expectation, ...]:
    return tuple(Expectation(alert, seconds, fires=False) for seconds in at)


def _rule(row: _Row, *, runbook_url: str) -> AlertRule:
    return AlertRule(
        alert=row.alert,
        expr=row.expr,
        for_seconds=row.for_seconds,
        labels={SERVICE_LABEL: _SERVICE, SEVERITY_LABEL: row.severity, SIGNAL_LABEL: "delivery"},
        annotations={
            SUMMARY_ANNOTATION: row.summary,
            DESCRIPTION_ANNOTATION: row.description,
            RUNBOOK_ANNOTATION: runbook_address(runbook_url, row.alert),
        },
    )
