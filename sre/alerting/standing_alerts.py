"""The alerts that stand now, as Prometheus and Alertmanager see them together: who is told, and who is not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from sre.alerting.alert_pairing import Pairing, paired
from sre.alerting.urgency import Urgency, urgency_of
from sre.core.alerts import NotifiedAlert, Silence
from sre.core.labels import Labels
from sre.core.telemetry import ActiveAlert, Rule

AlertState: TypeAlias = Literal["firing", "pending", "silenced", "inhibited", "muted"]
# What became of an alert between the two systems; `not sent` while pending, `unasked` where one was not asked.
Delivery: TypeAlias = Literal[
    "delivered", "on the way", "missing", "uncertain", "leftover", "elsewhere", "not sent", "unasked"
]

# Prometheus sends a firing alert after each evaluation and repeats it every minute (`--rules.alert.resend-delay`), so
# that one the Alertmanager does not know after two has not arrived (our choice).
GRACE: Final = timedelta(minutes=2)
ENDS_SOON: Final = timedelta(hours=1)
_ALERT_NAME: Final = "alertname"


@dataclass(frozen=True, slots=True)
class StandingAlert:
    """An alert as far as both systems know it; labels and annotations are text from outside.

    Attributes:
        labels: As the Prometheus has them, where it was asked.
        state: `firing` reaches people; the last three are held back by the Alertmanager.
        since: When its condition began to hold, or when it was first notified.
        fires_at: When a pending one fires, if its condition goes on; None where the rule is not known.
        value: Of its expression; None where only the Alertmanager knows it.
        notified: As the Alertmanager holds it, or None.
    """

    labels: Labels
    annotations: Mapping[str, str]
    state: AlertState
    urgency: Urgency
    delivery: Delivery
    since: datetime | None
    fires_at: datetime | None = None
    value: float | None = None
    notified: NotifiedAlert | None = None

    @property
    def name(self) -> str:
        """Name of its rule."""
        return self.labels.get(_ALERT_NAME, "")

    @property
    def is_informing(self) -> bool:
        """Whether it fires only to inform, as a watchdog does."""
        return self.state == "firing" and self.urgency == "none"


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """Alerts that belong together: sent in one notification, or of one rule.

    Attributes:
        labels: What they share by which they are grouped.
        receivers: Whom they go to; empty where the Alertmanager did not say.
        alerts: The most urgent first.
    """

    labels: Labels
    receivers: tuple[str, ...]
    alerts: tuple[StandingAlert, ...]

    def count_of(self, state: AlertState) -> int:
        """Return how many of its alerts are in a state."""
        return sum(alert.state == state for alert in self.alerts)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What is known of the rules: how long each alert waits before it fires."""

    by_labels: Mapping[Labels, float]
    by_name: Mapping[str, float]

    @classmethod
    def of(cls, rules: Sequence[Rule]) -> "_Rules":
        alerting = [rule for rule in rules if rule.kind == "alerting"]
        by_name: dict[str, float] = {}
        for rule in alerting:
            # Rules may share a name, such as the tiers of an SLO; the longest wait accuses nobody too early.
            by_name[rule.name] = max(rule.for_seconds, by_name.get(rule.name, 0.0))
        return cls({alert.labels: rule.for_seconds for rule in alerting for alert in rule.alerts}, by_name)

    def wait_of(self, alert: ActiveAlert) -> float | None:
        return self.by_labels.get(alert.labels, self.by_name.get(alert.name))


@dataclass(frozen=True, slots=True)
class EndingSilence:
    """A silence that ends soon over alerts that still fire."""

    silence: Silence
    alerts: tuple[StandingAlert, ...]


def standing_alerts(
    active: Sequence[ActiveAlert] | None,
    notified: Sequence[NotifiedAlert] | None,
    *,
    rules: Sequence[Rule] | None,
    now: datetime,
) -> tuple[tuple[StandingAlert, ...], Pairing]:
    """Return all alerts, the most urgent first, and how the two systems' were brought together.

    Args:
        active: Alerts of the Prometheus; None where it was not asked.
        notified: Alerts of the Alertmanager; None where it was not asked.
        rules: Rules of the Prometheus; None where they are not known.
    """
    firing = [alert for alert in active or () if alert.state == "firing"]
    pairing = paired([alert.labels for alert in firing], [alert.labels for alert in notified or ()])
    known = _Rules.of(rules or ())
    found = [
        _fired(alert, index, pairing=pairing, notified=notified, now=now, wait=known.wait_of(alert))
        for index, alert in enumerate(firing)
    ]
    found += [_pending(alert, known.wait_of(alert)) for alert in active or () if alert.state == "pending"]
    partners = set(pairing.held_by_sent.values())
    found += [
        _notified_only(alert, is_asked=active is not None, rules=known)
        for position, alert in enumerate(notified or ())
        if position not in partners
    ]
    return tuple(sorted(found, key=_rank)), pairing


