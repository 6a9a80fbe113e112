"""The tool `backtest_slo`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tools.answer import WindowAnswer
from tools.concurrent import Stopwatch, seconds_left
from tools.context import ToolContext, deps_of, in_thread, read_window, report_progress
from tools.slo.backtest_answer import BacktestAnswer, fill, summary_of
from tools.slo.backtest_question import (
    MAX_TEXT_CHARS,
    counting_notes,
    incidents_of,
    settings_of,
    tier_run_up_note,
    within,
)
from tools.slo_lookup import SloArgument, slo_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre.slo.judgement import Judgement, KnownIncident
    from tools.slo.backtest_question import Settings
    from tools.slo.event_history import ReadHistory

_Time = Annotated[str, Field(max_length=64)]
_Name = Annotated[str, Field(max_length=200)]


async def backtest_slo(
    ctx: ToolContext,
    *,
    slo: SloArgument,
    start: _Time = "now-30d",
    end: _Time = "now",
    incidents: Annotated[str, Field(max_length=MAX_TEXT_CHARS, description="YAML: [{start, end, name}]")] = "",
    candidates: Annotated[
        str,
        Field(
            max_length=MAX_TEXT_CHARS,
            description='"book", or YAML: [{name, objective, min_bad_events, for, tiers: {fast: {share, long}}}]',
        ),
    ] = "",
    source: _Name = "",
) -> BacktestAnswer:
    """Replay an SLO's burn-rate alerts on history: pages, delay, budget burnt before, precision and recall.

    Use when asked whether alerts would have fired, are too noisy or too late, or which settings to choose: compares
    `candidates` side by side ("book": the SRE Workbook's approaches).
    Not for the budget now (`compute_error_budget`).
    """
    from tools.slo.event_history import read_history

    deps = deps_of(ctx)
    definition = await slo_of(deps, slo)
    settings = settings_of(definition, candidates)
    known = definition.source_name if definition.source_name in deps.sources.names() else None
    metrics = deps.sources.metric(source or known)
    asked = await read_window(deps, metrics, start=start, end=end)
    given, notes = incidents_of(incidents, now=asked.now)

    async def progress(done: int, total: int) -> None:
        await report_progress(ctx, done, total + 1, f"Read {done} of {total} parts")

    read = await read_history(
        metrics, definition, window=asked.window, reach_seconds=settings.reach_seconds, progress=progress
    )
    settings = await in_thread(partial(settings.as_generated, read.history))
    found = within(given, read.window)
    watch = Stopwatch(seconds_left())
    judgements = await in_thread(partial(_judgements, settings, read, found.incidents, watch))
    answer = _frame(settings, read, [*asked.notes, *notes, *settings.notes(), *found.notes, *read.notes])
    if watch.has_stopped:
        answer.left_out.append("groups with fewer bad events: not replayed in time; ask for less time or fewer groups.")
    answer.source = metrics.name
    await in_thread(partial(_fill, answer, settings, judgements))
    return answer


def _judgements(
    settings: Settings, read: ReadHistory, incidents: Sequence[KnownIncident], watch: Stopwatch
) -> tuple[Judgement, ...]:
    from sre.core.times import epoch_ms
    from sre.slo.backtest import replayed
    from sre.slo.judge import Judge

    start, end = epoch_ms(read.window.start), epoch_ms(read.window.end)
    judge = Judge(read.history, incidents, start_ms=start, end_ms=end, period_seconds=settings.period_seconds)
    episodes = replayed(read.history, settings.all, since_ms=start, should_stop=watch.is_over)
    return judge.compared(settings.all, episodes)


def _frame(settings: Settings, read: ReadHistory, warnings: list[str]) -> BacktestAnswer:
    from sre.core.slo.budget import budget_ratio
    from sre.core.slo.sli_queries import sli_queries
    from sre.core.times import format_duration
    from sre.slo.judgement import WEEK_SECONDS

    history, slo = read.history, settings.slo
    if read.window.seconds < WEEK_SECONDS:
        warnings.append("Less than a week was replayed: rates a week are projected from it.")
    if not read.has_run_up:
        warnings.append(tier_run_up_note(settings, read.window))
    answer = BacktestAnswer(
        summary="",
        slo=slo.name,
        objective_ratio=slo.objective_ratio,
        slo_window=str(slo.window),
        counted=f"{sli_queries(slo).counted}, in windows of {format_duration(history.base_seconds)}",
        window=WindowAnswer(start=read.window.start, end=read.window.end, step_seconds=history.grid.step_ms / 1000),
        queries=list(read.evidence),
        warnings=warnings,
        left_out=list(read.left_out),
    )
    answer.warnings += counting_notes(settings, history)
    if len(history.groups) == 1:
        rate = float(history.events_per_second[0])
        answer.allowed_bad_events = budget_ratio(slo.objective_ratio) * rate * settings.period_seconds
    return answer


def _fill(answer: BacktestAnswer, settings: Settings, judgements: Sequence[Judgement]) -> None:
    fill(answer, judgements)
    answer.summary = summary_of(settings, answer, judgements)
