"""How often alerts fired in a window: as the source recorded it, else as its rules would have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

import anyio

from sre.core.errors import SreError
from sre.core.text import cleaned, quoted
from sre.core.times import Duration, Window, epoch_ms, instant_from_ms
from sre.incidents.alert_load import AlertLoad, Firing, Reach, alert_load
from tools.answer import QueryEvidence
from tools.concurrent import all_of, attempted, outcome_of, seconds_left
from tools.context import in_thread

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connectors.base import MetricSource, RuleSource
    from sre.alerting.inlining import Records
    from sre.alerting.review_model import ReviewedRule
    from sre.core.series import SeriesSet

Origin: TypeAlias = Literal["recorded", "replayed", ""]
# Firings of one alert so near to each other are one call anyway, so looking closer would cost and tell nothing.
_LOOK_SECONDS = 300.0
_MOST_LOOKS = 9_000
_MOST_EVALUATIONS = 22_000
_CONCURRENT = 4
_MAX_RULES = 150
_RULE_SECONDS = 15.0
_RECORDED_SECONDS = 20.0
# Kept back, so that what was replayed in time is told though something else was not.
_SPARE_SECONDS = 8.0
_DEFAULT_INTERVAL_SECONDS = 60.0
_MAX_NAME = 80


@dataclass(slots=True)
class AlertsRead:
    """What was read of `window`, the part with data; `load` None where the source knows nothing of alerts."""

    load: AlertLoad | None = None
    window: Window | None = None
    origin: Origin = ""
    queries: list[QueryEvidence] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


async def read_alert_load(source: MetricSource, window: Window, *, service: str) -> AlertsRead:
    """Return how often alerts called somebody; what cannot be read is named."""
    found = AlertsRead()
    query, step = _recorded_query(window)
    outcome = await outcome_of(
        lambda: source.range_query(query, window=window, step=step),
        seconds=min(_RECORDED_SECONDS, seconds_left(spare_seconds=_SPARE_SECONDS)),
        system=source.name,
    )
    if isinstance(outcome, SreError):
        found.left_out.append(f"alert volume: {outcome.message}")
        return found
    found.queries.append(_evidence(query, outcome.series))
    if len(outcome.series):
        firings = await in_thread(lambda: _recorded(outcome.series, service))
        found.load, found.origin, found.window = alert_load(firings, window), "recorded", window
        found.notes.append(f"Alerts were counted from ALERTS, looked at every {step}: nearer firings of one are one.")
        return found
    await _replay(source, window, service, found)
    return found


def _recorded_query(window: Window) -> tuple[str, Duration]:
    from sre.alerting.urgency import URGENCY_LABELS
    from sre.core.golden_conventions import conventions

    minutes = max(_LOOK_SECONDS, window.seconds / _MOST_LOOKS) / 60
    step = Duration(60.0 * -(-minutes // 1))
    labels = ", ".join(dict.fromkeys(("alertname", *URGENCY_LABELS, *conventions().service_labels)))
    return f'max by ({labels}) (max_over_time(ALERTS{{alertstate="firing"}}[{step}]))', step


def _recorded(series: SeriesSet, service: str) -> list[Firing]:
    from sre.core.rules.alert_states import runs

    found = []
    for row, labels in enumerate(series.labels):
        if not is_of_service(labels, service):
            continue
        spans = zip(*(part.tolist() for part in runs(series.present[row])), strict=True)
        found += [_firing(labels, labels.get("alertname", ""), series, start, end) for start, end in spans]
    return found


def _firing(labels: Mapping[str, str], name: str, series: SeriesSet, start: int, end: int) -> Firing:
    grid = series.grid
    begin, stop = (grid.start_ms + grid.step_ms * place for place in (start, end - 1))
    return Firing(cleaned(name, limit=_MAX_NAME), reach_of(labels), begin, stop)


def reach_of(labels: Mapping[str, str]) -> Reach:
    """Return whom an alert reaches; one that nobody graded counts as a page, as in a review."""
    from sre.alerting.urgency import urgency_of

    urgency = urgency_of(labels)
    return "page" if urgency == "unknown" else urgency


def is_of_service(labels: Mapping[str, str], service: str) -> bool:
    """Whether an alert speaks of a service: in a label, or in its name as in CheckoutErrorsHigh."""
    if not service:
        return True
    wanted = service.casefold()
    name = labels.get("alertname", "").casefold()
    return any(value.casefold() == wanted for value in labels.values()) or wanted.replace("-", "") in name


async def _replay(source: MetricSource, window: Window, service: str, found: AlertsRead) -> None:
    from sre.alerting.loaded_rules import reviewed_alerts

    if not callable(getattr(source, "rules", None)):
        found.left_out.append(f"alert volume: {source.name} holds no ALERTS series and evaluates no rules.")
        return
    rules = cast("RuleSource", source)
    loaded = await outcome_of(rules.rules, seconds=min(_RULE_SECONDS, seconds_left()), system=source.name)
    if isinstance(loaded, SreError):
        found.left_out.append(f"alert volume: no ALERTS series are held. {loaded.message}")
        return
    names = await attempted(lambda: source.label_values("__name__", window=window), seconds=_RULE_SECONDS) or ()
    alerts, records = await in_thread(lambda: reviewed_alerts(loaded, held=frozenset(names)))
    called = [one for one in alerts if one.urgency != "none"]
    if not called:
        found.left_out.append(
            f"alert volume: {source.name} holds no ALERTS series and has no alerts that reach people."
        )
        return
    held = await attempted(source.coverage, seconds=_RULE_SECONDS)
    start = max(window.start, _next_minute(held.start)) if held else window.start
    covered = Window(start, window.end) if start < window.end else window
    await _replay_all(source, called, _Replay(covered, service, records), found)


def _next_minute(at: datetime) -> datetime:
    # Rules are evaluated at whole minutes, as a review does.
    return instant_from_ms(-(-epoch_ms(at) // 60_000) * 60_000)


@dataclass(frozen=True, slots=True)
class _Replay:
    """What is replayed: `covered` is the part of the window with data."""

    covered: Window
    service: str
    records: Records


async def _replay_all(source: MetricSource, alerts: Sequence[ReviewedRule], wanted: _Replay, found: AlertsRead) -> None:
    limiter = anyio.CapacityLimiter(_CONCURRENT)
    chosen = alerts[:_MAX_RULES]
    results = await all_of([partial(_firings, source, one, wanted, limiter, found) for one in chosen])
    unread = [one.name for one, result in zip(chosen, results, strict=True) if result is None]
    unread += [one.name for one in alerts[_MAX_RULES:]]
    if len(unread) == len(alerts):
        found.left_out.append("alert volume: no rule could be replayed in the time there is; ask for a shorter window.")
        return
    firings = [firing for result in results if result is not None for firing in result]
    found.load, found.origin = alert_load(firings, wanted.covered), "replayed"
    found.window = wanted.covered
    read = len(alerts) - len(unread)
    found.notes.append(
        f"No ALERTS series are held: {read} alerts were replayed from the rules, as they would have fired."
    )
    if unread:
        some = ", ".join(quoted(name, limit=_MAX_NAME) for name in unread[:5])
        found.left_out.append(f"alert volume of {len(unread)} alerts that were not replayed: {some}.")


async def _firings(
    source: MetricSource, one: ReviewedRule, wanted: _Replay, limiter: anyio.CapacityLimiter, found: AlertsRead
) -> list[Firing] | None:
    query = await in_thread(lambda: _inlined(one, wanted.records))
    if query is None:
        return None
    window = wanted.covered
    step = Duration(max(one.interval_seconds or _DEFAULT_INTERVAL_SECONDS, window.seconds // _MOST_EVALUATIONS))
    async with limiter:
        patience = min(_RULE_SECONDS, seconds_left(spare_seconds=_SPARE_SECONDS))
        if patience < 1:
            return None
        outcome = await outcome_of(
            lambda: source.range_query(query, window=window, step=step), seconds=patience, system=source.name
        )
    if isinstance(outcome, SreError):
        return None
    try:
        firings = await in_thread(lambda: _replayed(one, outcome.series, wanted.service))
    except SreError:
        return None
    if firings:
        found.queries.append(_evidence(query, outcome.series))
    return firings


def _replayed(one: ReviewedRule, series: SeriesSet, service: str) -> list[Firing]:
    from sre.core.rules import AlertRule
    from sre.core.rules.alert_replay import alert_episodes

    rule = one.rule
    assert isinstance(rule, AlertRule)
    end_ms = series.grid.end_ms
    return [
        Firing(cleaned(each.alert, limit=_MAX_NAME), reach_of(each.labels), each.firing_ms, each.resolved_ms or end_ms)
        for each in alert_episodes(rule, series)
        if each.firing_ms is not None and is_of_service(each.labels.replaced(alertname=each.alert), service)
    ]


def _inlined(one: ReviewedRule, records: Records) -> str | None:
    """Return an alert's expression with the records the source lacks put in; None where that cannot be done."""
    from sre.alerting.inlining import CannotInlineError
    from sre.core.promql_writing import promql_of

    if one.query is None:
        return None
    try:
        changed = records.inlined(one.query.ast)
        return one.query.text if changed == one.query.ast else promql_of(changed)
    except (CannotInlineError, SreError):
        return None


def _evidence(query: str, series: SeriesSet) -> QueryEvidence:
    return QueryEvidence(query=query, series_count=len(series), sample_count=series.point_count)
