"""A parsed expression back as PromQL, on one line; brackets stand where the grammar needs them."""

import re
from collections.abc import Callable
from dataclasses import replace
from math import isfinite, isnan
from typing import Final

from sre.core.errors import InputError, RefusedError
from sre.core.exact import exact_number
from sre.core.promql import parse
from sre.core.promql.nodes import (
    AggregateNode,
    At,
    BinaryNode,
    CallNode,
    MatrixNode,
    NegateNode,
    Node,
    NumberNode,
    StringNode,
    SubqueryNode,
    VectorNode,
)
from sre.core.promql_text import escaped
from sre.core.promql_tree import selector_text
from sre.core.times import format_duration

# prometheus.io/docs, "Binary operator precedence", lowest first.
_PRECEDENCE: Final = {
    op: level
    for level, ops in enumerate(
        (("or",), ("and", "unless"), ("==", "!=", "<=", "<", ">=", ">"), ("+", "-"), ("*", "/", "%", "atan2"), ("^",))
    )
    for op in ops
}
_SIGN_LEVEL: Final = _PRECEDENCE["*"]
_TOKEN: Final = re.compile(r'"(?:\\.|[^"\\])*"|[\w:.]+|\S')
_POWER: Final = "^"
# From here on digits would be made up.
_WHOLE_NUMBERS: Final = 1e15


def promql_of(node: Node) -> str:
    """Return PromQL that parses to this node again."""
    match node:
        case NumberNode(value=value):
            return _number(value)
        case StringNode(value=text):
            return f'"{escaped(text)}"'
        case VectorNode():
            return selector_text(node) + _moved(node.at, node.offset_ms)
        case MatrixNode(vector=vector, range_ms=range_ms):
            return f"{selector_text(vector)}[{_duration(range_ms)}]{_moved(vector.at, vector.offset_ms)}"
        case SubqueryNode():
            step = _duration(node.step_ms) if node.step_ms else ""
            return f"{_operand(node.expr)}[{_duration(node.range_ms)}:{step}]{_moved(node.at, node.offset_ms)}"
        case NegateNode(expr=expr):
            inner = promql_of(expr)
            needs = isinstance(expr, NegateNode) or (isinstance(expr, BinaryNode) and expr.op != _POWER)
            return f"-({inner})" if needs else f"-{inner}"
        case CallNode(function=function, args=args):
            return f"{function}({', '.join(promql_of(arg) for arg in args)})"
        case AggregateNode():
            return _aggregate(node)
        case BinaryNode():
            return _binary(node)


def _operand(node: Node) -> str:
    """Return what a subquery stands behind: anything but a selector, a call or an aggregation needs brackets."""
    text = promql_of(node)
    return text if isinstance(node, (VectorNode, CallNode, AggregateNode)) and not _is_moved(node) else f"({text})"


def _is_moved(node: Node) -> bool:
    return isinstance(node, VectorNode) and (node.at is not None or node.offset_ms != 0)


def _aggregate(node: AggregateNode) -> str:
    inside = promql_of(node.expr) if node.param is None else f"{promql_of(node.param)}, {promql_of(node.expr)}"
    if not node.labels and not node.without:
        return f"{node.op}({inside})"
    return f"{node.op} {'without' if node.without else 'by'} ({', '.join(node.labels)}) ({inside})"


def _binary(node: BinaryNode) -> str:
    level = _PRECEDENCE[node.op]
    is_power = node.op == _POWER
    left = _side(node.left, level, is_equal_bracketed=is_power)
    right = _side(node.right, level, is_equal_bracketed=not is_power)
    modifiers = [node.op, *(["bool"] if node.return_bool else []), *_matching(node)]
    return f"{left} {' '.join(modifiers)} {right}"


def _side(node: Node, level: int, *, is_equal_bracketed: bool) -> str:
    text = promql_of(node)
    own = _SIGN_LEVEL if isinstance(node, NegateNode) else _PRECEDENCE[node.op] if isinstance(node, BinaryNode) else 99
    return f"({text})" if own < level or (own == level and is_equal_bracketed) else text


def _matching(node: BinaryNode) -> list[str]:
    matching = node.matching
    words = []
    if matching.on or matching.labels:
        words.append(f"{'on' if matching.on else 'ignoring'} ({', '.join(matching.labels)})")
    if matching.cardinality in ("many-to-one", "one-to-many"):
        side = "group_left" if matching.cardinality == "many-to-one" else "group_right"
        words.append(f"{side} ({', '.join(matching.include)})" if matching.include else side)
        # A bracket right behind would be read as a list of labels.
        if not matching.include:
            words[-1] += " ()"
    return words


def _moved(at: At | None, offset_ms: int) -> str:
    fixed = "" if at is None else f" @ {exact_number(at.time_ms / 1000) if at.kind == 'time' else at.kind + '()'}"
    sign = "-" if offset_ms < 0 else ""
    return fixed + (f" offset {sign}{_duration(abs(offset_ms))}" if offset_ms else "")


def _number(value: float) -> str:
    if not isfinite(value):
        return "NaN" if isnan(value) else "Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < _WHOLE_NUMBERS else repr(value)


def _duration(milliseconds: int) -> str:
    return format_duration(milliseconds / 1000)


def rewritten(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """Return the tree with parts exchanged.

    Args:
        change: Returns what to put in place of a part, or None to look inside it. It is asked from the outside in.
    """
    changed = change(node)
    if changed is not None:
        return changed
    match node:
        case MatrixNode(vector=vector):
            inner = rewritten(vector, change)
            # Only a selector can stand before a plain range.
            return replace(node, vector=inner) if isinstance(inner, VectorNode) else node
        case SubqueryNode(expr=expr) | NegateNode(expr=expr):
            return replace(node, expr=rewritten(expr, change))
        case CallNode(args=args):
            return replace(node, args=tuple(rewritten(arg, change) for arg in args))
        case AggregateNode(expr=expr, param=param):
            new_param = None if param is None else rewritten(param, change)
            return replace(node, expr=rewritten(expr, change), param=new_param)
        case BinaryNode(left=left, right=right):
            return replace(node, left=rewritten(left, change), right=rewritten(right, change))
        case _:
            return node


def exchanged(text: str, *, old: Node, new: Node) -> str:
    """Return an expression with one part put in place of another, the rest as it was written where that can be.

    Args:
        text: PromQL that holds `old`, the same object as in its tree or one equal to it.
    """
    wanted = rewritten(parse(text).ast, lambda node: new if node == old else None)
    pattern = r"\s*".join(re.escape(token) for token in _TOKEN.findall(promql_of(old)))
    found = re.findall(pattern, text)
    if len(found) == 1:
        for spelt in (promql_of(new), f"({promql_of(new)})"):
            candidate = text.replace(found[0], spelt)
            if _same(candidate, wanted):
                return candidate
    return promql_of(wanted)


def _same(text: str, wanted: Node) -> bool:
    try:
        return parse(text).ast == wanted
    except (InputError, RefusedError):
        return False
