"""The unit of a query's result, worked out from the names of its metrics and what is done to them.

Names carry base units by convention (Prometheus documentation, "Metric and label naming"); the functions and operators
then act on units as they do in physics: bytes in a rate become bytes per second, a ratio of equals has none.
"""

import re
from typing import Final, TypeAlias

from sre.core.promql.nodes import (
    COMPARISONS,
    SET_OPERATORS,
    AggregateNode,
    BinaryNode,
    CallNode,
    MatrixNode,
    NegateNode,
    Node,
    NumberNode,
    SubqueryNode,
    VectorNode,
)
from sre.core.promql_tree import metric_of, walk

# Powers of base units, such as {"bytes": 1, "seconds": -1}; no powers is a ratio, None is unknown.
Powers: TypeAlias = dict[str, int] | None

_EVENTS: Final = "events"
_UNIT_SUFFIXES: Final = {
    "seconds": "seconds", "milliseconds": "milliseconds", "ms": "milliseconds", "bytes": "bytes", "ratio": "",
    "percent": "percent", "celsius": "°C", "volts": "V", "amperes": "A", "joules": "J", "watts": "W", "meters": "m",
    "grams": "g", "hertz": "Hz",
}  # fmt: skip
_UNIX: Final = "unix_seconds"
_POINT_IN_TIME = re.compile(r".*(timestamp|(start|boot|expiration|creation)_time|not_(after|before|expiry))_seconds")
_ACCUMULATING = re.compile(r"_(total|sum)$")
_COUNTING = re.compile(r"_(bucket|count)$")
_CPU_TIME = re.compile(r".*cpu.*_seconds_total")
_SAME_UNIT: Final = frozenset(
    {
        "sum", "avg", "min", "max", "topk", "bottomk", "quantile", "stddev", "abs", "ceil", "floor", "round", "clamp",
        "clamp_max", "clamp_min", "sort", "sort_desc", "label_replace", "label_join", "increase", "delta", "idelta",
        "avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "last_over_time", "quantile_over_time",
        "stddev_over_time", "holt_winters", "predict_linear", "scalar", "vector",
    }
)  # fmt: skip
_PER_SECOND: Final = frozenset({"rate", "irate", "deriv"})
_COUNTS: Final = frozenset({"count", "count_values", "count_over_time", "changes", "resets"})
_INSTANTS: Final = frozenset({"time", "timestamp"})
_CHANGES: Final = frozenset({"increase", "delta", "idelta", "stddev", "stddev_over_time"})


def unit_of_query(node: Node) -> str:
    """Return the unit of a query's values as `sre.core.figures` spells it, or an empty string."""
    return _spelt(_powers(node))


def unit_of_metric(name: str) -> str:
    """Return the unit of a metric's raw values by its name, or an empty string."""
    return _spelt(_metric_powers(name))


def _spelt(powers: Powers) -> str:
    if powers is None:
        return ""
    known = {
        (): "ratio",
        ((_EVENTS, 1),): "count",
        ((_EVENTS, 1), ("seconds", -1)): "per_second",
        (("bytes", 1), ("seconds", -1)): "bytes_per_second",
        ((_EVENTS, -1), ("seconds", 1)): "seconds",
        ((_EVENTS, -1), ("milliseconds", 1)): "milliseconds",
        (("bytes", 1), (_EVENTS, -1)): "bytes",
    }
    parts = tuple(sorted(powers.items()))
    if parts in known:
        return known[parts]
    return parts[0][0] if len(parts) == 1 and parts[0][1] == 1 else ""


def _metric_powers(name: str) -> Powers:
    if _COUNTING.search(name):
        return {_EVENTS: 1}
    if _POINT_IN_TIME.fullmatch(name):
        return {_UNIX: 1}
    is_total = name.endswith("_total")
    word = _ACCUMULATING.sub("", name).rpartition("_")[2]
    if word in _UNIT_SUFFIXES:
        unit = _UNIT_SUFFIXES[word]
        return {unit: 1} if unit else {}
    return {_EVENTS: 1} if is_total else None


