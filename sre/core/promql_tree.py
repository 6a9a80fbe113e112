"""A parsed query seen as places: each part with what stands around it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sre.core.labels import METRIC_NAME
from sre.core.promql.nodes import (
    COMPARISONS,
    AggregateNode,
    BinaryNode,
    CallNode,
    MatrixNode,
    Node,
    SubqueryNode,
    VectorNode,
    children,
)
from sre.core.promql_text import selector

# Functions that turn a counter into something that may be read: they allow for resets, or do not look at the value.
RATE_FUNCTIONS: Final = frozenset({"rate", "irate", "increase"})
COUNTER_SAFE: Final = RATE_FUNCTIONS | {
    "absent", "absent_over_time", "changes", "count", "count_over_time", "count_values", "group", "present_over_time",
    "resets", "timestamp",
}  # fmt: skip
_DROPS_SERIES: Final = frozenset({"topk", "bottomk"})


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a query and the parts around it, outermost first."""

    node: Node
    around: tuple[Node, ...]

    @property
    def names_around(self) -> tuple[str, ...]:
        """Functions and aggregations around it, outermost first."""
        return tuple(name for name in map(name_of, self.around) if name)


@dataclass(frozen=True, slots=True)
class UsedSelector:
    """A selector as it is used in a query.

    Attributes:
        text: As PromQL, without range, offset or `@`.
        range_seconds: Length of its window, 0 for an instant selector.
        names_around: Functions and aggregations around it, outermost first.
        is_now: Neither moved by an offset nor fixed by `@`.
    """

    vector: VectorNode
    range_seconds: float
    names_around: tuple[str, ...]
    is_now: bool

    @property
    def metric(self) -> str:
        """The metric it asks for by name, or an empty string."""
        return metric_of(self.vector)

    @property
    def text(self) -> str:
        """The selector as PromQL, without range, offset or `@`."""
        return selector_text(self.vector)


def walk(node: Node, around: tuple[Node, ...] = ()) -> Iterator[Place]:
    """Yield every part of a query, outermost first, left to right."""
    yield Place(node, around)
    for child in children(node):
        yield from walk(child, (*around, node))


def used_selectors(node: Node) -> tuple[UsedSelector, ...]:
    """Return the selectors of a query, left to right."""
    return tuple(_used(place) for place in walk(node) if isinstance(place.node, VectorNode))


def name_of(node: Node) -> str:
    """Return the name of a function or aggregation, or an empty string."""
    if isinstance(node, CallNode):
        return node.function
    return node.op if isinstance(node, AggregateNode) else ""


def metric_of(vector: VectorNode) -> str:
    """Return the metric a selector asks for by name, or an empty string."""
    return next((match.value for match in vector.matchers if match.name == METRIC_NAME and match.op == "="), "")


def selector_text(vector: VectorNode) -> str:
    """Return a selector as PromQL, without offset or `@`."""
    metric = metric_of(vector)
    rest = [
        (match.name, match.op, match.value) for match in vector.matchers if not (metric and match.name == METRIC_NAME)
    ]
    return selector(metric, rest)


def drops_points(node: Node) -> bool:
    """Return whether series may lack points because the query filters them out, not because data is missing."""
    return any(_drops(place.node) for place in walk(node))


def _drops(node: Node) -> bool:
    if isinstance(node, BinaryNode):
        return (node.op in COMPARISONS and not node.return_bool) or node.op in ("and", "unless")
    return name_of(node) in _DROPS_SERIES or name_of(node).startswith("absent")


def _used(place: Place) -> UsedSelector:
    vector = place.node
    assert isinstance(vector, VectorNode)
    ranges = [part.range_ms / 1000 for part in place.around if isinstance(part, MatrixNode)]
    moved = [part for part in (*place.around, vector) if isinstance(part, (SubqueryNode, VectorNode))]
    return UsedSelector(
        vector=vector,
        range_seconds=ranges[-1] if ranges else 0.0,
        names_around=place.names_around,
        is_now=all(part.offset_ms == 0 and part.at is None for part in moved),
    )
