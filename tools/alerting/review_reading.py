"""What a review of rules needs to know from a source: the rules themselves, and whether what they ask for exists."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from statistics import median_low
from typing import TYPE_CHECKING, cast

import anyio

from sre.core.errors import InputError
from sre.core.text import cleaned
from tools.alerting.alerts_reading import rule_source_of
from tools.concurrent import all_of, attempted, seconds_left, within
from tools.context import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from connectors.base import MetricSource, TargetSource
    from sre.alerting.mending import RuleText
    from sre.alerting.review_model import Finding, KnownData, ReviewedRule, SelectorFacts
    from sre.core.promql.nodes import VectorNode
    from sre.core.telemetry import MetricMetadata, MetricType
    from sre.core.times import Window

# Each is a cheap look-up of an index; more would take long on a far source (our choice).
MAX_SELECTORS = 400
_CONCURRENT = 8
_MAX_NEAREST = 5
# Of the time of a call, what is kept for the replay.
_REPLAY_SECONDS = 25.0
_FAMILY_SUFFIXES = ("_bucket", "_count", "_sum", "_total")
_HISTOGRAM_PARTS = ("_bucket", "_count", "_sum")


@dataclass(frozen=True, slots=True)
class ReadRules:
    """The rules under review.

    Attributes:
        failing: What the source says went wrong with a rule, by file and name; text from outside.
        is_from_source: Whether the source's own rules are reviewed.
    """

    texts: tuple[RuleText, ...]
    failing: Mapping[tuple[str, str], str] = field(default_factory=dict)
    is_from_source: bool = False


@dataclass(frozen=True, slots=True)
class Existing:
    """What exists at a source.

    Attributes:
        names: Names of all metrics; None where the source would not say.
        unasked: How many selectors were not looked up.
    """

    known: KnownData
    names: frozenset[str] | None
    unasked: int = 0


async def read_rules(source: MetricSource | None, text: str) -> ReadRules:
    """Return the rules of a text, or those that a source evaluates.

    Raises:
        InputError: Not a rule file; or none was given and the source keeps no rules.
    """
    from sre.alerting.loaded_rules import file_name, rule_files
    from sre.alerting.mending import RuleText
    from sre.core.rules import read_rule_file

    if text.strip():
        path = "rules.yml"
        file = await in_thread(lambda: read_rule_file(text, path=path))
        return ReadRules((RuleText(text, file, path),))
    rules = rule_source_of(source) if source is not None else None
    if rules is None:
        raise InputError(
            "There are no rules to review.",
            field="rules",
            next_steps=("pass a rule file as YAML in rules, or", "name a source that evaluates rules (a Prometheus)."),
        )
    loaded = await within(rules.rules, seconds=seconds_left(spare_seconds=_REPLAY_SECONDS), system=rules.name)
    if not loaded:
        raise InputError(f"{rules.name} has no rules loaded.", field="rules", next_steps=("pass rules as YAML.",))
    failing = {(file_name(one.file), one.name): cleaned(one.last_error) for one in loaded if one.health == "err"}
    texts = await in_thread(lambda: tuple(RuleText.of_rules(file) for file in rule_files(loaded)))
    return ReadRules(texts, failing, is_from_source=True)


def failing_findings(read: ReadRules, rules: Sequence[ReviewedRule]) -> list[Finding]:
    """Return a finding for each rule that the source could not evaluate."""
    from sre.alerting.review_model import Finding
    from sre.core.text import quoted

    return [
        Finding("failing", one.index, f"The source says {quoted(said)}.", "Mend the expression.")
        for one in rules
        if (said := read.failing.get((one.source.path, one.name), ""))
    ]


async def existing_data(source: MetricSource, rules: Sequence[ReviewedRule], *, window: Window) -> Existing:
    """Return what the source has of what the rules ask for; what it would not say is missing.

    Args:
        rules: Those that matter most first: of very many selectors not all are looked up.
    """
    from sre.alerting.review_model import KnownData

    patience = seconds_left(spare_seconds=_REPLAY_SECONDS)
    listed, metadata, spacing = await all_of(
        cast(
            "Sequence[Callable[[], Awaitable[object]]]",
            [
                lambda: attempted(lambda: source.label_values("__name__", window=window), seconds=patience),
                lambda: attempted(source.metadata, seconds=patience),
                lambda: attempted(lambda: _spacing(source), seconds=patience),
            ],
        )
    )
    names = frozenset(cast("tuple[str, ...]", listed)) if listed is not None else None
    vectors = await in_thread(lambda: _vectors(rules, names or frozenset()))
    lookup = _Lookup(source, window, names, anyio.CapacityLimiter(_CONCURRENT))
    asked = list(vectors.items())[:MAX_SELECTORS]
    facts = await all_of([partial(lookup.facts, text, vector) for text, vector in asked])
    known = KnownData(
        selectors={text: found for (text, _), found in zip(asked, facts, strict=True) if found is not None},
        types=_types(cast("Mapping[str, MetricMetadata]", metadata or {}), names or frozenset()),
        spacing_seconds=cast("float | None", spacing),
        days=round(window.seconds / 86_400, 2),
    )
    unasked = len(vectors) - len(asked) + sum(found is None for found in facts)
    return Existing(known, names, unasked)


def _vectors(rules: Sequence[ReviewedRule], names: frozenset[str]) -> dict[str, VectorNode]:
    """Return the selectors by their text, without those of records that only exist once the rules are loaded."""
    from sre.core.promql.nodes import VectorNode
    from sre.core.promql_tree import metric_of, selector_text, walk
    from sre.core.rules import RecordingRule

    recorded = {one.name for one in rules if isinstance(one.rule, RecordingRule)} - names
    skipped = recorded | {"ALERTS", "ALERTS_FOR_STATE"}
    return {
        selector_text(place.node): place.node
        for one in rules
        if one.query is not None
        for place in walk(one.query.ast)
        if isinstance(place.node, VectorNode) and metric_of(place.node) not in skipped
    }


async def _spacing(source: MetricSource) -> float | None:
    told = await source.sample_spacing()
    if told is not None:
        return told.seconds
    targets = getattr(source, "targets", None)
    if not callable(targets):
        return None
    found = await cast("TargetSource", source).targets()
    intervals = [one.scrape_interval_seconds for one in found if one.scrape_interval_seconds]
    return median_low(intervals) if intervals else None


def _types(metadata: Mapping[str, MetricMetadata], names: frozenset[str]) -> dict[str, MetricType]:
    types: dict[str, MetricType] = {}
    for name in names:
        if name in metadata:
            types[name] = metadata[name].type
            continue
        for suffix in _FAMILY_SUFFIXES:
            family = metadata.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
            if family is not None and (suffix != "_total" or family.type == "counter"):
                is_counted = family.type in ("histogram", "summary") and suffix in _HISTOGRAM_PARTS
                types[name] = "counter" if is_counted else family.type
    return types


@dataclass(frozen=True, slots=True)
class _Lookup:
    """Asks why a selector finds nothing."""

    source: MetricSource
    window: Window
    names: frozenset[str] | None
    limiter: anyio.CapacityLimiter

    async def facts(self, text: str, vector: VectorNode) -> SelectorFacts | None:
        """Return what is known of a selector, None where the source would not say in time."""
        async with self.limiter:
            return await attempted(
                lambda: self._facts(text, vector), seconds=seconds_left(spare_seconds=_REPLAY_SECONDS)
            )

    async def _facts(self, text: str, vector: VectorNode) -> SelectorFacts:
        from sre.alerting.review_model import SelectorFacts
        from sre.core.promql_tree import metric_of
        from sre.metrics.emptiness import nearest_metrics

        metric = metric_of(vector)
        names = self.names
        if metric and names is not None and metric not in names:
            near = await in_thread(lambda: nearest_metrics(metric, tuple(names)))
            return SelectorFacts(0, metric_exists=False, nearest=near)
        found = await self.source.series([text], window=self.window, limit=1)
        if found:
            return SelectorFacts(len(found))
        if not metric:
            return SelectorFacts(0, metric_exists=None)
        if not await self.source.series([metric], window=self.window, limit=1):
            return SelectorFacts(0, metric_exists=False)
        return await self._missing_part(metric, vector)

    async def _missing_part(self, metric: str, vector: VectorNode) -> SelectorFacts:
        from sre.alerting.review_model import SelectorFacts
        from sre.core.labels import METRIC_NAME
        from sre.core.text import nearest_names

        labels = tuple(name for name in await self.source.label_names([metric], window=self.window))
        for matcher in vector.matchers:
            if matcher.name == METRIC_NAME or matcher.matches_value(""):
                continue
            if matcher.name not in labels:
                near = nearest_names(matcher.name, [one for one in labels if one != METRIC_NAME], count=_MAX_NEAREST)
                return SelectorFacts(0, missing_label=matcher.name, nearest=near)
            values = await self.source.label_values(matcher.name, [metric], window=self.window)
            if not any(matcher.matches_value(value) for value in values):
                return SelectorFacts(0, missing_value=matcher.name, nearest=_nearest_values(matcher.value, values))
        return SelectorFacts(0)


def _nearest_values(wanted: str, values: Sequence[str]) -> tuple[str, ...]:
    """Return values that look like the wanted one first; spelling in capitals is no difference."""
    from sre.core.text import nearest_names

    lowered = {value.lower(): value for value in values}
    same = [lowered[wanted.lower()]] if wanted.lower() in lowered else []
    close = nearest_names(wanted, values, count=_MAX_NEAREST)
    return tuple(dict.fromkeys([*same, *close, *values[:_MAX_NEAREST]]))[:_MAX_NEAREST]
