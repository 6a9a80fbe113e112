"""Counting events with PromQL: which expressions are counts, and the exact query for a window.

Two forms are accepted. A sum of counters (`a{...}`, `sum(a)`, `a + b`, `total - good`, `... or vector(0)`): each
counter becomes a term of its own, counted as `sum(increase(counter[window]))`, so that a series that does not exist
yet takes nothing away from the others. Or a template with `$window` inside a range (`sum(increase(a[$window]))`),
evaluated as it is written. Anything that is not a count of events is refused by name.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sre.core.errors import InputError
from sre.core.text import quoted
from sre.core.times import format_duration

if TYPE_CHECKING:
    from promql_parser import BinaryExpr, Expr, VectorSelector

WINDOW_MARK = "$window"
_ALIASES = ("{{.window}}", "{{ .window }}", "${window}")
_PROBE_RANGE = "5m"
_MAX_TEXT = 20_000
# Far deeper than hand-written queries; the parser recurses, so this is checked before it runs.
_MAX_NESTING = 64
# What yields a count of events over a range; `rate` does so after multiplying by the window.
_COUNTING_CALLS = frozenset({"increase", "sum_over_time", "count_over_time"})
_EXAMPLES = (
    'http_requests_total{service="checkout"}',
    'sum(increase(http_requests_total{service="checkout"}[$window]))',
)
_COUNTER_SUFFIXES = ("_total", "_count", "_bucket", "_sum")


@dataclass(frozen=True, slots=True)
class CountTerm:
    """One part of a count.

    Attributes:
        template: PromQL with `$window` where the range goes.
        sign: +1 adds to the count, -1 takes away.
        counter: The selector the term counts, or None for a template of the caller.
        is_per_second: The template gives events per second, to be multiplied by the window.
    """

    template: str
    sign: Literal[1, -1] = 1
    counter: str | None = None
    is_per_second: bool = False

    def query(self, *, window_seconds: float) -> str:
        """Return the PromQL that gives this term for one window."""
        return self.template.replace(WINDOW_MARK, format_duration(window_seconds))

    def events(self, value: float, *, window_seconds: float) -> float:
        """Return the query's value as signed events in the window."""
        return self.sign * value * (window_seconds if self.is_per_second else 1.0)


@dataclass(frozen=True, slots=True)
class CountQuery:
    """A count of events as PromQL.

    Attributes:
        text: As the caller wrote it.
        metrics: Metric names used, sorted; for the check that they are counters.
        notes: What had to be assumed.
    """

    text: str
    terms: tuple[CountTerm, ...]
    metrics: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def parse_count_query(text: str, *, field: str) -> CountQuery:
    """Return `text` as terms that count events.

    Raises:
        InputError: Does not parse, or is not a count: a ratio, a fixed range such as `[5m]`, an average, a gauge
            function; says how to write it.
    """
    marked = text
    for alias in _ALIASES:
        marked = marked.replace(alias, WINDOW_MARK)
    tree = _parsed(marked.replace(WINDOW_MARK, _PROBE_RANGE), field=field)
    if WINDOW_MARK in marked:
        return _template_query(marked.strip(), tree, field=field)
    terms = tuple(_terms(tree, sign=1, field=field))
    return CountQuery(text, terms, _metric_names(tree))


def names_without_counter_suffix(metrics: tuple[str, ...]) -> tuple[str, ...]:
    """Return the metric names that do not end like a counter (Prometheus naming: `_total`, `_count`, `_bucket`)."""
    return tuple(name for name in metrics if not name.endswith(_COUNTER_SUFFIXES))


def _parsed(text: str, *, field: str) -> "Expr":
    from promql_parser import parse

    if len(text) > _MAX_TEXT or _nesting(text) > _MAX_NESTING:
        raise InputError(f"{field} is too long or too deeply nested to be a counter expression.", field=field)
    try:
        return parse(text)
    except ValueError as error:
        raise InputError(
            f"{field} is neither a number nor PromQL that parses: {quoted(str(error))}.", field=field, valid=_EXAMPLES
        ) from None


