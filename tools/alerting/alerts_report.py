"""From what the two systems said to the answer of `list_alerts`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sre.alerting.standing_alerts import (
    ENDS_SOON,
    AlertGroup,
    StandingAlert,
    alert_groups,
    counts_by_state,
    ending_silences,
    standing_alerts,
)
from sre.alerting.urgency import severity_of
from sre.core.conventions import DESCRIPTION_ANNOTATION, RUNBOOK_ANNOTATION, SEVERITY_LABEL, SUMMARY_ANNOTATION
from sre.core.errors import NoDataError
from sre.core.figures import seconds_text
from sre.core.text import cleaned, listed, nearest_names, quoted
from sre.core.times import format_instant
from tools.alerting.alerts_answer import (
    AlertRow,
    AlertsAnswer,
    BrokenRule,
    CountsAnswer,
    GroupRow,
    SilenceRow,
    StateFilter,
)
from tools.context import recorded_note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sre.alerting.alert_pairing import Pairing
    from sre.core.alerts import Silence
    from tools.alerting.alerts_reading import AlertReading

_MAX_ROWS_A_GROUP = 5
_MAX_LABELS = 240
_MAX_SUMMARY = 160
_MAX_NAMED = 5
_MAX_BROKEN = 10
_MAX_LOST = 20
# An alert that stands from so soon after the beginning of a recording may be older than it: rules find nothing before
# the first scrapes and evaluations (our choice: five minutes, as long as Prometheus looks back for a sample).
_BEGINNING = timedelta(minutes=5)
_TELLING = (SUMMARY_ANNOTATION, DESCRIPTION_ANNOTATION, "message")
_RUNBOOKS = (RUNBOOK_ANNOTATION, "runbook")


def alerts_report(reading: AlertReading, *, state: StateFilter, service: str) -> AlertsAnswer:
    """Return the answer.

    Raises:
        NoDataError: Alerts stand, and none of them belongs to the service.
    """
    everything, pairing = standing_alerts(reading.active, reading.notified, rules=reading.rules, now=reading.now)
    alerts = _of_service(everything, service) if service else everything
    chosen = [alert for alert in alerts if state in ("all", alert.state)]
    groups = alert_groups(chosen)
    answer = AlertsAnswer(
        summary=_summary(alerts, reading, service=service),
        source=reading.source,
        alertmanager=reading.alertmanager,
        at=reading.now,
        counts=_counts(alerts),
        groups_total=len(groups),
        groups=[_group_row(group, reading) for group in groups],
        silences=_silence_rows(alerts, reading),
        not_delivered=[_named(alert) for alert in alerts if alert.delivery == "missing"][:_MAX_LOST],
        broken_rules=_broken_rules(reading),
        warnings=_warnings(alerts, reading, pairing),
    )
    hidden = sum(max(0, len(group.alerts) - _MAX_ROWS_A_GROUP) for group in groups)
    if hidden:
        answer.left_out.append(f"{hidden} more alerts of the groups shown: ask with service, or look at query ALERTS.")
    lost = sum(alert.delivery == "missing" for alert in alerts)
    if lost > _MAX_LOST:
        answer.left_out.append(f"{lost - _MAX_LOST} more that were not delivered: ask with service.")
    if len(chosen) < len(alerts):
        answer.left_out.append(f'{len(alerts) - len(chosen)} alerts in other states than {state}: state="all".')
    answer.next_steps = _next_steps(alerts)
    return answer


def _of_service(alerts: Sequence[StandingAlert], service: str) -> list[StandingAlert]:
    from sre.core.golden_conventions import conventions

    names = conventions().service_labels
    wanted = service.strip().lower()
    found = [alert for alert in alerts if any(alert.labels.get(name, "").lower() == wanted for name in names)]
    if alerts and not found:
        known = {alert.labels[name] for alert in alerts for name in names if name in alert.labels}
        close = nearest_names(service, known) or tuple(sorted(known))[:_MAX_NAMED]
        raise NoDataError(
            f"No alert of a service {quoted(service, limit=80)} stands; {len(alerts)} alert(s) of others do.",
            causes=("nothing is wrong with it that a rule looks for, or its alerts carry no label with its name.",),
            nearest=[quoted(name, limit=80) for name in close],
            next_steps=("call without service for all alerts; check_service_health for its signals.",),
        )
    return found


def _counts(alerts: Sequence[StandingAlert]) -> CountsAnswer:
    counts = counts_by_state(alerts)
    return CountsAnswer(
        firing=counts["firing"] - sum(alert.is_informing for alert in alerts),
        firing_pages=sum(alert.state == "firing" and alert.urgency == "page" for alert in alerts),
        pending=counts["pending"],
        silenced=counts["silenced"],
        inhibited=counts["inhibited"],
        muted=counts["muted"],
        informing=sum(alert.is_informing for alert in alerts),
    )


def _summary(alerts: Sequence[StandingAlert], reading: AlertReading, *, service: str) -> str:
    counts = _counts(alerts)
    of_service = f" of service {quoted(service, limit=80)}" if service else ""
    verb = "alert fires" if counts.firing == 1 else "alerts fire"
    pages = f", {counts.firing_pages} of them pages" if counts.firing_pages else ", none of them a page"
    held = [f"{getattr(counts, name)} {name}" for name in ("pending", "silenced", "inhibited", "muted", "informing")]
    told = [text for text in held if not text.startswith("0 ")]
    parts = [f"{counts.firing} {verb}{of_service}{pages if counts.firing else ''}{_oldest(alerts, reading)}."]
    if told:
        parts.append(f"{', '.join(told)}.".capitalize())
    missing = sum(alert.delivery == "missing" for alert in alerts)
    if missing:
        who = "it has" if missing == 1 else "they have"
        parts.append(f"{missing} firing in Prometheus did not reach the Alertmanager: {who} told nobody.")
    if reading.notified is None:
        parts.append(f"Told by {reading.source} alone: silences and delivery are not known.")
    if reading.active is None:
        parts.append(f"Told by {reading.alertmanager} alone: what is pending or did not arrive is not known.")
    return " ".join(parts)


def _oldest(alerts: Sequence[StandingAlert], reading: AlertReading) -> str:
    first = next((alert for alert in alerts if alert.state == "firing" and not alert.is_informing), None)
    if first is None or first.since is None:
        return ""
    return f"; first to look at: {quoted(first.name, limit=80)}, for {_age(first, reading)}"


def _age(alert: StandingAlert, reading: AlertReading) -> str:
    if alert.since is None:
        return "unknown"
    age = seconds_text(max(0.0, (reading.now - alert.since).total_seconds()))
    return f"at least {age}" if _may_be_older(alert, reading) else age


def _may_be_older(alert: StandingAlert, reading: AlertReading) -> bool:
    """Return whether an alert stands since a recording begins, so that only its least age is known."""
    if reading.data_begin is None or alert.since is None:
        return False
    # What only the Alertmanager tells of is as old as it says.
    is_replayed = reading.active is not None and alert.delivery not in ("leftover", "elsewhere")
    return is_replayed and alert.since <= reading.data_begin + _BEGINNING


def _group_row(group: AlertGroup, reading: AlertReading) -> GroupRow:
    counts = counts_by_state(group.alerts)
    return GroupRow(
        group=cleaned(str(group.labels), limit=_MAX_LABELS),
        receivers=[cleaned(name, limit=60) for name in group.receivers],
        alerts_total=len(group.alerts),
        by_state={name: counts[name] for name in counts},
        alerts=[_alert_row(alert, group, reading) for alert in group.alerts[:_MAX_ROWS_A_GROUP]],
    )


def _alert_row(alert: StandingAlert, group: AlertGroup, reading: AlertReading) -> AlertRow:
    own = alert.labels.without("alertname", SEVERITY_LABEL, *group.labels)
    return AlertRow(
        alert=cleaned(alert.name, limit=80),
        state=alert.state,
        severity=cleaned(severity_of(alert.labels), limit=40),
        labels=cleaned(str(own), limit=_MAX_LABELS) if own else "",
        since=alert.since,
        age=_age(alert, reading),
        fires_at=alert.fires_at,
        value=alert.value,
        summary=_annotation(alert, _TELLING, limit=_MAX_SUMMARY),
        runbook=_annotation(alert, _RUNBOOKS, limit=200),
        held_back_by=_held_back_by(alert, reading),
        delivery=alert.delivery,
    )


def _annotation(alert: StandingAlert, names: Sequence[str], *, limit: int) -> str:
    return cleaned(next((alert.annotations[name] for name in names if alert.annotations.get(name)), ""), limit=limit)


def _held_back_by(alert: StandingAlert, reading: AlertReading) -> list[str]:
    held = alert.notified
    if held is None:
        return []
    by_fingerprint = {one.fingerprint: one for one in reading.notified or ()}
    inhibiting = [
        cleaned(str(by_fingerprint[one].labels), limit=_MAX_LABELS) if one in by_fingerprint else cleaned(one)
        for one in held.inhibited_by
    ]
    silences = [f"silence {cleaned(one, limit=60)}" for one in held.silenced_by]
    muting = [f"mute time {cleaned(one, limit=60)}" for one in held.muted_by]
    return [*silences, *(f"inhibited by {one}" for one in inhibiting), *muting][:_MAX_NAMED]


def _silence_rows(alerts: Sequence[StandingAlert], reading: AlertReading) -> list[SilenceRow]:
    """Return the silences that hold alerts back, those that end first on top."""
    held = {one: 0 for alert in alerts if alert.notified for one in alert.notified.silenced_by}
    for alert in alerts:
        for one in alert.notified.silenced_by if alert.notified else ():
            held[one] += 1
    used = [silence for silence in reading.silences or () if silence.id in held]
    return [_silence_row(one, held[one.id], now=reading.now) for one in sorted(used, key=lambda one: one.ends_at)]


def _silence_row(silence: Silence, held_back: int, *, now: datetime) -> SilenceRow:
    return SilenceRow(
        id=cleaned(silence.id, limit=60),
        matchers=cleaned("{" + ",".join(str(one) for one in silence.matchers) + "}", limit=_MAX_LABELS),
        created_by=cleaned(silence.created_by, limit=80),
        comment=cleaned(silence.comment),
        until=silence.ends_at.replace(microsecond=0),
        alerts_held_back=held_back,
        ends_within_the_hour=silence.ends_at - now <= ENDS_SOON,
    )


def _named(alert: StandingAlert) -> str:
    return cleaned(alert.name + str(alert.labels.without("alertname")), limit=_MAX_LABELS)


def _broken_rules(reading: AlertReading) -> list[BrokenRule]:
    broken = [rule for rule in reading.rules or () if rule.kind == "alerting" and rule.health == "err"]
    return [
        BrokenRule(
            alert=cleaned(rule.name, limit=80), group=cleaned(rule.group, limit=80), error=cleaned(rule.last_error)
        )
        for rule in broken[:_MAX_BROKEN]
    ]


def _warnings(alerts: Sequence[StandingAlert], reading: AlertReading, pairing: Pairing) -> list[str]:
    warnings = [f"Not known: {missing}." for missing in reading.missing]
    if reading.is_recorded:
        warnings.append(recorded_note(reading.now))
    if older := sum(_may_be_older(alert, reading) for alert in alerts):
        warnings.append(f"{older} alert(s) stand since the recording begins: how much longer already is not known.")
    broken = sum(rule.kind == "alerting" and rule.health == "err" for rule in reading.rules or ())
    if broken:
        warnings.append(f"{broken} alerting rule(s) cannot be evaluated and so never fire: see broken_rules.")
    for ending in ending_silences(alerts, reading.silences or (), now=reading.now):
        until = format_instant(ending.silence.ends_at.replace(microsecond=0))
        warnings.append(
            f"A silence over {len(ending.alerts)} standing alert(s) ends at {until}: they notify again then."
        )
    return [*warnings, *_delivery_warnings(alerts, reading, pairing), *_silence_of_all(alerts, reading)]


def _delivery_warnings(alerts: Sequence[StandingAlert], reading: AlertReading, pairing: Pairing) -> list[str]:
    """Return what the two systems do not agree on."""
    warnings = []
    missing = [alert for alert in alerts if alert.delivery == "missing"]
    if missing:
        reason = "it holds no alert at all" if not reading.notified else "it holds others"
        different = dict.fromkeys(quoted(alert.name, limit=60) for alert in missing)
        names = listed(list(different), limit=_MAX_NAMED)
        warnings.append(
            f"Delivery is broken for {names}: firing in {reading.source} for over two minutes, unknown to "
            f"{reading.alertmanager} ({reason}). Look at alerting.alertmanagers and alert_relabel_configs of "
            "Prometheus, and rate(prometheus_notifications_errors_total[5m]); or it sends to another Alertmanager."
        )
    if uncertain := sum(alert.delivery == "uncertain" for alert in alerts):
        warnings.append(f"{uncertain} firing alert(s) could be several of the Alertmanager's: not joined.")
    if leftover := sum(alert.delivery == "leftover" for alert in alerts):
        warnings.append(
            f"{leftover} alert(s) of rules of {reading.source} do not fire there, but the Alertmanager holds them: "
            "from another Prometheus with the same rules, or their resolution got lost (it forgets them at their end)."
        )
    if elsewhere := sum(alert.delivery == "elsewhere" for alert in alerts):
        warnings.append(f"{elsewhere} alert(s) come from another sender than {reading.source}.")
    if pairing.loose:
        warnings.append(f"{len(pairing.loose)} alert(s) were joined though labels were dropped on the way.")
    return warnings


def _silence_of_all(alerts: Sequence[StandingAlert], reading: AlertReading) -> list[str]:
    """Return what no alert at all may mean besides good health."""
    if any(alert.state in ("firing", "pending") for alert in alerts):
        return []
    if reading.rules is not None and not any(rule.kind == "alerting" for rule in reading.rules):
        return [f"{reading.source} has no alerting rules loaded: that nothing fires shows nothing."]
    if reading.notified == ():
        return ["No alert stands, not even a watchdog, so this does not show that alerts would be delivered."]
    return []


def _next_steps(alerts: Sequence[StandingAlert]) -> list[str]:
    first = next((alert for alert in alerts if alert.state == "firing" and not alert.is_informing), None)
    if first is None:
        return []
    service = first.labels.get("service", "")
    look = f"check_service_health(service={quoted(service, limit=60)})" if service else "query_prometheus with its rule"
    return [f"follow the runbook of {quoted(first.name, limit=60)}; then {look}"]
