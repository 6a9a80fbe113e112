"""What is wrong with the expression of a rule, seen from its text and from what is known of its metrics."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from sre.alerting.review_model import Finding, KnownData, ReviewedRule
from sre.alerting.rule_editing import Rule
from sre.core.exact import exact_number
from sre.core.promql.nodes import (
    COMPARISONS,
    AggregateNode,
    BinaryNode,
    CallNode,
    Matching,
    MatrixNode,
    Node,
    NumberNode,
    SubqueryNode,
    VectorNode,
    value_type,
)
from sre.core.promql_tree import COUNTER_SAFE, RATE_FUNCTIONS, metric_of, selector_text, walk
from sre.core.promql_writing import exchanged, promql_of
from sre.core.rules import AlertRule
from sre.core.text import cleaned
from sre.core.times import format_duration

# OpenMetrics 1.0, "Counter" and "Histogram": these suffixes belong to values that only grow.
_COUNTER_SUFFIXES: Final = ("_total", "_bucket")
_HANDLED: Final = COUNTER_SAFE | {"delta", "idelta", "deriv"}
_GAUGE_FUNCTIONS: Final = {"rate": "deriv", "increase": "delta", "irate": "idelta"}
_MIN_SCRAPES: Final = 4
_USUAL_RANGE_MS: Final = 300_000
# Over so long a range a single odd sample weighs little (our choice).
_LONG_RANGE_MS: Final = 600_000
_MAX_ABSENT_MATCHERS: Final = 2
_IDENTITY: Final = ("job", "service", "app", "namespace", "cluster")
_QUANTILE_LABEL: Final = "quantile"
_SHOWN_CHARS: Final = 100
# To mend an expression means to parse it again, and one of hundreds of parts can have hundreds of the same mistake.
_MAX_OF_A_KIND: Final = 20


def expression_findings(reviewed: ReviewedRule, known: KnownData) -> Iterator[Finding]:
    """Yield what is wrong with one rule's expression; nothing for one that was not read."""
    if reviewed.problem:
        yield Finding("unreadable", reviewed.index, reviewed.problem, "Mend the expression.")
    if reviewed.query is None:
        return
    node = reviewed.query.ast
    for check in (_raw_counters, _rates, _quantiles, _comparisons, _divisions, _absents):
        yield from islice(check(reviewed, node, known), _MAX_OF_A_KIND)
    if isinstance(reviewed.rule, AlertRule):
        yield from islice(_lost_ratios(reviewed, node), _MAX_OF_A_KIND)


def with_expr(rule: Rule, expr: str) -> Rule:
    """Return the rule with another expression."""
    return replace(rule, expr=expr)


def _mended(reviewed: ReviewedRule, *, old: Node, new: Node) -> Rule:
    return with_expr(reviewed.rule, exchanged(reviewed.rule.expr, old=old, new=new))


def _shown(node: Node) -> str:
    return cleaned(promql_of(node), limit=_SHOWN_CHARS)


def is_counter(metric: str, known: KnownData) -> bool:
    """Whether a metric only grows: by its metadata, else by its name."""
    kind = known.types.get(metric, "unknown")
    return kind == "counter" if kind != "unknown" else metric.endswith(_COUNTER_SUFFIXES)


def usual_range_ms(known: KnownData) -> int:
    """Return five minutes, or more where samples come seldom."""
    needed = math.ceil((known.spacing_seconds or 0.0) * _MIN_SCRAPES / 60) * 60_000
    return max(_USUAL_RANGE_MS, needed)


def _raw_counters(reviewed: ReviewedRule, root: Node, known: KnownData) -> Iterator[Finding]:
    seen: set[str] = set()
    for place in walk(root):
        node = place.node
        if not isinstance(node, VectorNode) or _HANDLED.intersection(place.names_around):
            continue
        metric = metric_of(node)
        if ":" in metric or not is_counter(metric, known) or selector_text(node) in seen:
            continue
        seen.add(selector_text(node))
        increase = CallNode("increase", (MatrixNode(node, usual_range_ms(known)),))
        inside_range = bool(place.around) and isinstance(place.around[-1], MatrixNode)
        yield Finding(
            "raw_counter",
            reviewed.index,
            f"{_shown(node)} is read without rate() or increase().",
            f"Compare what it grew by, {_shown(increase)}; the limit then counts events in that time.",
            None if inside_range else _mended(reviewed, old=node, new=increase),
        )


def _rates(reviewed: ReviewedRule, root: Node, known: KnownData) -> Iterator[Finding]:
    for place in walk(root):
        node = place.node
        if not isinstance(node, CallNode) or node.function not in RATE_FUNCTIONS:
            continue
        inner = node.args[0]
        if isinstance(inner, SubqueryNode):
            yield from _rate_of_sum(reviewed, node, inner)
        elif isinstance(inner, MatrixNode):
            yield from _rate_of_metric(reviewed, node, inner, known)