def _powers(node: Node) -> Powers:
    match node:
        case VectorNode():
            return _metric_powers(metric_of(node))
        case MatrixNode(vector=vector):
            return _powers(vector)
        case SubqueryNode(expr=expr) | NegateNode(expr=expr):
            return _powers(expr)
        case AggregateNode(op=op, expr=expr):
            return _call_powers(op, expr)
        case CallNode(function="histogram_quantile", args=(_, buckets)):
            return _bucket_powers(buckets)
        case CallNode(function=name, args=args):
            return _call_powers(name, args[_value_position(name, len(args))] if args else None)
        case BinaryNode():
            return _binary_powers(node)
        case _:
            return None


def _value_position(function: str, count: int) -> int:
    return 1 if function == "quantile_over_time" and count > 1 else 0


def _call_powers(name: str, inner: Node | None) -> Powers:
    if name in _COUNTS:
        return {_EVENTS: 1}
    if name in _INSTANTS:
        return {_UNIX: 1}
    if inner is None:
        return None
    if name in _PER_SECOND:
        return _per_second(inner)
    if name not in _SAME_UNIT:
        return None
    powers = _powers(inner)
    return {"seconds": 1} if powers == {_UNIX: 1} and name in _CHANGES else powers


def _per_second(inner: Node) -> Powers:
    if any(isinstance(p.node, VectorNode) and _CPU_TIME.fullmatch(metric_of(p.node)) for p in walk(inner)):
        return {"cores": 1}
    powers = _powers(inner)
    if powers == {_UNIX: 1}:
        powers = {"seconds": 1}
    return None if powers is None else _combined(powers, {"seconds": 1}, sign=-1)


def _bucket_powers(buckets: Node) -> Powers:
    names = [metric_of(place.node) for place in walk(buckets) if isinstance(place.node, VectorNode)]
    bucket = next((name for name in names if name.endswith("_bucket")), "")
    return _metric_powers(bucket.removesuffix("_bucket")) if bucket else None


def _binary_powers(node: BinaryNode) -> Powers:
    if node.op in COMPARISONS and node.return_bool:
        return None
    if node.op in COMPARISONS or node.op in SET_OPERATORS:
        return _powers(node.left)
    left, right = _number(node.left), _number(node.right)
    if left is not None or right is not None:
        return _with_number(node, left if left is not None else right or 0.0, is_left=left is not None)
    first, second = _powers(node.left), _powers(node.right)
    if first is None or second is None:
        return None
    if _UNIX in first and node.op in "+-":
        return _with_instant(node.op, second)
    if node.op in "*/":
        return _combined(first, second, sign=1 if node.op == "*" else -1)
    return first if node.op in "+-%" and first == second else None


def _with_instant(op: str, other: dict[str, int]) -> Powers:
    """Return the unit of an instant less another (a length of time), or moved by a length of time."""
    if op == "-" and other == {_UNIX: 1}:
        return {"seconds": 1}
    return {_UNIX: 1} if other == {"seconds": 1} else None


def _with_number(node: BinaryNode, number: float, *, is_left: bool) -> Powers:
    powers = _powers(node.right if is_left else node.left)
    if node.op in "+-":
        return powers
    if node.op == "/" and is_left:
        return None if powers is None else _combined({}, powers, sign=-1)
    factor = number if node.op == "*" else 1 / number if node.op == "/" and number else 0.0
    if factor == 1:
        return powers
    if powers == {} and factor == 100:
        return {"percent": 1}
    return (
        {"seconds": 1}
        if powers in ({"milliseconds": 1}, {"milliseconds": 1, _EVENTS: -1}) and factor == 0.001
        else None
    )


def _number(node: Node) -> float | None:
    return node.value if isinstance(node, NumberNode) else None


def _combined(first: dict[str, int], second: dict[str, int], *, sign: int) -> dict[str, int]:
    sums = {unit: first.get(unit, 0) + sign * second.get(unit, 0) for unit in {*first, *second}}
    return {unit: power for unit, power in sums.items() if power}
