"""Before and after at a source: one query, or the golden signals of a service."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import ConfigError, InputError, NoDataError, RefusedError, SreError
from sre.core.text import cleaned, nearest_names, quoted
from sre.core.times import Duration, Window
from tools.answer import QueryEvidence
from tools.concurrent import all_of, attempted, beside, outcome_of, seconds_left
from tools.context import recorded_note
from tools.performance.compare_deploys import deploys_near, latest_deploys
from tools.performance.compare_inline import said_direction
from tools.performance.compare_lines import Lines, Question, read_lines, subjects_of
from tools.performance.compare_subjects import Material, Subject
from tools.performance.compare_windows import windows_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.golden_signals import ServiceSignals
    from tools.performance.compare_steps import Asked
    from tools.performance.compare_windows import Windows

_DEPLOY_PATIENCE_SECONDS = 5.0
_COUNTER_SUFFIXES = ("_total", "_bucket", "_count", "_sum")


async def live_material(deps: Deps, asked: Asked) -> Material:
    """Return what a source shows before and after.

    Raises:
        InputError, NoDataError, RefusedError, UpstreamError: As the source and the windows say.
    """
    metrics = deps.sources.metric(asked.source or None)
    now = await deps.now_of(metrics)
    if not asked.change_at and asked.before is None and asked.after is None:
        raise await _no_change_named(deps, metrics, asked, now)
    windows = windows_of(asked, now=now, coverage=await metrics.coverage(), spacing=await metrics.sample_spacing())
    questions, services, notes = await _questions(deps, metrics, asked, windows)
    material, deploys = await beside(
        partial(_read_all, metrics, asked, questions, windows),
        partial(deploys_near, metrics, windows.change, services, dashboards=deps.dashboard_store),
        patience_seconds=_DEPLOY_PATIENCE_SECONDS,
    )
    recorded = (recorded_note(now),) if await metrics.latest() is not None else ()
    return replace(
        material,
        warnings=(*windows.notes, *recorded, *notes, *material.warnings),
        deploys=deploys or (),
    )


async def _no_change_named(deps: Deps, metrics: MetricSource, asked: Asked, now: datetime) -> InputError:
    services = (asked.service,) if asked.service else ()
    latest = await latest_deploys(metrics, now, services, dashboards=deps.dashboard_store)
    known = (f"the latest deploys there: {'; '.join(latest)}",) if latest else ()
    return InputError(
        "When was it changed? There is no change_at.",
        field="change_at",
        valid=("now-2h", "2026-01-31T12:00:00Z"),
        next_steps=(
            *known,
            "or pass two windows, before and after, each as start/end; detect_changes finds times.",
        ),
    )


async def _questions(
    deps: Deps, metrics: MetricSource, asked: Asked, windows: Windows
) -> tuple[list[Question], tuple[str, ...], tuple[str, ...]]:
    """Return the queries, the services they speak of, and notes."""
    if asked.query:
        question, notes = _of_query(asked, metrics, windows)
        return [question], (), notes
    from tools.golden_signals import found_service

    found = await found_service(
        metrics,
        asked.service,
        window=Window(windows.before.start, windows.after.end),
        mapping=deps.services.get(asked.service),
        with_hosts=False,
    )
    questions = _of_signals(found.signals, windows.rate_range)
    if not questions:
        raise NoDataError(
            f"Service {quoted(asked.service, limit=80)} has no latency, errors or traffic under a known name.",
            next_steps=("pass a query of your own, or map its queries in the settings.",),
        )
    return questions, (asked.service,), tuple(found.signals.notes)


def _of_query(asked: Asked, metrics: MetricSource, windows: Windows) -> tuple[Question, tuple[str, ...]]:
    from sre.core.promql import parse
    from sre.metrics.query_checks import query_warnings
    from sre.metrics.query_unit import unit_of_query
    from sre.performance.direction import bad_direction

    query, notes = _as_rate(asked.query, windows.rate_range)
    try:
        tree = parse(query).ast
    except (InputError, RefusedError):
        # Some sources read more dialects than we do.
        if metrics.kind != "prometheus":
            raise
        return Question(asked.metric or query, query, "", said_direction(asked, bad_direction(query))), notes
    unit = unit_of_query(tree)
    guessed = bad_direction(asked.metric or query, unit=unit)
    warned = query_warnings(tree, step_seconds=windows.step.seconds)
    return Question(asked.metric or query, query, unit, said_direction(asked, guessed)), (*notes, *warned)


def _as_rate(query: str, rate_range: Duration) -> tuple[str, tuple[str, ...]]:
    """Return a bare counter as its rate: its own values only ever grow."""
    from sre.core.promql import parse, parse_selector

    try:
        parse_selector(query)
        metric = parse(query).selectors()[0].metric
    except (SreError, IndexError):
        return query, ()
    if not metric.endswith(_COUNTER_SUFFIXES):
        return query, ()
    return f"rate({query.strip()}[{rate_range}])", (
        f"{quoted(metric)} is a counter, so its rate a second was compared.",
    )


def _of_signals(signals: ServiceSignals, rate_range: Duration) -> list[Question]:
    from sre.core.golden_signals import with_window

    found = [
        Question(
            f"latency p{one.quantile * 100:g}" if one.quantile is not None else "latency",
            with_window(one.query, rate_range),
            "seconds",
            "up",
        )
        for one in signals.latency
    ]
    if signals.errors is not None:
        found.append(Question("error ratio", with_window(signals.errors.query, rate_range), "ratio", "up"))
    if signals.traffic is not None:
        found.append(Question("throughput", with_window(signals.traffic.query, rate_range), "per_second", "down"))
    return found


async def _read_all(metrics: MetricSource, asked: Asked, questions: Sequence[Question], windows: Windows) -> Material:
    calls = [partial(read_lines, metrics, question, windows) for question in questions]
    outcomes = await all_of([partial(_outcome, call, metrics.name) for call in calls])
    failures = [one for one in outcomes if isinstance(one, SreError)]
    if len(failures) == len(outcomes):
        _raise(failures[0], asked)
    subjects: list[Subject] = []
    left_out: list[str] = []
    for question, outcome in zip(questions, outcomes, strict=True):
        if isinstance(outcome, SreError):
            left_out.append(f"{question.name}: could not be read: {outcome.message}")
            continue
        made, missing = subjects_of(question, outcome[0], windows)
        subjects += made
        left_out += missing
    read = [one for one in outcomes if not isinstance(one, SreError)]
    if not subjects:
        raise await _nothing(metrics, questions, windows, left_out)
    warnings = [text for _, result in read for text in result]
    return Material(
        tuple(subjects),
        source=metrics.name,
        before_window=windows.before,
        after_window=windows.after,
        step_seconds=windows.step.seconds,
        change=windows.change,
        evidence=tuple(
            QueryEvidence(query=question.query, series_count=len(one[0].labels), sample_count=int(one[0].present.sum()))
            for question, one in zip(questions, outcomes, strict=True)
            if not isinstance(one, SreError)
        ),
        warnings=tuple(dict.fromkeys([*warnings, *_unread_days(read, windows)])),
        left_out=tuple(left_out),
    )


def _outcome(
    call: Callable[[], Awaitable[tuple[Lines, tuple[str, ...]]]], system: str
) -> Awaitable[tuple[Lines, tuple[str, ...]] | SreError]:
    return outcome_of(call, seconds=seconds_left(), system=system)


def _raise(failure: SreError, asked: Asked) -> None:
    if asked.service and isinstance(failure, InputError):
        # The caller wrote no query: one that does not parse comes from the operator's mapping.
        raise ConfigError(failure.message, setting=f"services.{asked.service}") from failure
    raise failure


def _unread_days(read: Sequence[tuple[Lines, tuple[str, ...]]], windows: Windows) -> list[str]:
    if windows.earlier is None or all(lines.has_earlier for lines, _ in read):
        return []
    return ["The source was too slow for the days before, so the hours of the day could not be allowed for."]


async def _nothing(
    metrics: MetricSource, questions: Sequence[Question], windows: Windows, left_out: Sequence[str]
) -> NoDataError:
    from sre.core.promql import parse

    try:
        asked = [one.metric for question in questions for one in parse(question.query).selectors() if one.metric]
    except SreError:
        asked = []
    span = Window(windows.before.start, windows.after.end)
    names = await attempted(lambda: metrics.label_values("__name__", window=span), seconds=seconds_left()) or ()
    unknown = [name for name in asked if name not in names] if names else []
    causes = [f"there is no metric {quoted(unknown[0])} at that time"] if unknown else []
    if not unknown and any("[" in question.query for question in questions):
        causes.append("a rate needs two scrapes: its range may be too short")
    return NoDataError(
        f"There is nothing to compare between {windows.before} and {windows.after}.",
        causes=(*left_out, *causes),
        nearest=tuple(cleaned(name) for name in nearest_names(unknown[0], names)) if unknown else (),
        next_steps=("try the query with query_prometheus", "find the metric with find_metrics"),
    )
