"""Reading what was changed around a window: deploys, restarts, alerts, settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.times import Duration
from tools.concurrent import all_of, outcome_of, seconds_left

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import MetricSource
    from sre.core.labels import Labels
    from sre.core.series import RangeResult
    from sre.incidents.scan.changes import Change
    from sre.incidents.scan.timeline import ScanWindows

# Few small questions, asked beside the scan and given up with it.
_SPARE_SECONDS = 10.0
_FINE_STEP, _MOST_POINTS = Duration(60.0), 3_000


@dataclass(frozen=True, slots=True)
class Nearby:
    """The changes found.

    Attributes:
        asked: Queries that were run.
        unread: Metrics that could not be read.
    """

    changes: tuple[Change, ...]
    asked: tuple[str, ...]
    unread: tuple[str, ...]


async def nearby_changes(source: MetricSource, series: Sequence[Labels], windows: ScanWindows) -> Nearby:
    """Return the changes from the start of normal time to the end of the window, in order of time.

    Args:
        series: Label sets of the metrics that may show changes.
    """
    from sre.core.deploys import starts_query, version_query
    from sre.core.times import epoch_ms
    from sre.incidents.scan.changes import change_queries, changes_in, versions_and_starts

    since_ms = epoch_ms(windows.main.start)
    # Few series: their time can be told more exactly than that of all metrics.
    step = min(windows.step, max(_FINE_STEP, Duration(windows.main.seconds / _MOST_POINTS)))
    queries = change_queries(series)
    texts = (version_query(), starts_query(since_ms=since_ms), *(query.text for query in queries))
    seconds = seconds_left(spare_seconds=_SPARE_SECONDS)

    async def read(text: str) -> RangeResult | SreError:
        ask = partial(source.range_query, text, window=windows.main, step=step)
        return await outcome_of(ask, seconds=seconds, system=source.name)

    outcomes = await all_of([partial(read, text) for text in texts])
    read_series = [None if isinstance(one, SreError) else one.series for one in outcomes]
    found: list[Change] = list(versions_and_starts(read_series[0], read_series[1], since_ms=since_ms))
    for query, answer in zip(queries, read_series[2:], strict=True):
        found += changes_in(query, answer) if answer is not None else ()
    names = ("versions", "process starts", *(query.metric for query in queries))
    unread = [name for name, answer in zip(names, read_series, strict=True) if answer is None]
    ordered = sorted(found, key=lambda one: (one.at_ms, one.entity, one.kind, one.after))
    return Nearby(tuple(ordered), texts, tuple(unread))
