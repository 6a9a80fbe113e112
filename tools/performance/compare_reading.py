"""Before and after at a source: one query, or the golden signals of a service."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import ConfigError, InputError, NoDataError, RefusedError, SreError
from sre.core.text import cleaned, listed, quoted
from sre.core.times import Duration, Window, epoch_ms
from tools.answer import QueryEvidence
from tools.concurrent import all_of, beside, outcome_of, seconds_left, with_stand_in
from tools.context import recorded_note
from tools.performance.compare_deploys import deploys_near, latest_deploys
from tools.performance.compare_inline import said_direction
from tools.performance.compare_subjects import LARGEST_VALUE, Material, Subject
from tools.performance.compare_windows import windows_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.golden_signals import ServiceSignals
    from sre.core.labels import Labels
    from sre.core.series import BoolArray, FloatArray, IntArray, RangeResult
    from sre.performance.cycle import Cycle
    from sre.performance.model import BadDirection
    from tools.performance.compare_steps import Asked
    from tools.performance.compare_windows import Windows

MAX_SERIES = 12
# Eight days in one question may be too much for a source; then the two windows alone are asked for.
_PATIENCE_SECONDS = 12.0
_DEPLOY_PATIENCE_SECONDS = 5.0
_DAY_MS = 86_400_000
_COUNTER_SUFFIXES = ("_total", "_bucket", "_count", "_sum")


@dataclass(frozen=True, slots=True)
class _Question:
    """One query, what it measures and which direction is bad."""

    name: str
    query: str
    unit: str
    bad: BadDirection | None


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """The values of one query over time."""

    times_ms: IntArray
    labels: tuple[Labels, ...]
    values: FloatArray
    present: BoolArray
    has_earlier: bool


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
) -> tuple[list[_Question], tuple[str, ...], tuple[str, ...]]:
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


def _of_query(asked: Asked, metrics: MetricSource, windows: Windows) -> tuple[_Question, tuple[str, ...]]:
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
        return _Question(asked.metric or query, query, "", said_direction(asked, bad_direction(query))), notes
    unit = unit_of_query(tree)
    guessed = bad_direction(asked.metric or query, unit=unit)
    warned = query_warnings(tree, step_seconds=windows.step.seconds)
    return _Question(asked.metric or query, query, unit, said_direction(asked, guessed)), (*notes, *warned)


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


def _of_signals(signals: ServiceSignals, rate_range: Duration) -> list[_Question]:
    from sre.core.golden_signals import with_window

    found = [
        _Question(
            f"latency p{one.quantile * 100:g}" if one.quantile is not None else "latency",
            with_window(one.query, rate_range),
            "seconds",
            "up",
        )
        for one in signals.latency
    ]
    if signals.errors is not None:
        found.append(_Question("error ratio", with_window(signals.errors.query, rate_range), "ratio", "up"))
    if signals.traffic is not None:
        found.append(_Question("throughput", with_window(signals.traffic.query, rate_range), "per_second", "down"))
    return found


async def _read_all(metrics: MetricSource, asked: Asked, questions: Sequence[_Question], windows: Windows) -> Material:
    calls = [partial(_read, metrics, question, windows) for question in questions]
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
        made, missing = _subjects(question, outcome[0], windows)
        subjects += made
        left_out += missing
    read = [one for one in outcomes if not isinstance(one, SreError)]
    if not subjects:
        raise _nothing(windows, left_out)
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
    call: Callable[[], Awaitable[tuple[_Lines, tuple[str, ...]]]], system: str
) -> Awaitable[tuple[_Lines, tuple[str, ...]] | SreError]:
    return outcome_of(call, seconds=seconds_left(), system=system)


def _raise(failure: SreError, asked: Asked) -> None:
    if asked.service and isinstance(failure, InputError):
        # The caller wrote no query: one that does not parse comes from the operator's mapping.
        raise ConfigError(failure.message, setting=f"services.{asked.service}") from failure
    raise failure


async def _read(metrics: MetricSource, question: _Question, windows: Windows) -> tuple[_Lines, tuple[str, ...]]:
    """Return the values of a query, and what the source warned about."""

    async def ask(window: Window) -> RangeResult:
        return await metrics.range_query(question.query, window=window, step=windows.step)

    async def both() -> tuple[list[RangeResult], bool]:
        return list(await all_of([partial(ask, windows.before), partial(ask, windows.after)])), False

    async def whole() -> tuple[list[RangeResult], bool]:
        assert windows.earlier is not None
        # On the grid of the window after the change, so that its first value is its own.
        steps = (windows.after.start - windows.earlier).total_seconds() // windows.step.seconds
        start = windows.after.start - timedelta(seconds=steps * windows.step.seconds)
        return [await ask(Window(start, windows.after.end))], True

    if windows.earlier is None:
        results, has_earlier = await both()
    else:
        outcome, _ = await with_stand_in(
            whole, both, after_seconds=_PATIENCE_SECONDS, seconds=seconds_left(), system=metrics.name
        )
        if isinstance(outcome, SreError):
            raise outcome
        results, has_earlier = outcome
    warnings = tuple(cleaned(text) for result in results for text in result.warnings)
    return _joined(results, has_earlier=has_earlier), warnings


def _joined(results: Sequence[RangeResult], *, has_earlier: bool) -> _Lines:
    """Return the answers to several windows as one, by label sets."""
    import numpy as np

    labels = list(dict.fromkeys(one for result in results for one in result.series.labels))
    times = np.concatenate([result.series.grid.times_ms() for result in results])
    values = np.full((len(labels), times.size), np.nan)
    present = np.zeros((len(labels), times.size), dtype=bool)
    start = 0
    for result in results:
        end = start + result.series.grid.count
        for row, one in enumerate(result.series.labels):
            values[labels.index(one), start:end] = result.series.values[row]
            present[labels.index(one), start:end] = result.series.present[row]
        start = end
    return _Lines(times, tuple(labels), values, present & (np.abs(values) <= LARGEST_VALUE), has_earlier)


def _subjects(question: _Question, lines: _Lines, windows: Windows) -> tuple[list[Subject], list[str]]:
    if len(lines.labels) > MAX_SERIES:
        raise _too_many(lines.labels)
    subjects, missing = [], []
    for row, labels in enumerate(lines.labels):
        subject = _subject(question, lines, row, windows)
        name = question.name if len(lines.labels) == 1 else f"{question.name} {labels}"
        sides = [side for side, values in (("before", subject.before), ("after", subject.after)) if not _has(values)]
        if sides:
            missing.append(f"{cleaned(name)}: no values {' and '.join(sides)} the change.")
        else:
            subjects.append(replace(subject, labels=labels if len(lines.labels) > 1 else None))
    if not lines.labels:
        missing.append(f"{cleaned(question.name)}: the query returned nothing.")
    return subjects, missing


def _has(values: FloatArray) -> bool:
    import numpy as np

    return bool(np.isfinite(values).any())


def _subject(question: _Question, lines: _Lines, row: int, windows: Windows) -> Subject:
    import numpy as np

    from sre.performance.earlier_days import earlier_pairs

    values = np.where(lines.present[row], lines.values[row], np.nan)
    edges = [(epoch_ms(window.start), epoch_ms(window.end)) for window in (windows.before, windows.after)]
    old, new = (values[(lines.times_ms >= start) & (lines.times_ms <= end)] for start, end in edges)
    pairs = (
        earlier_pairs(lines.times_ms, values, before_ms=edges[0], after_ms=edges[1], period_ms=_DAY_MS)
        if lines.has_earlier
        else []
    )
    return Subject(
        cleaned(question.name, limit=200),
        question.unit,
        question.bad,
        old,
        new,
        is_adjoining=windows.is_adjoining,
        earlier=tuple(pairs),
        cycle=_cycle(windows),
    )


def _cycle(windows: Windows) -> Cycle:
    """Return how the values lie in the day; both windows are read from their own start."""
    from sre.performance.cycle import Cycle

    step = windows.step.seconds
    lag = (windows.after.start - windows.before.start).total_seconds()
    return Cycle(round(_DAY_MS / 1000 / step), round(lag / step))


def _unread_days(read: Sequence[tuple[_Lines, tuple[str, ...]]], windows: Windows) -> list[str]:
    if windows.earlier is None or all(lines.has_earlier for lines, _ in read):
        return []
    return ["The source was too slow for the days before, so the hours of the day could not be allowed for."]


def _too_many(labels: Sequence[Labels]) -> RefusedError:
    names = sorted({name for one in labels for name in one if name != "__name__"})
    differing = [name for name in names if len({one.get(name, "") for one in labels}) > 1]
    return RefusedError(
        f"The query has {len(labels)} series; at most {MAX_SERIES} are compared in one answer.",
        next_steps=(
            "compare the whole: sum(<query>) or max(<query>), or",
            f"select by one of the labels that differ: {cleaned(listed(differing))}",
        ),
    )


def _nothing(windows: Windows, left_out: Sequence[str]) -> NoDataError:
    return NoDataError(
        f"There is nothing to compare between {windows.before} and {windows.after}.",
        causes=tuple(left_out),
        next_steps=("try the query with query_prometheus", "find the metric with find_metrics"),
    )
