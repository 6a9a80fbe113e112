"""Finding metrics by words: in their names, their help texts, and the services that publish them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sre.core.promql_text import LabelMatch, selector
from sre.core.telemetry import MetricMetadata, MetricType
from sre.metrics.families import family_candidates

_WORD = re.compile(r"[a-z0-9]+")
_MAX_WORDS = 12
# What people say, and what metrics are called.
_SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "latency": ("duration", "handling", "latency"),
    "slow": ("duration", "latency"),
    "traffic": ("requests", "handled", "received"),
    "rps": ("requests", "handled"),
    "throughput": ("requests", "bytes", "handled"),
    "errors": ("errors", "failures", "failed", "exceptions", "requests_total", "handled_total"),
    "error": ("errors", "failures", "failed", "exceptions", "requests_total", "handled_total"),
    "saturation": ("in_use", "usage", "utilization", "queue", "limits"),
    "memory": ("memory", "mem", "heap"),
    "ram": ("memory", "mem"),
    "disk": ("filesystem", "disk", "volume"),
    "network": ("network", "transmit", "receive"),
    "restarts": ("restarts", "start_time"),
    "restart": ("restarts", "start_time"),
    "database": ("db", "pg", "sql", "mysql", "postgres"),
    "db": ("db", "pg", "sql", "mysql", "postgres", "database"),
    "queue": ("queue", "backlog", "lag", "depth"),
    "pool": ("pool", "connections"),
}
# Points a word earns where it is found; a whole part of the name says most, help least.
_WHOLE, _SYNONYM, _INSIDE, _PUBLISHER, _HELP = 4.0, 3.0, 2.0, 1.5, 1.0


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """A metric as people know it; a histogram is one, although it has three names.

    Attributes:
        help: Text from outside.
        series_count: Series of all its names now, or None where the source would not count.
        names: The names that can be queried.
    """

    name: str
    type: MetricType
    help: str
    unit: str
    series_count: int | None
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublisherHit:
    """A word that is the value of a label, with the series counts by metric name under that label."""

    word: str
    label: str
    value: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Match:
    """A family that was found, by how many of the words, and the matchers that words became."""

    family: MetricFamily
    score: float
    words_found: int
    matchers: tuple[LabelMatch, ...] = field(default=())


def search_words(search: str) -> tuple[str, ...]:
    """Return the words of a search, lower case."""
    return tuple(dict.fromkeys(_WORD.findall(search.lower())))[:_MAX_WORDS]


def metric_families(
    counts: Mapping[str, int | None], metadata: Mapping[str, MetricMetadata]
) -> tuple[MetricFamily, ...]:
    """Return the families behind metric names, by name.

    Args:
        counts: Series by metric name.
        metadata: By family name, as far as the source knows it.
    """
    members: dict[str, list[str]] = {}
    for name in sorted(counts):
        members.setdefault(_family_of(name, counts, metadata), []).append(name)
    return tuple(_family(name, names, counts, metadata) for name, names in sorted(members.items()))


def found_families(
    families: Iterable[MetricFamily], words: Sequence[str], publishers: Sequence[PublisherHit] = ()
) -> tuple[Match, ...]:
    """Return the families that match, best first: most words, then where they were found, then series count.

    Where a family matches all words, families that match only some are left out.
    """
    matches = [match for family in families if (match := _match(family, words, publishers)) is not None]
    if any(match.words_found == len(words) for match in matches):
        matches = [match for match in matches if match.words_found == len(words)]
    return tuple(sorted(matches, key=_rank))


def example_query(family: MetricFamily, matchers: Sequence[LabelMatch]) -> str:
    """Return a query that shows the metric in a meaningful way."""
    if family.type == "histogram" and f"{family.name}_bucket" in family.names:
        buckets = selector(f"{family.name}_bucket", matchers)
        return f"histogram_quantile(0.95, sum by (le) (rate({buckets}[5m])))"
    if family.type == "counter":
        return f"sum(rate({selector(family.names[0], matchers)}[5m]))"
    if family.type == "summary" and family.name not in family.names and f"{family.name}_count" in family.names:
        total, count = (selector(f"{family.name}_{part}", matchers) for part in ("sum", "count"))
        return f"sum(rate({total}[5m])) / sum(rate({count}[5m]))"
    name = family.name if family.name in family.names else family.names[0]
    return selector(name, matchers)


def _family_of(name: str, counts: Collection[str], metadata: Mapping[str, MetricMetadata]) -> str:
    for candidate in family_candidates(name)[1:]:
        known = metadata.get(candidate)
        if known is not None and known.type in ("histogram", "summary", "gaugehistogram"):
            return candidate
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if base != name and f"{base}_bucket" in counts else name


def _family(
    name: str, names: Sequence[str], counts: Mapping[str, int | None], metadata: Mapping[str, MetricMetadata]
) -> MetricFamily:
    from sre.metrics.query_unit import unit_of_metric

    known = next((metadata[candidate] for candidate in family_candidates(name) if candidate in metadata), None)
    numbers = [count for one in names if (count := counts[one]) is not None]
    return MetricFamily(
        name=name,
        type=_type_of(name, names, known),
        help=known.help if known else "",
        unit=(known.unit if known else "") or unit_of_metric(name),
        series_count=sum(numbers) if numbers else None,
        names=tuple(names),
    )


def _type_of(name: str, names: Sequence[str], known: MetricMetadata | None) -> MetricType:
    if known is not None and known.type != "unknown":
        return known.type
    if f"{name}_bucket" in names:
        return "histogram"
    return "counter" if name.endswith("_total") else "unknown"


def _match(family: MetricFamily, words: Sequence[str], publishers: Sequence[PublisherHit]) -> Match | None:
    score, found, used = 0.0, 0, []
    for word in words:
        points = _points(family, word)
        hit = next((one for one in publishers if one.word == word and _published(family, one)), None)
        if hit is not None and points <= _HELP:
            points = _PUBLISHER
            used.append(hit)
        score += points
        found += points > 0
    if words and not found:
        return None
    return Match(_counted(family, used), score, found, tuple((hit.label, "=", hit.value) for hit in used))


def _published(family: MetricFamily, hit: PublisherHit) -> bool:
    return any(name in hit.counts for name in family.names)


def _counted(family: MetricFamily, used: Sequence[PublisherHit]) -> MetricFamily:
    """Return the family with the number of series that are left once the matchers apply (one label at a time)."""
    if not used:
        return family
    count = min(sum(hit.counts.get(name, 0) for name in family.names) for hit in used)
    return MetricFamily(family.name, family.type, family.help, family.unit, count, family.names)


def _points(family: MetricFamily, word: str) -> float:
    name = family.name.lower()
    if word in _WORD.findall(name):
        return _WHOLE
    if any(part in name for part in _SYNONYMS.get(word, ())):
        return _SYNONYM
    if word in name or (len(word) > 3 and word.rstrip("s") in name):
        return _INSIDE
    return _HELP if word in family.help.lower() else 0.0


def _rank(match: Match) -> tuple[int, float, int, str]:
    return (-match.words_found, -match.score, -(match.family.series_count or 0), match.family.name)
