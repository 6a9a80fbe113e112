"""Which parts of a query have one value for all steps, because `@` pins every selector in them."""

from sre.core.promql.functions import STEP_DEPENDENT_FUNCTIONS
from sre.core.promql.nodes import (
    AggregateNode,
    BinaryNode,
    CallNode,
    MatrixNode,
    NegateNode,
    Node,
    SubqueryNode,
    VectorNode,
)


def is_step_invariant(node: Node) -> bool:
    """Return whether Prometheus evaluates the node once, at the first step, and repeats the answer.

    The parameter of an aggregation is not asked, and a subquery only for its own `@`: both as Prometheus has it.
    """
    match node:
        case VectorNode(at=at) | SubqueryNode(at=at):
            return at is not None
        case MatrixNode(vector=expr) | NegateNode(expr=expr) | AggregateNode(expr=expr):
            return is_step_invariant(expr)
        case BinaryNode(left=left, right=right):
            return is_step_invariant(left) and is_step_invariant(right)
        case CallNode(function=function, args=args):
            return function not in STEP_DEPENDENT_FUNCTIONS and all(is_step_invariant(arg) for arg in args)
        case _:
            return True
