"""Expressions freed of recorded series that a source does not have: the record's own expression takes their place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sre.alerting.kept_labels import kept_labels
from sre.alerting.review_model import ReviewedRule
from sre.core.labels import METRIC_NAME
from sre.core.promql import Matcher
from sre.core.promql.nodes import (
    SET_OPERATORS,
    AggregateNode,
    BinaryNode,
    CallNode,
    Matching,
    MatrixNode,
    NegateNode,
    Node,
    StringNode,
    SubqueryNode,
    VectorNode,
    value_type,
)
from sre.core.promql_tree import metric_of
from sre.core.promql_writing import rewritten
from sre.core.text import quoted

_MAX_DEPTH: Final = 8
_DEFAULT_STEP_MS: Final = 60_000
_NEW_LABEL: Final = frozenset({"label_replace", "label_join"})


class CannotInlineError(Exception):
    """An expression that cannot do without the recorded series; the text says why."""


@dataclass(frozen=True, slots=True)
class Records:
    """The recording rules of a review by the name they record.

    Attributes:
        absent: Names that the source does not have and that are therefore put in.
    """

    by_name: Mapping[str, Sequence[ReviewedRule]]
    absent: frozenset[str]

    def inlined(self, node: Node) -> Node:
        """Return the expression without absent records.

        Raises:
            CannotInlineError: Not possible.
        """
        return self._inlined(node, depth=0)

    def _inlined(self, node: Node, *, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise CannotInlineError("recording rules refer to each other too deeply")

        def change(part: Node) -> Node | None:
            match part:
                case MatrixNode(vector=vector) if metric_of(vector) in self.absent:
                    inner = self._expression(replace(vector, offset_ms=0, at=None), depth=depth)
                    step_ms = self._step_ms(metric_of(vector))
                    return SubqueryNode(inner, part.range_ms, step_ms, vector.offset_ms, vector.at)
                case VectorNode() if metric_of(part) in self.absent:
                    inner = self._expression(replace(part, offset_ms=0, at=None), depth=depth)
                    if not part.offset_ms and part.at is None:
                        return inner
                    step_ms = self._step_ms(metric_of(part))
                    moved = SubqueryNode(inner, step_ms, step_ms, part.offset_ms, part.at)
                    return CallNode("last_over_time", (moved,))
            return None

        return rewritten(node, change)

    def _step_ms(self, name: str) -> int:
        seconds = self.by_name[name][0].interval_seconds
        return round(seconds * 1000) if seconds else _DEFAULT_STEP_MS

    def _expression(self, selector: VectorNode, *, depth: int) -> Node:
        name = metric_of(selector)
        matchers = tuple(match for match in selector.matchers if match.name != METRIC_NAME)
        parts = [part for record in self.by_name[name] if (part := _selected(record, matchers)) is not None]
        if not parts:
            raise CannotInlineError(f"no rule records what {quoted(name, limit=80)} is asked for")
        joined = parts[0]
        for part in parts[1:]:
            joined = BinaryNode("or", joined, part, return_bool=False, matching=Matching("many-to-many"))
        return self._inlined(joined, depth=depth + 1)


def _selected(record: ReviewedRule, matchers: Sequence[Matcher]) -> Node | None:
    """Return the record's expression with the matchers inside, None where they select nothing of it."""
    if record.query is None:
        raise CannotInlineError(f"the expression of {quoted(record.name, limit=80)} could not be read")
    node = record.query.ast
    static = record.rule.labels
    for matcher in matchers:
        if matcher.name in static:
            if not matcher.matches_value(static[matcher.name]):
                return None
        elif kept_labels(node).may_have(matcher.name):
            node = _pushed(node, matcher)
        elif not matcher.matches_value(""):
            return None
    for name, value in static.items():
        texts = (StringNode(name), StringNode(value.replace("$", "$$")), StringNode(""), StringNode(""))
        node = CallNode("label_replace", (node, *texts))
    return node


def _pushed(node: Node, matcher: Matcher) -> Node:
    """Return the expression with a matcher in the selectors its label comes from."""
    match node:
        case VectorNode():
            return replace(node, matchers=(*node.matchers, matcher))
        case MatrixNode(vector=vector):
            return replace(node, vector=replace(vector, matchers=(*vector.matchers, matcher)))
        case SubqueryNode(expr=expr) | NegateNode(expr=expr):
            return replace(node, expr=_pushed(expr, matcher))
        case AggregateNode(op=op, expr=expr) if op not in ("topk", "bottomk", "count_values"):
            return replace(node, expr=_pushed(expr, matcher))
        case CallNode(function=function, args=args) if function not in _NEW_LABEL and not function.startswith("absent"):
            kinds = ("vector", "matrix")
            return replace(node, args=tuple(_pushed(arg, matcher) if value_type(arg) in kinds else arg for arg in args))
        case BinaryNode():
            return _pushed_binary(node, matcher)
        case _:
            raise CannotInlineError(f"the label {quoted(matcher.name, limit=80)} is made inside a recording rule")


def _pushed_binary(node: BinaryNode, matcher: Matcher) -> Node:
    matching, name = node.matching, matcher.name
    is_vector = [value_type(side) != "scalar" for side in (node.left, node.right)]
    if all(is_vector) and name in matching.include:
        raise CannotInlineError(f"the label {quoted(name, limit=80)} is copied inside a recording rule")
    is_shared = (name in matching.labels) == matching.on
    left = is_vector[0] and (matching.cardinality != "one-to-many" or is_shared)
    right = is_vector[1] and (matching.cardinality != "many-to-one" or is_shared)
    if node.op in SET_OPERATORS:
        left, right = True, node.op == "or"
    return replace(
        node,
        left=_pushed(node.left, matcher) if left else node.left,
        right=_pushed(node.right, matcher) if right else node.right,
    )