def alert_groups(alerts: Sequence[StandingAlert]) -> tuple[AlertGroup, ...]:
    """Return the alerts by notification group, else by rule; the group with the most urgent alert first."""
    known = {alert.notified.group_labels: None for alert in alerts if alert.notified and alert.notified.group_labels}
    groups: dict[Labels, list[StandingAlert]] = {}
    for alert in alerts:
        groups.setdefault(_group_of(alert, known), []).append(alert)
    return tuple(
        AlertGroup(
            labels,
            tuple(sorted({name for alert in members if alert.notified for name in alert.notified.receivers})),
            tuple(members),
        )
        for labels, members in groups.items()
    )


def counts_by_state(alerts: Sequence[StandingAlert]) -> Counter[AlertState]:
    """Return how many alerts are in each state."""
    return Counter(alert.state for alert in alerts)


def ending_silences(
    alerts: Sequence[StandingAlert], silences: Sequence[Silence], *, now: datetime
) -> tuple[EndingSilence, ...]:
    """Return the silences that end within the hour while alerts under them stand, the first to end first."""
    found = []
    for silence in sorted(silences, key=lambda one: one.ends_at):
        if silence.state == "active" and now <= silence.ends_at <= now + ENDS_SOON:
            under = tuple(alert for alert in alerts if alert.notified and silence.id in alert.notified.silenced_by)
            if under:
                found.append(EndingSilence(silence, under))
    return tuple(found)


def _fired(
    alert: ActiveAlert,
    index: int,
    *,
    pairing: Pairing,
    notified: Sequence[NotifiedAlert] | None,
    now: datetime,
    wait: float | None,
) -> StandingAlert:
    partner = notified[pairing.held_by_sent[index]] if notified and index in pairing.held_by_sent else None
    if notified is None:
        delivery: Delivery = "unasked"
    elif partner is not None:
        delivery = "delivered"
    else:
        delivery = "uncertain" if index in pairing.uncertain else _undelivered(alert, now=now, wait=wait)
    return StandingAlert(
        labels=alert.labels,
        annotations=alert.annotations,
        state=_state_of(partner) if partner else "firing",
        urgency=urgency_of(alert.labels),
        delivery=delivery,
        since=alert.active_at,
        value=alert.value,
        notified=partner,
    )


def _undelivered(alert: ActiveAlert, *, now: datetime, wait: float | None) -> Delivery:
    fired_at = _later(alert.active_at, wait or 0.0)
    return "on the way" if fired_at is not None and now - fired_at < GRACE else "missing"


def _pending(alert: ActiveAlert, wait: float | None) -> StandingAlert:
    return StandingAlert(
        labels=alert.labels,
        annotations=alert.annotations,
        state="pending",
        urgency=urgency_of(alert.labels),
        delivery="not sent",
        since=alert.active_at,
        fires_at=_later(alert.active_at, wait) if wait is not None else None,
        value=alert.value,
    )


def _notified_only(alert: NotifiedAlert, *, is_asked: bool, rules: _Rules) -> StandingAlert:
    delivery: Delivery = "unasked"
    if is_asked:
        delivery = "leftover" if alert.labels.get(_ALERT_NAME, "") in rules.by_name else "elsewhere"
    return StandingAlert(
        labels=alert.labels,
        annotations=alert.annotations,
        state=_state_of(alert),
        urgency=urgency_of(alert.labels),
        delivery=delivery,
        since=alert.starts_at,
        notified=alert,
    )


def _state_of(alert: NotifiedAlert) -> AlertState:
    if alert.silenced_by:
        return "silenced"
    if alert.inhibited_by:
        return "inhibited"
    return "muted" if alert.muted_by or alert.state == "suppressed" else "firing"


def _later(at: datetime | None, seconds: float) -> datetime | None:
    return at + timedelta(seconds=seconds) if at is not None else None


def _group_of(alert: StandingAlert, known: Mapping[Labels, None]) -> Labels:
    if alert.notified is not None and alert.notified.group_labels:
        return alert.notified.group_labels
    # One that nobody was told of belongs to the group that it would be sent in, if one like it is known.
    fitting = [group for group in known if alert.labels.only(group) == group and _ALERT_NAME in group]
    return max(fitting, key=len) if fitting else alert.labels.only((_ALERT_NAME,))


def _rank(alert: StandingAlert) -> tuple[int, float, str]:
    """Sort what reaches people before what waits, pages before tickets, and the oldest first."""
    is_page = alert.urgency == "page"
    if alert.urgency == "none":
        place = 7
    elif alert.state == "firing":
        place = (0 if alert.delivery == "missing" else 1) if is_page else 2
    elif alert.state == "pending":
        place = 3 if is_page else 4
    else:
        place = 5 if is_page else 6
    return place, alert.since.timestamp() if alert.since else 0.0, str(alert.labels)
