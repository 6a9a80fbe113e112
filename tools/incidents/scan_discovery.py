"""What a source has to scan: names, types, label sets, how far samples are apart, and since when there are any."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import NoDataError, SreError
from sre.core.times import Duration, Window, format_instant
from tools.concurrent import all_of, attempted, outcome_of, seconds_left

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from connectors.base import MetricSource
    from sre.core.labels import Labels
    from sre.core.telemetry import MetricMetadata
    from sre.incidents.scan.model import ScanItem
    from sre.incidents.scan.selection import Selection
    from sre.incidents.scan.timeline import ScanWindows

# Series read in one call (our choice): thrice what a Prometheus of a middling company answers within the deadline.
MAX_SERIES = 30_000
# Label sets are asked for by so many series at once: some megabytes of JSON.
_SERIES_AT_ONCE = 5_000
_NAMES_AT_ONCE = 150
# Where series could not be counted, fewer names: each may be tens of thousands.
_UNCOUNTED_NAMES_AT_ONCE = 25
_MOST_OF_ONE_LISTING = 2 * _SERIES_AT_ONCE
_MAX_OF_SERVICE = 20_000
_MAX_CHANGING = 20_000
_LISTINGS_AT_ONCE = 4
# Questions an answer can do without, and those it cannot.
_HINT_SECONDS = 8.0
_NAMES_SECONDS = 15.0
_LISTING_SECONDS = 20.0
# Kept for reading what was found: 12 s for a slow source, and what the reading itself keeps back.
_READING_SECONDS = 23.0
_SHORT_PROBE_SECONDS, _LONG_PROBE_SECONDS = 900.0, 3600.0
_ASSUMED_SPACING = Duration(60.0)
_PLAIN_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@dataclass(frozen=True, slots=True)
class Discovered:
    """What there is to read, and when.

    Attributes:
        items: How each metric is read.
        edges: (caller, callee) as far as labels tell.
        changes: Label sets of metrics that show deploys, restarts and the like.
        over_limit_count: Series beyond the limit that were only found when they were listed.
        unlisted_count: Metrics whose label sets could not be had in time.
        is_service_known: Whether some series carries the name of the service that was asked about.
        is_spacing_known: Whether the source told how far its samples are apart.
    """

    windows: ScanWindows
    selection: Selection
    items: tuple[ScanItem, ...]
    edges: tuple[tuple[str, str], ...]
    changes: tuple[Labels, ...]
    over_limit_count: int = 0
    unlisted_count: int = 0
    is_service_known: bool = True
    is_spacing_known: bool = True


@dataclass(slots=True)
class _Facts:
    """What is learned."""

    names: tuple[str, ...] = ()
    names_failure: SreError | None = None
    metadata: Mapping[str, MetricMetadata] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    of_service: frozenset[str] = frozenset()
    is_service_known: bool = True
    spacing: Duration | None = None
    seasons: tuple[Window, ...] = ()
    series: tuple[Labels, ...] = ()
    uncounted: int = 0
    changes: tuple[Labels, ...] = ()
    # Series that every Prometheus has: it writes them itself.
    witness: str = "up"


async def discovered(source: MetricSource, asked: Window, *, service: str) -> Discovered:
    """Return what to read to judge a window.

    Raises:
        NoDataError: The source holds nothing of this time; says what it holds.
    """
    from sre.incidents.scan.changes import is_change_metric
    from sre.incidents.scan.entities import call_edges
    from sre.incidents.scan.plan import planned_items
    from sre.incidents.scan.selection import selected_metrics
    from sre.incidents.scan.timeline import lead_seconds, scan_windows

    coverage = await source.coverage()
    _check_covered(source.name, asked, coverage)
    searched = Window(asked.start - timedelta(seconds=lead_seconds(asked)), asked.end)
    facts = _Facts()
    asking = _Asking(source, asked, searched, facts)
    # In three rounds (this, the listing, the reading), so that a source that takes 12 s for each answer gives one.
    own, when = partial(asking.own, service), partial(asking.when, coverage)
    first: list[Callable[[], Awaitable[None]]] = [asking.names, asking.types, asking.counts, own, when]
    await all_of(first)
    asking.check_names()
    names = facts.names
    selection = selected_metrics(
        names, metadata=facts.metadata, counts=facts.counts, of_service=facts.of_service, max_series=MAX_SERIES
    )
    at_once = _NAMES_AT_ONCE if facts.counts else _UNCOUNTED_NAMES_AT_ONCE
    chunks = _chunks([(one.name, one.series_count) for one in selection.metrics], at_once=at_once)
    changing = [name for name in names if is_change_metric(name)]
    await all_of([partial(asking.listed, chunks, changing), partial(asking.when_otherwise, coverage)])
    windows = scan_windows(
        asked,
        spacing=facts.spacing or _ASSUMED_SPACING,
        data_start=coverage.start if coverage else None,
        has_season=facts.seasons,
        series_count=selection.series_count,
    )
    series = facts.series
    have = {labels.metric for labels in series}
    return Discovered(
        windows=windows,
        selection=selection,
        items=planned_items(
            series, types={one.name: one.type for one in selection.metrics}, of_service=facts.of_service
        ),
        edges=call_edges(series),
        changes=facts.changes,
        over_limit_count=facts.uncounted,
        unlisted_count=sum(1 for one in selection.metrics if one.name not in have),
        is_service_known=facts.is_service_known,
        is_spacing_known=facts.spacing is not None,
    )


def _check_covered(name: str, asked: Window, coverage: Window | None) -> None:
    if coverage is not None and (asked.end <= coverage.start or asked.start >= coverage.end):
        raise NoDataError(
            f"{name} has no data from {format_instant(asked.start)} to {format_instant(asked.end)}.",
            causes=(f"it holds {format_instant(coverage.start)} to {format_instant(coverage.end)}.",),
            next_steps=("choose start and end within what it holds.",),
        )


class _Asking:
    """The questions of the discovery; each puts its answer into the facts."""

    def __init__(self, source: MetricSource, asked: Window, searched: Window, facts: _Facts) -> None:
        self._source, self._asked, self._searched, self._facts = source, asked, searched, facts

    async def names(self) -> None:
        """Ask which metrics there are."""
        ask = partial(self._source.label_values, "__name__", window=self._searched)
        outcome = await outcome_of(ask, seconds=_NAMES_SECONDS, system=self._source.name)
        if isinstance(outcome, SreError):
            self._facts.names_failure = outcome
        else:
            self._facts.names = outcome

    def check_names(self) -> None:
        """Take the names that were counted where the list of them did not come.

        Raises:
            NoDataError: There are none.
            SreError: They could not be had.
        """
        facts, window = self._facts, self._searched
        facts.names = facts.names or tuple(sorted(facts.counts))
        if facts.names:
            return
        if facts.names_failure is not None:
            raise facts.names_failure
        raise NoDataError(
            f"{self._source.name} has no series from {format_instant(window.start)} to {format_instant(window.end)}.",
            causes=("nothing was collected then, or", "it is older than what the source keeps."),
            next_steps=("choose another window or source; `find_metrics` shows what there is.",),
        )

    async def types(self) -> None:
        """Ask for metadata."""
        self._facts.metadata = await attempted(self._source.metadata, seconds=_HINT_SECONDS) or {}

    async def counts(self) -> None:
        """Ask how many series each metric has, without buckets."""
        query = 'count by (__name__) ({__name__=~".+", __name__!~".+_bucket"})'
        ask = partial(self._source.instant_query, query, at=self._asked.end)
        result = await attempted(ask, seconds=_HINT_SECONDS)
        pairs = zip(result.labels, result.values, strict=True) if result is not None else ()
        self._facts.counts = {labels.metric: int(count) for labels, count in pairs}

    async def own(self, service: str) -> None:
        """Ask which metrics the service publishes that shows the symptom."""
        from sre.core.golden_signals import service_matchers

        if not service:
            return
        ask = partial(self._source.series, service_matchers(service), window=self._searched, limit=_MAX_OF_SERVICE)
        series = await attempted(ask, seconds=_HINT_SECONDS)
        self._facts.of_service = frozenset(labels.metric for labels in series or ())
        self._facts.is_service_known = series is None or bool(series)

    async def when(self, coverage: Window | None) -> None:
        """Ask how far samples are apart and which earlier days there are."""
        from sre.incidents.scan.timeline import season_candidates

        # Which of them are read is known when series have been counted.
        candidates = tuple(
            dict.fromkeys((*season_candidates(self._asked), *season_candidates(self._asked, series_count=MAX_SERIES)))
        )
        if coverage is not None:
            self._facts.spacing = await self._source.sample_spacing()
            self._facts.seasons = tuple(one for one in candidates if one.start >= coverage.start)
        else:
            found = await _probed(self._source, self._asked, candidates, witness=self._facts.witness)
            self._facts.spacing, self._facts.seasons = found

    async def when_otherwise(self, coverage: Window | None) -> None:
        """Ask the same by another metric, where the source has no `up`."""
        facts = self._facts
        if coverage is None and facts.spacing is None and facts.names and "up" not in facts.names:
            facts.witness = _selector(facts.names[:1])
            await self.when(coverage)

    async def listed(self, chunks: Sequence[Sequence[str]], changing: Sequence[str]) -> None:
        """Ask for the label sets of the metrics to read, and of those that show changes.

        Raises:
            SreError: None could be had; the first reason.
        """
        from anyio import CapacityLimiter

        limiter = CapacityLimiter(_LISTINGS_AT_ONCE)
        source, window = self._source, self._searched
        seconds = min(_LISTING_SECONDS, seconds_left(spare_seconds=_READING_SECONDS))

        async def listing(names: Sequence[str], limit: int | None) -> tuple[Labels, ...] | SreError:
            if not names:
                return ()
            ask = partial(source.series, [_selector(names)], window=window, limit=limit)
            async with limiter:
                return await outcome_of(ask, seconds=seconds, system=source.name)

        asked = [
            partial(listing, changing, _MAX_CHANGING),
            *(partial(listing, chunk, _MOST_OF_ONE_LISTING) for chunk in chunks),
        ]
        changes, *outcomes = await all_of(asked)
        failures = [one for one in outcomes if isinstance(one, SreError)]
        if failures and len(failures) == len(outcomes):
            raise failures[0]
        # Listed in order of what matters most; where nobody counted before, this is where the limit holds.
        series = [labels for one in outcomes if not isinstance(one, SreError) for labels in one]
        self._facts.series = tuple(series[:MAX_SERIES])
        self._facts.uncounted = max(0, len(series) - MAX_SERIES)
        self._facts.changes = changes if not isinstance(changes, SreError) else ()


async def _probed(
    source: MetricSource, asked: Window, candidates: Sequence[Window], *, witness: str
) -> tuple[Duration | None, tuple[Window, ...]]:
    """Return how far samples are apart, and which earlier windows hold data."""
    from sre.metrics.scrape_spacing import Counted, sample_spacing

    async def highest(query: str, at: datetime) -> float:
        result = await attempted(lambda: source.instant_query(query, at=at), seconds=_HINT_SECONDS)
        return max((float(value) for value in result.values), default=0.0) if result is not None else 0.0

    ranges = (_SHORT_PROBE_SECONDS, _LONG_PROBE_SECONDS)
    probes = [(f"max(count_over_time({witness}[{int(seconds)}s]))", asked.end) for seconds in ranges]
    probes += [(f"count(count_over_time({witness}[15m]))", one.end) for one in candidates]
    short, long, *seen = await all_of([partial(highest, query, at) for query, at in probes])
    seasons = tuple(one for one, count in zip(candidates, seen, strict=True) if count)
    if not short or not long:
        return None, seasons
    return Duration(sample_spacing(Counted(short, ranges[0]), Counted(long, ranges[1]))), seasons


def _chunks(counted: Iterable[tuple[str, int]], *, at_once: int) -> list[list[str]]:
    chunks: list[list[str]] = []
    series = 0
    for name, count in counted:
        if not chunks or len(chunks[-1]) >= at_once or series + count > _SERIES_AT_ONCE:
            chunks.append([])
            series = 0
        chunks[-1].append(name)
        series += count
    return chunks


def _selector(names: Sequence[str]) -> str:
    from sre.core.promql_text import selector

    if len(names) == 1:
        return selector("", [("__name__", "=", names[0])])
    pattern = "|".join(name if _PLAIN_NAME.fullmatch(name) else re.escape(name).replace("\\-", "-") for name in names)
    return selector("", [("__name__", "=~", pattern)])
