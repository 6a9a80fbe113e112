"""What a source has to scan: names, types, label sets, how far samples are apart, and since when there are any."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import NoDataError, SreError
from sre.core.times import Duration, Window, format_instant
from tools.concurrent import all_of, attempted, outcome_of, seconds_left, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
_MAX_OF_SERVICE = 20_000
_MAX_CHANGING = 20_000
_LISTINGS_AT_ONCE = 4
# Questions an answer can do without, and those it cannot.
_HINT_SECONDS = 8.0
_NAMES_SECONDS = 15.0
_LISTING_SECONDS = 20.0
# Kept for reading what was found.
_READING_SECONDS = 25.0
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
        unlisted_count: Metrics whose label sets could not be had in time.
        is_service_known: Whether some series carries the name of the service that was asked about.
        is_spacing_known: Whether the source told how far its samples are apart.
    """

    windows: ScanWindows
    selection: Selection
    items: tuple[ScanItem, ...]
    edges: tuple[tuple[str, str], ...]
    changes: tuple[Labels, ...]
    unlisted_count: int = 0
    is_service_known: bool = True
    is_spacing_known: bool = True


@dataclass(slots=True)
class _Facts:
    """What is asked at the same time."""

    metadata: Mapping[str, MetricMetadata] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    of_service: frozenset[str] = frozenset()
    spacing: Duration | None = None
    seasons: tuple[Window, ...] = ()


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
    names = await _names(source, searched)
    facts = await _facts(source, asked, searched, names=names, service=service, coverage=coverage)
    selection = selected_metrics(
        names, metadata=facts.metadata, counts=facts.counts, of_service=facts.of_service, max_series=MAX_SERIES
    )
    windows = scan_windows(
        asked,
        spacing=facts.spacing or _ASSUMED_SPACING,
        data_start=coverage.start if coverage else None,
        has_season=facts.seasons,
    )
    chunks = _chunks((one.name, one.series_count) for one in selection.metrics)
    changing = [name for name in names if is_change_metric(name)]
    series, changes = await _listed(source, chunks, changing, searched)
    have = {labels.metric for labels in series}
    return Discovered(
        windows=windows,
        selection=selection,
        items=planned_items(
            series, types={one.name: one.type for one in selection.metrics}, of_service=facts.of_service
        ),
        edges=call_edges(series),
        changes=changes,
        unlisted_count=sum(1 for one in selection.metrics if one.name not in have),
        is_service_known=not service or bool(facts.of_service),
        is_spacing_known=facts.spacing is not None,
    )


def _check_covered(name: str, asked: Window, coverage: Window | None) -> None:
    if coverage is not None and (asked.end <= coverage.start or asked.start >= coverage.end):
        raise NoDataError(
            f"{name} has no data from {format_instant(asked.start)} to {format_instant(asked.end)}.",
            causes=(f"it holds {format_instant(coverage.start)} to {format_instant(coverage.end)}.",),
            next_steps=("choose start and end within what it holds.",),
        )


async def _names(source: MetricSource, window: Window) -> tuple[str, ...]:
    seconds = min(_NAMES_SECONDS, seconds_left(spare_seconds=_READING_SECONDS))
    names = await within(lambda: source.label_values("__name__", window=window), seconds=seconds, system=source.name)
    if names:
        return names
    raise NoDataError(
        f"{source.name} has no series from {format_instant(window.start)} to {format_instant(window.end)}.",
        causes=("nothing was collected then, or", "it is older than what the source keeps."),
        next_steps=("choose another window or source; `find_metrics` shows what there is.",),
    )


async def _facts(
    source: MetricSource,
    asked: Window,
    searched: Window,
    *,
    names: Sequence[str],
    service: str,
    coverage: Window | None,
) -> _Facts:
    from sre.incidents.scan.timeline import season_candidates

    facts = _Facts()
    candidates = season_candidates(asked)

    async def types() -> None:
        facts.metadata = await attempted(source.metadata, seconds=_HINT_SECONDS) or {}

    async def counts() -> None:
        facts.counts = await _series_counts(source, asked)

    async def own() -> None:
        facts.of_service = await _metrics_of(source, service, searched)

    async def when() -> None:
        if coverage is not None:
            facts.spacing = await source.sample_spacing()
            facts.seasons = tuple(one for one in candidates if one.start >= coverage.start)
        else:
            facts.spacing, facts.seasons = await _probed(source, asked, candidates, witness=_witness(names))

    await all_of([types, counts, own, when])
    return facts


async def _series_counts(source: MetricSource, asked: Window) -> dict[str, int]:
    query = 'count by (__name__) ({__name__=~".+", __name__!~".+_bucket"})'
    result = await attempted(lambda: source.instant_query(query, at=asked.end), seconds=_HINT_SECONDS)
    if result is None:
        return {}
    return {labels.metric: int(count) for labels, count in zip(result.labels, result.values, strict=True)}


async def _metrics_of(source: MetricSource, service: str, window: Window) -> frozenset[str]:
    """Return the names of the metrics that a service publishes."""
    from sre.core.golden_signals import service_matchers

    if not service:
        return frozenset()
    series = await attempted(
        lambda: source.series(service_matchers(service), window=window, limit=_MAX_OF_SERVICE), seconds=_HINT_SECONDS
    )
    return frozenset(labels.metric for labels in series or ())


def _witness(names: Sequence[str]) -> str:
    """Return a selector of series that are most likely always there."""
    return "up" if "up" in names else _selector(names[:1])


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


async def _listed(
    source: MetricSource, chunks: Sequence[Sequence[str]], changing: Sequence[str], window: Window
) -> tuple[tuple[Labels, ...], tuple[Labels, ...]]:
    """Return the label sets of the metrics to read, and of those that show changes.

    Raises:
        SreError: None could be had; the first reason.
    """
    from anyio import CapacityLimiter

    limiter = CapacityLimiter(_LISTINGS_AT_ONCE)
    seconds = min(_LISTING_SECONDS, seconds_left(spare_seconds=_READING_SECONDS))

    async def listing(names: Sequence[str], limit: int | None) -> tuple[Labels, ...] | SreError:
        if not names:
            return ()
        async with limiter:
            return await outcome_of(
                lambda: source.series([_selector(names)], window=window, limit=limit),
                seconds=seconds,
                system=source.name,
            )

    asked = [partial(listing, changing, _MAX_CHANGING), *(partial(listing, chunk, None) for chunk in chunks)]
    changes, *outcomes = await all_of(asked)
    failures = [one for one in outcomes if isinstance(one, SreError)]
    if failures and len(failures) == len(outcomes):
        raise failures[0]
    series = tuple(labels for one in outcomes if not isinstance(one, SreError) for labels in one)
    return series, changes if not isinstance(changes, SreError) else ()


def _chunks(counted: Iterable[tuple[str, int]]) -> list[list[str]]:
    chunks: list[list[str]] = []
    series = 0
    for name, count in counted:
        if not chunks or len(chunks[-1]) >= _NAMES_AT_ONCE or series + count > _SERIES_AT_ONCE:
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
