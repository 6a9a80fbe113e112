"""Which values a metric needs so that an SLO's raw ratio or threshold is good or bad: the input of rule tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from sre.core.errors import InputError, RefusedError
from sre.core.labels import Labels
from sre.core.promql import Matcher, evaluate_instant, parse, selects
from sre.core.promql.nodes import MatrixNode, Node, SubqueryNode, children
from sre.core.series import Samples
from sre.core.slo.model import RawRatioIndicator, ThresholdIndicator
from sre.slo.event_series import Selector, example_values, group_candidates, selectors_of

# More selectors than this in one query, and what each of them must be can hardly be guessed (our choice).
_MAX_SELECTORS: Final = 3
_TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class ValueSeries:
    """The series of one group of an SLO.

    Attributes:
        group: Its labels; none where the SLO has no groups.
        labels: The series that varies.
        good_value: Its value when all is good.
        bad_value: Its value when all is bad; between them the share of bad is in proportion where `is_graded`.
        others: Series that the query needs as well, with the value they keep.
        is_graded: Whether a share between all and nothing can be had (a ratio; a threshold is met or not).
    """

    group: Labels
    labels: Labels
    good_value: float
    bad_value: float
    others: tuple[tuple[Labels, float], ...]
    is_graded: bool

    def value(self, share: float) -> float:
        """Return the value at a share of bad."""
        return self.good_value + share * (self.bad_value - self.good_value)


def value_series(
    indicator: RawRatioIndicator | ThresholdIndicator, *, group_by: Sequence[str] = ()
) -> tuple[ValueSeries, ...]:
    """Return the series of one or two groups; nothing where the query cannot be steered by the value of one series.

    A query over a range, such as a rate or a quantile of rates, mixes what was before into what is now, and is one of
    those.
    """
    tree = parse(indicator.query).ast
    selectors = selectors_of(tree)
    if not 1 <= len(selectors) <= _MAX_SELECTORS or _looks_back(tree):
        return ()
    found: list[ValueSeries] = []
    for group in group_candidates(selectors, group_by) if group_by else [Labels()]:
        series = _of_group(indicator, selectors, group)
        if series is not None and _keeps_group(indicator.query, series, group):
            found.append(series)
        if len(found) == (2 if group_by else 1):
            break
    return tuple(found)


def failure_share(indicator: RawRatioIndicator | ThresholdIndicator, value: float) -> float:
    """Return the share of bad that a value of the query stands for, 0..1."""
    match indicator:
        case RawRatioIndicator(is_failure=is_failure):
            ratio = min(max(value, 0.0), 1.0)
            return ratio if is_failure else 1.0 - ratio
        case ThresholdIndicator(op="lt", value=limit):
            return float(not value < limit)
        case ThresholdIndicator(op="lte", value=limit):
            return float(not value <= limit)
        case ThresholdIndicator(op="gt", value=limit):
            return float(not value > limit)
    return float(not value >= indicator.value)


def _looks_back(node: Node) -> bool:
    return isinstance(node, (MatrixNode, SubqueryNode)) or any(_looks_back(child) for child in children(node))


def _of_group(
    indicator: RawRatioIndicator | ThresholdIndicator, selectors: Sequence[Selector], group: Labels
) -> ValueSeries | None:
    series = [_selected(selector, group) for selector in selectors]
    if any(labels is None for labels in series):
        return None
    distinct = list(dict.fromkeys(labels for labels in series if labels is not None))
    values = _values(indicator)
    for varied in distinct:
        others = [labels for labels in distinct if labels != varied]
        for kept in product((1.0, 0.0, 100.0), repeat=len(others)):
            fixed = tuple(zip(others, kept, strict=True))
            found = _steered(indicator, varied, fixed, values, group)
            if found is not None:
                return found
    return None


def _selected(selector: Selector, group: Labels) -> Labels | None:
    """Return labels that a selector matches, those of the group among them."""
    names = dict.fromkeys(matcher.name for matcher in selector)
    pools = [[group[name]] if name in group else example_values(name, [selector]) for name in names]
    for values in product(*pools):
        labels = Labels({**group, **dict(zip(names, values, strict=True))})
        if labels.metric and selects(selector, labels):
            return labels
    return None


def _values(indicator: RawRatioIndicator | ThresholdIndicator) -> list[float]:
    if isinstance(indicator, RawRatioIndicator):
        return [0.0, 1.0, 100.0]
    limit = indicator.value
    return [limit / 2, limit * 2, limit + 1, limit - 1, limit * 50, limit * 200, 0.0]


def _steered(
    indicator: RawRatioIndicator | ThresholdIndicator,
    varied: Labels,
    fixed: tuple[tuple[Labels, float], ...],
    values: Sequence[float],
    group: Labels,
) -> ValueSeries | None:
    shares = {value: _share_at(indicator, {varied: value, **dict(fixed)}) for value in values}
    good = next((value for value, share in shares.items() if share is not None and share < _TOLERANCE), None)
    bad = next((value for value, share in shares.items() if share is not None and share > 1 - _TOLERANCE), None)
    if good is None or bad is None:
        return None
    made = ValueSeries(group, varied, good, bad, fixed, is_graded=isinstance(indicator, RawRatioIndicator))
    if not made.is_graded:
        return made
    quarter = _share_at(indicator, {varied: made.value(0.25), **dict(fixed)})
    return made if quarter is not None and abs(quarter - 0.25) < _TOLERANCE else None


def _share_at(indicator: RawRatioIndicator | ThresholdIndicator, values: dict[Labels, float]) -> float | None:
    found = _evaluated(indicator.query, values)
    if len(found) != 1 or not np.isfinite(found[0][1]):
        return None
    return failure_share(indicator, found[0][1])


def _keeps_group(query: str, series: ValueSeries, group: Labels) -> bool:
    """Whether the query's result still has the labels of the group."""
    found = _evaluated(query, {series.labels: series.good_value, **dict(series.others)})
    return all(labels.only(group) == group for labels, _ in found)


def _evaluated(query: str, values: dict[Labels, float]) -> list[tuple[Labels, float]]:
    try:
        result = evaluate_instant(query, store=_Values(values), at_ms=0)
    except (InputError, RefusedError):
        return []
    if result.kind == "scalar":
        return [(Labels(), float(result.values[0]))]
    return list(zip(result.labels, result.values.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class _Values:
    """A store in which each series has one value at the beginning of time."""

    values: dict[Labels, float]

    def select(self, matchers: Sequence[Matcher], *, start_ms: int, end_ms: int) -> Sequence[Samples]:  # noqa: ARG002
        return [
            Samples(labels, np.zeros(1, dtype=np.int64), np.array([value]))
            for labels, value in self.values.items()
            if selects(tuple(matchers), labels)
        ]
