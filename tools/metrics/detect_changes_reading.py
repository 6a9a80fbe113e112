"""Reading the series that are searched for changes: counters as rates, gaps as gaps, nothing too costly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sre.core.errors import InputError, NoDataError, RefusedError
from sre.core.text import cleaned, quoted
from sre.core.times import Duration, Window, format_duration, format_instant
from tools.answer import QueryEvidence
from tools.concurrent import all_of, attempted, outcome_of, seconds_left, within
from tools.context import in_thread
from tools.inline_series import inline_arrays

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.promql.nodes import Node
    from sre.core.series import RangeResult, SeriesSet
    from sre.metrics.changes.model import Rows
    from tools.arguments import InlineSeries
    from tools.metrics.detect_changes_question import ChangesQuestion

# Where a source cannot say, samples are taken to be so far apart: the usual distance of scrapes.
USUAL_SPACING: Final = Duration(60.0)
# Whether a metric counts, how far its samples are apart and what it costs is asked before; silence costs this at most.
_HINT_SECONDS: Final = 10.0
_MOST_ASKED: Final = 3
# OpenMetrics 1.0, "Counter" and "Histogram": these suffixes belong to values that only grow.
_SURE_COUNTERS: Final = ("_total", "_bucket")
# Stands in a rate until the step is known.
_USUAL_RATE_SECONDS: Final = 300.0
_COUNTED_SECONDS: Final = 900.0
_MOST_SOURCE_WARNINGS: Final = 3
# Values that have to differ before the shape of a series says that it counts (our choice).
_RISING_SHARE: Final = 0.5
# Squares of anything larger overflow.
_LARGEST: Final = 1e100


@dataclass(frozen=True, slots=True)
class Asking:
    """A query as it is asked at any step.

    Attributes:
        text: As the caller wrote it.
        node: As parsed, counters with rates around them; None where only the source can read it.
        counters: The metrics whose rates are asked for although the caller did not write one.
    """

    text: str
    node: Node | None
    counters: tuple[str, ...] = ()

    def at_step(self, step: Duration, *, spacing: Duration, is_fine: bool = False) -> str:
        """Return the query for points of this distance.

        Ranges of rates are as long as the step and gauges are means over it, so that every sample is seen; in a finer
        look ranges are no longer than that, because a range blurs what happened by its own length.
        """
        from sre.core.promql_writing import promql_of

        if self.node is None:
            return self.text
        found = self._ranged(self.node, step, spacing=spacing, is_fine=is_fine)
        return promql_of(found) if self.counters or found != self.node else self.text

    def range_ms(self, text: str) -> int:
        """Return over which time before each point the values of a query made from this one are taken."""
        from sre.core.promql import parse
        from sre.core.promql_tree import used_selectors

        if self.node is None:
            return 0
        return round(max((one.range_seconds for one in used_selectors(parse(text).ast)), default=0.0) * 1000)

    def services(self) -> frozenset[str]:
        """Return the services that the query selects by name; an aggregation may take that label away."""
        from sre.core.golden_conventions import conventions
        from sre.core.promql_tree import used_selectors

        names = frozenset(conventions().service_labels)
        used = used_selectors(self.node) if self.node is not None else ()
        matchers = (matcher for one in used for matcher in one.vector.matchers)
        return frozenset(one.value for one in matchers if one.op == "=" and one.name in names)

    def unit(self) -> str:
        """Return the unit of the values, empty where it is not known."""
        from sre.metrics.query_unit import unit_of_query

        return unit_of_query(self.node) if self.node is not None else ""

    def notes(self, step: Duration, *, spacing: Duration) -> tuple[str, ...]:
        """Return what is odd about the query, or was done to it."""
        from sre.core.promql_tree import name_of, walk
        from sre.metrics.query_checks import query_warnings, unseen_between_points

        if self.node is None:
            return ("The query could not be read here, so it was sent as it is and not checked.",)
        said = [f"{quoted(name)} is a counter, so its rate a second was searched." for name in self.counters]
        node = self._ranged(self.node, step, spacing=spacing, is_fine=False)
        if any(name_of(place.node) == "avg_over_time" for place in walk(node)) and node != self.node:
            said.append(f"Gauges were searched as means over {step}: a short peak or dip is lower than it was.")
        warned = query_warnings(node, step_seconds=step.seconds)
        return (*said, *warned, *unseen_between_points(node, step_seconds=step.seconds))

    @staticmethod
    def _ranged(node: Node, step: Duration, *, spacing: Duration, is_fine: bool) -> Node:
        from sre.metrics.rate_ranges import with_averages, with_rate_ranges
        from sre.metrics.scrape_spacing import recommended_range

        least = max(step.seconds, recommended_range(spacing.seconds))
        ranged = with_rate_ranges(node, lambda own: least if is_fine else max(own, least))
        # Finer points are as near to each other as samples; coarse ones would leave some of them unseen.
        is_coarse = not is_fine and step.seconds >= 2 * spacing.seconds
        return with_averages(ranged, range_seconds=step.seconds) if is_coarse else ranged


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What is searched, and where it came from.

    Attributes:
        read: The window that was read.
        asked: The window in which changes are told.
        asking: How to ask again, finer; None for series passed in the call.
        spacing: Distance of the samples, as far as known.
    """

    rows: Rows
    read: Window
    asked: Window
    evidence: QueryEvidence
    unit: str = ""
    asking: Asking | None = None
    spacing: Duration = USUAL_SPACING
    notes: tuple[str, ...] = ()


