"""What the values of a query cannot exceed, read from how it is written: shares end at 1, percentages at 100."""

import re
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
from sre.core.promql_tree import metric_of, walk

# OpenMetrics names shares and percentages by suffix.
_CEILINGS: Final = {"_ratio": 1.0, "_percent": 100.0}
# What can be used up to it and no further; a request or a target can be exceeded.
_WHOLE = re.compile(
    r"(^|.*_)(size|max|maximum|limit|limits|capacity|quota|total_memory|memtotal)(_(bytes|count|cores))?"
)
_ALL: Final = frozenset({1.0, 100.0})
_KEEPING: Final = frozenset(
    {
        "avg", "min", "max", "quantile", "topk", "bottomk", "abs", "ceil", "floor", "round", "sort", "sort_desc",
        "label_replace", "label_join", "scalar", "vector", "clamp", "clamp_max", "clamp_min", "last_over_time",
        "avg_over_time", "min_over_time", "max_over_time", "quantile_over_time",
    }
)  # fmt: skip


def ceiling_of_metric(name: str) -> float | None:
    """Return what a metric's values cannot exceed by its name, or None."""
    return next((bound for suffix, bound in _CEILINGS.items() if name.endswith(suffix)), None)


def ceiling_of_query(node: Node) -> float | None:
    """Return what a query's values cannot exceed, or None where nothing says so.

    `1 - x` of shares ends at 1, what is used of a size at 1, either in percent at 100. History that lies above is
    right, and the ceiling wrong: whoever uses it has to look.
    """
    match node:
        case VectorNode():
            return ceiling_of_metric(metric_of(node))
        case MatrixNode(vector=expr) | SubqueryNode(expr=expr):
            return ceiling_of_query(expr)
        case AggregateNode(op=name, expr=expr) if name in _KEEPING:
            return ceiling_of_query(expr)
        case CallNode(function=name, args=args) if name in _KEEPING and args:
            return ceiling_of_query(args[1 if name == "quantile_over_time" else 0])
        case BinaryNode():
            return _of_binary(node)
        case _:
            return None


def _of_binary(node: BinaryNode) -> float | None:
    left, right = _number(node.left), _number(node.right)
    if node.op == "-" and left in _ALL:
        return left
    if node.op == "*" and (left or right or 0.0) > 0:
        inner = ceiling_of_query(node.right if left is not None else node.left)
        return None if inner is None else inner * (left or right or 1.0)
    if node.op == "/" and right is not None and right > 0:
        inner = ceiling_of_query(node.left)
        return None if inner is None else inner / right
    return 1.0 if node.op == "/" and left is None and _is_whole(node.right) else None


def _number(node: Node) -> float | None:
    return node.value if isinstance(node, NumberNode) else None


def _is_whole(node: Node) -> bool:
    names = [metric_of(place.node) for place in walk(node) if isinstance(place.node, VectorNode)]
    return bool(names) and all(
        _WHOLE.fullmatch(name.lower()) or name.lower().endswith("memtotal_bytes") for name in names
    )
