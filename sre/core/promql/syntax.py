"""From PromQL text to nodes: limits first, then the parser, then what is not carried out is refused by name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import promql_parser as pp

from sre.core.errors import InputError, RefusedError
from sre.core.labels import METRIC_NAME
from sre.core.promql.calls import FUNCTION_NAMES
from sre.core.promql.matcher import Matcher, MatchOperator
from sre.core.promql.nodes import (
    AggregateNode,
    At,
    BinaryNode,
    CallNode,
    Cardinality,
    Matching,
    MatrixNode,
    NegateNode,
    Node,
    NumberNode,
    StringNode,
    SubqueryNode,
    ValueType,
    VectorNode,
    children,
    value_type,
)
from sre.core.promql.regex import full_match_regex
from sre.core.text import listed, quoted

MAX_TEXT_LENGTH = 100_000
# The parser recurses in native code, the evaluator in Python: at these sizes a stack of 512 kB is enough for both.
MAX_BRACKET_DEPTH = 60
MAX_DEPTH = 100
MAX_OPERATORS = 200

AGGREGATIONS = frozenset(
    {
        "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "quantile", "count_values",
    }
)  # fmt: skip

# The parser follows Prometheus 3, where this function has another name.
pp.register_extra_functions(
    [pp.Function("holt_winters", [pp.ValueType.Matrix, pp.ValueType.Scalar, pp.ValueType.Scalar], pp.ValueType.Vector)]
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEXEME = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    |(?P<open>[(\[{])|(?P<close>[)\]}])
    |(?P<negative_at>@\s*-)
    |(?P<operator>[-+*/%^]|[=!]~|[=!<>]=?|\b(?i:and|or|unless|atan2)\b)""",
    re.VERBOSE | re.DOTALL,
)
_RAW_BYTE = re.compile(r"(?:^|[^\\])(?:\\\\)*\\(?:x[89a-fA-F]|[23][0-7]{2})")


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector of a query, and where it stands.

    Attributes:
        range_ms: Length of its window, or None for an instant selector.
        functions: Names of the functions and aggregations around it, outermost first.
    """

    matchers: tuple[Matcher, ...]
    range_ms: int | None
    offset_ms: int
    functions: tuple[str, ...]

    @property
    def metric(self) -> str:
        """The metric name it asks for, or an empty string."""
        return next((m.value for m in self.matchers if m.name == METRIC_NAME and m.op == "="), "")


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query."""

    text: str
    ast: Node
    value_type: ValueType

    def selectors(self) -> tuple[Selector, ...]:
        """Return every selector, left to right."""
        return tuple(_selectors(self.ast, ()))


def parse(text: str) -> Query:
    """Return the query that `text` spells.

    Raises:
        InputError: It is not PromQL, or too long or too deeply nested to be read safely.
        RefusedError: It is PromQL, but uses something that is not carried out here.
    """
    _check_size(text)
    node = _read(text)
    return Query(text, node, value_type(node))


def parse_selector(text: str) -> tuple[Matcher, ...]:
    """Return the matchers of a series selector such as `up{job="api"}`.

    Raises:
        InputError: It is not an instant vector selector, or it has an offset or `@`.
    """
    node = parse(text).ast
    if not isinstance(node, VectorNode) or node.offset_ms or node.at:
        raise InputError(
            f"a plain series selector is needed, not {quoted(text)}.", field="query", valid=('up{job="api"}',)
        )
    return node.matchers


def _selectors(node: Node, functions: tuple[str, ...]) -> Iterator[Selector]:
    match node:
        case VectorNode():
            yield Selector(node.matchers, None, node.offset_ms, functions)
            return
        case MatrixNode(vector=vector, range_ms=range_ms):
            yield Selector(vector.matchers, range_ms, vector.offset_ms, functions)
            return
        case CallNode(function=name) | AggregateNode(op=name):
            functions = (*functions, name)
    for child in children(node):
        yield from _selectors(child, functions)


def _check_size(text: str) -> None:
    if len(text) > MAX_TEXT_LENGTH:
        raise InputError(
            f"the query has {len(text)} characters; at most {MAX_TEXT_LENGTH} are read.",
            field="query",
            next_steps=("Ask for less at once: match labels with a shorter regular expression.",),
        )
    depth = operators = braces = 0
    for lexeme in _LEXEME.finditer(text):
        match lexeme.lastgroup:
            case "open":
                depth += 1
                braces += lexeme[0] == "{"
            case "close":
                depth -= 1
                braces -= lexeme[0] == "}"
            case "operator" if braces == 0:
                operators += 1
            case "negative_at":
                raise RefusedError("a negative time after @ is not supported.", next_steps=("Use `offset` instead.",))
            case "string" if lexeme[0][0] != "`" and _RAW_BYTE.search(lexeme[0]):
                raise RefusedError("raw byte escapes above \\x7f in strings are not supported; write the character.")
        if depth > MAX_BRACKET_DEPTH or operators > MAX_OPERATORS:
            raise _too_deep()


def _too_deep() -> InputError:
    return InputError(
        f"the query is nested too deeply; at most {MAX_BRACKET_DEPTH} brackets, {MAX_DEPTH} levels and "
        f"{MAX_OPERATORS} operators are read.",
        field="query",
        next_steps=("Split it into several queries.",),
    )


def _read(text: str) -> Node:
    if "\x00" in text:
        raise InputError("the query holds a NUL character.", field="query")
    try:
        # Some numbers are too large only for Python's own durations, and fail when they are read from the tree.
        return _Reader().read(pp.parse(text), depth=0)
    except ValueError as error:
        raise InputError(
            f"not valid PromQL: {quoted(str(error))}.",
            field="query",
            next_steps=("Mend the expression; https://prometheus.io/docs/prometheus/latest/querying/basics/.",),
        ) from error
    except OverflowError as error:
        raise InputError(f"a number in the query is too large: {quoted(str(error))}.", field="query") from error
    except BaseException as error:
        # A panic inside the parser comes out as its own BaseException, which must not pass for an interrupt.
        if type(error).__name__ != "PanicException":
            raise
        raise InputError(f"not valid PromQL: {quoted(str(error))}.", field="query") from error


