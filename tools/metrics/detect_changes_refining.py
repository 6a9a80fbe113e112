"""A second, finer look at the time around what stands out: a change is dated to the minute, whatever the window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from sre.core.errors import SreError
from sre.core.labels import METRIC_NAME
from sre.core.text import without_quotations
from sre.core.times import Duration, Window, instant_from_ms
from tools.answer import QueryEvidence
from tools.concurrent import all_of, outcome_of, seconds_left
from tools.context import in_thread
from tools.metrics.detect_changes_question import fine_step_for
from tools.metrics.detect_changes_reading import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import MetricSource
    from sre.core.deploy_matching import Moment
    from sre.core.series import RangeResult
    from sre.metrics.changes.model import Rows
    from tools.metrics.detect_changes_reading import Reading
    from tools.metrics.detect_changes_search import Search

EdgeKind = Literal["change", "start", "end"]

# What is dated again, finely: the strongest changes and anomalies, each at the cost of a query or two (our choice).
_MOST_OF_EACH: Final = 4
# Coarse steps on each side that are taken along, so that both levels are known.
_MARGIN_STEPS: Final = 12
_PATIENCE_SECONDS: Final = 12.0
# With less time than this nothing is asked again.
_LEAST_SECONDS: Final = 3.0
# Finer by less is not worth a query.
_LEAST_GAIN: Final = 1.9
# Of many series all would be read again for the few that changed.
_MOST_SERIES: Final = 100


@dataclass(frozen=True, slots=True)
class _Edge:
    """One moment to be dated again.

    Attributes:
        place: Number of its group among the changes or the anomalies.
        since_ms, until_ms: Nothing else is known to happen to the series between these.
    """

    kind: EdgeKind
    place: int
    since_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """A search whose strongest findings are dated finely.

    Attributes:
        step_seconds: The finest step that was read; None where there was no second look.
        unread: Why some were not looked at again.
    """

    search: Search
    queries: tuple[QueryEvidence, ...] = ()
    step_seconds: float | None = None
    unread: tuple[str, ...] = ()


async def refined(source: MetricSource | None, reading: Reading, search: Search) -> Refined:
    """Return the search with finer moments, as far as the source has finer samples and there is time."""
    edges = _edges(reading, search)
    asked = _worth_asking(reading, edges) if seconds_left() > _LEAST_SECONDS else []
    if not edges or source is None or reading.asking is None or not asked:
        return Refined(await in_thread(lambda: _after_looks(search, edges, reading.rows, ())))
    asking, seconds = reading.asking, min(_PATIENCE_SECONDS, seconds_left())

    async def look(window: Window, step: Duration) -> tuple[Rows, RangeResult] | SreError:
        ask = partial(read_rows, source, asking, window=window, step=step, spacing=reading.spacing, is_fine=True)
        return await outcome_of(ask, seconds=seconds, system=source.name)

    outcomes = await all_of([partial(look, *one) for one in asked])
    looks = [one for one in outcomes if not isinstance(one, SreError)]
    failed = [one for one in outcomes if isinstance(one, SreError)]
    search = await in_thread(lambda: _after_looks(search, edges, reading.rows, [rows for rows, _ in looks]))
    unread = (
        (f"Changes are dated by coarse steps only: a finer look failed: {without_quotations(failed[0].message)}",)
        if failed
        else ()
    )
    finest = min((rows.grid.step_ms / 1000 for rows, _ in looks), default=None)
    return Refined(search, tuple(_evidence(result) for _, result in looks), finest, unread)


def _evidence(result: RangeResult) -> QueryEvidence:
    series = result.series
    return QueryEvidence(query=result.query, series_count=len(series), sample_count=series.point_count)


def _after_looks(search: Search, edges: Sequence[_Edge], coarse: Rows, looks: Sequence[Rows]) -> Search:
    """Return the search dated by the looks that cover an edge, and where none does by the points it had."""
    for edge in edges:
        fine = next((rows for rows in looks if rows.grid.start_ms <= edge.since_ms < rows.grid.end_ms), coarse)
        search = _dated_again(search, edge, coarse, fine)
    return search


def _worth_asking(reading: Reading, edges: Sequence[_Edge]) -> list[tuple[Window, Duration]]:
    """Return which windows to read again and how finely; none where that would tell no more."""
    if len(reading.rows) > _MOST_SERIES:
        return []
    found = []
    for window in _windows(edges, reading):
        step = Duration(fine_step_for(window.seconds, spacing=reading.spacing))
        if reading.rows.grid.step_ms / 1000 >= _LEAST_GAIN * step.seconds:
            found.append((window, step))
    return found


def _edges(reading: Reading, search: Search) -> list[_Edge]:
    margin = _MARGIN_STEPS * reading.rows.grid.step_ms
    taken = _taken(search)
    found = []
    for place, group in enumerate(search.changes[:_MOST_OF_EACH]):
        found.append(_edge("change", place, group.lead.moment, taken=taken[group.lead.row], margin_ms=margin))
    for place, window in enumerate(search.anomalies[:_MOST_OF_EACH]):
        others = taken[window.lead.row]
        found.append(_edge("start", place, window.lead.start, taken=others, margin_ms=margin))
        if not window.lead.is_open:
            found.append(_edge("end", place, window.lead.end, taken=others, margin_ms=margin))
    return found


def _taken(search: Search) -> dict[int, list[Moment]]:
    """Return by row the moments at which something is known to happen."""
    taken: dict[int, list[Moment]] = {}
    for change in (one for group in search.changes for one in group.members):
        taken.setdefault(change.row, []).append(change.moment)
    for anomaly in (one for group in search.anomalies for one in group.members):
        taken.setdefault(anomaly.row, []).extend((anomaly.start, anomaly.end))
    return taken


def _edge(kind: EdgeKind, place: int, moment: Moment, *, taken: Sequence[Moment], margin_ms: int) -> _Edge:
    before = [one.latest_ms for one in taken if one.at_ms < moment.at_ms]
    after = [one.earliest_ms for one in taken if one.at_ms > moment.at_ms]
    since = min(max([moment.earliest_ms - margin_ms, *before]), moment.earliest_ms)
    return _Edge(kind, place, since, max(min([moment.latest_ms + margin_ms, *after]), moment.latest_ms))


def _windows(edges: Sequence[_Edge], reading: Reading) -> list[Window]:
    """Return the times to look at again, those that touch as one."""
    ends_ms = reading.rows.grid.end_ms
    spans = sorted((edge.since_ms, min(edge.until_ms, ends_ms)) for edge in edges)
    joined: list[tuple[int, int]] = []
    for since, until in spans:
        if until <= since:
            continue
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return [Window(instant_from_ms(since), instant_from_ms(until)) for since, until in joined]


def _dated_again(search: Search, edge: _Edge, coarse: Rows, fine: Rows) -> Search:
    from sre.metrics.changes.refining import Look, refined_anomaly, refined_change

    changes, anomalies = list(search.changes), list(search.anomalies)
    lead = changes[edge.place].lead if edge.kind == "change" else anomalies[edge.place].lead
    # A mean over a range has no metric name, the value itself has.
    wanted = coarse.labels[lead.row].without(METRIC_NAME)
    row = next((row for row, labels in enumerate(fine.labels) if labels.without(METRIC_NAME) == wanted), None)
    if row is None:
        return search
    look = Look(fine, row, coarse, lead.row, edge.since_ms, edge.until_ms, has_season=bool(search.periods_ms))
    if edge.kind == "change":
        changes[edge.place] = replace(changes[edge.place], lead=refined_change(changes[edge.place].lead, look))
    elif fine is not coarse:
        window = anomalies[edge.place]
        anomalies[edge.place] = replace(window, lead=refined_anomaly(window.lead, look, edge=edge.kind))
    return replace(search, changes=tuple(changes), anomalies=tuple(anomalies))
