"""What can be wrong with a query, seen from its text alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from sre.core.promql.nodes import AggregateNode, CallNode, MatrixNode, Node, SubqueryNode, VectorNode
from sre.core.promql_tree import COUNTER_SAFE, RATE_FUNCTIONS, Place, metric_of, name_of, selector_text, walk
from sre.core.text import cleaned
from sre.core.times import format_duration

# OpenMetrics 1.0, "Counter" and "Histogram": these suffixes belong to values that only grow.
_SURE_COUNTER = ("_total", "_bucket")
_LIKELY_COUNTER = ("_count", "_sum")
_NAME_LIMIT = 80
_DIFFERENCES = frozenset({"delta", "idelta", "deriv"})
_HANDLED = COUNTER_SAFE | _DIFFERENCES
# Prometheus looks back so far for a sample; what is older between two points is in no answer.
_LOOKBACK_SECONDS = 300.0


def query_warnings(node: Node, *, step_seconds: float | None) -> tuple[str, ...]:
    """Return what is likely wrong with a query, each with how to mend it.

    Args:
        step_seconds: Distance of the points it is evaluated at, or None for a single instant.
    """
    found = [*_raw_counters(node), *_hidden_resets(node), *_quantiles_without_le(node), *_delta_of_counters(node)]
    if step_seconds is not None:
        found += _unseen_peaks(node, step_seconds)
    return tuple(dict.fromkeys(found))


def unseen_between_points(node: Node, *, step_seconds: float) -> tuple[str, ...]:
    """Return a warning where a gauge is read so seldom that a dip or peak fits between two points."""
    if step_seconds <= _LOOKBACK_SECONDS:
        return ()
    gauges = [
        place.node
        for place in walk(node)
        if isinstance(place.node, VectorNode)
        and not any(isinstance(part, (MatrixNode, SubqueryNode)) for part in place.around)
        and not metric_of(place.node).endswith(_SURE_COUNTER)
    ]
    if not gauges:
        return ()
    step, text = format_duration(step_seconds), selector_text(gauges[0])
    name = text if len(text) <= _NAME_LIMIT else "..."
    return (
        f"One value every {step} was read; shorter dips and peaks stay unseen, and min and max are of these values. "
        f"Use min_over_time({name}[{step}]) or max_over_time({name}[{step}]) to see them.",
    )


def counter_warning(metric: str) -> str:
    """Return the warning about a counter that is read as it is."""
    name = cleaned(metric, limit=_NAME_LIMIT)
    return (
        f"{name} is a counter read without rate(): its level only says how long the process has run. "
        f"Use rate({name}[5m]) or increase({name}[1h])."
    )


@dataclass(frozen=True, slots=True)
class Rated:
    """A metric inside rate(), irate() or increase().

    Attributes:
        selector: As PromQL with its range.
    """

    metric: str
    function: str
    selector: str


def rates_of_unsure_names(node: Node) -> tuple[Rated, ...]:
    """Return what is rated although its name is not that of a counter; a counter's name is taken at its word.

    Names of recording rules are left out: nobody keeps metadata of them.
    """
    calls = [place.node for place in walk(node) if isinstance(place.node, CallNode)]
    rated = [
        Rated(metric_of(inner.vector), call.function, _with_range(inner))
        for call in calls
        if call.function in RATE_FUNCTIONS and call.args and isinstance(inner := call.args[0], MatrixNode)
    ]
    by_metric = {one.metric: one for one in reversed(rated)}
    unsure = [name for name in by_metric if name and ":" not in name and not is_counter_like_name(name)]
    return tuple(by_metric[name] for name in reversed(unsure))


def gauge_warning(rated: Rated) -> str:
    """Return the warning about a gauge that is read as if it were a counter."""
    name, selector = (cleaned(text, limit=_NAME_LIMIT) for text in (rated.metric, rated.selector))
    selector = selector if selector == rated.selector else f"{name}[5m]"
    return (
        f"{name} is a gauge by its metadata: {rated.function}() takes every fall for a restart and adds to the growth. "
        f"Use deriv({selector}) for its slope a second, or delta({selector}) for its change."
    )


def _with_range(node: MatrixNode) -> str:
    return f"{selector_text(node.vector)}[{format_duration(node.range_ms / 1000)}]"


def possible_counters(node: Node) -> tuple[str, ...]:
    """Return metrics read without rate whose name does not say whether they are counters; the data may."""
    return tuple(
        dict.fromkeys(
            metric for metric in map(_metric, _raw_places(node)) if metric and not metric.endswith(_SURE_COUNTER)
        )
    )


def is_counter_like_name(metric: str) -> bool:
    """Return whether the name alone suggests a counter."""
    return metric.endswith((*_SURE_COUNTER, *_LIKELY_COUNTER))


def _raw_counters(node: Node) -> list[str]:
    metrics = {_metric(place) for place in _raw_places(node)}
    return [counter_warning(metric) for metric in sorted(metrics) if metric.endswith(_SURE_COUNTER)]


def _raw_places(node: Node) -> Iterator[Place]:
    for place in walk(node):
        if isinstance(place.node, VectorNode) and not _HANDLED.intersection(place.names_around):
            yield place


def _metric(place: Place) -> str:
    return metric_of(place.node) if isinstance(place.node, VectorNode) else ""


def _hidden_resets(node: Node) -> Iterator[str]:
    for place in walk(node):
        if name_of(place.node) not in RATE_FUNCTIONS or not isinstance(place.node, CallNode):
            continue
        inner = place.node.args[0] if place.node.args else None
        if isinstance(inner, SubqueryNode) and _sums_raw_counters(inner.expr):
            yield (
                f"{place.node.function}() over a sum of counters takes every restart for a jump: "
                f"write sum({place.node.function}(x[5m])), the rate first and the sum after."
            )


def _sums_raw_counters(node: Node) -> bool:
    aggregates = [place for place in walk(node) if isinstance(place.node, AggregateNode)]
    return bool(aggregates) and any(True for _ in _raw_places(node))


def _quantiles_without_le(node: Node) -> Iterator[str]:
    for place in walk(node):
        if isinstance(place.node, CallNode) and place.node.function == "histogram_quantile":
            inner = place.node.args[-1]
            if isinstance(inner, AggregateNode) and not keeps_le(inner):
                yield "histogram_quantile() needs the le label to find its buckets: aggregate with `sum by (le, ...)`."


def keeps_le(node: AggregateNode) -> bool:
    """Return whether an aggregation leaves the label that tells buckets apart."""
    if node.op in ("topk", "bottomk"):
        return True
    return ("le" in node.labels) != node.without


def _delta_of_counters(node: Node) -> Iterator[str]:
    for place in walk(node):
        if name_of(place.node) in _DIFFERENCES and isinstance(place.node, CallNode):
            inner = place.node.args[0] if place.node.args else None
            metric = metric_of(inner.vector) if isinstance(inner, MatrixNode) else ""
            if metric.endswith(_SURE_COUNTER):
                yield f"{place.node.function}() goes wrong when the counter resets; use increase() or rate()."


def _unseen_peaks(node: Node, step_seconds: float) -> list[str]:
    narrow = [
        (place.node.range_ms / 1000, selector_text(place.node.vector))
        for place in walk(node)
        if isinstance(place.node, MatrixNode) and not any(isinstance(part, SubqueryNode) for part in place.around)
    ]
    if not narrow or min(narrow)[0] >= step_seconds:
        return []
    seconds, text = min(narrow)
    step, name = format_duration(step_seconds), cleaned(text, limit=_NAME_LIMIT)
    return [
        f"The step ({step}) is longer than the range [{format_duration(seconds)}] of {name}: "
        f"{1 - seconds / step_seconds:.0%} of the time is not looked at and short peaks stay unseen. "
        f"Use [{step}], a shorter window, or step={format_duration(seconds)}."
    ]
