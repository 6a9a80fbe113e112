"""The tool `find_metrics`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from sre.core.errors import SreError
from sre.core.text import cleaned
from sre.core.times import Window
from tools.answer import EvidencedAnswer, Part, QueryEvidence, WindowAnswer
from tools.arguments import SourceName
from tools.concurrent import all_of, attempted, outcome_of, seconds_left, with_stand_in
from tools.context import ToolContext, deps_of, in_thread, report_progress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from connectors.base import MetricSource
    from sre.core.telemetry import MetricMetadata
    from sre.metrics.metric_search import Match, MetricFamily, PublisherHit

_LOOKBACK = timedelta(hours=1)
_COUNT_QUERY = 'count by (__name__) ({__name__!=""})'
_MAX_HELP_CHARS = 140
_MAX_LABELS = 20
_MAX_PUBLISHERS = 3
_MAX_BEGINS = 8
# Kept of the time of a call for the labels of the metrics found: 15 s, and 5 s to answer.
_LABELS_SECONDS = 20.0
# One slow answer's worth; what only describes a metric must not hold its name back for longer.
_DETAIL_SECONDS = 15.0
# Counting all series can be slow where listing names is not; the names are asked for beside it then.
_PATIENCE_SECONDS = 8.0


class MetricRow(Part):
    """A metric; help and labels are text from outside."""

    name: str
    type: str = Field(description="By metadata, else by name")
    help: str
    unit: str
    series_count: int | None
    labels: list[str]
    query: str = Field(description="A query that shows it")


@dataclass(slots=True)
class _LookedUp:
    """What the source told of its metrics.

    Attributes:
        counts: Series by metric name; None where they were not counted.
        metadata: By family.
        publishers: Words of the search that name a service.
        unread: What the source did not say, or not in time.
    """

    counts: dict[str, int | None] = field(default_factory=dict)
    metadata: dict[str, MetricMetadata] = field(default_factory=dict)
    publishers: list[PublisherHit] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


class MetricsAnswer(EvidencedAnswer):
    """Metrics by rank."""

    RANKED: ClassVar[tuple[str, ...]] = ("metrics",)

    metrics_total: int = 0
    ranked_by: str = "words found (rare ones weigh more), where (name before help), then series count"
    metrics: list[MetricRow] = Field(default_factory=list)
    nearest: list[str] = Field(default_factory=list, description="If nothing was found: names that exist")
    next_steps: list[str] = Field(default_factory=list)


async def find_metrics(
    ctx: ToolContext,
    *,
    search: Annotated[str, Field(description="Words, e.g. latency checkout; empty: largest", max_length=200)] = "",
    source: SourceName = "",
    limit: Annotated[int, Field(ge=1, le=100)] = 15,
) -> MetricsAnswer:
    """Find metrics by words in names, help texts and service names: type, help, unit, series count, labels, a query.

    Use when you do not know a metric's exact name or labels. Not for values (use `query_prometheus`).
    """
    from sre.metrics.metric_search import found_families, metric_families, search_words

    deps = deps_of(ctx)
    metrics = deps.sources.metric(source or None)
    now = await deps.now_of(metrics)
    window = Window(now - _LOOKBACK, now)
    words = search_words(search)
    await report_progress(ctx, 0, 3, "Listing metrics")
    found = await _looked_up(metrics, words, window)
    counts = found.counts
    families = await in_thread(lambda: metric_families(counts, found.metadata))
    await report_progress(ctx, 1, 3, "Searching")
    matches = await in_thread(lambda: found_families(families, words, found.publishers))
    rows = await _rows(metrics, matches[:limit], window, found)
    answer = MetricsAnswer(
        summary=_summary(search, matches, len(words), len(families)),
        source=metrics.name,
        window=WindowAnswer(start=window.start, end=window.end),
        queries=[QueryEvidence(query=_COUNT_QUERY, series_count=len(counts), sample_count=len(counts))],
        metrics_total=len(matches),
        metrics=rows,
        warnings=_warnings(found),
    )
    if not matches:
        answer.nearest = _nearest(words, families)
        answer.next_steps = _next_steps(words, families, answer.nearest)
    elif len(matches) > len(rows):
        more = len(matches) - len(rows)
        answer.left_out.append(f"{more} more {_metrics(more)}: raise limit, or search with more words.")
    return answer


async def _looked_up(source: MetricSource, words: Sequence[str], window: Window) -> _LookedUp:
    """Return what the source tells of its metrics, all asked at once; only the names must be had.

    Raises:
        SreError: The source gave no names.
    """
    found = _LookedUp()

    async def count() -> None:
        found.counts.update(await _counts(source, window))

    async def describe() -> None:
        metadata = await outcome_of(source.metadata, seconds=_detail_seconds(), system=source.name)
        if isinstance(metadata, SreError):
            found.unread.append("metadata (types are guessed from names and help is empty)")
        else:
            found.metadata.update(metadata)

    async def publish() -> None:
        hits = await _publishers(source, words, window)
        found.publishers.extend(hit for hit in hits if hit is not None)
        if None in hits:
            found.unread.append("names of services (some words were looked for in names and help alone)")

    await all_of([count, describe, *([publish] if words else [])])
    found.unread.sort()
    return found


def _search_seconds() -> float:
    return seconds_left(spare_seconds=_LABELS_SECONDS)


def _detail_seconds() -> float:
    return min(_DETAIL_SECONDS, _search_seconds())


async def _counts(source: MetricSource, window: Window) -> Mapping[str, int | None]:
    """Return series by metric name; where counting is refused or slow, at least the names."""
    from sre.core.labels import METRIC_NAME

    async def counted() -> Mapping[str, int | None]:
        result = await source.instant_query(_COUNT_QUERY, at=window.end)
        return {labels.metric: int(value) for labels, value in zip(result.labels, result.values, strict=True)}

    async def names() -> Mapping[str, int | None]:
        return dict.fromkeys(await source.label_values(METRIC_NAME, window=window))

    found, _ = await with_stand_in(
        counted, names, after_seconds=_PATIENCE_SECONDS, seconds=_search_seconds(), system=source.name
    )
    if isinstance(found, SreError):
        raise found
    return found


async def _publishers(source: MetricSource, words: Sequence[str], window: Window) -> list[PublisherHit | None]:
    """Return the words that are the value of a label that names services; None for each thing that was not said."""
    from sre.core.golden_conventions import conventions

    names = await attempted(lambda: source.label_names(window=window), seconds=_detail_seconds())
    labels = [label for label in conventions().service_labels if label in (names or ())]
    values = await all_of([_values_call(source, label, window) for label in labels])
    hits: dict[str, tuple[str, str]] = {}
    for label, known in zip(labels, values, strict=True):
        for word in words:
            close = _close_values(word, known or ())
            if close and len(word) > 2:
                hits.setdefault(word, (label, close[0]))
    chosen = list(hits.items())[:_MAX_PUBLISHERS]
    found = await all_of([_hit_call(source, word, place, window) for word, place in chosen])
    return [*found, None] if names is None or None in values else found


def _close_values(word: str, values: Sequence[str]) -> list[str]:
    return [value for value in values if value.lower() == word] or [value for value in values if word in value.lower()]


def _values_call(source: MetricSource, label: str, window: Window) -> Callable[[], Awaitable[tuple[str, ...] | None]]:
    async def values() -> tuple[str, ...] | None:
        return await attempted(lambda: source.label_values(label, window=window), seconds=_detail_seconds())

    return values


def _hit_call(
    source: MetricSource, word: str, place: tuple[str, str], window: Window
) -> Callable[[], Awaitable[PublisherHit | None]]:
    async def hit() -> PublisherHit | None:
        from sre.core.promql_text import selector
        from sre.metrics.metric_search import PublisherHit

        label, value = place
        query = f"count by (__name__) ({selector('', [(label, '=', value)])})"
        result = await attempted(lambda: source.instant_query(query, at=window.end), seconds=_detail_seconds())
        if result is None:
            return None
        pairs = zip(result.labels, result.values, strict=True)
        return PublisherHit(word, label, value, {labels.metric: int(count) for labels, count in pairs})

    return hit


async def _rows(source: MetricSource, matches: Sequence[Match], window: Window, found: _LookedUp) -> list[MetricRow]:
    names = await all_of([_labels_call(source, match.family.names, window) for match in matches])
    unread = names.count(None)
    if unread:
        found.unread.append(f"labels of {unread} of the {len(names)} metrics shown")
    return [_row(match, labels or ()) for match, labels in zip(matches, names, strict=True)]


def _labels_call(
    source: MetricSource, names: Sequence[str], window: Window
) -> Callable[[], Awaitable[tuple[str, ...] | None]]:
    async def labels() -> tuple[str, ...] | None:
        from sre.core.labels import METRIC_NAME

        found = await attempted(
            lambda: source.label_names(names[:1], window=window), seconds=min(_DETAIL_SECONDS, seconds_left())
        )
        return None if found is None else tuple(name for name in found if name != METRIC_NAME)

    return labels


def _row(match: Match, labels: Sequence[str]) -> MetricRow:
    from sre.metrics.metric_search import example_query

    family = match.family
    return MetricRow(
        name=cleaned(family.name),
        type=family.type,
        help=cleaned(family.help, limit=_MAX_HELP_CHARS),
        unit=cleaned(family.unit, limit=40),
        series_count=family.series_count,
        labels=[cleaned(label, limit=60) for label in labels[:_MAX_LABELS]],
        query=example_query(family, match.matchers),
    )


def _summary(search: str, matches: Sequence[Match], word_count: int, total: int) -> str:
    from sre.core.text import quoted

    if not word_count:
        return f"{total} {_metrics(total)}, those with the most series first."
    if not matches:
        return f"None of {total} {_metrics(total)} matches {quoted(search, limit=80)}."
    best = max(match.words_found for match in matches)
    part = "" if best == word_count else f" No metric matches all {word_count} words; these match {_or_fewer(best)}."
    verb = "matches" if len(matches) == 1 else "match"
    return f"{len(matches)} of {total} {_metrics(total)} {verb} {quoted(search, limit=80)}.{part}"


def _metrics(count: int) -> str:
    return "metric" if count == 1 else "metrics"


def _or_fewer(best: int) -> str:
    return f"{best} or fewer" if best > 1 else "one"


def _next_steps(words: Sequence[str], families: Sequence[MetricFamily], nearest: Sequence[str]) -> list[str]:
    """Return what to search for instead; nothing where the source has no metric at all."""
    from sre.metrics.metric_search import common_parts

    if not families:
        return ["check with another source, or that the source is scraped at all"]
    begins = [f'"{cleaned(part, limit=40)}"' for part in common_parts(families, count=_MAX_BEGINS)]
    return [
        *([f"query_prometheus with query={nearest[0]}, if that is what was meant"] if nearest else []),
        f"a shorter or more general word{' of these alone' if len(words) > 1 else ''}; names begin with "
        + ", ".join(begins),
        f'search="" for {"the only metric" if len(families) == 1 else f"all {len(families)} metrics"}, largest first',
    ]


def _warnings(found: _LookedUp) -> list[str]:
    warnings = [f"The source did not say, or not in time: {missing}." for missing in found.unread]
    is_described = bool(found.metadata) or any(missing.startswith("metadata") for missing in found.unread)
    if found.counts and not is_described:
        warnings.append("The source keeps no metadata: types are guessed from names and help is empty.")
    if any(count is None for count in found.counts.values()):
        warnings.append("The source did not count series; series_count is null.")
    if not found.counts:
        warnings.append("The source has no series at this moment.")
    return warnings


def _nearest(words: Sequence[str], families: Sequence[MetricFamily]) -> list[str]:
    from sre.core.text import nearest_names

    names = [family.name for family in families]
    close = [name for word in words for name in nearest_names(word, names, count=5)]
    parts = {part: name for name in names for part in name.split("_")}
    by_part = [parts[part] for word in words for part in nearest_names(word, parts, count=3)]
    return [cleaned(name) for name in dict.fromkeys([*close, *by_part])][:10]
