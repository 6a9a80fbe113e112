"""Alerts for a timeline: as a source recorded them, else as its rules would have fired; and as people were notified."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from sre.core.errors import SreError
from sre.core.figures import seconds_text
from sre.core.labels import Labels
from sre.core.text import cleaned, quoted
from sre.core.times import Duration, Window, epoch_ms, instant_from_ms
from sre.incidents.chronicle import Evidence, Happening, together
from tools.concurrent import all_of, attempted, outcome_of, seconds_left
from tools.context import in_thread
from tools.incidents.timeline_window import Asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import AlertSource, MetricSource, RuleSource
    from sre.alerting.inlining import Records
    from sre.alerting.review_model import ReviewedRule
    from sre.core.rules.alert_states import AlertEpisode
    from tools.incidents.timeline_window import TimelineWindow

_READ_SECONDS = 15.0
_REPLAY_SECONDS = 25.0
_CONCURRENT_SECONDS = 2.0
_MAX_RULES = 100
_DEFAULT_INTERVAL_SECONDS = 60.0
_RECORDED = "ALERTS"
_EVER = "count(last_over_time(ALERTS[7d]))"
_MAX_NAME = 80
# A rule waits no longer than this before the window, or it is not followed further back.
_MAX_WAIT_SECONDS = 7_200.0


@dataclass(frozen=True, slots=True)
class _Told:
    """Episodes and what shows them."""

    episodes: tuple[AlertEpisode, ...]
    query: str
    is_replayed: bool = False


async def read_alerts(source: MetricSource, window: TimelineWindow, *, services: Sequence[str]) -> Asked:
    """Return when alerts began and stopped to fire: those recorded, or where none ever was, the rules replayed."""
    asked = Asked(source.name, "alerts")
    outcome = await outcome_of(
        lambda: source.range_query(_RECORDED, window=window.searched, step=window.step),
        seconds=min(_READ_SECONDS, seconds_left()),
        system=source.name,
    )
    if isinstance(outcome, SreError):
        asked.status, asked.note = "failed", outcome.message
        return asked
    asked.queries.append((_RECORDED, len(outcome.series), outcome.series.point_count))
    if len(outcome.series):
        from sre.incidents.alert_history import recorded_episodes

        told = [_Told(recorded_episodes(outcome.series), _RECORDED)]
    else:
        told = await _unrecorded(source, window, asked)
    first_ms = epoch_ms(window.searched.start)
    stood = sum(one.pending_ms <= first_ms for each in told for one in each.episodes if one.firing_ms is not None)
    if stood:
        asked.note = f"{asked.note} {stood} alerts fired already when the searched window began.".strip()
    asked.happenings = [
        happening
        for each in told
        for happening in _happenings(
            each, source.name, services, since_ms=first_ms, until_ms=epoch_ms(window.searched.end)
        )
    ]
    return asked


async def read_notified(source: AlertSource, window: TimelineWindow, *, services: Sequence[str]) -> Asked:
    """Return the alerts that an Alertmanager holds and that began in the window; resolved ones it has forgotten."""
    asked = Asked(source.name, "alerts as notified")
    outcome = await outcome_of(source.notified_alerts, seconds=min(_READ_SECONDS, seconds_left()), system=source.name)
    if isinstance(outcome, SreError):
        asked.status, asked.note = "failed", outcome.message
        return asked
    asked.note = "Alerts that are resolved by now are no longer held there."
    found = []
    for alert in outcome:
        if not window.searched.start <= alert.starts_at <= window.searched.end:
            continue
        name = alert.labels.get("alertname", "")
        told = f", told to {cleaned(', '.join(alert.receivers), limit=_MAX_NAME)}" if alert.receivers else ""
        held = " but held back" if alert.state == "suppressed" else told
        found.append(
            Happening(
                at=alert.starts_at,
                kind="firing",
                text=f"Alert {quoted(name, limit=_MAX_NAME)} fires{held}.",
                service=alert.labels.get("service", ""),
                evidence=(Evidence(source.name, "", alert.starts_at),),
                key=f"firing:{name}",
                labels=alert.labels,
                is_relevant=_is_relevant(alert.labels, services),
            )
        )
    asked.happenings = together(found)
    return asked


async def _unrecorded(source: MetricSource, window: TimelineWindow, asked: Asked) -> list[_Told]:
    """Return what rules would have fired, unless the source records alerts and simply had none."""
    if await source.latest() is None:
        patience = min(_READ_SECONDS, seconds_left())
        other = await attempted(lambda: source.instant_query(_EVER, at=window.searched.end), seconds=patience)
        if other is not None and other.values.size:
            asked.note = "No alert was pending or fired in the window; others before it are recorded."
            return []
    return await _replayed(source, window, asked)


async def _replayed(source: MetricSource, window: TimelineWindow, asked: Asked) -> list[_Told]:
    from sre.alerting.loaded_rules import reviewed_alerts

    rules = _rule_source(source)
    if rules is None:
        asked.status, asked.note = "partly", f"{source.name} holds no ALERTS series and evaluates no rules."
        return []
    loaded = await outcome_of(rules.rules, seconds=min(_READ_SECONDS, seconds_left()), system=source.name)
    if isinstance(loaded, SreError):
        asked.status, asked.note = "partly", f"{source.name} holds no ALERTS series. {loaded.message}"
        return []
    asked.note = "No ALERTS series are held: alerts are replayed from the rules, as they would have fired."
    names = await attempted(
        lambda: source.label_values("__name__", window=window.searched), seconds=min(_READ_SECONDS, seconds_left())
    )
    reviewed, records = await in_thread(lambda: reviewed_alerts(loaded, held=frozenset(names or ())))
    alerts = [one for one in reviewed if one.query is not None]
    if len(alerts) > _MAX_RULES:
        asked.status = "partly"
        asked.note = f"{asked.note} Only {_MAX_RULES} of {len(alerts)} rules were."
    calls = [partial(_episodes, source, window, one, records, asked) for one in alerts[:_MAX_RULES]]
    return [told for told in await all_of(calls) if told is not None]


def _rule_source(source: MetricSource) -> RuleSource | None:
    return cast("RuleSource", source) if callable(getattr(source, "rules", None)) else None


async def _episodes(
    source: MetricSource, window: TimelineWindow, one: ReviewedRule, records: Records, asked: Asked
) -> _Told | None:
    from sre.core.rules import AlertRule
    from sre.core.rules.alert_replay import alert_episodes

    rule = one.rule
    assert isinstance(rule, AlertRule)
    text = await in_thread(lambda: _inlined(one, records))
    if text is None:
        asked.status = "partly"
        return None
    step = Duration(max(one.interval_seconds or _DEFAULT_INTERVAL_SECONDS, window.searched.seconds / 2_000))
    wait = min(rule.for_seconds, _MAX_WAIT_SECONDS) + step.seconds
    start = instant_from_ms(epoch_ms(window.searched.start) - round(wait * 1000))
    outcome = await outcome_of(
        lambda: source.range_query(text, window=Window(start, window.searched.end), step=step),
        seconds=min(_REPLAY_SECONDS, seconds_left(spare_seconds=_CONCURRENT_SECONDS + 5)),
        system=source.name,
    )
    if isinstance(outcome, SreError):
        asked.status = "partly"
        asked.note = f"{asked.note} Not replayed: {quoted(one.name, limit=_MAX_NAME)}.".strip()
        return None
    try:
        found = await in_thread(lambda: alert_episodes(rule, outcome.series))
    except SreError:
        asked.status = "partly"
        return None
    begin_ms = epoch_ms(start)
    known = tuple(episode for episode in found if episode.pending_ms > begin_ms)
    if known:
        asked.queries.append((text, len(outcome.series), outcome.series.point_count))
    return _Told(known, text, is_replayed=True)


def _inlined(one: ReviewedRule, records: Records) -> str | None:
    """Return an alert's expression with the records the source lacks put in; None where that cannot be done."""
    from sre.alerting.inlining import CannotInlineError
    from sre.core.promql_writing import promql_of

    assert one.query is not None
    try:
        changed = records.inlined(one.query.ast)
        return one.query.text if changed == one.query.ast else promql_of(changed)
    except (CannotInlineError, SreError):
        return None