def _rate_of_sum(reviewed: ReviewedRule, node: CallNode, inner: SubqueryNode) -> Iterator[Finding]:
    aggregate = inner.expr
    sums = [place.node for place in walk(aggregate) if isinstance(place.node, AggregateNode)]
    if not sums or any(isinstance(place.node, MatrixNode) for place in walk(aggregate)):
        return
    changed: Rule | None = None
    shown = f"sum({node.function}(x[5m]))"
    if isinstance(aggregate, AggregateNode) and isinstance(aggregate.expr, VectorNode):
        rate = CallNode(node.function, (MatrixNode(aggregate.expr, inner.range_ms),))
        turned = replace(aggregate, expr=rate)
        changed, shown = _mended(reviewed, old=node, new=turned), _shown(turned)
    yield Finding("rate_of_sum", reviewed.index, f"{_shown(node)} rates a sum.", f"Write {shown}.", changed)


def _rate_of_metric(reviewed: ReviewedRule, node: CallNode, inner: MatrixNode, known: KnownData) -> Iterator[Finding]:
    metric = metric_of(inner.vector)
    if known.types.get(metric) == "gauge":
        better = replace(node, function=_GAUGE_FUNCTIONS[node.function])
        yield Finding(
            "rate_of_gauge",
            reviewed.index,
            f"{node.function}() on {cleaned(metric)}, which is a gauge by its metadata.",
            f"Use {better.function}().",
            _mended(reviewed, old=node, new=better),
        )
        return
    if node.function == "irate" and isinstance(reviewed.rule, AlertRule):
        better = replace(node, function="rate")
        yield Finding(
            "irate",
            reviewed.index,
            f"{_shown(node)} in an alert.",
            "Use rate().",
            _mended(reviewed, old=node, new=better),
        )
    if known.spacing_seconds and inner.range_ms < _MIN_SCRAPES * known.spacing_seconds * 1000:
        longer = replace(node, args=(replace(inner, range_ms=usual_range_ms(known)),))
        spacing = format_duration(known.spacing_seconds)
        gone = inner.range_ms <= known.spacing_seconds * 1000
        yield Finding(
            "short_range",
            reviewed.index,
            f"{_shown(node)} while samples come every {spacing}"
            + (": Prometheus 3 finds one sample in it and no rate at all." if gone else "."),
            f"Use a range of at least {format_duration(usual_range_ms(known) / 1000)}.",
            _mended(reviewed, old=node, new=longer),
        )


def _quantiles(reviewed: ReviewedRule, root: Node, known: KnownData) -> Iterator[Finding]:  # noqa: ARG001
    for place in walk(root):
        node = place.node
        if isinstance(node, CallNode) and node.function == "histogram_quantile":
            yield from _without_le(reviewed, node)
        if isinstance(node, AggregateNode) and node.op in ("avg", "sum"):
            yield from _mean_of_quantiles(reviewed, node)


def _without_le(reviewed: ReviewedRule, node: CallNode) -> Iterator[Finding]:
    inner = node.args[-1]
    if not isinstance(inner, AggregateNode) or inner.op in ("topk", "bottomk"):
        return
    if ("le" in inner.labels) != inner.without:
        return
    labels = tuple(name for name in inner.labels if name != "le") if inner.without else ("le", *inner.labels)
    mended = replace(inner, labels=labels)
    yield Finding(
        "quantile_without_le",
        reviewed.index,
        f"{_shown(inner)} drops the label le.",
        f"Keep it: {_shown(mended)}.",
        _mended(reviewed, old=inner, new=mended),
    )


def _mean_of_quantiles(reviewed: ReviewedRule, node: AggregateNode) -> Iterator[Finding]:
    inner = node.expr
    better: Node | None
    if isinstance(inner, CallNode) and inner.function == "histogram_quantile":
        buckets = AggregateNode(
            "sum", inner.args[1], None, ("le", *(n for n in node.labels if n != "le")), without=False
        )
        is_plain = not node.without and isinstance(inner.args[1], CallNode)
        better = replace(inner, args=(inner.args[0], buckets)) if is_plain else None
        advice = "Add up the buckets first, then take the quantile"
    elif any(
        match.name == _QUANTILE_LABEL
        for place in walk(inner)
        if isinstance(place.node, VectorNode)
        for match in place.node.matchers
    ):
        better, advice = replace(node, op="max"), "Take the worst instance, which is an honest bound"
    else:
        return
    yield Finding(
        "mean_of_quantiles",
        reviewed.index,
        f"{_shown(node)} averages quantiles.",
        f"{advice}{f': {_shown(better)}' if better else ''}.",
        None if better is None else _mended(reviewed, old=node, new=better),
    )


def _comparisons(reviewed: ReviewedRule, root: Node, known: KnownData) -> Iterator[Finding]:  # noqa: ARG001
    for place in walk(root):
        node = place.node
        if not isinstance(node, BinaryNode) or node.op not in ("==", "!=") or not isinstance(node.right, NumberNode):
            continue
        limit = node.right.value
        if limit == int(limit) and not (limit and _is_computed(node.left)):
            continue
        better = replace(node, op=">=") if node.op == "==" else None
        yield Finding(
            "exact_comparison",
            reviewed.index,
            f"{_shown(node)} compares with {node.op} {exact_number(limit)}.",
            "Compare with >= or <=, whichever side is bad." if better else "Say which side is bad with > or <.",
            None if better is None else _mended(reviewed, old=node, new=better),
        )