async def asking_of(source: MetricSource, text: str, question: ChangesQuestion) -> tuple[Asking, Duration]:
    """Return how to ask for a query, with rates around counters read as they are, and the distance of its samples.

    Raises:
        InputError, RefusedError: The query does not parse, is no series over time, or is too costly.
    """
    from sre.metrics.rate_ranges import with_rates
    from tools.metrics.query_run import readable_query

    query = await in_thread(partial(readable_query, source, text))
    if query is None:
        return Asking(text, None), USUAL_SPACING
    if query.value_type in ("matrix", "string"):
        raise InputError(
            "The query gives no series over time.",
            field="query",
            next_steps=("wrap a range in rate(), avg_over_time() or max_over_time()",),
        )
    # Hints that do not need each other, each given up when it is late.
    answers: dict[str, tuple[str, ...] | Duration] = {}

    async def ask_types() -> None:
        answers["counters"] = await _raw_counters(source, query.ast)

    async def ask_spacing() -> None:
        answers["spacing"] = await _spacing_of(source, query.ast, at=question.read.end)

    await all_of([ask_types, ask_spacing])
    counters, spacing = answers["counters"], answers["spacing"]
    assert isinstance(counters, tuple)
    assert isinstance(spacing, Duration)
    asking = Asking(text, with_rates(query.ast, counters, range_seconds=_USUAL_RATE_SECONDS), counters)
    await _refuse_if_too_costly(source, asking.at_step(question.step, spacing=spacing), question)
    return asking, spacing


async def _refuse_if_too_costly(source: MetricSource, text: str, question: ChangesQuestion) -> None:
    from sre.core.promql import parse
    from tools.metrics.query_probes import refuse_if_too_costly

    steps = int(question.read.seconds / question.step.seconds) + 1
    ask = partial(refuse_if_too_costly, source, parse(text), window=question.read, steps=steps)
    outcome = await outcome_of(ask, seconds=_HINT_SECONDS, system=source.name)
    if isinstance(outcome, RefusedError):
        raise outcome


async def _raw_counters(source: MetricSource, node: Node) -> tuple[str, ...]:
    """Return the counters that are read as they are; of a name that may be one, the source's metadata decide."""
    from sre.metrics.query_checks import is_counter_like_name
    from sre.metrics.rate_ranges import raw_selectors
    from tools.metrics.query_probes import counter_types

    names = [name for name in dict.fromkeys(raw_selectors(node)) if is_counter_like_name(name)]
    sure = [name for name in names if name.endswith(_SURE_COUNTERS)]
    likely = [name for name in names if name not in sure][:_MOST_ASKED]
    told = await attempted(partial(counter_types, source, likely), seconds=_HINT_SECONDS) if likely else ()
    return (*sure, *(likely if told is None else told))


async def _spacing_of(source: MetricSource, node: Node, *, at: datetime) -> Duration:
    """Return the usual distance of samples, or what is usual where the source does not say in time."""
    from sre.core.promql_tree import used_selectors

    told = await attempted(source.sample_spacing, seconds=_HINT_SECONDS)
    if told is not None:
        return Duration(max(1.0, round(told.seconds)))
    used = used_selectors(node)[:1]
    if not used:
        return USUAL_SPACING
    text = f"max(count_over_time({used[0].text}[{format_duration(_COUNTED_SECONDS)}]))"
    counted = await attempted(lambda: source.instant_query(text, at=at), seconds=_HINT_SECONDS)
    count = float(counted.values[0]) if counted is not None and counted.values.size else 0.0
    return Duration(max(1.0, round(_COUNTED_SECONDS / count))) if count >= 1 else USUAL_SPACING


