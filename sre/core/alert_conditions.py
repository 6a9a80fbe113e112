"""What an alert's expression watches: each comparison in it as a signal and its limit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre.core.errors import InputError
from sre.core.text import quoted

if TYPE_CHECKING:
    from promql_parser import BinaryExpr, Expr

_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison, or a whole expression that compares nothing.

    Attributes:
        signal: PromQL of what is compared; has a value also while the alert does not fire.
        op: `>`, `<`, `>=`, `<=`, `==`, `!=`; empty where nothing is compared.
        limit: PromQL it is compared with; empty where nothing is compared.
        limit_value: The limit as a number, where it is one.
    """

    signal: str
    op: str = ""
    limit: str = ""
    limit_value: float | None = None


def conditions_of(expr: str) -> tuple[Condition, ...]:
    """Return the conditions of an alert's expression, left to right; what stands behind `unless` is none of them.

    Raises:
        InputError: Not PromQL.
    """
    from promql_parser import parse

    from sre.core.promql import parse as checked

    checked(expr)
    try:
        tree = parse(expr)
    except ValueError as error:  # pragma: no cover - the check above reads it with the same parser
        raise InputError(f"not PromQL: {quoted(str(error))}.", field="expr") from None
    return tuple(_conditions(tree))


def _conditions(node: "Expr") -> Iterator[Condition]:
    from promql_parser import BinaryExpr, ParenExpr

    if isinstance(node, ParenExpr):
        yield from _conditions(node.expr)
    elif isinstance(node, BinaryExpr) and str(node.op) in {"and", "or", "unless"}:
        yield from _conditions(node.lhs)
        if str(node.op) != "unless":
            yield from _conditions(node.rhs)
    elif isinstance(node, BinaryExpr) and str(node.op) in _FLIPPED and not _returns_bool(node):
        yield _condition(node)
    else:
        yield Condition(one_line(node))


def _condition(node: "BinaryExpr") -> Condition:
    left, right, op = node.lhs, node.rhs, str(node.op)
    if _number(left) is not None and _number(right) is None:
        left, right, op = right, left, _FLIPPED[op]
    return Condition(one_line(left), op, one_line(right), _number(right))


def _returns_bool(node: "BinaryExpr") -> bool:
    return bool(node.modifier is not None and node.modifier.return_bool)


def _number(node: "Expr") -> float | None:
    """Return the value of a number, also of one worked out from numbers such as `14.4 * 0.001`."""
    from promql_parser import BinaryExpr, NumberLiteral, ParenExpr, UnaryExpr

    if isinstance(node, ParenExpr):
        return _number(node.expr)
    if isinstance(node, NumberLiteral):
        return float(node.val)
    if isinstance(node, UnaryExpr):
        inner = _number(node.expr)
        return None if inner is None else -inner
    if isinstance(node, BinaryExpr):
        left, right = _number(node.lhs), _number(node.rhs)
        if left is not None and right is not None:
            return _computed(str(node.op), left, right)
    return None


def _computed(op: str, left: float, right: float) -> float | None:
    if op == "/":
        return left / right if right else None
    return {"+": left + right, "-": left - right, "*": left * right}.get(op)


def one_line(node: "Expr") -> str:
    """Return a parsed expression as PromQL on one line, outer brackets taken off."""
    from promql_parser import ParenExpr

    while isinstance(node, ParenExpr):
        node = node.expr
    return str(node)