def _nesting(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return max(deepest, text.count("--"))


def _terms(node: "Expr", *, sign: Literal[1, -1], field: str) -> list[CountTerm]:
    from promql_parser import AggregateExpr, BinaryExpr, Call, ParenExpr, VectorSelector

    if isinstance(node, ParenExpr):
        return _terms(node.expr, sign=sign, field=field)
    if isinstance(node, AggregateExpr):
        if str(node.op) != "sum":
            raise _not_a_count(f"{node.op}() does not count events", field=field)
        return _terms(node.expr, sign=sign, field=field)
    if isinstance(node, BinaryExpr):
        return _binary_terms(node, sign=sign, field=field)
    if isinstance(node, VectorSelector):
        return [_counter_term(node, sign=sign, field=field)]
    if isinstance(node, Call):
        raise _not_a_count(f"{node.func.name}() over a fixed range gives another window than the SLO's", field=field)
    raise _not_a_count("it is not a sum of counters", field=field)


def _binary_terms(node: "BinaryExpr", *, sign: Literal[1, -1], field: str) -> list[CountTerm]:
    op = str(node.op)
    if op == "or" and node.rhs.prettify() == "vector(0)":
        return _terms(node.lhs, sign=sign, field=field)
    if op not in {"+", "-"}:
        raise _not_a_count(f"the operator {op} does not give a count of events", field=field)
    flipped: Literal[1, -1] = -1 if sign == 1 else 1
    right = flipped if op == "-" else sign
    return [*_terms(node.lhs, sign=sign, field=field), *_terms(node.rhs, sign=right, field=field)]


def _counter_term(node: "VectorSelector", *, sign: Literal[1, -1], field: str) -> CountTerm:
    if node.offset is not None or node.at is not None:
        raise _not_a_count("a selector must not have offset or @; pass `at` instead", field=field)
    selector = node.prettify()
    term = CountTerm(f"sum(increase({selector}[{WINDOW_MARK}]))", sign=sign, counter=selector)
    _parsed(term.query(window_seconds=300.0), field=field)
    return term


def _template_query(template: str, tree: "Expr", *, field: str) -> CountQuery:
    calls, operators, ranges = _shape(tree)
    if "/" in operators:
        raise _not_a_count("a ratio is not a count; pass bad (or good) and total on their own", field=field)
    wrong = sorted(calls - _COUNTING_CALLS - {"rate", "vector"})
    if wrong:
        raise _not_a_count(f"{wrong[0]}() does not count events", field=field)
    if not calls & (_COUNTING_CALLS | {"rate"}):
        raise _not_a_count("$window is not the range of increase()", field=field)
    is_rate = "rate" in calls
    if is_rate and calls & _COUNTING_CALLS:
        raise _not_a_count("rate() and increase() are mixed", field=field)
    if ranges > template.count(WINDOW_MARK):
        raise _not_a_count("one range is fixed and another is $window", field=field)
    notes = ("A rate was multiplied by the window to count events.",) if is_rate else ()
    term = CountTerm(template, is_per_second=is_rate)
    return CountQuery(template, (term,), _metric_names(tree), notes)


def _shape(tree: "Expr") -> tuple[set[str], set[str], int]:
    from promql_parser import AggregateExpr, BinaryExpr, Call, MatrixSelector, SubqueryExpr, walk

    calls: set[str] = set()
    operators: set[str] = set()
    ranges = 0

    def visit(node: "Expr") -> None:
        nonlocal ranges
        if isinstance(node, Call):
            calls.add(node.func.name)
        elif isinstance(node, AggregateExpr):
            calls.update({str(node.op)} - {"sum"})
        elif isinstance(node, BinaryExpr):
            operators.add(str(node.op))
        elif isinstance(node, (MatrixSelector, SubqueryExpr)):
            ranges += 1

    walk(tree, pre_visit=visit)
    return calls, operators, ranges


def _metric_names(tree: "Expr") -> tuple[str, ...]:
    from promql_parser import VectorSelector, walk

    names: set[str] = set()

    def visit(node: "Expr") -> None:
        if isinstance(node, VectorSelector) and node.name:
            names.add(node.name)

    walk(tree, pre_visit=visit)
    return tuple(sorted(names))


def _not_a_count(reason: str, *, field: str) -> InputError:
    return InputError(
        f"{field} cannot be counted exactly: {reason}.",
        field=field,
        valid=_EXAMPLES,
        next_steps=("give the counter itself, or put [$window] where the range is; numbers work too.",),
    )
