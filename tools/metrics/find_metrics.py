"""The tool `find_metrics`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from sre.core.text import cleaned
from sre.core.times import Window
from tools.answer import EvidencedAnswer, Part, QueryEvidence, WindowAnswer
from tools.concurrent import all_of, attempted
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


class MetricRow(Part):
    """A metric; help and labels are text from outside."""

    name: str
    type: str = Field(description="By metadata, else by name")
    help: str
    unit: str
    series_count: int | None
    labels: list[str]
    query: str = Field(description="A query that shows it")


class MetricsAnswer(EvidencedAnswer):
    """Metrics by rank."""

    RANKED: ClassVar[tuple[str, ...]] = ("metrics",)

    metrics_total: int = 0
    ranked_by: str = "words found, then where (name before help), then series count"
    metrics: list[MetricRow] = Field(default_factory=list)
    nearest: list[str] = Field(default_factory=list, description="If nothing was found: names that exist")


async def find_metrics(
    ctx: ToolContext,
    *,
    search: Annotated[str, Field(description="Words, e.g. latency checkout; empty: largest", max_length=200)] = "",
    source: Annotated[str, Field(description="Default source if empty", max_length=200)] = "",
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
    counts, metadata, publishers = await _looked_up(metrics, words, window)
    families = await in_thread(lambda: metric_families(counts, metadata))
    await report_progress(ctx, 1, 3, "Searching")
    matches = await in_thread(lambda: found_families(families, words, publishers))
    rows = await _rows(metrics, matches[:limit], window)
    answer = MetricsAnswer(
        summary=_summary(search, matches, len(words), len(families)),
        source=metrics.name,
        window=WindowAnswer(start=window.start, end=window.end),
        queries=[QueryEvidence(query=_COUNT_QUERY, series_count=len(counts), sample_count=len(counts))],
        metrics_total=len(matches),
        metrics=rows,
        warnings=_warnings(counts, metadata),
    )
    if not matches:
        answer.nearest = _nearest(words, families)
    elif len(matches) > len(rows):
        answer.left_out.append(f"{len(matches) - len(rows)} more metrics: raise limit, or search with more words.")
    return answer


async def _looked_up(
    source: MetricSource, words: Sequence[str], window: Window
) -> tuple[Mapping[str, int | None], Mapping[str, MetricMetadata], tuple[PublisherHit, ...]]:
    """Return series counts by name, metadata by family, and the words that name a publisher, all asked at once."""
    counts: dict[str, int | None] = {}
    metadata: dict[str, MetricMetadata] = {}
    publishers: list[PublisherHit] = []

    async def count() -> None:
        counts.update(await _counts(source, window))

    async def describe() -> None:
        metadata.update(await attempted(source.metadata) or {})

    async def publish() -> None:
        publishers.extend(await _publishers(source, words, window) if words else ())

    await all_of([count, describe, publish])
    return counts, metadata, tuple(publishers)


async def _counts(source: MetricSource, window: Window) -> Mapping[str, int | None]:
    """Return series by metric name; where counting is refused, at least the names."""
    from sre.core.labels import METRIC_NAME

    result = await attempted(lambda: source.instant_query(_COUNT_QUERY, at=window.end))
    if result is not None:
        return {labels.metric: int(value) for labels, value in zip(result.labels, result.values, strict=True)}
    return dict.fromkeys(await source.label_values(METRIC_NAME, window=window))


async def _publishers(source: MetricSource, words: Sequence[str], window: Window) -> list[PublisherHit]:
    """Return the words that are the value of a label that names services."""
    from sre.core.golden_conventions import conventions

    names = set(await attempted(lambda: source.label_names(window=window)) or ())
    labels = [label for label in conventions().service_labels if label in names]
    values = await all_of([_values_call(source, label, window) for label in labels])
    hits: dict[str, tuple[str, str]] = {}
    for label, known in zip(labels, values, strict=True):
        for word in words:
            close = [value for value in known if value.lower() == word] or [v for v in known if word in v.lower()]
            if close and len(word) > 2:
                hits.setdefault(word, (label, close[0]))
    chosen = list(hits.items())[:_MAX_PUBLISHERS]
    return await all_of([_hit_call(source, word, place, window) for word, place in chosen])


def _values_call(source: MetricSource, label: str, window: Window) -> Callable[[], Awaitable[tuple[str, ...]]]:
    async def values() -> tuple[str, ...]:
        return await attempted(lambda: source.label_values(label, window=window)) or ()

    return values


def _hit_call(
    source: MetricSource, word: str, place: tuple[str, str], window: Window
) -> Callable[[], Awaitable[PublisherHit]]:
    async def hit() -> PublisherHit:
        from sre.core.promql_text import selector
        from sre.metrics.metric_search import PublisherHit

        label, value = place
        query = f"count by (__name__) ({selector('', [(label, '=', value)])})"
        result = await attempted(lambda: source.instant_query(query, at=window.end))
        pairs = zip(result.labels, result.values, strict=True) if result is not None else ()
        return PublisherHit(word, label, value, {labels.metric: int(count) for labels, count in pairs})

    return hit


async def _rows(source: MetricSource, matches: Sequence[Match], window: Window) -> list[MetricRow]:
    names = await all_of([_labels_call(source, match.family.names, window) for match in matches])
    return [_row(match, labels) for match, labels in zip(matches, names, strict=True)]


def _labels_call(
    source: MetricSource, names: Sequence[str], window: Window
) -> Callable[[], Awaitable[tuple[str, ...]]]:
    async def labels() -> tuple[str, ...]:
        from sre.core.labels import METRIC_NAME

        found = await attempted(lambda: source.label_names(names[:1], window=window)) or ()
        return tuple(name for name in found if name != METRIC_NAME)

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
        return f"{total} metrics, those with the most series first."
    if not matches:
        return f"None of {total} metrics matches {quoted(search, limit=80)}."
    best = matches[0].words_found
    part = "" if best == word_count else f" No metric matches all {word_count} words; these match {best} or fewer."
    return f"{len(matches)} of {total} metrics match {quoted(search, limit=80)}.{part}"


def _warnings(counts: Mapping[str, int | None], metadata: Mapping[str, MetricMetadata]) -> list[str]:
    warnings = []
    if counts and not metadata:
        warnings.append("The source keeps no metadata: types are guessed from names and help is empty.")
    if any(count is None for count in counts.values()):
        warnings.append("The source did not count series; series_count is null.")
    if not counts:
        warnings.append("The source has no series at this moment.")
    return warnings


def _nearest(words: Sequence[str], families: Sequence[MetricFamily]) -> list[str]:
    from sre.core.text import nearest_names

    names = [family.name for family in families]
    close = [name for word in words for name in nearest_names(word, names, count=5)]
    parts = {part: name for name in names for part in name.split("_")}
    by_part = [parts[part] for word in words for part in nearest_names(word, parts, count=3)]
    return [cleaned(name) for name in dict.fromkeys([*close, *by_part])][:10]