def _happenings(told: _Told, system: str, services: Sequence[str], *, since_ms: int, until_ms: int) -> list[Happening]:
    began: list[Happening] = []
    ended: list[Happening] = []
    for one in told.episodes:
        if one.firing_ms is None:
            continue
        labels = one.labels.replaced(alertname=one.alert)
        query = f"ALERTS{{alertname={quoted(one.alert)}}}" if not told.is_replayed else told.query
        relevant = _is_relevant(labels, services)
        replayed = " (replayed from its rule)" if told.is_replayed else ""
        name, service = quoted(one.alert, limit=_MAX_NAME), cleaned(labels.get("service", ""), limit=_MAX_NAME)
        if since_ms < one.firing_ms <= until_ms:
            at = instant_from_ms(one.firing_ms)
            waited = (one.firing_ms - one.pending_ms) / 1000
            since = f", pending for {seconds_text(waited)} before" if waited > 0 else ""
            began.append(
                Happening(
                    at=at,
                    kind="firing",
                    text=f"Alert {name}{_urgency(labels)} fires{since}{replayed}.",
                    service=service,
                    evidence=(Evidence(system, query, at),),
                    key=f"firing:{one.alert}",
                    labels=labels,
                    is_relevant=relevant,
                )
            )
        if one.resolved_ms is not None and since_ms < one.resolved_ms <= until_ms:
            at = instant_from_ms(one.resolved_ms)
            fired = seconds_text((one.resolved_ms - one.firing_ms) / 1000)
            ended.append(
                Happening(
                    at=at,
                    kind="resolved",
                    text=f"Alert {name} resolves after firing {fired}.",
                    service=service,
                    evidence=(Evidence(system, query, at),),
                    key=f"resolved:{one.alert}",
                    labels=labels,
                    is_relevant=relevant,
                )
            )
    return [*together(began), *together(ended)]


def _urgency(labels: Labels) -> str:
    severity = cleaned(labels.get("severity", ""), limit=_MAX_NAME)
    return f" ({severity})" if severity else ""


def _is_relevant(labels: Labels, services: Sequence[str]) -> bool:
    """Whether an alert speaks of one of the services: in a label, or in its name as in CheckoutErrorsHigh."""
    if not services:
        return True
    name = labels.get("alertname", "").casefold()
    return any(service in labels.values() or service.casefold().replace("-", "") in name for service in services)
