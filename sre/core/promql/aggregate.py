"""Aggregations over the series of a vector: sum, avg, topk and the rest, by or without labels."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sre.core.errors import InputError, RefusedError
from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql.frames import Vector, empty_vector
from sre.core.promql.label_functions import checked_label_name
from sre.core.promql.over_time import quantiles
from sre.core.series import BoolArray, FloatArray, IntArray

_INT64_LIMIT = 2.0**63
# Each is a label set of its own; more is a mistake in the query rather than an answer.
MAX_COUNTED_VALUES = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Rows of a vector, brought together by group.

    Attributes:
        labels: One label set a group.
        order: shape (rows,), the rows sorted by group.
        starts: shape (groups,), where each group begins in `order`.
        of_row: shape (rows,), the group of each row.
    """

    labels: tuple[Labels, ...]
    order: IntArray
    starts: IntArray
    of_row: IntArray

    def __iter__(self) -> Iterator[IntArray]:
        """Yield the rows of each group."""
        return iter(np.split(self.order, self.starts[1:]))


def grouped(labels: Sequence[Labels], names: Sequence[str], *, without: bool) -> Groups:
    """Return the rows grouped by the labels in `names`, or by all others but the metric name."""
    kept = [one.without(METRIC_NAME, *names) if without else one.only(names) for one in labels]
    numbers: dict[Labels, int] = {}
    of_row = np.array([numbers.setdefault(key, len(numbers)) for key in kept], dtype=np.int64)
    order = np.argsort(of_row, kind="stable")
    starts = np.searchsorted(of_row[order], np.arange(len(numbers)))
    return Groups(tuple(numbers), order, starts, of_row)


@dataclass(frozen=True, slots=True, eq=False)
class _Sorted:
    """Values and presence with rows in group order, shapes (rows, steps); counts of shape (groups, steps)."""

    values: FloatArray
    present: BoolArray
    starts: IntArray
    counts: IntArray
    group_of_row: IntArray
    left_open: bool

    def reduce(self, ufunc: np.ufunc, values: FloatArray, *, absent: float) -> FloatArray:
        filled = values if self.present.all() else np.where(self.present, values, absent)
        return np.asarray(ufunc.reduceat(filled, self.starts, axis=0))


_Reduction: TypeAlias = Callable[[_Sorted], FloatArray]


def aggregated(op: str, vector: Vector, names: Sequence[str], *, without: bool, left_open: bool) -> Vector:
    """Return sum, avg, min, max, count, group, stddev or stdvar over each group."""
    if not vector.labels:
        return empty_vector(vector.values.shape[1])
    groups = grouped(vector.labels, names, without=without)
    present = vector.present[groups.order]
    counts = np.add.reduceat(present.astype(np.int64), groups.starts, axis=0)
    rows = _Sorted(vector.values[groups.order], present, groups.starts, counts, groups.of_row[groups.order], left_open)
    return Vector(groups.labels, _REDUCTIONS[op](rows), counts > 0)


def _sum(rows: _Sorted) -> FloatArray:
    return rows.reduce(np.add, rows.values, absent=0.0)


def _avg(rows: _Sorted) -> FloatArray:
    sums = _sum(rows)
    if not np.isinf(sums).any():
        return np.asarray(sums / rows.counts)
    # The sum may have overflowed where the mean does not.
    shares = rows.values / rows.counts[rows.group_of_row]
    return np.where(np.isinf(sums), rows.reduce(np.add, shares, absent=0.0), sums / rows.counts)


def _stdvar(rows: _Sorted) -> FloatArray:
    """Population variance, measured from the group's smallest value so that equal values give exactly 0."""
    base = rows.reduce(np.fmin, rows.values, absent=np.nan)
    shifted = rows.values - base[rows.group_of_row]
    mean = rows.reduce(np.add, shifted, absent=0.0) / rows.counts
    deviations = shifted - mean[rows.group_of_row]
    variance = rows.reduce(np.add, deviations * deviations, absent=0.0) / rows.counts
    return variance if rows.left_open else np.where(rows.counts == 1, 0.0, variance)


_REDUCTIONS: Mapping[str, _Reduction] = {
    "sum": _sum,
    "avg": _avg,
    "min": lambda rows: rows.reduce(np.fmin, rows.values, absent=np.nan),
    "max": lambda rows: rows.reduce(np.fmax, rows.values, absent=np.nan),
    "count": lambda rows: rows.counts.astype(float),
    "group": lambda rows: np.ones(rows.counts.shape),
    "stdvar": _stdvar,
    "stddev": lambda rows: np.sqrt(_stdvar(rows)),
}


