"""Which labels the result of an expression can have, read from its text: what `$labels` in a template may name."""

from dataclasses import dataclass

from sre.core.promql.nodes import (
    SET_OPERATORS,
    AggregateNode,
    BinaryNode,
    CallNode,
    MatrixNode,
    NegateNode,
    Node,
    NumberNode,
    StringNode,
    SubqueryNode,
    VectorNode,
    value_type,
)

_LABEL_ARGUMENT = {"label_replace": 1, "label_join": 1}
_WITHOUT_LABELS = frozenset({"vector", "scalar", "time", "pi"})
_WHOLE_SERIES = frozenset({"topk", "bottomk"})


@dataclass(frozen=True, slots=True)
class KeptLabels:
    """A set of labels: `names` alone, or with `is_open` all but `names`."""

    names: frozenset[str]
    is_open: bool

    def may_have(self, name: str) -> bool:
        """Whether a series of the result can have this label."""
        return (name in self.names) != self.is_open

    def only(self, names: frozenset[str]) -> "KeptLabels":
        """Return what is left when only these stay."""
        return KeptLabels(frozenset(name for name in names if self.may_have(name)), is_open=False)

    def without(self, names: frozenset[str]) -> "KeptLabels":
        """Return what is left when these go."""
        return KeptLabels(self.names | names if self.is_open else self.names - names, self.is_open)

    def joined(self, other: "KeptLabels") -> "KeptLabels":
        """Return what one of the two can have."""
        if self.is_open and other.is_open:
            return KeptLabels(self.names & other.names, is_open=True)
        if not self.is_open and not other.is_open:
            return KeptLabels(self.names | other.names, is_open=False)
        opened, closed = (self, other) if self.is_open else (other, self)
        return KeptLabels(opened.names - closed.names, is_open=True)


_ALL = KeptLabels(frozenset(), is_open=True)
_NONE = KeptLabels(frozenset(), is_open=False)


def kept_labels(node: Node) -> KeptLabels:
    """Return which labels the result of an expression can have; the metric name is not one of them."""
    match node:
        case NumberNode() | StringNode():
            return _NONE
        case VectorNode(matchers=matchers):
            gone = frozenset(match.name for match in matchers if match.op == "=" and not match.value)
            return _ALL.without(gone)
        case MatrixNode(vector=inner) | SubqueryNode(expr=inner) | NegateNode(expr=inner):
            return kept_labels(inner)
        case AggregateNode():
            return _aggregated(node)
        case CallNode():
            return _called(node)
        case BinaryNode():
            return _combined(node)


def _aggregated(node: AggregateNode) -> KeptLabels:
    inner = kept_labels(node.expr)
    if node.op in _WHOLE_SERIES:
        return inner
    kept = inner.without(frozenset(node.labels)) if node.without else inner.only(frozenset(node.labels))
    if node.op == "count_values" and isinstance(node.param, StringNode):
        return kept.joined(KeptLabels(frozenset({node.param.value}), is_open=False))
    return kept


def _called(node: CallNode) -> KeptLabels:
    if node.function in _WITHOUT_LABELS:
        return _NONE
    if node.function in ("absent", "absent_over_time"):
        return _of_absent(node.args[0])
    inner = next((kept_labels(arg) for arg in node.args if value_type(arg) in ("vector", "matrix")), _NONE)
    if node.function == "histogram_quantile":
        return inner.without(frozenset({"le"}))
    place = _LABEL_ARGUMENT.get(node.function)
    target = node.args[place] if place is not None and len(node.args) > place else None
    if isinstance(target, StringNode):
        return inner.joined(KeptLabels(frozenset({target.value}), is_open=False))
    return inner


def _of_absent(inner: Node) -> KeptLabels:
    # Prometheus puts in the labels that the selector asks for by equality, and each only once.
    vector = inner.vector if isinstance(inner, MatrixNode) else inner
    if not isinstance(vector, VectorNode):
        return _NONE
    names = [match.name for match in vector.matchers]
    equal = frozenset(match.name for match in vector.matchers if match.op == "=" and names.count(match.name) == 1)
    return KeptLabels(equal, is_open=False)


def _combined(node: BinaryNode) -> KeptLabels:
    is_scalar = [value_type(side) == "scalar" for side in (node.left, node.right)]
    if all(is_scalar):
        return _NONE
    if any(is_scalar):
        return kept_labels(node.right if is_scalar[0] else node.left)
    left, right = kept_labels(node.left), kept_labels(node.right)
    if node.op in SET_OPERATORS:
        return left.joined(right) if node.op == "or" else left
    matching, names = node.matching, frozenset(node.matching.labels)
    include = KeptLabels(frozenset(matching.include), is_open=False)
    if matching.cardinality == "many-to-one":
        return left.joined(include)
    if matching.cardinality == "one-to-many":
        return right.joined(include)
    return left.only(names) if matching.on else left.without(names)
