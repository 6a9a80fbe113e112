"""Running one PromQL query over a window: read it, refuse what is too costly, ask, and take what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre.core.errors import InputError, RefusedError
from sre.core.times import Duration, format_duration, parse_duration
from tools.answer import QueryEvidence
from tools.concurrent import beside

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from sre.core.promql import Query
    from sre.core.series import InstantResult, RangeResult
    from sre.core.times import Window
    from sre.metrics.model import RankKey
    from sre.metrics.series_figures import Measured

# A hint about scrapes may delay the answer of a live source by this much, no more.
_HINT_PATIENCE_SECONDS = 0.15
_MAX_SOURCE_WARNINGS = 5
_RAW_SAMPLES_NOTE = "A range selector gives raw samples, read at the end of the window; figures are over those samples."


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """A question with its times resolved.

    Attributes:
        query: The text as parsed, or None where only the source can read it.
        notes: What had to be assumed.
    """

    text: str
    query: Query | None
    window: Window
    step: Duration
    rank: RankKey
    max_series: int
    wants_points: bool
    notes: tuple[str, ...]

    @property
    def is_instant(self) -> bool:
        """Whether its value exists only at one instant: raw samples, or text."""
        return self.query is not None and self.query.value_type in ("matrix", "string")

    @property
    def steps(self) -> int:
        """Instants at which the query is evaluated."""
        return 1 if self.is_instant else int(self.window.seconds / self.step.seconds) + 1


@dataclass(frozen=True, slots=True, eq=False)
class QueryOutcome:
    """What a source answered; `text` is the value of a string expression."""

    measured: Measured
    evidence: QueryEvidence
    warnings: tuple[str, ...]
    text: str | None = None


def readable_query(source: MetricSource, text: str) -> Query | None:
    """Return the parsed query, or None where a live source may still understand what we do not."""
    from sre.core.promql import parse

    try:
        return parse(text)
    except (InputError, RefusedError):
        if source.kind == "prometheus":
            return None
        raise


def chosen_step(text: str, window: Window, *, sample_spacing: Duration | None = None) -> Duration:
    """Return the step that was asked for, or one that suits the window and is not finer than the samples.

    Raises:
        InputError: Not a duration, or longer than the window.
        RefusedError: So short that no reader could use the points.
    """
    from sre.core.steps import default_step
    from sre.metrics.query_cost import MAX_STEPS, coarser_step

    if not text:
        return default_step(window, sample_spacing=sample_spacing)
    step = parse_duration(text, field="step")
    if step.seconds > window.seconds:
        raise InputError(f"step ({step}) is longer than the window ({format_duration(window.seconds)}).", field="step")
    steps = window.seconds / step.seconds
    if steps > MAX_STEPS:
        raise RefusedError(
            f"step={step} makes {steps:,.0f} points a series; at most {MAX_STEPS:,} are answered.",
            next_steps=(f"step={format_duration(coarser_step(window.seconds))}", "a shorter window", "no step at all"),
        )
    return step


async def run_query(source: MetricSource, request: QueryRequest) -> QueryOutcome:
    """Return what a source answers, with hints about the samples behind rates.

    Raises:
        RefusedError: Too costly; says which queries would do.
    """
    from tools.metrics.query_probes import refuse_if_too_costly
    from tools.metrics.rate_hints import needs_rate_hints, rate_hints

    query = request.query
    if query is None:
        return _range_outcome(await _ranged(source, request), ())
    await refuse_if_too_costly(source, query, window=request.window, steps=request.steps)
    if request.is_instant:
        return _instant_outcome(await source.instant_query(request.text, at=request.window.end))
    if not needs_rate_hints(query):
        return _range_outcome(await _ranged(source, request), ())
    result, hints = await beside(
        lambda: _ranged(source, request),
        lambda: rate_hints(source, query, window=request.window),
        patience_seconds=None if await source.latest() is not None else _HINT_PATIENCE_SECONDS,
    )
    return _range_outcome(result, hints or ())


async def _ranged(source: MetricSource, request: QueryRequest) -> RangeResult:
    """Ask for the range; a refusal of the source gains the queries that would be cheaper."""
    from sre.metrics.query_cost import cheaper_queries

    try:
        return await source.range_query(request.text, window=request.window, step=request.step)
    except RefusedError as refusal:
        if request.query is None:
            raise
        seconds = request.window.seconds
        ways = cheaper_queries(request.text, request.query.ast, labels=(), window_seconds=seconds)
        raise RefusedError(refusal.message, next_steps=(*ways, *refusal.next_steps)) from refusal


def _range_outcome(result: RangeResult, hints: tuple[str, ...]) -> QueryOutcome:
    from sre.core.text import quoted
    from sre.metrics.series_figures import measured_on_grid

    measured = measured_on_grid(result.series)
    said = tuple(f"The source warns: {quoted(text)}" for text in result.warnings[:_MAX_SOURCE_WARNINGS])
    return QueryOutcome(measured, _evidence(result.query, measured), (*hints, *said))


def _instant_outcome(result: InstantResult) -> QueryOutcome:
    from sre.core.text import cleaned
    from sre.metrics.series_figures import measured_samples

    measured = measured_samples(result.samples)
    if result.kind == "string":
        return QueryOutcome(measured, _evidence(result.query, measured), (), cleaned(result.text))
    return QueryOutcome(measured, _evidence(result.query, measured), (_RAW_SAMPLES_NOTE,))


def _evidence(query: str, measured: Measured) -> QueryEvidence:
    return QueryEvidence(query=query, series_count=len(measured), sample_count=measured.point_count)
