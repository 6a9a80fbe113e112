"""Notifications as Alertmanager hands them to its templates, made up: to see each template rendered before it is used.

Source: prometheus.io/docs, "Notification template reference": the shape, spelt as webhooks get it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

_STARTED = "2026-01-05T03:14:15Z"
_NEVER = "0001-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class SampleAlert:
    """One alert of a notification."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    is_firing: bool = True


@dataclass(frozen=True, slots=True)
class SampleNotification:
    """One notification.

    Attributes:
        receiver: Whom it goes to.
    """

    name: str
    receiver: str
    alerts: tuple[SampleAlert, ...]

    def as_json(self) -> str:
        """Return it as the templates get it."""
        is_firing = any(alert.is_firing for alert in self.alerts)
        document = {
            "receiver": self.receiver,
            "status": "firing" if is_firing else "resolved",
            "alerts": [_alert(alert) for alert in self.alerts],
            "groupLabels": {"service": self.alerts[0].labels.get("service", "")},
            "commonLabels": _common([alert.labels for alert in self.alerts]),
            "commonAnnotations": _common([alert.annotations for alert in self.alerts]),
            "externalURL": "http://alertmanager.example:9093",
        }
        return json.dumps(document)


def sample_notifications() -> tuple[SampleNotification, ...]:
    """Return a page, a ticket, and the page's end."""
    labels = {"alertname": "CheckoutErrorRatioHigh", "service": "checkout", "severity": "page", "signal": "errors"}
    annotations = {
        "summary": "checkout: too many requests fail",
        "description": "4.2% of requests failed over the last 5 minutes.",
        "runbook_url": "https://runbooks.example/CheckoutErrorRatioHigh",
    }
    burn = {"alertname": "CheckoutAvailabilityBudgetBurn", "service": "checkout", "tier": "fast", "severity": "page"}
    page = SampleAlert(labels, annotations)
    second = SampleAlert(
        {**burn, "slo": "checkout-availability"}, {"summary": "checkout: the budget burns 20x too fast"}
    )
    slow = {**burn, "tier": "slow", "severity": "ticket", "slo": "checkout-availability"}
    ticket = SampleAlert(slow, {"summary": "checkout: the budget burns 3x too fast"})
    return (
        SampleNotification("a page", "pages", (page, second)),
        SampleNotification("a ticket", "tickets", (ticket,)),
        SampleNotification("the end of a page", "pages", (SampleAlert(labels, annotations, is_firing=False),)),
    )


def _alert(alert: SampleAlert) -> dict[str, object]:
    return {
        "status": "firing" if alert.is_firing else "resolved",
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": _STARTED,
        "endsAt": _NEVER if alert.is_firing else "2026-01-05T03:44:15Z",
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=1",
        "fingerprint": "0123456789abcdef",
    }


def _common(sets: list[Mapping[str, str]]) -> dict[str, str]:
    return {name: value for name, value in sets[0].items() if all(one.get(name) == value for one in sets)}
