"""The parts of a PromQL expression, as frozen records; `syntax.py` makes them, `evaluate.py` reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sre.core.promql.matcher import Matcher

ValueType: TypeAlias = Literal["vector", "scalar", "matrix", "string"]
Cardinality: TypeAlias = Literal["one-to-one", "many-to-one", "one-to-many", "many-to-many"]


@dataclass(frozen=True, slots=True)
class At:
    """The `@` modifier: a fixed instant, or the start or end of the whole query."""

    kind: Literal["time", "start", "end"]
    time_ms: int = 0


@dataclass(frozen=True, slots=True)
class NumberNode:
    """A number literal."""

    value: float


@dataclass(frozen=True, slots=True)
class StringNode:
    """A string literal."""

    value: str


@dataclass(frozen=True, slots=True)
class VectorNode:
    """An instant vector selector."""

    matchers: tuple[Matcher, ...]
    offset_ms: int
    at: At | None


@dataclass(frozen=True, slots=True)
class MatrixNode:
    """A range vector selector: the samples of `vector` over the last `range_ms`."""

    vector: VectorNode
    range_ms: int


@dataclass(frozen=True, slots=True)
class SubqueryNode:
    """`expr[range:step]`; a missing step means the evaluator's default."""

    expr: "Node"
    range_ms: int
    step_ms: int | None
    offset_ms: int
    at: At | None


@dataclass(frozen=True, slots=True)
class NegateNode:
    """Unary minus."""

    expr: "Node"


@dataclass(frozen=True, slots=True)
class CallNode:
    """A function call."""

    function: str
    args: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AggregateNode:
    """`op by (labels) (param, expr)`; `without` turns the meaning of `labels` round."""

    op: str
    expr: "Node"
    param: "Node | None"
    labels: tuple[str, ...]
    without: bool


@dataclass(frozen=True, slots=True)
class Matching:
    """How two vectors find their partners.

    Attributes:
        on: Whether `labels` are the ones to match on, or the ones to ignore.
        include: Labels that `group_left` or `group_right` copies from the "one" side.
    """

    cardinality: Cardinality = "one-to-one"
    on: bool = False
    labels: tuple[str, ...] = ()
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BinaryNode:
    """A binary operator between two expressions; `return_bool` is the `bool` modifier of a comparison."""

    op: str
    left: "Node"
    right: "Node"
    return_bool: bool
    matching: Matching


Node: TypeAlias = (
    NumberNode
    | StringNode
    | VectorNode
    | MatrixNode
    | SubqueryNode
    | NegateNode
    | CallNode
    | AggregateNode
    | BinaryNode
)

SET_OPERATORS = frozenset({"and", "or", "unless"})
COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SCALAR_FUNCTIONS = frozenset({"pi", "scalar", "time"})


def children(node: Node) -> Iterator[Node]:
    """Yield the direct sub-expressions of a node, left to right."""
    match node:
        case MatrixNode(vector=vector):
            yield vector
        case SubqueryNode(expr=expr) | NegateNode(expr=expr):
            yield expr
        case CallNode(args=args):
            yield from args
        case AggregateNode(expr=expr, param=param):
            if param is not None:
                yield param
            yield expr
        case BinaryNode(left=left, right=right):
            yield left
            yield right
        case _:
            return


def value_type(node: Node) -> ValueType:
    """Return the type PromQL gives to the value of an expression."""
    match node:
        case NumberNode():
            return "scalar"
        case StringNode():
            return "string"
        case MatrixNode() | SubqueryNode():
            return "matrix"
        case CallNode(function=function):
            return "scalar" if function in SCALAR_FUNCTIONS else "vector"
        case NegateNode(expr=expr):
            return value_type(expr)
        case BinaryNode(left=left, right=right):
            return "scalar" if value_type(left) == value_type(right) == "scalar" else "vector"
        case _:
            return "vector"