def _is_computed(node: Node) -> bool:
    return any(
        (isinstance(part, BinaryNode) and part.op in ("/", "*"))
        or (isinstance(part, AggregateNode) and part.op in ("avg", "stddev", "quantile"))
        or (isinstance(part, CallNode) and part.function in (*RATE_FUNCTIONS, "avg_over_time", "histogram_quantile"))
        for part in (place.node for place in walk(node))
    )


def _divisions(reviewed: ReviewedRule, root: Node, known: KnownData) -> Iterator[Finding]:  # noqa: ARG001
    for place in walk(root):
        node = place.node
        if not isinstance(node, BinaryNode) or node.op != "/" or not _counts_traffic(node.right):
            continue
        if _is_guarded(node, place.around):
            continue
        zero = NumberNode(0.0)
        guarded = replace(node, right=BinaryNode(">", node.right, zero, return_bool=False, matching=Matching()))
        yield Finding(
            "unguarded_division",
            reviewed.index,
            f"{_shown(node.right)} can be 0.",
            "Let only a divisor above 0 through.",
            _mended(reviewed, old=node, new=guarded),
        )


def _counts_traffic(node: Node) -> bool:
    return value_type(node) == "vector" and any(
        isinstance(place.node, CallNode) and place.node.function in RATE_FUNCTIONS for place in walk(node)
    )


def _is_guarded(node: BinaryNode, around: tuple[Node, ...]) -> bool:
    if any(isinstance(place.node, BinaryNode) and place.node.op in COMPARISONS for place in walk(node.right)):
        return True
    return any(isinstance(part, BinaryNode) and part.op in ("and", "unless") for part in around)


def _absents(reviewed: ReviewedRule, root: Node, known: KnownData) -> Iterator[Finding]:  # noqa: ARG001
    for place in walk(root):
        node = place.node
        if not isinstance(node, CallNode) or node.function not in ("absent", "absent_over_time"):
            continue
        inner = node.args[0]
        vector = inner.vector if isinstance(inner, MatrixNode) else inner
        if not isinstance(vector, VectorNode):
            continue
        own = [match for match in vector.matchers if match.name != "__name__"]
        if len(own) <= _MAX_ABSENT_MATCHERS and not any(match.op in ("=~", "!~") for match in own):
            continue
        kept = next((match for name in _IDENTITY for match in own if match.name == name and match.op == "="), None)
        name = [match for match in vector.matchers if match.name == "__name__"]
        fewer = replace(vector, matchers=(*name, *([kept] if kept else [])))
        yield Finding(
            "broad_absent",
            reviewed.index,
            f"{_shown(node)} depends on {len(own)} matchers.",
            f"Ask for no more than who it is: {_shown(fewer)}.",
            _mended(reviewed, old=vector, new=fewer) if name else None,
        )


def _lost_ratios(reviewed: ReviewedRule, root: Node) -> Iterator[Finding]:
    for place in walk(root):
        node = place.node
        if not isinstance(node, BinaryNode) or node.op not in ("<", "<=") or node.return_bool:
            continue
        ratio = node.left
        if not isinstance(ratio, BinaryNode) or ratio.op != "/" or not _is_part_of(ratio.left, ratio.right):
            continue
        none = BinaryNode("*", NumberNode(0.0), ratio.right, return_bool=False, matching=Matching())
        kept = BinaryNode("or", ratio.left, none, return_bool=False, matching=Matching(cardinality="many-to-many"))
        yield Finding(
            "vanishing_numerator",
            reviewed.index,
            f"{_shown(ratio.left)} has no series once nothing succeeds.",
            "Count a share that is not there as 0, or alert on the share of errors.",
            _mended(reviewed, old=ratio, new=replace(ratio, left=kept)),
        )


def _is_part_of(part: Node, whole: Node) -> bool:
    """Whether the numerator selects some of the divisor's series by further matchers."""
    parts, wholes = (
        [place.node for place in walk(side) if isinstance(place.node, VectorNode)] for side in (part, whole)
    )
    if len(parts) != 1 or len(wholes) != 1 or any(isinstance(place.node, BinaryNode) for place in walk(part)):
        return False
    is_same_metric = metric_of(parts[0]) == metric_of(wholes[0]) != ""
    more = set(parts[0].matchers) - set(wholes[0].matchers)
    return is_same_metric and any(match.op in ("=", "=~") for match in more)


def longest_range_ms(node: Node) -> int:
    """Return the length of the longest range of an expression, 0 where there is none."""
    return max(
        (
            part.range_ms
            for part in (place.node for place in walk(node))
            if isinstance(part, (MatrixNode, SubqueryNode))
        ),
        default=0,
    )


def is_noisy_without_for(node: Node) -> bool:
    """Whether one odd sample is enough for the expression to return something."""
    return longest_range_ms(node) < _LONG_RANGE_MS and any(isinstance(place.node, VectorNode) for place in walk(node))
