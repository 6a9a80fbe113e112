"""PromQL on samples in memory: parse a query, then evaluate it at one instant or at every step of a grid.

The oracle is Prometheus: same query, same samples, same answer. What cannot be carried out is refused by name.
"""

from sre.core.promql.matcher import Matcher, selects
from sre.core.promql.options import Evaluated, EvaluationOptions, SampleStore
from sre.core.promql.queries import evaluate_instant, evaluate_range
from sre.core.promql.syntax import Query, Selector, parse, parse_selector

__all__ = [
    "Evaluated",
    "EvaluationOptions",
    "Matcher",
    "Query",
    "SampleStore",
    "Selector",
    "evaluate_instant",
    "evaluate_range",
    "parse",
    "parse_selector",
    "selects",
]
