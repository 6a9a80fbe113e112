"""Finding metrics by words: in their names, their help texts, and the services that publish them."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sre.core.promql_text import LabelMatch, selector
from sre.core.telemetry import MetricMetadata, MetricType
from sre.metrics.families import family_candidates
from sre.metrics.search_words import STOP_WORDS, SYNONYMS

_WORD = re.compile(r"[a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MAX_WORDS = 12
# Up to here words have no plural of their own, and the beginning of another word says nothing.
_SHORT_WORD = 3
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
    """Return the words of a search that say something, lower case; all of them where none does."""
    words = tuple(dict.fromkeys(_WORD.findall(search.lower())))
    return tuple(word for word in words if word not in STOP_WORDS)[:_MAX_WORDS] or words[:_MAX_WORDS]


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
    families: Sequence[MetricFamily], words: Sequence[str], publishers: Sequence[PublisherHit] = ()
) -> tuple[Match, ...]:
    """Return the families that match, best first: by words found, where they were found, and series count.

    A word counts for more the fewer families have it. Where a family matches all words, families that match only
    some are left out.
    """
    found = [_found_words(family, words, publishers) for family in families]
    weights = [_rarity(column, len(families)) for column in zip(*found, strict=True)]
    matches = [
        _match(family, row, weights) for family, row in zip(families, found, strict=True) if not words or any(row)
    ]
    if any(match.words_found == len(words) for match in matches):
        matches = [match for match in matches if match.words_found == len(words)]
    return tuple(sorted(matches, key=_rank))


def common_parts(families: Iterable[MetricFamily], *, count: int) -> tuple[str, ...]:
    """Return the words that most names begin with: what there is to look for."""
    begins = Counter(parts[0] for family in families if (parts := _WORD.findall(family.name.lower())))
    return tuple(word for word, _ in sorted(begins.items(), key=lambda item: (-item[1], item[0]))[:count])


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


@dataclass(frozen=True, slots=True)
class _FoundWord:
    """What a word earned in a family, and the service it names where that is how it was found."""

    points: float
    hit: PublisherHit | None = None


@dataclass(frozen=True, slots=True)
class _FamilyText:
    """Name and help of a family as words; what is written in camel case (`MemAvailable`) are two.

    Attributes:
        spelt: The name with `_` around each part.
        help_words: With a blank around each word.
    """

    name: str
    parts: frozenset[str]
    spelt: str
    help_words: str


def _text_of(family: MetricFamily) -> _FamilyText:
    parts = _WORD.findall(_CAMEL.sub("_", family.name).lower())
    said = " ".join(_WORD.findall(family.help.lower()))
    return _FamilyText(family.name.lower(), frozenset(parts), f"_{'_'.join(parts)}_", f" {said} ")


def _found_words(
    family: MetricFamily, words: Sequence[str], publishers: Sequence[PublisherHit]
) -> list[_FoundWord | None]:
    text = _text_of(family)
    return [_found_word(family, text, word, publishers) for word in words]


def _found_word(
    family: MetricFamily, text: _FamilyText, word: str, publishers: Sequence[PublisherHit]
) -> _FoundWord | None:
    points = _points(text, word)
    hit = next((one for one in publishers if one.word == word and _published(family, one)), None)
    if hit is not None and points <= _HELP:
        return _FoundWord(_PUBLISHER, hit)
    return _FoundWord(points) if points else None


def _rarity(column: Sequence[_FoundWord | None], total: int) -> float:
    """Return the weight of a word: 0.7 where all families have it, more the fewer have it (Sparck Jones 1972)."""
    return math.log(1 + total / max(1, sum(found is not None for found in column)))


def _match(family: MetricFamily, row: Sequence[_FoundWord | None], weights: Sequence[float]) -> Match:
    score = sum(weight * found.points for found, weight in zip(row, weights, strict=True) if found is not None)
    used = [found.hit for found in row if found is not None and found.hit is not None]
    words_found = sum(found is not None for found in row)
    return Match(_counted(family, used), score, words_found, tuple((hit.label, "=", hit.value) for hit in used))


def _published(family: MetricFamily, hit: PublisherHit) -> bool:
    return any(name in hit.counts for name in family.names)


def _counted(family: MetricFamily, used: Sequence[PublisherHit]) -> MetricFamily:
    """Return the family with the number of series that are left once the matchers apply (one label at a time)."""
    if not used:
        return family
    count = min(sum(hit.counts.get(name, 0) for name in family.names) for hit in used)
    return MetricFamily(family.name, family.type, family.help, family.unit, count, family.names)


def _points(text: _FamilyText, word: str) -> float:
    one = word.removesuffix("s") if len(word) > _SHORT_WORD else word
    if not text.parts.isdisjoint((word, one, f"{one}s")):
        return _WHOLE
    if any(_is_spelt(synonym, text.spelt) for synonym in SYNONYMS.get(word) or SYNONYMS.get(one, ())):
        return _SYNONYM
    if one in text.name:
        return _INSIDE
    return _HELP if _is_said(one, text.help_words) else 0.0


def _is_spelt(synonym: str, spelt: str) -> bool:
    """Return whether parts of a name begin so; a short synonym must be a whole part (`mem`, not `members`)."""
    return (f"_{synonym}_" if len(synonym) <= _SHORT_WORD else f"_{synonym}") in spelt


def _is_said(word: str, said: str) -> bool:
    """Return whether a word of the help begins so; a short word must be a whole one."""
    return (f" {word}" if len(word) > _SHORT_WORD else f" {word} ") in said


def _rank(match: Match) -> tuple[float, int, str]:
    return (-round(match.score, 6), -(match.family.series_count or 0), match.family.name)
