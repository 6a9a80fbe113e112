"""Which labels the result of a query can have at all: an aggregation drops all but those it is told to keep."""

from typing import Final

from sre.core.promql.nodes import (
    AggregateNode,
    BinaryNode,
    CallNode,
    MatrixNode,
    NegateNode,
    Node,
    NumberNode,
    SubqueryNode,
    VectorNode,
    value_type,
)

# These hand series on as they are, or make labels of their own.
_OPEN_AGGREGATIONS: Final = frozenset({"topk", "bottomk", "count_values", "limitk", "limit_ratio"})
_OPEN_FUNCTIONS: Final = frozenset({"label_replace", "label_join", "absent", "absent_over_time", "info"})


def kept_labels(node: Node) -> frozenset[str] | None:
    """Return the labels that series of the result may have; None where the query does not tell."""
    match node:
        case AggregateNode():
            is_open = node.without or node.op in _OPEN_AGGREGATIONS
            return None if is_open else frozenset(node.labels)
        case BinaryNode():
            return _of_binary(node)
        case CallNode():
            vectors = [arg for arg in node.args if value_type(arg) in ("vector", "matrix")]
            return kept_labels(vectors[-1]) if vectors and node.function not in _OPEN_FUNCTIONS else None
        case NegateNode() | SubqueryNode():
            return kept_labels(node.expr)
        case VectorNode() | MatrixNode():
            return None
        case _:
            return frozenset()


def _of_binary(node: BinaryNode) -> frozenset[str] | None:
    if isinstance(node.left, NumberNode) or value_type(node.left) == "scalar":
        return kept_labels(node.right)
    if node.matching.cardinality != "one-to-one" and node.matching.include:
        return None
    left = kept_labels(node.left)
    if node.op != "or":
        return left if node.matching.cardinality != "one-to-many" else kept_labels(node.right)
    right = kept_labels(node.right)
    return left | right if left is not None and right is not None else None
