"""Is it a symptom that users feel, or a cause: told from the metrics an alert watches."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from sre.alerting.review_model import HERE, ReviewedRule
from sre.core.exact import exact_number
from sre.core.labels import METRIC_NAME
from sre.core.promql.nodes import AggregateNode, BinaryNode, Matching, Node, NumberNode, VectorNode
from sre.core.promql_tree import metric_of, name_of, selector_text, used_selectors, walk
from sre.core.rules import AlertRule
from sre.core.text import cleaned


@dataclass(frozen=True, slots=True)
class LimitPair:
    """A level and the metric of its limit.

    Attributes:
        level: Pattern of a metric name.
        limit: Metric of the limit; may refer to groups of the pattern.
        ratio: Share of the limit that is worth a look.
    """

    level: str
    limit: str
    ratio: float
    is_low_bad: bool


@dataclass(frozen=True, slots=True)
class Limited:
    """A level compared with a number, and the comparison with its limit that says the same for good."""

    evidence: str
    old: Node
    new: Node


@dataclass(frozen=True, slots=True)
class _Table:
    causes: tuple[tuple[re.Pattern[str], str], ...]
    time_to_full: frozenset[str]
    whole_service: frozenset[str]
    limits: tuple[LimitPair, ...]


@cache
def _table() -> _Table:
    import yaml

    rows = yaml.safe_load((HERE / "cause_metrics.yaml").read_text(encoding="utf-8"))
    return _Table(
        tuple((re.compile(row["metrics"]), row["what"]) for row in rows["causes"]),
        frozenset(rows["time_to_full"]),
        frozenset(rows["whole_service"]),
        tuple(LimitPair(**row) for row in rows["limits"]),
    )


def cause_of(reviewed: ReviewedRule) -> str:
    """Return the cause that an alert watches, or an empty string where it is a symptom or nothing is known.

    What will be full soon may page, and so may all of a service being gone: users feel the one for certain, and
    nothing can be felt of the other before it is too late.
    """
    if reviewed.query is None or not isinstance(reviewed.rule, AlertRule):
        return ""
    node, table = reviewed.query.ast, _table()
    selectors = used_selectors(node)
    functions = {name for selector in selectors for name in selector.names_around}
    if not selectors or functions & (table.time_to_full | table.whole_service) or _is_whole_service(node):
        return ""
    causes = [_cause(selector.metric) for selector in selectors]
    return causes[0] if all(causes) else ""


def _cause(metric: str) -> str:
    return next((what for pattern, what in _table().causes if pattern.fullmatch(metric)), "")


def _is_whole_service(node: Node) -> bool:
    """Whether it asks for none or few of many targets: `sum(up) == 0`, `avg(up) < 0.5`."""
    return any(
        isinstance(place.node, AggregateNode)
        and any(metric_of(part.node) == "up" for part in walk(place.node) if isinstance(part.node, VectorNode))
        for place in walk(node)
    )


def limit_of(reviewed: ReviewedRule) -> Limited | None:
    """Return the comparison of a level with a fixed number, where the limit is a metric too."""
    if reviewed.query is None:
        return None
    for place in walk(reviewed.query.ast):
        node = place.node
        if not isinstance(node, BinaryNode) or node.op not in ("<", "<=", ">", ">="):
            continue
        if isinstance(node.left, VectorNode) and isinstance(node.right, NumberNode):
            pair = _pair(metric_of(node.left))
            if pair is not None and (node.op in ("<", "<=")) == pair[0].is_low_bad:
                return _limited(node, node.left, *pair)
    return None


def _pair(metric: str) -> tuple[LimitPair, str] | None:
    for pair in _table().limits:
        found = re.fullmatch(pair.level, metric)
        if found:
            groups: Mapping[str, str] = found.groupdict()
            return pair, pair.limit.format(**groups)
    return None


def _limited(node: BinaryNode, level: VectorNode, pair: LimitPair, limit: str) -> Limited:
    matchers = tuple(replace(match, value=limit) if match.name == METRIC_NAME else match for match in level.matchers)
    share = BinaryNode("/", level, replace(level, matchers=matchers), return_bool=False, matching=Matching())
    right = NumberNode(pair.ratio)
    bound = exact_number(node.right.value) if isinstance(node.right, NumberNode) else name_of(node.right)
    return Limited(
        f"{cleaned(selector_text(level), limit=100)} is compared with {bound}; the limit is in {limit}.",
        node,
        replace(node, left=share, right=right),
    )
