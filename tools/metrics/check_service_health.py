"""The tool `check_service_health`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sre.core.errors import ConfigError, InputError
from sre.core.times import Window, parse_duration, parse_instant
from tools.arguments import DurationText, SourceName
from tools.context import ToolContext, deps_of, report_progress
from tools.metrics.health_answer import HealthAnswer

if TYPE_CHECKING:
    from datetime import datetime

    from sre.core.times import Duration


async def check_service_health(
    ctx: ToolContext,
    *,
    service: Annotated[str, Field(description="As in its labels", min_length=1, max_length=200)],
    window: DurationText = "1h",
    baseline: Annotated[str, Field(description="How many days back: same time of each day", max_length=64)] = "7d",
    at: Annotated[str, Field(description="End of the window; as start elsewhere", max_length=64)] = "now",
    source: SourceName = "",
) -> HealthAnswer:
    """Judge a service by its golden signals: latency, traffic, errors, saturation, each against what is usual.

    Use when something may be wrong with a service, before other tools. Finds its metrics by naming conventions.
    Not for error budgets (use `compute_error_budget`) or single metrics (use `query_prometheus`).
    Latency in seconds, traffic per second, errors and saturation as ratios 0..1; unknown means no data, not ok.
    """
    from tools.golden_signals import found_service
    from tools.metrics.health_reading import HealthQuestion, service_readings
    from tools.metrics.health_report import health_report

    deps = deps_of(ctx)
    metrics = deps.sources.metric(source or None)
    end = parse_instant(at, now=await deps.now_of(metrics), field="at")
    question = HealthQuestion(
        at=end.at,
        window=parse_duration(window, field="window"),
        baseline=parse_duration(baseline, field="baseline"),
    )
    await report_progress(ctx, 0, 2, "Finding the service's metrics")
    found = await found_service(
        metrics, service, window=_window(end.at, question.window), mapping=deps.services.get(service)
    )
    await report_progress(ctx, 1, 2, "Reading its signals")
    try:
        readings = await service_readings(metrics, found.signals, question)
    except InputError as error:
        if service not in deps.services:
            raise
        # The caller wrote no query: one that does not parse comes from the operator's mapping.
        raise ConfigError(error.message, setting=f"services.{service}") from error
    answer = health_report(found, readings, question)
    answer.source = metrics.name
    answer.warnings[:0] = end.notes
    return answer


def _window(end: datetime, length: Duration) -> Window:
    from datetime import timedelta

    return Window(end - timedelta(seconds=length.seconds), end)
