"""The evaluator: walks the nodes of a query and computes each for all steps at once."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sre.core.errors import InputError, RefusedError
from sre.core.labels import Labels
from sre.core.promql import aggregate, binary
from sre.core.promql.calls import called
from sre.core.promql.frames import Scalar, Text, Value, Vector, Windows, distinct_rows
from sre.core.promql.invariant import is_step_invariant
from sre.core.promql.matcher import Matcher
from sre.core.promql.nodes import (
    SET_OPERATORS,
    AggregateNode,
    At,
    BinaryNode,
    CallNode,
    MatrixNode,
    NegateNode,
    Node,
    NumberNode,
    StringNode,
    SubqueryNode,
    VectorNode,
)
from sre.core.promql.options import EvaluationOptions, SampleStore
from sre.core.promql.select import Flat, flat_from_vector, flattened, latest_samples, windows_of, without_stale
from sre.core.series import FloatArray, Grid, IntArray


class Evaluator:
    """Evaluates the nodes of one query.

    Args:
        whole: The grid of the query itself, which `@ start()` and `@ end()` refer to.
    """

    def __init__(self, *, store: SampleStore, whole: Grid, options: EvaluationOptions) -> None:
        self.options = options
        self.samples_read = 0
        self._store = store
        self._whole = whole

    def evaluate(self, node: Node, grid: Grid) -> Value:
        """Return the value of a node at every step of the grid; rows have distinct labels."""
        self.pause()
        if grid.count > 1 and not isinstance(node, NumberNode | StringNode) and is_step_invariant(node):
            return _repeated(self._evaluate(node, Grid(grid.start_ms, grid.step_ms, 1)), grid.count)
        return self._evaluate(node, grid)

    def vector(self, node: Node, grid: Grid) -> Vector:
        """Return the value of an instant vector expression."""
        value = self.evaluate(node, grid)
        if not isinstance(value, Vector):
            raise InputError("an instant vector is needed where the query has something else.", field="query")
        self._check_size(value.values.size)
        return value

    def scalar(self, node: Node, grid: Grid) -> FloatArray:
        """Return the values of a scalar expression, shape (steps,)."""
        value = self.evaluate(node, grid)
        if not isinstance(value, Scalar):
            raise InputError("a scalar is needed where the query has something else.", field="query")
        return value.values

    def pause(self) -> None:
        """End the work if the caller wants it ended."""
        if self.options.should_stop is not None and self.options.should_stop():
            raise RefusedError(
                "the query was stopped before it was finished.",
                next_steps=("Ask for a shorter window, a larger step or fewer series.",),
            )

    def windows(self, node: Node, grid: Grid) -> Windows:
        """Return the windows of a range selector or subquery at every step."""
        match node:
            case MatrixNode(vector=selector, range_ms=range_ms):
                end_ms = self._instants(selector.at, selector.offset_ms, grid)
                flat = without_stale(self._selected(selector.matchers, end_ms, back_ms=range_ms))
            case SubqueryNode(range_ms=range_ms):
                end_ms = self._instants(node.at, node.offset_ms, grid)
                flat = self._subquery(node, end_ms)
            case _:
                raise InputError("a range vector such as x[5m] is needed.", field="query")
        self._check_size(len(flat.labels) * len(end_ms))
        return windows_of(flat, end_ms, range_ms=range_ms, left_open=self.options.left_open)

    def sample_times(self, node: VectorNode, grid: Grid) -> Vector:
        """Return when the samples were taken that a selector sees, epoch seconds."""
        vector, times_ms = self._latest(node, self._instants(node.at, node.offset_ms, grid))
        return Vector(vector.labels, times_ms / 1000, vector.present)

    def _evaluate(self, node: Node, grid: Grid) -> Value:
        match node:
            case NumberNode(value=value):
                return Scalar(np.full(grid.count, value))
            case StringNode(value=text):
                return Text(text)
            case VectorNode():
                return self._latest(node, self._instants(node.at, node.offset_ms, grid))[0]
            case NegateNode(expr=expr):
                return _negated(self.evaluate(expr, grid))
            case CallNode():
                return called(self, node, grid)
            case AggregateNode():
                return self._aggregate(node, grid)
            case BinaryNode():
                return self._binary(node, grid)
            case _:
                raise InputError(
                    "a range vector cannot be drawn over time.",
                    field="query",
                    next_steps=("Wrap it in a function such as rate(x[5m]) or max_over_time(x[5m]).",),
                )

    def _aggregate(self, node: AggregateNode, grid: Grid) -> Vector:
        param = self.evaluate(node.param, grid) if node.param is not None else None
        vector = self.vector(node.expr, grid)
        names, without = node.labels, node.without
        match param:
            case Text(value=label):
                return aggregate.count_values(vector, names, without=without, label=label)
            case Scalar(values=values) if node.op == "quantile":
                return aggregate.quantile(vector, names, without=without, at=values)
            case Scalar(values=values):
                return aggregate.limited(node.op, vector, names, without=without, limit=values)
        return aggregate.aggregated(node.op, vector, names, without=without, left_open=self.options.left_open)

    def _binary(self, node: BinaryNode, grid: Grid) -> Value:
        left, right = self.evaluate(node.left, grid), self.evaluate(node.right, grid)
        match left, right:
            case Scalar(), Scalar():
                return binary.scalars(node.op, left, right)
            case Vector(), Scalar():
                return binary.vector_and_scalar(
                    node, left, right, scalar_is_left=False, left_open=self.options.left_open
                )
            case Scalar(), Vector():
                return binary.vector_and_scalar(
                    node, right, left, scalar_is_left=True, left_open=self.options.left_open
                )
            case Vector(), Vector() if node.op in SET_OPERATORS:
                return binary.set_operation(node, left, right)
            case Vector(), Vector():
                return binary.vectors(node, left, right, left_open=self.options.left_open)
        raise InputError(f"the operator {node.op} needs scalars or instant vectors.", field="query")

    def _instants(self, at: At | None, offset_ms: int, grid: Grid) -> IntArray:
        """Return the instants a selector looks at from each step, shape (steps,)."""
        match at:
            case None:
                return grid.times_ms() - offset_ms
            case At(kind="time", time_ms=time_ms):
                fixed = time_ms
            case At(kind="start"):
                fixed = self._whole.start_ms
            case _:
                fixed = self._whole.end_ms
        return np.full(grid.count, fixed - offset_ms, dtype=np.int64)

    def _latest(self, node: VectorNode, instants_ms: IntArray) -> tuple[Vector, IntArray]:
        flat = self._selected(node.matchers, instants_ms, back_ms=self.options.lookback_ms)
        self._check_size(len(flat.labels) * len(instants_ms))
        vector, times = latest_samples(
            flat, instants_ms, lookback_ms=self.options.lookback_ms, left_open=self.options.left_open
        )
        alive = np.asarray(vector.present.any(axis=1))
        return vector.rows(alive), times[alive]

    def _selected(self, matchers: Sequence[Matcher], instants_ms: IntArray, *, back_ms: int) -> Flat:
        start_ms, end_ms = int(instants_ms[0]) - back_ms, int(instants_ms[-1])
        asked = [replace(matcher, dot_newline=self.options.left_open) for matcher in matchers]
        flat = flattened(self._store.select(asked, start_ms=start_ms, end_ms=end_ms), start_ms=start_ms, end_ms=end_ms)
        self.samples_read += int(flat.starts[-1])
        self._check_size(self.samples_read)
        return flat

    def _subquery(self, node: SubqueryNode, end_ms: IntArray) -> Flat:
        """Return the points of the inner expression at multiples of its step, as samples."""
        step_ms = node.step_ms or self.options.default_subquery_step_ms
        oldest = int(end_ms[0]) - node.range_ms
        start_ms = -(-oldest // step_ms) * step_ms
        if self.options.left_open and start_ms == oldest:
            start_ms += step_ms
        count = (int(end_ms[-1]) - start_ms) // step_ms + 1
        if count < 1:
            return Flat((), np.zeros(1, dtype=np.int64), np.zeros(1), np.zeros(1, dtype=np.int64))
        self._check_size(count)
        grid = Grid(start_ms, step_ms, count)
        return flat_from_vector(self.vector(node.expr, grid), grid.times_ms())

    def _check_size(self, size: int) -> None:
        if size > self.options.max_samples:
            raise RefusedError(
                f"the query needs {size} samples or points at once; the limit is {self.options.max_samples}.",
                next_steps=(
                    "Select fewer series with more label matchers.",
                    "Ask for a shorter window or range, or a larger step (also in subqueries).",
                ),
            )


def _repeated(value: Value, count: int) -> Value:
    match value:
        case Scalar(values=values):
            return Scalar(np.repeat(values, count))
        case Vector(labels=labels, values=cells, present=present):
            return Vector(labels, np.repeat(cells, count, axis=1), np.repeat(present, count, axis=1))
        case _:
            return value


def _negated(value: Value) -> Value:
    match value:
        case Scalar(values=values):
            return Scalar(-values)
        case Vector(labels=labels, values=values, present=present):
            return distinct_rows(Vector(labels, -values, present).nameless())
    raise InputError("unary minus needs a scalar or an instant vector.", field="query")


def sorted_rows(vector: Vector) -> Vector:
    """Return the rows in the order of their labels, as Prometheus sorts a range result."""
    keys: list[tuple[tuple[str, str], ...]] = [_sort_key(labels) for labels in vector.labels]
    return vector.rows(np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64))


def _sort_key(labels: Labels) -> tuple[tuple[str, str], ...]:
    return tuple(labels.items())
