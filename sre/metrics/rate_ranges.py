"""A query asked at another distance of points: counters as rates, gauges as means, ranges that suit the step."""

from collections.abc import Callable, Collection, Iterator
from typing import Final

from sre.core.promql.nodes import (
    AggregateNode,
    BinaryNode,
    CallNode,
    MatrixNode,
    Node,
    NumberNode,
    SubqueryNode,
    VectorNode,
)
from sre.core.promql_tree import COUNTER_SAFE, metric_of, name_of, walk
from sre.core.promql_writing import rewritten

_DIFFERENCES: Final = frozenset({"delta", "idelta", "deriv"})
# Values of `rate` are a second whatever its range; those of `increase` are not.
_RATE: Final = "rate"
# What may stand around a gauge so that the mean over a while can take the place of its value.
_ARITHMETIC: Final = frozenset({"+", "-", "*", "/"})
_AVERAGED: Final = frozenset({"sum", "avg", "min", "max"})


def raw_selectors(node: Node) -> Iterator[str]:
    """Yield the names of metrics that are read as they are, without a rate or a function over time around them."""
    for place in walk(node):
        if isinstance(place.node, VectorNode) and not any(_looks_at_time(part) for part in place.around):
            yield metric_of(place.node)


def with_rates(node: Node, counters: Collection[str], *, range_seconds: float) -> Node:
    """Return the query with a rate around each of these metrics that is read as it is."""

    def change(part: Node) -> Node | None:
        if _looks_at_time(part):
            return part
        if isinstance(part, VectorNode) and metric_of(part) in counters:
            return CallNode(_RATE, (MatrixNode(part, round(range_seconds * 1000)),))
        return None

    return rewritten(node, change)


def with_rate_ranges(node: Node, range_seconds: Callable[[float], float]) -> Node:
    """Return the query with other ranges of `rate`, as a function of those it has; subqueries stay as they are."""

    def change(part: Node) -> Node | None:
        if isinstance(part, SubqueryNode):
            return part
        if not (isinstance(part, CallNode) and part.function == _RATE and isinstance(part.args[0], MatrixNode)):
            return None
        inner = part.args[0]
        wanted = round(range_seconds(inner.range_ms / 1000) * 1000)
        return CallNode(_RATE, (MatrixNode(inner.vector, wanted),))

    return rewritten(node, change)


def with_averages(node: Node, *, range_seconds: float) -> Node:
    """Return the query with means over a range in place of gauges' values, so that no sample between points is unseen.

    Only where nothing but sums and arithmetic is around them: a comparison or a function would mean something else.
    """
    if not _is_plain(node):
        return node

    def change(part: Node) -> Node | None:
        if isinstance(part, VectorNode):
            return CallNode("avg_over_time", (MatrixNode(part, round(range_seconds * 1000)),))
        return part if isinstance(part, CallNode) else None

    return rewritten(node, change)


def _is_plain(node: Node) -> bool:
    match node:
        case VectorNode():
            # Means have no metric name, so series of several metrics could no longer be told apart.
            return bool(metric_of(node))
        case NumberNode():
            return True
        case CallNode(function=function):
            return function == _RATE
        case AggregateNode(op=op, expr=expr):
            return op in _AVERAGED and _is_plain(expr)
        case BinaryNode(op=op, left=left, right=right):
            return op in _ARITHMETIC and _is_plain(left) and _is_plain(right)
        case _:
            return False


def _looks_at_time(part: Node) -> bool:
    """Whether what is inside must not be touched: it allows for counters, or takes a range."""
    if isinstance(part, (MatrixNode, SubqueryNode)):
        return True
    return isinstance(part, (CallNode, AggregateNode)) and name_of(part) in COUNTER_SAFE | _DIFFERENCES
