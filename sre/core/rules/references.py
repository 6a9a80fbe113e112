"""Which rule reads what another one makes, and in which order they can be worked out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sre.core.labels import METRIC_NAME
from sre.core.promql import Matcher, Query
from sre.core.rules.label_templates import is_template
from sre.core.rules.model import AlertRule, RecordingRule

# The series Prometheus writes for every active alert.
ALERTS: Final = "ALERTS"
ALERTS_FOR_STATE: Final = "ALERTS_FOR_STATE"


@dataclass(frozen=True, slots=True)
class EvaluationOrder:
    """In which order rules can be evaluated over a whole grid at once.

    Attributes:
        order: Indexes of rules; those that cannot be placed are missing.
        circular: For each rule that depends on itself, the indexes it leads through and back.
    """

    order: tuple[int, ...]
    circular: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


def evaluation_order(needs: Sequence[frozenset[int]]) -> EvaluationOrder:
    """Return an order in which every rule comes after those it needs; file order where there is a choice."""
    done: dict[int, None] = {}
    circular: dict[int, tuple[int, ...]] = {}
    for start in range(len(needs)):
        _placed(start, needs, done, circular)
    return EvaluationOrder(tuple(done), circular)


def _placed(
    start: int, needs: Sequence[frozenset[int]], done: dict[int, None], circular: dict[int, tuple[int, ...]]
) -> None:
    # By hand, not by recursion: a file may hold thousands of rules in one chain.
    path: list[int] = []
    on_path: set[int] = set()
    stack: list[tuple[int, bool]] = [(start, False)]
    while stack:
        index, is_left = stack.pop()
        if is_left:
            path.pop()
            on_path.discard(index)
            if index not in circular:
                done[index] = None
            continue
        if index in on_path:
            loop = path[path.index(index) :]
            circular.update({member: tuple(loop) for member in loop})
            continue
        if index in done or index in circular:
            continue
        path.append(index)
        on_path.add(index)
        stack.append((index, True))
        stack.extend((need, False) for need in sorted(needs[index], reverse=True))


def needed_rules(
    rules: Sequence[RecordingRule | AlertRule], queries: Sequence[Query | None]
) -> tuple[frozenset[int], ...]:
    """Return for each rule the indexes of those whose series it may read; itself, where it reads its own.

    Args:
        queries: The parsed expressions, None for one that does not parse.
    """
    makers = _makers(rules)
    return tuple(frozenset() if query is None else _needed(query, makers) for query in queries)


def _makers(rules: Sequence[RecordingRule | AlertRule]) -> Mapping[str, Sequence[tuple[int, Mapping[str, str]]]]:
    """Return by metric name who makes such series, and with which labels for certain."""
    makers: dict[str, list[tuple[int, Mapping[str, str]]]] = {}
    for index, rule in enumerate(rules):
        known = {name: value for name, value in rule.labels.items() if not is_template(value)}
        if isinstance(rule, RecordingRule):
            makers.setdefault(rule.record, []).append((index, known))
        else:
            for name in (ALERTS, ALERTS_FOR_STATE):
                makers.setdefault(name, []).append((index, {**known, "alertname": rule.alert}))
    return makers


def _needed(query: Query, makers: Mapping[str, Sequence[tuple[int, Mapping[str, str]]]]) -> frozenset[int]:
    found: set[int] = set()
    for selector in query.selectors():
        on_name = [matcher for matcher in selector.matchers if matcher.name == METRIC_NAME]
        others = [matcher for matcher in selector.matchers if matcher.name != METRIC_NAME]
        names = [selector.metric] if selector.metric else list(makers)
        for name in names:
            if all(matcher.matches_value(name) for matcher in on_name):
                found.update(index for index, known in makers.get(name, ()) if _may_match(others, known))
    return frozenset(found)


def _may_match(matchers: Sequence[Matcher], known: Mapping[str, str]) -> bool:
    return all(matcher.matches_value(known[matcher.name]) for matcher in matchers if matcher.name in known)
