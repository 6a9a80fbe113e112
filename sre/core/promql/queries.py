"""The two questions one can ask: over a range of time, or at one instant."""

import numpy as np

from sre.core.errors import InputError
from sre.core.labels import Labels
from sre.core.promql.evaluate import Evaluator, sorted_rows
from sre.core.promql.frames import Scalar, Text, Vector, Windows, without_absent_rows
from sre.core.promql.options import Evaluated, EvaluationOptions, SampleStore
from sre.core.promql.syntax import Query, parse
from sre.core.series import Grid, InstantResult, Samples, SeriesSet

_DEFAULTS = EvaluationOptions()


def evaluate_range(
    query: Query | str, *, store: SampleStore, grid: Grid, options: EvaluationOptions = _DEFAULTS
) -> Evaluated:
    """Return the query evaluated at every step of the grid; a scalar becomes one series without labels.

    Raises:
        InputError: Not PromQL, a range vector or string, or vectors that do not match as the query says.
        RefusedError: Not supported here, over a limit, or stopped.
    """
    asked = parse(query) if isinstance(query, str) else query
    if asked.value_type not in ("vector", "scalar"):
        raise InputError(
            f"a range query needs an instant vector or a scalar, and this is a {asked.value_type}.",
            field="query",
            next_steps=("Wrap a range vector in a function such as rate(x[5m]), or ask at one instant.",),
        )
    evaluator = Evaluator(store=store, whole=grid, options=options)
    with np.errstate(all="ignore"):
        value = evaluator.evaluate(asked.ast, grid)
    return Evaluated(_series_set(value, grid), evaluator.samples_read)


def evaluate_instant(
    query: Query | str, *, store: SampleStore, at_ms: int, options: EvaluationOptions = _DEFAULTS
) -> InstantResult:
    """Return the query evaluated at one instant: a vector, scalar, string, or the samples of a range vector.

    Raises:
        InputError: Not PromQL, or vectors that do not match as the query says.
        RefusedError: Not supported here, over a limit, or stopped.
    """
    asked = parse(query) if isinstance(query, str) else query
    grid = Grid(at_ms, 1, 1)
    evaluator = Evaluator(store=store, whole=grid, options=options)
    with np.errstate(all="ignore"):
        if asked.value_type == "matrix":
            samples = _samples(evaluator.windows(asked.ast, grid))
            return InstantResult(asked.text, at_ms, "matrix", samples=samples, samples_read=evaluator.samples_read)
        value = evaluator.evaluate(asked.ast, grid)
    match value:
        case Text(value=text):
            return InstantResult(asked.text, at_ms, "string", text=text)
        case Scalar(values=values):
            return InstantResult(asked.text, at_ms, "scalar", values=values, samples_read=evaluator.samples_read)
        case Vector():
            alive = without_absent_rows(value)
            return InstantResult(
                asked.text, at_ms, "vector", alive.labels, alive.values[:, 0], samples_read=evaluator.samples_read
            )


def _series_set(value: Scalar | Vector | Text, grid: Grid) -> SeriesSet:
    match value:
        case Scalar(values=values):
            return SeriesSet(grid, (Labels(),), values[np.newaxis], np.ones((1, grid.count), dtype=np.bool_))
        case Vector():
            rows = sorted_rows(without_absent_rows(value))
            return SeriesSet(grid, rows.labels, np.where(rows.present, rows.values, np.nan), rows.present)
    raise InputError("a string cannot be drawn over time.", field="query")


def _samples(windows: Windows) -> tuple[Samples, ...]:
    """Return the samples inside the windows of the only step."""
    return tuple(
        Samples(labels, windows.timestamps_ms[first:stop], windows.values[first:stop])
        for labels, first, stop in zip(windows.labels, windows.first[:, 0], windows.stop[:, 0], strict=True)
        if stop > first
    )