def quantile(vector: Vector, names: Sequence[str], *, without: bool, at: FloatArray) -> Vector:
    """Return the quantile `at` (shape (steps,)) of each group."""
    groups = grouped(vector.labels, names, without=without)
    values = np.zeros((len(groups.labels), vector.values.shape[1]))
    present = np.zeros(values.shape, dtype=np.bool_)
    for number, rows in enumerate(groups if groups.labels else ()):
        there = vector.present[rows]
        alive = there.any(axis=0)
        present[number] = alive
        values[number, alive] = quantiles(vector.values[rows][:, alive].T, there[:, alive].T, at[alive])
    return Vector(groups.labels, values, present)


def limited(op: str, vector: Vector, names: Sequence[str], *, without: bool, limit: FloatArray) -> Vector:
    """Return topk or bottomk: the `limit` (shape (steps,)) largest or smallest of each group, labels kept.

    Among equals the earlier row stays; NaN stays only where nothing else is left. On a single step the rows come
    out group by group, best first.

    Raises:
        InputError: A limit is not a number that fits an integer.
    """
    if not (np.abs(limit) < _INT64_LIMIT).all():
        raise InputError(f"the number of series for {op} must be a whole number, not NaN or infinite.", field="query")
    if not vector.labels:
        return vector
    wanted = limit.astype(np.int64)
    kept = np.zeros(vector.present.shape, dtype=np.bool_)
    best_first: list[IntArray] = []
    for rows in grouped(vector.labels, names, without=without):
        order = _best_first(vector.values[rows], vector.present[rows], largest=op == "topk")
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(len(rows))[:, np.newaxis], axis=0)
        kept[rows] = rank < wanted
        best_first.append(rows[order[:, 0]])
    result = Vector(vector.labels, vector.values, vector.present & kept)
    return result.rows(np.concatenate(best_first)) if vector.values.shape[1] == 1 else result


def _best_first(values: FloatArray, present: BoolArray, *, largest: bool) -> IntArray:
    """Return the order of the rows at each step, shape (rows, steps): best, then NaN, then absent."""
    is_nan = np.isnan(values)
    kind = np.where(present, is_nan, 2).astype(np.int8)
    keys = np.where(is_nan, 0.0, -values if largest else values)
    return np.lexsort((keys, kind), axis=0)


def count_values(vector: Vector, names: Sequence[str], *, without: bool, label: str) -> Vector:
    """Return how many series of each group have each value, the value spelt out in `label`."""
    checked_label_name(label, role="label of count_values")
    rows, steps = np.nonzero(vector.present)
    if len(rows) == 0:
        return empty_vector(vector.values.shape[1])
    distinct, code = _distinct_values(vector.values[rows, steps])
    spelt = [spelt_value(value) for value in distinct]
    pair, pair_of_point = np.unique(rows * len(distinct) + code, return_inverse=True)
    if len(pair) > MAX_COUNTED_VALUES:
        raise RefusedError(
            f"count_values would make {len(pair)} series; the limit is {MAX_COUNTED_VALUES}.",
            next_steps=("Round the values first, or ask for a shorter window or fewer series.",),
        )
    kept = names if without else (*names, label)
    labels = [
        vector.labels[int(row)].replaced(**{label: spelt[int(value)]})
        for row, value in zip(pair // len(distinct), pair % len(distinct), strict=True)
    ]
    groups = grouped(labels, kept, without=without)
    step_count = vector.values.shape[1]
    cells = groups.of_row[pair_of_point] * step_count + steps
    counts = np.bincount(cells, minlength=len(groups.labels) * step_count).reshape(-1, step_count)
    return Vector(groups.labels, counts.astype(float), counts > 0)


def _distinct_values(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the distinct values, all NaN as one and -0 apart from 0, and the number of each value's own."""
    bits = np.where(np.isnan(values), np.nan, values).view(np.int64)
    distinct, code = np.unique(bits, return_inverse=True)
    return distinct.view(np.float64), code


def spelt_value(value: float) -> str:
    """Return the shortest decimal spelling without exponent, as Go's FormatFloat(v, 'f', -1, 64)."""
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return np.format_float_positional(value, trim="-")