class _Reader:
    """Turns the parser's tree into nodes, refusing what cannot be carried out."""

    def read(self, expr: pp.Expr, *, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise _too_deep()
        match expr:
            case pp.ParenExpr():
                return self.read(expr.expr, depth=depth + 1)
            case pp.NumberLiteral():
                return NumberNode(expr.val)
            case pp.StringLiteral():
                return StringNode(expr.val)
            case pp.VectorSelector():
                return _vector(expr)
            case pp.MatrixSelector():
                return MatrixNode(_vector(expr.vector_selector), _milliseconds(expr.range))
            case pp.UnaryExpr():
                return NegateNode(self.read(expr.expr, depth=depth + 1))
            case pp.SubqueryExpr():
                return self._subquery(expr, depth)
            case pp.Call():
                return self._call(expr, depth)
            case pp.AggregateExpr():
                return self._aggregate(expr, depth)
            case pp.BinaryExpr():
                return self._binary(expr, depth)
        raise RefusedError(f"this kind of expression is not supported: {quoted(type(expr).__name__)}.")

    def _subquery(self, expr: pp.SubqueryExpr, depth: int) -> Node:
        return SubqueryNode(
            expr=self.read(expr.expr, depth=depth + 1),
            range_ms=_milliseconds(expr.range),
            step_ms=_milliseconds(expr.step) if expr.step is not None else None,
            offset_ms=_milliseconds(expr.offset),
            at=_at(expr.at),
        )

    def _call(self, expr: pp.Call, depth: int) -> Node:
        name = expr.func.name
        if name not in FUNCTION_NAMES:
            raise RefusedError(
                f"the function {name}() is not supported on this source.",
                next_steps=("Supported are the functions of Prometheus 2.42 that need no native histograms.",),
            )
        return CallNode(name, tuple(self.read(arg, depth=depth + 1) for arg in expr.args))

    def _aggregate(self, expr: pp.AggregateExpr, depth: int) -> Node:
        op = str(expr.op)
        if op not in AGGREGATIONS:
            raise RefusedError(
                f"the aggregation {op}() is not supported on this source.",
                next_steps=(f"Supported: {listed(sorted(AGGREGATIONS), limit=20)}.",),
            )
        modifier = expr.modifier
        return AggregateNode(
            op=op,
            expr=self.read(expr.expr, depth=depth + 1),
            param=None if expr.param is None else self.read(expr.param, depth=depth + 1),
            labels=tuple(modifier.labels) if modifier else (),
            without=modifier is not None and modifier.type == pp.AggModifierType.Without,
        )

    def _binary(self, expr: pp.BinaryExpr, depth: int) -> Node:
        modifier = expr.modifier
        op = str(expr.op)
        if modifier is not None and (modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None):
            raise RefusedError("the fill modifiers of binary operators are not supported on this source.")
        return BinaryNode(
            op=op,
            left=self.read(expr.lhs, depth=depth + 1),
            right=self.read(expr.rhs, depth=depth + 1),
            return_bool=modifier is not None and modifier.return_bool,
            matching=_matching(modifier),
        )


def _matching(modifier: pp.BinModifier | None) -> Matching:
    if modifier is None:
        return Matching()
    labels = modifier.matching
    return Matching(
        cardinality=_cardinality(modifier.card),
        on=labels is not None and labels.type == pp.LabelModifierType.Include,
        labels=tuple(labels.labels) if labels is not None else (),
        include=tuple(modifier.group_labels or ()),
    )


def _cardinality(card: pp.VectorMatchCardinality) -> Cardinality:
    if card == pp.VectorMatchCardinality.ManyToOne:
        return "many-to-one"
    if card == pp.VectorMatchCardinality.OneToMany:
        return "one-to-many"
    return "many-to-many" if card == pp.VectorMatchCardinality.ManyToMany else "one-to-one"


def _vector(selector: pp.VectorSelector) -> VectorNode:
    if selector.matchers.or_matchers:
        raise RefusedError(
            "`or` between the matchers of a selector is not supported.",
            next_steps=('Write two selectors: `a{x="1"} or a{x="2"}`, or use a regular expression.',),
        )
    matchers = [_matcher(m) for m in selector.matchers.matchers]
    if selector.name is not None:
        matchers.insert(0, Matcher(METRIC_NAME, "=", selector.name))
    return VectorNode(tuple(matchers), _milliseconds(selector.offset), _at(selector.at))


def _matcher(matcher: pp.Matcher) -> Matcher:
    read = Matcher(matcher.name, _match_operator(matcher.op), matcher.value)
    if read.op in ("=~", "!~"):
        full_match_regex(read.value)
    return read


def _match_operator(op: pp.MatchOp) -> MatchOperator:
    if op == pp.MatchOp.Equal:
        return "="
    if op == pp.MatchOp.NotEqual:
        return "!="
    return "=~" if op == pp.MatchOp.Re else "!~"


def _at(modifier: pp.AtModifier | None) -> At | None:
    if modifier is None:
        return None
    if modifier.type == pp.AtModifierType.Start:
        return At("start")
    if modifier.type == pp.AtModifierType.End or modifier.at is None:
        return At("end")
    return At("time", _milliseconds(modifier.at - _EPOCH))


def _milliseconds(delta: timedelta | None) -> int:
    return 0 if delta is None else delta // timedelta(milliseconds=1)
