"""What a query will make its source do, before it is run, and how to ask for less.

The measure is samples touched: for each selector, series times steps times samples in its range. Prometheus counts the
same thing as "queryable samples" in its query statistics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sre.core.figures import plain_text
from sre.core.labels import METRIC_NAME
from sre.core.promql.nodes import AggregateNode, MatrixNode, Node, SubqueryNode, VectorNode
from sre.core.promql_tree import Place, selector_text, used_selectors, walk
from sre.core.times import format_duration

# Our choice: Prometheus touches some ten million samples a second on one core, so this keeps it busy for about ten.
MAX_SAMPLES_TOUCHED: Final = 100_000_000
# Our choice: 2 million points are 40 to 60 MB of JSON, near the most the connector reads.
MAX_RESULT_POINTS: Final = 2_000_000
# Prometheus itself refuses more points for one series; above that a reader learns nothing more from a series.
MAX_STEPS: Final = 11_000
# Below this many samples a series, even twenty thousand series stay under the limit, so nobody is asked first.
CHEAP_SAMPLES_PER_SERIES: Final = 5_000
# Most set-ups scrape every 15 to 60 s; the shorter one keeps the estimate on the safe side.
ASSUMED_SCRAPE_SECONDS: Final = 15.0
_DEFAULT_SUBQUERY_STEP_SECONDS = 60.0
_GROUPING: Final = ("service", "app", "job", "namespace", "cluster")
_NOT_GROUPING: Final = frozenset({METRIC_NAME, "instance", "pod", "le", "quantile", "id", "uid"})
# A first, a middle and a last point.
_FEWEST_STEPS: Final = 3
_ROUND_STEPS: Final = (60, 300, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400)


@dataclass(frozen=True, slots=True)
class SelectorCost:
    """How many samples one selector touches for each series it matches."""

    selector: str
    samples_per_series: float
    is_broad: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """Samples touched and points answered, as far as they are known."""

    samples_touched: float
    result_points: float

    @property
    def is_too_costly(self) -> bool:
        """Whether running it would hurt the source or flood the answer."""
        return self.samples_touched > MAX_SAMPLES_TOUCHED or self.result_points > MAX_RESULT_POINTS

    def text(self) -> str:
        """Return the estimate as part of a sentence."""
        read, returned = plain_text(self.samples_touched), plain_text(self.result_points)
        return f"about {read} samples read and {returned} points returned"


def selector_costs(node: Node, *, steps: int) -> tuple[SelectorCost, ...]:
    """Return what each selector costs for one series over that many steps."""
    return tuple(
        SelectorCost(selector_text(place.node), steps * _samples_a_step(place), is_broad=_is_broad(place.node))
        for place in walk(node)
        if isinstance(place.node, VectorNode)
    )


def needs_asking(costs: Sequence[SelectorCost]) -> bool:
    """Return whether the number of series has to be known before the query may run."""
    return any(cost.is_broad or cost.samples_per_series > CHEAP_SAMPLES_PER_SERIES for cost in costs)


def estimate(
    costs: Sequence[SelectorCost], series_by_selector: Mapping[str, int], *, steps: int, result_series: int
) -> Estimate:
    """Return what the query costs, given how many series its selectors match now."""
    touched = sum(cost.samples_per_series * series_by_selector.get(cost.selector, 0) for cost in costs)
    return Estimate(touched, float(steps) * result_series)


def cheaper_queries(text: str, node: Node, *, labels: Sequence[str], window_seconds: float) -> tuple[str, ...]:
    """Return ways to ask for less, most useful first; each query is complete and parses.

    Args:
        labels: Label names of the series, to group by.
    """
    # A comment at the end would swallow the closing bracket.
    inner = f"{text}\n" if "#" in text else text
    ways = []
    if isinstance(node, (MatrixNode, SubqueryNode)):
        ways += [f"avg_over_time({inner})", f"max_over_time({inner})"]
    elif not isinstance(node, AggregateNode):
        ways += [f"sum by ({label}) ({inner})" for label in labels[:1]]
        ways.append(f"topk(10, {inner})")
    elif node.op not in ("topk", "bottomk"):
        ways.append(f"topk(10, {inner})")
    advice = [f"query: {way}" for way in ways]
    if window_seconds > 3600:
        advice.append(f"a shorter window, for example start=now-{format_duration(_shorter(window_seconds))}")
    broad = [used.text for used in used_selectors(node) if _is_broad(used.vector)]
    if broad:
        advice.append("name the metric and match labels instead of selecting everything")
    return tuple(advice)


def fewer_samples(cost: Estimate, node: Node, *, steps: int, window_seconds: float) -> tuple[str, ...]:
    """Return ways to read fewer samples, or none where the samples are not too many.

    Aggregating does not help: what is summed is read first. Fewer points do, then shorter ranges, then fewer series.
    """
    if cost.samples_touched <= MAX_SAMPLES_TOUCHED:
        return ()
    allowed = int(MAX_SAMPLES_TOUCHED * steps / cost.samples_touched)
    if allowed >= _FEWEST_STEPS:
        return (f"step={format_duration(_round_step(window_seconds / (allowed - 1), window_seconds))}",)
    longest = max((_range_seconds(place.node) for place in walk(node)), default=0.0)
    # What each of so few points may look back at; nine tenths, because the range is cut to a whole minute.
    shorter = 0.9 * longest * MAX_SAMPLES_TOUCHED * steps / cost.samples_touched / _FEWEST_STEPS
    advice = ["match more labels, so that fewer series are read"]
    if shorter >= 60:
        coarse = format_duration(window_seconds / (_FEWEST_STEPS - 1))
        advice.insert(0, f"a range of at most [{format_duration(shorter // 60 * 60)}], with step={coarse}")
    return tuple(advice)


def _round_step(least: float, window_seconds: float) -> float:
    return float(min(next((step for step in _ROUND_STEPS if step >= least), window_seconds), window_seconds))


def _range_seconds(node: Node) -> float:
    return node.range_ms / 1000 if isinstance(node, (MatrixNode, SubqueryNode)) else 0.0


def grouping_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return those labels that make sense to group by, the most useful first."""
    useful = [label for label in _GROUPING if label in labels]
    return tuple(useful or [label for label in labels if label not in _NOT_GROUPING])


def coarser_step(window_seconds: float) -> float:
    """Return a round step in seconds that keeps the window within a few hundred points."""
    return float(next((step for step in _ROUND_STEPS if window_seconds / step <= 500), _ROUND_STEPS[-1]))


def _samples_a_step(place: Place) -> float:
    samples = 1.0
    for part in place.around:
        if isinstance(part, MatrixNode):
            samples *= max(1.0, part.range_ms / 1000 / ASSUMED_SCRAPE_SECONDS)
        elif isinstance(part, SubqueryNode):
            step = (part.step_ms or _DEFAULT_SUBQUERY_STEP_SECONDS * 1000) / 1000
            samples *= max(1.0, part.range_ms / 1000 / step)
    return samples


def _is_broad(vector: VectorNode) -> bool:
    return not any(match.op == "=" and match.value for match in vector.matchers if match.name == METRIC_NAME)


def _shorter(window_seconds: float) -> float:
    return max(3600.0, window_seconds / 6 // 3600 * 3600)
