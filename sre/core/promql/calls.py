"""Function calls: evaluates the arguments and hands them to the function that does the work."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

import numpy as np

from sre.core.labels import Labels
from sre.core.promql.dates import DATE_FUNCTIONS
from sre.core.promql.frames import Scalar, Value, Vector, Windows, distinct_rows, joined_rows
from sre.core.promql.functions import WINDOW_FUNCTIONS
from sre.core.promql.histogram import histogram_quantile
from sre.core.promql.label_functions import absent_labels, label_join, label_replace
from sre.core.promql.math_functions import MATH_FUNCTIONS, not_above, not_below, rounded
from sre.core.promql.nodes import CallNode, MatrixNode, Node, StringNode, VectorNode
from sre.core.promql.options import EvaluationOptions
from sre.core.promql.over_time import holt_winters, predict_linear, quantile_over_time
from sre.core.promql.regex import full_match_regex
from sre.core.promql.windows import Kernel, over_windows
from sre.core.series import FloatArray, Grid


class Evaluating(Protocol):
    """What a function may ask of the evaluator."""

    @property
    def options(self) -> EvaluationOptions:
        """Limits and dialect."""
        ...

    def vector(self, node: Node, grid: Grid) -> Vector:
        """Return the value of an instant vector expression."""
        ...

    def scalar(self, node: Node, grid: Grid) -> FloatArray:
        """Return the value of a scalar expression, shape (steps,)."""
        ...

    def windows(self, node: Node, grid: Grid) -> Windows:
        """Return the windows of a range vector expression."""
        ...

    def sample_times(self, node: VectorNode, grid: Grid) -> Vector:
        """Return when the samples were taken that a selector sees, epoch seconds."""
        ...

    def pause(self) -> None:
        """End the work if the caller wants it ended."""
        ...


def called(evaluating: Evaluating, node: CallNode, grid: Grid) -> Value:
    """Return the value of a function call at every step."""
    name = node.function
    if name in WINDOW_FUNCTIONS:
        return _over_windows(evaluating, node, grid, WINDOW_FUNCTIONS[name])
    if name in MATH_FUNCTIONS:
        vector = evaluating.vector(node.args[0], grid)
        return _with_values(vector, MATH_FUNCTIONS[name](vector.values))
    if name in DATE_FUNCTIONS:
        vector = evaluating.vector(node.args[0], grid) if node.args else _unlabelled(grid.times_ms() // 1000)
        return _with_values(vector, DATE_FUNCTIONS[name](vector.values))
    return _CALLS[name](evaluating, node, grid)


def _over_windows(evaluating: Evaluating, node: CallNode, grid: Grid, kernel: Kernel) -> Vector:
    windows = evaluating.windows(next(arg for arg in node.args if not _is_scalar_argument(node, arg)), grid)
    vector = over_windows(windows, kernel, left_open=evaluating.options.left_open, pause=evaluating.pause)
    return distinct_rows(vector if node.function == "last_over_time" else vector.nameless())


def _is_scalar_argument(node: CallNode, arg: Node) -> bool:
    return arg is not node.args[1 if node.function == "quantile_over_time" else 0]


def _quantile_over_time(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    quantile = evaluating.scalar(node.args[0], grid)
    return _over_windows(evaluating, node, grid, quantile_over_time(quantile))


def _predict_linear(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    ahead = evaluating.scalar(node.args[1], grid)
    return _over_windows(evaluating, node, grid, predict_linear(ahead, grid.times_ms()))


def _holt_winters(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    smoothing, trend = (evaluating.scalar(arg, grid) for arg in node.args[1:])
    return _over_windows(evaluating, node, grid, holt_winters(smoothing, trend))


def _absent(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    vector = evaluating.vector(node.args[0], grid)
    return _present_where_absent(node.args[0], vector)


def _absent_over_time(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    windows = evaluating.windows(node.args[0], grid)
    there = windows.stop > windows.first
    return _present_where_absent(node.args[0], Vector(windows.labels, np.ones(there.shape), there))


def _present_where_absent(arg: Node, vector: Vector) -> Vector:
    missing = np.asarray(~vector.present.any(axis=0))
    selector = arg.vector if isinstance(arg, MatrixNode) else arg
    labels = absent_labels(selector.matchers) if isinstance(selector, VectorNode) else Labels()
    return Vector((labels,), np.ones((1, len(missing))), missing[np.newaxis])


def _clamp(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    vector = evaluating.vector(node.args[0], grid)
    low, high = (evaluating.scalar(arg, grid) for arg in node.args[1:])
    clamped = _with_values(vector, not_below(not_above(vector.values, high), low))
    return Vector(clamped.labels, clamped.values, clamped.present & ~(high < low))


def _clamp_min(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    vector = evaluating.vector(node.args[0], grid)
    return _with_values(vector, not_below(vector.values, evaluating.scalar(node.args[1], grid)))


def _clamp_max(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    vector = evaluating.vector(node.args[0], grid)
    return _with_values(vector, not_above(vector.values, evaluating.scalar(node.args[1], grid)))


def _round(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    vector = evaluating.vector(node.args[0], grid)
    nearest = evaluating.scalar(node.args[1], grid) if len(node.args) > 1 else np.ones(grid.count)
    return _with_values(vector, rounded(vector.values, nearest))


def _histogram_quantile(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    quantile = evaluating.scalar(node.args[0], grid)
    return histogram_quantile(quantile, evaluating.vector(node.args[1], grid))


def _label_replace(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    target, template, source, pattern = (_text(arg) for arg in node.args[1:])
    vector = evaluating.vector(node.args[0], grid)
    regex = full_match_regex(pattern, dot_newline=evaluating.options.left_open)
    return label_replace(vector, target=target, template=template, source=source, regex=regex)


def _label_join(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    target, separator, *sources = (_text(arg) for arg in node.args[1:])
    vector = evaluating.vector(node.args[0], grid)
    return label_join(vector, target=target, separator=separator, sources=sources)


def _scalar(evaluating: Evaluating, node: CallNode, grid: Grid) -> Scalar:
    vector = evaluating.vector(node.args[0], grid)
    single = vector.present.sum(axis=0) == 1
    summed = np.where(vector.present, vector.values, 0.0).sum(axis=0)
    return Scalar(np.where(single, summed, np.nan))


def _sorted(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    """Order the rows of a single step by value, NaN last; over time an order by value has no meaning."""
    vector = evaluating.vector(node.args[0], grid)
    if grid.count > 1 or not vector.labels:
        return vector
    values = vector.values[:, 0] if node.function == "sort" else -vector.values[:, 0]
    return vector.rows(np.argsort(values, kind="stable"))


def _timestamp(evaluating: Evaluating, node: CallNode, grid: Grid) -> Vector:
    arg = node.args[0]
    if isinstance(arg, VectorNode):
        return joined_rows(evaluating.sample_times(arg, grid).nameless())
    vector = evaluating.vector(arg, grid)
    return _with_values(vector, np.broadcast_to(grid.times_ms() / 1000, vector.values.shape))


def _with_values(vector: Vector, values: FloatArray) -> Vector:
    return joined_rows(Vector(vector.labels, values, vector.present).nameless())


def _unlabelled(values: np.ndarray[tuple[int, ...], np.dtype[np.float64 | np.int64]]) -> Vector:
    return Vector((Labels(),), values[np.newaxis].astype(float), np.ones((1, len(values)), dtype=np.bool_))


def _text(node: Node) -> str:
    return node.value if isinstance(node, StringNode) else ""


_Call: TypeAlias = Callable[[Evaluating, CallNode, Grid], Value]

_CALLS: Mapping[str, _Call] = {
    "absent": _absent,
    "absent_over_time": _absent_over_time,
    "clamp": _clamp,
    "clamp_max": _clamp_max,
    "clamp_min": _clamp_min,
    "double_exponential_smoothing": _holt_winters,
    "histogram_quantile": _histogram_quantile,
    "holt_winters": _holt_winters,
    "label_join": _label_join,
    "label_replace": _label_replace,
    "pi": lambda _evaluating, _node, grid: Scalar(np.full(grid.count, np.pi)),
    "predict_linear": _predict_linear,
    "quantile_over_time": _quantile_over_time,
    "round": _round,
    "scalar": _scalar,
    "sort": _sorted,
    "sort_desc": _sorted,
    "time": lambda _evaluating, _node, grid: Scalar(grid.times_ms() / 1000),
    "timestamp": _timestamp,
    "vector": lambda evaluating, node, grid: _unlabelled(evaluating.scalar(node.args[0], grid)),
}

FUNCTION_NAMES = frozenset({*_CALLS, *WINDOW_FUNCTIONS, *MATH_FUNCTIONS, *DATE_FUNCTIONS})
