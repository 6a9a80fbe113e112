"""What a runbook needs to know from the source: by which labels to split, and whether its queries have data."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import InputError, SreError
from sre.core.text import quoted
from sre.core.times import Window, format_duration
from tools.concurrent import all_of, attempted, seconds_left

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.alerting.runbook import Runbook, SloFacts, TriedQuery
    from sre.alerting.runbook_queries import RunbookQuery
    from sre.alerting.signal_kinds import SignalKind
    from sre.core.alert_conditions import Condition
    from sre.core.labels import Labels
    from sre.core.promql_text import LabelMatch
    from sre.core.promql_tree import UsedSelector
    from sre.core.slo.model import Slo
    from tools.alerting.runbook_subjects import Subject

_MAX_SELECTORS, _MAX_SERIES = 3, 5_000
_LOOK_BACK = timedelta(hours=6)
_QUERY_SECONDS = 10.0


async def runbook_of(
    subject: Subject, *, metrics: MetricSource | None, now: datetime | None, escalate_to: str
) -> Runbook:
    """Return the runbook of one alert.

    Args:
        metrics: Where its queries are tried; None leaves them untried.

    Raises:
        InputError: The alert's expression is not PromQL.
    """
    from sre.alerting.runbook import Runbook, TriedQuery
    from sre.alerting.runbook_queries import owner_matches
    from sre.alerting.signal_kinds import signal_kind
    from sre.core.alert_conditions import conditions_of

    first = subject.rules[0]
    try:
        conditions = conditions_of(first.expr)
    except SreError as error:
        raise InputError(
            f"The expression of the alert {quoted(first.alert)} cannot be read: {quoted(first.expr)}.",
            field="rules",
            next_steps=(error.message,),
        ) from None
    kind = signal_kind(first, conditions)
    selectors = _raw_selectors(subject)
    owner = owner_matches(selectors, first.labels)
    queries = _state(subject, conditions)
    if metrics is not None and now is not None:
        queries += await _told_queries(selectors, owner, kind, metrics, now)
        tried = await all_of([partial(_tried, query, metrics, now) for query in _once(queries)])
    else:
        queries += _untold_queries(selectors, owner, kind)
        tried = [TriedQuery(query) for query in _once(queries)]
    return Runbook(
        rules=subject.rules,
        kind=kind,
        conditions=conditions,
        queries=tuple(tried),
        slo=_slo_facts(subject.slo) if subject.slo else None,
        service=next((value for _, _, value in owner), ""),
        escalate_to=escalate_to,
    )


def _once(queries: Sequence[RunbookQuery]) -> list[RunbookQuery]:
    return list({query.query: query for query in reversed(queries)}.values())[::-1]


def _raw_selectors(subject: Subject) -> tuple[UsedSelector, ...]:
    """Return what is behind the alert: the counters of its SLO, or what its own expression reads."""
    from sre.alerting.runbook_queries import watched_selectors
    from sre.core.slo.sli_queries import sli_queries

    if subject.slo is not None:
        queries = sli_queries(replace(subject.slo, maintenance=()))
        return watched_selectors(queries.bad_over(queries.base_seconds))
    return watched_selectors(subject.rules[0].expr)


async def _told_queries(
    selectors: Sequence[UsedSelector],
    owner: Sequence[LabelMatch],
    kind: SignalKind,
    metrics: MetricSource,
    now: datetime,
) -> list[RunbookQuery]:
    from sre.alerting.runbook_queries import change_queries, split_labels, split_queries

    window = Window(now - _LOOK_BACK, now)
    looked_at = [used for used in selectors if used.metric][:_MAX_SELECTORS]
    found = await all_of([partial(_series_of, metrics, used.text, window) for used in looked_at])
    queries: list[RunbookQuery] = []
    seen_labels: set[str] = set()
    for used, series in zip(looked_at, found, strict=True):
        labels = [label for label in split_labels(used, series) if label not in seen_labels]
        seen_labels |= set(labels)
        queries += split_queries(used, labels, kind=kind)
    return [*queries, *change_queries(owner, build_info=await _build_info(metrics, owner, window))]


async def _series_of(metrics: MetricSource, selector: str, window: Window) -> tuple[Labels, ...]:
    call = partial(metrics.series, (selector,), window=window, limit=_MAX_SERIES)
    return await attempted(call, seconds=min(_QUERY_SECONDS, seconds_left())) or ()


async def _build_info(metrics: MetricSource, owner: Sequence[LabelMatch], window: Window) -> str:
    """Return the name of the metric that carries the version, or an empty string."""
    from sre.core.labels import METRIC_NAME
    from sre.core.promql_text import selector

    wanted = selector("", [(METRIC_NAME, "=~", "(.+_)?build_info"), *owner])
    series = await _series_of(metrics, wanted, window)
    return next((str(labels.metric) for labels in series if "version" in labels), "")


def _untold_queries(
    selectors: Sequence[UsedSelector], owner: Sequence[LabelMatch], kind: SignalKind
) -> list[RunbookQuery]:
    from sre.alerting.runbook_queries import change_queries, split_queries

    first = [used for used in selectors if used.metric][:1]
    splits = [query for used in first for query in split_queries(used, ("instance",), kind=kind)]
    return [*splits, *change_queries(owner, build_info="")]


async def _tried(query: RunbookQuery, metrics: MetricSource, now: datetime) -> TriedQuery:
    from sre.alerting.runbook import TriedQuery

    if seconds_left() <= 0:
        return TriedQuery(query, "not tried, the time was up")
    try:
        result = await _series_count(metrics, query.query, now)
    except SreError as error:
        return TriedQuery(query, f"could not be tried: {error.code}")
    if result is None:
        return TriedQuery(query, "not tried in time")
    return TriedQuery(query, _outcome(result), has_data=result > 0)


async def _series_count(metrics: MetricSource, query: str, now: datetime) -> int | None:
    """Return how many series a query has now, or None where that took too long."""
    import anyio

    with anyio.move_on_after(min(_QUERY_SECONDS, seconds_left())):
        return len((await metrics.instant_query(query, at=now)).labels)
    return None


def _outcome(series: int) -> str:
    return "no series when this was written" if series == 0 else f"{series} series when this was written"


def _slo_facts(slo: Slo) -> SloFacts:
    from sre.alerting.runbook import BudgetSpeed, SloFacts
    from sre.slo.alert_tiers import alert_tiers

    tiers = alert_tiers(slo)
    speeds = [
        BudgetSpeed(
            tier=tier.name,
            severity=tier.severity,
            factor=tier.factor,
            long_seconds=tier.long_seconds,
            short_seconds=tier.short_seconds,
            spent_ratio=tier.budget_share,
            gone_in_seconds=round(tiers.period_seconds / tier.factor),
        )
        for tier in tiers.used
    ]
    return SloFacts(slo.name, slo.service, slo.objective_ratio, str(slo.window), slo.description, tuple(speeds))


def _state(subject: Subject, conditions: Sequence[Condition]) -> list[RunbookQuery]:
    """Return what shows whether the alert is still true; of an SLO straight from its counters, recorded or not."""
    from sre.alerting.runbook_queries import RunbookQuery, state_queries
    from sre.core.slo.sli_queries import sli_queries

    told = state_queries(subject.rules[0].expr, conditions)
    if subject.slo is None:
        return list(told)
    counts = sli_queries(subject.slo)
    short, long = counts.base_seconds, 12 * counts.base_seconds
    return [
        told[0],
        RunbookQuery(f"Share of bad {counts.counted} now, from the counters", counts.error_ratio_over(short), "state"),
        RunbookQuery(f"Bad {counts.counted} in {format_duration(long)}", counts.bad_over(long), "state"),
        RunbookQuery(f"All {counts.counted} in {format_duration(long)}", counts.total_over(long), "state"),
    ]
