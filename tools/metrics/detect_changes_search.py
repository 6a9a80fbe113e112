"""The search through the series that were read, those that move most first, as far as time allows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sre.core.times import epoch_ms
from tools.concurrent import Stopwatch, seconds_left
from tools.context import in_thread, report_progress

if TYPE_CHECKING:
    from sre.core.changes.model import Found
    from sre.metrics.changes.grouping import Group
    from sre.metrics.changes.model import DatedAnomaly, DatedChange, Rows
    from sre.metrics.changes.relevance import Untold
    from tools.context import ToolContext
    from tools.metrics.detect_changes_reading import Reading

# More series than this nobody tells apart, and each takes its part of a second.
MOST_SERIES: Final = 200
_CHUNK: Final = 10
# What has to be left for the finer look and the answer.
_SPARE_SECONDS: Final = 18.0
_DAY_MS, _WEEK_MS = 86_400_000, 604_800_000


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What was found in all series.

    Attributes:
        searched_count: Series that were searched; fewer than were read where there were too many, or no time.
        periods_ms: Seasons that were taken out of some series.
        notes: What the search says about series, with how many it says that of.
        is_cut: Time was over.
        untold: What was found and is not told.
    """

    changes: tuple[Group[DatedChange], ...]
    anomalies: tuple[Group[DatedAnomaly], ...]
    searched_count: int
    periods_ms: tuple[int, ...]
    notes: tuple[tuple[str, int], ...]
    untold: Untold
    is_cut: bool = False


async def searched(ctx: ToolContext, reading: Reading) -> Search:
    """Return what is found in the series, those that move most first, as far as time allows."""
    from sre.metrics.changes.dating import dated_anomalies, dated_changes
    from sre.metrics.changes.grouping import grouped_anomalies, grouped_changes
    from sre.metrics.changes.relevance import Untold
    from sre.metrics.changes.selection import by_movement

    rows = reading.rows
    order = by_movement(rows.values)[:MOST_SERIES] if len(rows) > MOST_SERIES else tuple(range(len(rows)))
    watch = Stopwatch(seconds_left(spare_seconds=_SPARE_SECONDS))
    periods = season_steps(rows.grid.step_ms, rows.grid.count)
    changes: list[DatedChange] = []
    anomalies: list[DatedAnomaly] = []
    notes: Counter[str] = Counter()
    seasons: set[int] = set()
    done, untold = 0, Untold()
    for start in range(0, len(order), _CHUNK):
        if start and watch.is_over():
            break
        chunk = list(order[start : start + _CHUNK])
        parts = await in_thread(partial(_found, rows, chunk, periods))
        for row, (found, less) in zip(chunk, parts, strict=True):
            changes += dated_changes(rows, row, found)
            anomalies += dated_anomalies(rows, row, found)
            notes.update(found.notes)
            seasons.update(found.periods)
            untold += less
        done += len(chunk)
        await report_progress(ctx, 20 + 50 * done / len(order), 100, f"Searched {done} of {len(order)} series")
    since_ms, tolerance = epoch_ms(reading.asked.start), rows.grid.step_ms
    return Search(
        grouped_changes([one for one in changes if one.moment.latest_ms >= since_ms], tolerance_ms=tolerance),
        grouped_anomalies([one for one in anomalies if one.end.at_ms >= since_ms], tolerance_ms=tolerance),
        done,
        tuple(sorted(period * rows.grid.step_ms for period in seasons)),
        tuple(notes.most_common()),
        is_cut=done < len(order),
        untold=untold,
    )


def _found(rows: Rows, chunk: list[int], periods: tuple[int, ...]) -> list[tuple[Found, Untold]]:
    from sre.core.changes.search import found_in_each
    from sre.metrics.changes.constants import with_left_constants
    from sre.metrics.changes.mirrors import without_echoes
    from sre.metrics.changes.passing import with_passing, with_stairs_joined
    from sre.metrics.changes.relevance import relevant, without_chance_events

    values, week = rows.values[chunk], _WEEK_MS // rows.grid.step_ms
    told = []
    for line, found in zip(values, found_in_each(values, periods=periods), strict=True):
        lasting = with_passing(with_stairs_joined(without_echoes(found, line, week=week)), line)
        lasting = with_left_constants(lasting, line)
        if rows.is_event_rate:
            seconds = rows.grid.step_ms / 1000
            lasting = without_chance_events(lasting, line, step_seconds=seconds, series_count=len(rows))
        told.append(relevant(lasting, line, periods=periods))
    return told


def season_steps(step_ms: int, count: int) -> tuple[int, ...]:
    """Return how many steps a day and a week have, where the series could show them twice."""
    return tuple(
        period // step_ms
        for period in (_DAY_MS, _WEEK_MS)
        if period % step_ms == 0 and period // step_ms >= 4 and 2 * (period // step_ms) <= count
    )
