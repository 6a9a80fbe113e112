"""What the PromQL of an SLO's definition has to be, beyond parsing."""

from sre.core.errors import InputError, RefusedError
from sre.core.promql.nodes import AggregateNode, Node, VectorNode
from sre.core.promql.syntax import Query, parse
from sre.core.promql_text import WINDOW
from sre.core.promql_tree import used_selectors, walk
from sre.core.slo.count_query import WINDOW_MARK
from sre.core.slo.model import Indicator, RatioIndicator

# Any range will do to parse a template.
_PROBE_RANGE = "5m"
_WINDOW_SPELLINGS = (WINDOW_MARK, "{{.window}}", "{{ .window }}", "${window}")


def sampled_query_problem(query: str) -> tuple[str, str] | None:
    """Return what is wrong with the PromQL of a raw ratio or a threshold and how to mend it, or None.

    It is looked at again and again, so it has to be an instant vector that needs no window put in. PromQL that only
    recorded data cannot answer is no problem.
    """
    if any(spelling in query for spelling in _WINDOW_SPELLINGS):
        return "has a $window, but is looked at once a minute as it is", "write a range such as [5m], or give counters"
    try:
        parsed = parse(query)
    except InputError as error:
        return error.message.rstrip("."), "; ".join(error.next_steps) or "mend the PromQL"
    except RefusedError:
        return None
    if parsed.value_type == "vector":
        return None
    return f"is a {parsed.value_type} and no instant vector", "give one value a series, such as a gauge or a ratio"


def gauge_as_count(query: str) -> str | None:
    """Return the template that counts the events of a gauge which holds those of each scrape, or None.

    Only one selector, with or without `sum` around it, has one meaning.
    """
    parsed = _parsed(query)
    if parsed is None:
        return None
    node: Node = parsed.ast
    while isinstance(node, AggregateNode) and node.op == "sum":
        node = node.expr
    used = used_selectors(node)
    if not isinstance(node, VectorNode) or not used[0].is_now:
        return None
    return f"sum_over_time({used[0].text}[{WINDOW}])"


def queries_of(indicator: Indicator) -> dict[str, str]:
    """Return the PromQL of an indicator as it is written, by what it is: good, bad, total, or query."""
    if isinstance(indicator, RatioIndicator):
        sides = {"good": indicator.good, "bad": indicator.bad, "total": indicator.total}
        return {side: query for side, query in sides.items() if query}
    return {"query": indicator.query}


def selectors_of(query: str) -> tuple[str, ...]:
    """Return the selectors that a query of an indicator reads, each once; none where it cannot be told."""
    parsed = _parsed(query)
    if parsed is None:
        return ()
    return tuple(dict.fromkeys(selector.text for selector in used_selectors(parsed.ast)))


def metrics_of(query: str) -> tuple[str, ...]:
    """Return the metric names that a query of an indicator reads, each once."""
    parsed = _parsed(query)
    if parsed is None:
        return ()
    return tuple(dict.fromkeys(selector.metric for selector in used_selectors(parsed.ast) if selector.metric))


def labels_dropped(query: str, labels: tuple[str, ...], *, is_counter: bool) -> tuple[str, ...]:
    """Return which labels a query aggregates away, so that nothing can be grouped by them.

    Args:
        is_counter: The query is a sum of counters, whose own aggregations are replaced by one that keeps the labels;
            only a template with `$window` is evaluated as it is written.
    """
    if is_counter and not any(spelling in query for spelling in _WINDOW_SPELLINGS):
        return ()
    parsed = _parsed(query)
    if parsed is None:
        return ()
    aggregations = [place.node for place in walk(parsed.ast) if isinstance(place.node, AggregateNode)]
    return tuple(label for label in labels if any((label in node.labels) == node.without for node in aggregations))


def _parsed(query: str) -> Query | None:
    probe = query
    for spelling in _WINDOW_SPELLINGS:
        probe = probe.replace(spelling, _PROBE_RANGE)
    try:
        return parse(probe)
    except (InputError, RefusedError):
        return None
