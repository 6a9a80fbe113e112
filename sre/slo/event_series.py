"""Which series have to grow so that an SLO counts a good or a bad event: the input of rule tests.

Found by trying: label values that the SLO's own selectors match and do not match are put together, each such series is
asked what it adds to good, bad and total, and those that add up to one event are kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Final, TypeAlias

import numpy as np

from sre.core.errors import InputError, RefusedError
from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql import Matcher, evaluate_instant, parse, parse_selector, selects
from sre.core.promql.nodes import MatrixNode, Node, VectorNode, children
from sre.core.series import Samples
from sre.core.slo.count_query import CountTerm, parse_count_query
from sre.core.slo.model import RatioIndicator
from sre.slo.regex_examples import regex_examples

# Events of the two sides of an indicator, in the order good, bad, total.
Vector: TypeAlias = tuple[float, ...]
Selector: TypeAlias = tuple[Matcher, ...]

_SIDES: Final = ("good", "bad", "total")
# What good and bad events add to good, bad and total.
_GOOD_EVENT: Final = (1.0, 0.0, 1.0)
_BAD_EVENT: Final = (0.0, 1.0, 1.0)
# Values that are often on one side of a selector or the other, tried beside those the selectors name.
_USUAL_VALUES: Final = ("200", "500", "404", "a", "0", "/", "GET")
_MAX_CANDIDATES: Final = 400
# One event is rarely counted by more series than these (our choice): total, bad, and one of another metric.
_MAX_TOGETHER: Final = 3
_PROBE_MINUTES: Final = 10
_GROUP_VALUES: Final = ("group-a", "group-b")


@dataclass(frozen=True, slots=True)
class EventSeries:
    """The series of one group of an SLO.

    Attributes:
        group: Its labels; none where the SLO has no groups.
        good: Each of these grows by one with a good event.
        bad: Each of these grows by one with a bad event; a series may be in both.
    """

    group: Labels
    good: tuple[Labels, ...]
    bad: tuple[Labels, ...]

    @property
    def only_bad(self) -> tuple[Labels, ...]:
        """Series that do not exist before the first bad event."""
        return tuple(labels for labels in self.bad if labels not in self.good)


def event_series(indicator: RatioIndicator, *, group_by: Sequence[str] = ()) -> tuple[EventSeries, ...]:
    """Return the series of one or two groups; nothing where no such series were found."""
    sides = _sides(indicator)
    selectors = _selectors(sides)
    found: list[EventSeries] = []
    for group in _groups(selectors, group_by):
        series = _of_group(sides, selectors, group)
        if series is not None:
            found.append(series)
        if len(found) == (2 if group_by else 1):
            break
    return tuple(found)


def example_values(name: str, selectors: Iterable[Selector]) -> list[str]:
    """Return values of a label worth trying: at least one for each way of matching that was found."""
    matchers = [matcher for selector in selectors for matcher in selector if matcher.name == name]
    named = [matcher.value for matcher in matchers if matcher.op in ("=", "!=")]
    shaped = [text for matcher in matchers if matcher.op in ("=~", "!~") for text in regex_examples(matcher.value)]
    by_matching: dict[tuple[bool, ...], str] = {}
    for value in (*named, *shaped, *_USUAL_VALUES, ""):
        by_matching.setdefault(tuple(matcher.matches_value(value) for matcher in matchers), value)
    return list(by_matching.values())


def selectors_of(node: Node) -> list[Selector]:
    """Return the selectors of a query, in order."""
    if isinstance(node, VectorNode):
        return [node.matchers]
    if isinstance(node, MatrixNode):
        return [node.vector.matchers]
    return [selector for child in children(node) for selector in selectors_of(child)]


def group_candidates(selectors: Sequence[Selector], group_by: Sequence[str]) -> list[Labels]:
    """Return label sets that a group may have, values that no selector names first."""
    pools = [[value for value in (*_GROUP_VALUES, *_values(name, selectors)) if value] for name in group_by]
    # Groups that differ in every label come first, where there are such.
    side_by_side = [Labels(zip(group_by, values, strict=True)) for values in zip(*pools, strict=False)]
    crossed = (Labels(zip(group_by, values, strict=True)) for values in islice(product(*pools), 30))
    return list(dict.fromkeys([*side_by_side, *crossed]))


def _groups(selectors: Sequence[Selector], group_by: Sequence[str]) -> list[Labels]:
    return group_candidates(selectors, group_by) if group_by else [Labels()]


def _values(name: str, selectors: Sequence[Selector]) -> list[str]:
    several = [
        text
        for selector in selectors
        for matcher in selector
        if matcher.name == name and matcher.op == "=~"
        for text in regex_examples(matcher.value)
    ]
    return [*several, *example_values(name, selectors)]


def _sides(indicator: RatioIndicator) -> Mapping[str, tuple[CountTerm, ...]]:
    texts = {side: getattr(indicator, side) for side in _SIDES}
    return {side: parse_count_query(text, field=side).terms for side, text in texts.items() if text}


def _selectors(sides: Mapping[str, tuple[CountTerm, ...]]) -> list[Selector]:
    found: list[Selector] = []
    for terms in sides.values():
        for term in terms:
            if term.counter is not None:
                found.append(parse_selector(term.counter))
            else:
                found.extend(selectors_of(parse(term.query(window_seconds=300.0)).ast))
    return found


def _of_group(
    sides: Mapping[str, tuple[CountTerm, ...]], selectors: Sequence[Selector], group: Labels
) -> EventSeries | None:
    by_vector: dict[Vector, Labels] = {}
    for labels in _candidates(selectors, group):
        vector = tuple(_added(terms, labels) for terms in sides.values())
        if any(vector):
            by_vector.setdefault(vector, labels)
    places = [_SIDES.index(side) for side in sides]
    good = _together(by_vector, tuple(_GOOD_EVENT[place] for place in places))
    bad = _together(by_vector, tuple(_BAD_EVENT[place] for place in places))
    return EventSeries(group, good, bad) if good and bad else None


def _candidates(selectors: Sequence[Selector], group: Labels) -> list[Labels]:
    metrics = dict.fromkeys(value for selector in selectors for value in _names_of(selector))
    found: dict[Labels, None] = {}
    for metric in metrics:
        concerned = [selector for selector in selectors if _is_of(selector, metric)]
        names = dict.fromkeys(
            matcher.name for selector in concerned for matcher in selector if matcher.name != METRIC_NAME
        )
        pools = [[group[name]] if name in group else example_values(name, concerned) for name in names]
        for values in islice(product(*pools), _MAX_CANDIDATES):
            labels = Labels({**group, **dict(zip(names, values, strict=True)), METRIC_NAME: metric})
            found.setdefault(labels)
    return list(found)


def _names_of(selector: Selector) -> list[str]:
    return [value for value in example_values(METRIC_NAME, [selector]) if value and _is_of(selector, value)]


def _is_of(selector: Selector, metric: str) -> bool:
    return all(matcher.matches_value(metric) for matcher in selector if matcher.name == METRIC_NAME)


def _added(terms: Sequence[CountTerm], labels: Labels) -> float:
    """Return what one event of this series adds to a side."""
    return sum(_of_term(term, labels) for term in terms)


def _of_term(term: CountTerm, labels: Labels) -> float:
    if term.counter is not None:
        return float(term.sign) if selects(parse_selector(term.counter), labels) else 0.0
    grown = Samples(
        labels,
        60_000 * np.arange(_PROBE_MINUTES + 1, dtype=np.int64),
        np.arange(_PROBE_MINUTES + 1, dtype=np.float64),
    )
    try:
        result = evaluate_instant(term.query(window_seconds=300.0), store=_Only(grown), at_ms=_PROBE_MINUTES * 60_000)
    except (InputError, RefusedError):
        return 0.0
    return round(term.events(float(np.nansum(result.values)), window_seconds=300.0) / 5, 6)


@dataclass(frozen=True, slots=True)
class _Only:
    """A store of one series."""

    series: Samples

    def select(self, matchers: Sequence[Matcher], *, start_ms: int, end_ms: int) -> Sequence[Samples]:  # noqa: ARG002
        return [self.series] if selects(tuple(matchers), self.series.labels) else []


def _together(by_vector: Mapping[Vector, Labels], wanted: Vector) -> tuple[Labels, ...]:
    """Return the fewest series that add up to one event."""
    for size in range(1, _MAX_TOGETHER + 1):
        for vectors in combinations(by_vector, size):
            if tuple(sum(parts) for parts in zip(*vectors, strict=True)) == wanted:
                return tuple(by_vector[vector] for vector in vectors)
    return ()