async def read_rows(
    source: MetricSource, asking: Asking, *, window: Window, step: Duration, spacing: Duration, is_fine: bool = False
) -> tuple[Rows, RangeResult]:
    """Return the series of a query, in time for an answer.

    Raises:
        SreError: The source failed, refused, or was too slow.
    """
    text = asking.at_step(step, spacing=spacing, is_fine=is_fine)
    result = await within(
        lambda: source.range_query(text, window=window, step=step), seconds=seconds_left(), system=source.name
    )
    is_event_rate = asking.unit() == "per_second"
    return rows_of(result.series, range_ms=asking.range_ms(text), is_event_rate=is_event_rate), result


def rows_of(series: SeriesSet, *, range_ms: int, is_event_rate: bool = False) -> Rows:
    """Return series as they are searched; what is infinite or beyond 1e100 is no value."""
    import numpy as np

    from sre.metrics.changes.model import Rows

    usable = series.present & np.isfinite(series.values)
    usable &= np.abs(np.where(usable, series.values, 0.0)) < _LARGEST
    values = np.where(usable, series.values, np.nan)
    return Rows(series.grid, series.labels, values, series.present, range_ms, is_event_rate)


async def nothing_found(source: MetricSource, asking: Asking, window: Window, step: Duration) -> NoDataError:
    """Return the error for a query without any series: why, and what exists instead."""
    from sre.core.promql import parse
    from tools.metrics.empty_answers import diagnosed

    query = parse(asking.text) if asking.node is not None else None
    ask = partial(diagnosed, source, query, window=window, step_seconds=step.seconds)
    causes = await attempted(ask, seconds=seconds_left()) or ()
    return NoDataError(
        f"The query has no series between {format_instant(window.start)} and {format_instant(window.end)}.",
        causes=tuple(cause.because for cause in causes) or ("why could not be found out in time",),
        nearest=tuple(cleaned(name) for cause in causes for name in cause.nearest),
        next_steps=tuple(dict.fromkeys(step for cause in causes for step in cause.next_steps)),
    )


def warned_by_source(result: RangeResult) -> tuple[str, ...]:
    """Return what the source itself warned about, as data."""
    return tuple(f"The source warns: {quoted(text)}" for text in result.warnings[:_MOST_SOURCE_WARNINGS])


def inline_reading(series: InlineSeries, *, now: datetime) -> Reading:
    """Return a series passed in the call on an even grid.

    Raises:
        InputError: Lengths differ, a time does not parse, or the samples are too uneven.
        NoDataError: Too few values.
    """
    import numpy as np

    from sre.core.even_grid import on_even_grid
    from sre.core.labels import Labels
    from sre.core.times import instant_from_ms
    from sre.metrics.changes.model import Rows

    times, values, zones = inline_arrays(series.timestamps, series.values, now=now)
    values[np.abs(np.where(np.isfinite(values), values, np.inf)) >= _LARGEST] = np.nan
    even = on_even_grid(times, values)
    line, present = even.values[np.newaxis, :], np.isfinite(even.values)[np.newaxis, :]
    rows = Rows(even.grid, (Labels(),), line, present)
    start, end = (instant_from_ms(at) for at in (even.grid.start_ms, even.grid.end_ms))
    window = Window(start, end)
    evidence = QueryEvidence(query="inline series", series_count=1, sample_count=int(present.sum()))
    spacing = Duration(even.grid.step_ms / 1000)
    return Reading(rows, window, window, evidence, spacing=spacing, notes=(*zones, *even.notes))


def as_rates(rows: Rows) -> tuple[Rows, tuple[str, ...]]:
    """Return rows that only grow, except at restarts, as rates a second, with a note; other rows as they are."""
    from dataclasses import replace

    import numpy as np

    if not _all_count(rows):
        return rows, ()
    moves = np.diff(rows.values, axis=1, prepend=np.nan)
    # After a restart the counter has risen from zero to what it shows, as PromQL's rate() has it.
    resets = moves < 0
    moves = np.where(resets, rows.values, moves) / (rows.grid.step_ms / 1000)
    said = f", {int(resets.sum())} resets taken out" if resets.any() else ""
    note = f"The values only grow, as counters do: their rate a second was searched{said}."
    return replace(rows, values=moves, range_ms=rows.grid.step_ms), (note,)


def _all_count(rows: Rows) -> bool:
    import numpy as np

    from sre.core.series import SeriesSet
    from sre.metrics.data_checks import grows_like_counter
    from sre.metrics.series_figures import measured_on_grid

    measured = measured_on_grid(SeriesSet(rows.grid, rows.labels, rows.values, np.isfinite(rows.values)))
    if not grows_like_counter(measured):
        return False
    moves = np.diff(rows.values, axis=1)
    known = np.isfinite(moves)
    return bool((moves[known] > 0).mean() >= _RISING_SHARE)
