"""Why a query may have nothing to say although its selectors find data, and how to say what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre.core.labels import METRIC_NAME
from sre.core.promql.matcher import Matcher
from sre.core.promql.nodes import COMPARISONS, AggregateNode, BinaryNode, CallNode, Node, NumberNode, VectorNode
from sre.core.promql_tree import drops_points, metric_of, selector_text, walk
from sre.core.text import nearest_names, quoted
from sre.core.times import format_duration
from sre.metrics.query_checks import keeps_le

_NEAREST = 5
# Steps no longer than the usual time between scrapes look at everything there is.
_SEES_ALL_SECONDS = 60.0
_HISTOGRAM_PARTS = ("_sum", "_count", "_total")


@dataclass(frozen=True, slots=True)
class Emptiness:
    """One cause of an empty answer.

    Attributes:
        because: A sentence; names from outside are not in it, only those the caller wrote.
        nearest: Names or values that do exist.
        next_steps: What to ask instead.
    """

    because: str
    nearest: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()


def without_metric(metric: str, names: Sequence[str]) -> Emptiness:
    """Return the cause for a metric that does not exist."""
    close = nearest_metrics(metric, names)
    steps = ("use one of the names in `nearest`",) if close else ()
    return Emptiness(f"There is no metric {quoted(metric)}.", close, (*steps, "find_metrics finds metrics by words"))


def nearest_metrics(metric: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return existing metric names close to one that does not exist: by spelling, then by shared words."""
    words = {word for word in metric.lower().split("_") if len(word) > 2}
    by_words = sorted(
        (name for name in set(names) if len(words & set(name.lower().split("_"))) >= min(2, len(words)) > 0),
        key=lambda name: (-len(words & set(name.lower().split("_"))), len(name), name),
    )
    return tuple(dict.fromkeys([*nearest_names(metric, names, count=_NEAREST), *by_words]))[:_NEAREST]


def without_label(matcher: Matcher, metric: str, labels: Sequence[str]) -> Emptiness:
    """Return the cause for a matcher on a label that the metric does not have."""
    others = tuple(label for label in labels if label != METRIC_NAME)
    close = nearest_names(matcher.name, others, count=_NEAREST) or others[:_NEAREST]
    return Emptiness(
        f"{metric or 'The selection'} has no label {quoted(matcher.name)}.", close, ("use a label it has",)
    )


def without_value(matcher: Matcher, metric: str, values: Sequence[str]) -> Emptiness:
    """Return the cause for a matcher that no value of its label passes."""
    close = nearest_names(matcher.value, values, count=_NEAREST) or tuple(values[:_NEAREST])
    return Emptiness(
        f"No series of {metric or 'the selection'} has {matcher.name}{matcher.op}{quoted(matcher.value)}; "
        f"the label has {len(values)} other values.",
        close,
        (f"use one of the values of {matcher.name}",),
    )


def without_combination(vector: VectorNode) -> Emptiness:
    """Return the cause where each matcher passes some series but none passes all."""
    return Emptiness(
        f"Each matcher of {quoted(selector_text(vector))} fits some series, but no series fits all of them.",
        next_steps=("drop one matcher at a time",),
    )


def other_causes(node: Node, *, step_seconds: float | None) -> tuple[Emptiness, ...]:
    """Return what in a query can make it empty although every selector finds series.

    Args:
        step_seconds: Distance of the points it was evaluated at, or None for a single instant.
    """
    found: list[Emptiness] = []
    for place in walk(node):
        found += _causes_at(place.node, step_seconds)
    if not found and drops_points(node):
        found.append(
            Emptiness("The query filters every point out.", next_steps=("drop the condition to see the values",))
        )
    return tuple(dict.fromkeys(found)) or (
        Emptiness(
            "The selectors find series, but nothing is left after the functions; a rate needs two samples a range.",
            next_steps=("use a longer range, such as [10m]", "query the selector alone"),
        ),
    )


def _causes_at(node: Node, step_seconds: float | None) -> list[Emptiness]:
    match node:
        case BinaryNode(op=op, return_bool=False) if op in COMPARISONS:
            return [_never_passed(node, step_seconds)]
        case BinaryNode(matching=matching, left=left, right=right) if _both_vectors(left, right):
            how = f"on ({', '.join(matching.labels)})" if matching.on else "on all labels"
            return [
                Emptiness(
                    f"The two sides of {node.op} are matched {how} and may have no labels in common.",
                    next_steps=(
                        "query each side alone and compare labels",
                        "match with on (...) or aggregate both sides",
                    ),
                )
            ]
        case CallNode(function="absent" | "absent_over_time"):
            return [Emptiness("absent() is empty because the series exist at every point asked: that is good news.")]
        case CallNode(function="histogram_quantile", args=(_, inner)):
            return _without_buckets(inner)
    return []


def _never_passed(node: BinaryNode, step_seconds: float | None) -> Emptiness:
    """Return the cause for a comparison that keeps nothing; what lies between two points is not claimed."""
    where = "there" if step_seconds is None else f"at any point asked, one every {format_duration(step_seconds)}"
    because = f"No value passes the comparison {node.op} {where}; the series exist."
    steps = (f"use `{node.op} bool` or drop the comparison to see the values",)
    if step_seconds is None or step_seconds <= _SEES_ALL_SECONDS:
        return Emptiness(because, next_steps=steps)
    closer = _looking_between(node, format_duration(step_seconds)) or "a shorter window or step=1m"
    return Emptiness(f"{because} Moments between the points were not looked at.", next_steps=(closer, *steps))


def _looking_between(node: BinaryNode, step: str) -> str:
    """Return a query that also sees the moments between two points, where one is easily written."""
    if not isinstance(node.left, VectorNode) or not isinstance(node.right, NumberNode):
        return ""
    is_low = node.op in ("<", "<=") or (node.op == "==" and node.right.value == 0)
    if not is_low and node.op not in (">", ">="):
        return ""
    function = "min_over_time" if is_low else "max_over_time"
    return f"query: {function}({selector_text(node.left)}[{step}]) {node.op} {node.right.value:g}"


def _without_buckets(inner: Node) -> list[Emptiness]:
    """Return the cause where histogram_quantile() is given something else than buckets."""
    if isinstance(inner, AggregateNode) and not keeps_le(inner):
        return [Emptiness("histogram_quantile() finds no buckets without the le label.")]
    names = [metric_of(place.node) for place in walk(inner) if isinstance(place.node, VectorNode)]
    if not names or not all(names) or any(name.endswith("_bucket") for name in names):
        return []
    base = names[0]
    for part in _HISTOGRAM_PARTS:
        base = base.removesuffix(part)
    return [
        Emptiness(
            f"histogram_quantile() needs buckets with the le label, and {names[0]} is not named like one.",
            next_steps=(f"ask for {base}_bucket, if find_metrics lists {base} as a histogram",),
        )
    ]


def _both_vectors(left: Node, right: Node) -> bool:
    return all(any(isinstance(place.node, VectorNode) for place in walk(side)) for side in (left, right))
