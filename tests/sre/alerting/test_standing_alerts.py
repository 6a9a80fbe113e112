"""What stands, as two systems tell it: states, delivery, rank, groups, silences that end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sre.alerting.standing_alerts import (
    StandingAlert,
    alert_groups,
    counts_by_state,
    ending_silences,
    standing_alerts,
)
from sre.alerting.urgency import severity_of, urgency_of
from sre.core.alerts import LabelMatcher, NotifiedAlert, Silence
from sre.core.labels import Labels
from sre.core.telemetry import ActiveAlert, Rule

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def active(name: str, *, minutes: float = 30, state: Any = "firing", **labels: str) -> ActiveAlert:
    own = Labels({"alertname": name, **labels})
    return ActiveAlert(name, state, own, {}, NOW - timedelta(minutes=minutes), 1.0)


def held(
    name: str, *, group: dict[str, str] | None = None, by: dict[str, Any] | None = None, **labels: str
) -> NotifiedAlert:
    return NotifiedAlert(
        labels=Labels({"alertname": name, **labels}),
        annotations={},
        state="suppressed" if by else "active",
        starts_at=NOW - timedelta(minutes=10),
        ends_at=NOW + timedelta(minutes=4),
        fingerprint=f"f-{name}",
        receivers=("pages",),
        group_labels=Labels(group or {"alertname": name}),
        **(by or {}),
    )


def rule(name: str, *, wait: float = 0.0) -> Rule:
    return Rule("alerting", name, "up == 0", Labels(), {}, "g", "f", "ok", "", for_seconds=wait)


def seen(
    sent: list[ActiveAlert] | None, notified: list[NotifiedAlert] | None, rules: list[Rule] | None = None
) -> dict[str, StandingAlert]:
    alerts, _ = standing_alerts(sent, notified, rules=rules, now=NOW)
    return {alert.name: alert for alert in alerts}


@pytest.mark.parametrize(
    ("by", "state"),
    [
        ({}, "firing"),
        ({"silenced_by": ("s",)}, "silenced"),
        ({"inhibited_by": ("f",)}, "inhibited"),
        ({"muted_by": ("nights",)}, "muted"),
        ({"silenced_by": ("s",), "inhibited_by": ("f",)}, "silenced"),
    ],
)
def test_what_the_alertmanager_holds_back_is_not_firing(by: dict[str, Any], state: str) -> None:
    """Source: Alertmanager API v2, alertStatus; a person's silence is named before a rule's inhibition."""
    assert seen([active("A")], [held("A", by=by)])["A"].state == state


def test_an_alert_that_did_not_arrive_is_missing_after_two_minutes() -> None:
    """Our choice of two minutes: Prometheus sends again every minute."""
    sent = [active("Old", minutes=3), active("New", minutes=1), active("Known")]
    found = seen(sent, [held("Known")])
    assert {name: alert.delivery for name, alert in found.items()} == {
        "Old": "missing", "New": "on the way", "Known": "delivered",
    }  # fmt: skip


def test_the_time_a_rule_waits_does_not_count_as_a_time_to_arrive() -> None:
    """Source: Prometheus tells since when the condition holds, not since when the alert fires."""
    found = seen([active("Slow", minutes=11)], [], [rule("Slow", wait=600)])
    assert found["Slow"].delivery == "on the way"
    assert seen([active("Slow", minutes=13)], [], [rule("Slow", wait=600)])["Slow"].delivery == "missing"


def test_nothing_is_called_missing_where_nobody_was_asked() -> None:
    """Our choice: what is not known is not claimed."""
    assert seen([active("A")], None)["A"].delivery == "unasked"
    assert seen(None, [held("A")])["A"].delivery == "unasked"


def test_what_only_the_alertmanager_has_is_left_over_or_from_elsewhere() -> None:
    """Our choice: a rule of that name in the source tells the two apart."""
    found = seen([], [held("Ours"), held("Theirs")], [rule("Ours")])
    assert (found["Ours"].delivery, found["Theirs"].delivery) == ("leftover", "elsewhere")


def test_a_pending_alert_says_when_it_fires() -> None:
    """Source: Prometheus, `for`: the condition must hold that long."""
    found = seen([active("P", minutes=2, state="pending")], [], [rule("P", wait=300)])
    assert found["P"].fires_at == NOW + timedelta(minutes=3)
    assert seen([active("P", state="pending")], [])["P"].fires_at is None


def test_the_tiers_of_one_alert_wait_each_as_its_own_rule_says() -> None:
    """Source: rules may share a name; /rules lists the alerts of each."""
    fast, slow = (active("Burn", minutes=1, state="pending", tier=tier) for tier in ("fast", "slow"))
    rules = [
        Rule("alerting", "Burn", "x", Labels(), {}, "g", "f", "ok", "", for_seconds=seconds, alerts=(alert,))
        for alert, seconds in ((fast, 120.0), (slow, 3600.0))
    ]
    alerts, _ = standing_alerts([fast, slow], None, rules=rules, now=NOW)
    waits = {alert.labels["tier"]: alert.fires_at - alert.since for alert in alerts if alert.fires_at and alert.since}
    assert waits == {"fast": timedelta(minutes=2), "slow": timedelta(hours=1)}


def test_undelivered_pages_come_first_then_pages_by_age_and_watchdogs_last() -> None:
    """Our choice of rank: whom it reaches, then the oldest."""
    sent = [
        active("Watchdog", severity="none", minutes=9_000),
        active("Ticket", severity="ticket", minutes=500),
        active("YoungPage", severity="page", minutes=5),
        active("OldPage", severity="critical", minutes=300),
        active("LostPage", severity="page", minutes=4),
        active("PendingPage", severity="page", state="pending"),
        active("PendingTicket", severity="ticket", state="pending"),
        active("SilencedTicket", severity="ticket"),
        active("SilencedPage", severity="page"),
    ]
    silent = {"silenced_by": ("s",)}
    notified = [held(alert.name, **alert.labels.without("alertname")) for alert in sent if alert.name in ("Watchdog", "Ticket", "YoungPage", "OldPage")]  # fmt: skip
    notified += [held("SilencedPage", by=silent, severity="page"), held("SilencedTicket", by=silent, severity="ticket")]
    alerts, _ = standing_alerts(sent, notified, rules=None, now=NOW)
    assert [alert.name for alert in alerts] == [
        "LostPage", "OldPage", "YoungPage", "Ticket", "PendingPage", "PendingTicket", "SilencedPage", "SilencedTicket",
        "Watchdog",
    ]  # fmt: skip
    assert counts_by_state(alerts) == {"firing": 5, "pending": 2, "silenced": 2}


def test_groups_are_those_of_the_notification_and_take_in_what_waits() -> None:
    """Our choice: a pending alert stands with the group it would be sent in."""
    group = {"alertname": "Errors", "service": "cart"}
    sent = [
        active("Errors", service="cart", pod="a", severity="page"),
        active("Errors", service="cart", pod="b", severity="page", state="pending"),
        active("Errors", service="db", severity="page", state="pending"),
    ]
    alerts, _ = standing_alerts(
        sent, [held("Errors", group=group, service="cart", pod="a", severity="page")], rules=None, now=NOW
    )
    groups = alert_groups(alerts)
    assert [(dict(one.labels), len(one.alerts), one.receivers) for one in groups] == [
        (group, 2, ("pages",)),
        ({"alertname": "Errors"}, 1, ()),
    ]


def silence(silence_id: str, *, minutes: int, state: Any = "active") -> Silence:
    end = NOW + timedelta(minutes=minutes)
    return Silence(silence_id, (LabelMatcher("a", "b"),), NOW, end, "me", "why", state)


def test_a_silence_that_ends_within_the_hour_over_what_fires_is_told() -> None:
    """Source: issue 3: silences about to end while the alert still fires."""
    alerts, _ = standing_alerts([active("A")], [held("A", by={"silenced_by": ("soon", "later")})], rules=None, now=NOW)
    silences = [silence("later", minutes=61), silence("soon", minutes=59), silence("unused", minutes=5)]
    assert [one.silence.id for one in ending_silences(alerts, silences, now=NOW)] == ["soon"]


@pytest.mark.parametrize(
    ("labels", "urgency"),
    [
        ({"severity": "page"}, "page"),
        ({"severity": "CRITICAL"}, "page"),
        ({"severity": "SEV-1"}, "page"),
        ({"severity": "warning"}, "ticket"),
        ({"priority": "P3"}, "ticket"),
        ({"severity": "info"}, "none"),
        ({"severity": "purple"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_severities_are_read_in_many_spellings(labels: dict[str, str], urgency: str) -> None:
    """Our choice of words."""
    assert urgency_of(labels) == urgency
    assert severity_of(labels) == next(iter(labels.values()), "")
