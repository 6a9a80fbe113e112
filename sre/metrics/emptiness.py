"""Why a query may have nothing to say although its selectors find data, and how to say what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre.core.labels import METRIC_NAME
from sre.core.promql.matcher import Matcher
from sre.core.promql.nodes import COMPARISONS, AggregateNode, BinaryNode, CallNode, Node, VectorNode
from sre.core.text import nearest_names, quoted
from sre.metrics.query_tree import drops_points, selector_text, walk

_NEAREST = 5


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


def other_causes(node: Node) -> tuple[Emptiness, ...]:
    """Return what in a query can make it empty although every selector finds series."""
    found: list[Emptiness] = []
    for place in walk(node):
        found += _causes_at(place.node)
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


def _causes_at(node: Node) -> list[Emptiness]:
    match node:
        case BinaryNode(op=op, return_bool=False) if op in COMPARISONS:
            return [
                Emptiness(
                    f"No value passes the comparison {op}: the series exist, the condition is never met.",
                    next_steps=(f"use `{op} bool` or drop the comparison to see the values",),
                )
            ]
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
            return [Emptiness("absent() is empty because the series exist: that is good news.")]
        case CallNode(function="histogram_quantile", args=(_, AggregateNode() as inner)) if "le" not in inner.labels:
            return [Emptiness("histogram_quantile() finds no buckets without the le label.")]
    return []


def _both_vectors(left: Node, right: Node) -> bool:
    return all(any(isinstance(place.node, VectorNode) for place in walk(side)) for side in (left, right))
