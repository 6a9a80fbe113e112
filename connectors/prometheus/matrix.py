"""Range answers: from JSON to points, and from points to a dense matrix on one grid."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from connectors.http import Json, NotTheApiError
from connectors.prometheus.advice import NARROWER, NATIVE_HISTOGRAMS
from connectors.prometheus.compact import read_compact
from connectors.prometheus.envelope import Envelope, read_elements, read_envelope
from sre.core.errors import RefusedError
from sre.core.labels import Labels
from sre.core.series import BoolArray, FloatArray, Grid, IntArray, SeriesSet

# 9 bytes a cell: 90 MB. Reached only by very many series with few points each, where the text stays under its cap.
MAX_CELLS = 10_000_000
_BAD_SAMPLE = "answered with samples that are not pairs of time and number"


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The points of one answer, series after series.

    Attributes:
        counts: shape (series,), points of each series.
        timestamps_ms: shape (points,).
        values: shape (points,).
        envelope: What came around them.
        warnings: Those of the source, and ours.
    """

    labels: tuple[Labels, ...]
    counts: IntArray
    timestamps_ms: IntArray
    values: FloatArray
    envelope: Envelope
    warnings: tuple[str, ...]


def read_matrix(body: bytearray) -> Points:
    """Return the points of a `matrix` answer; raises NotTheApiError."""
    collected = _Collected()
    if (compact := read_compact(body)) is not None:
        envelope = read_envelope(bytearray(compact.rest))
        return _points(envelope, compact.labels, compact.times, compact.values)
    envelope = read_elements(body, collected.take)
    ours = (NATIVE_HISTOGRAMS,) if collected.has_histograms else ()
    return _points(envelope, collected.labels, collected.times, collected.values, warnings=ours)


def _points(
    envelope: Envelope,
    labels: Sequence[Labels],
    times: Sequence[FloatArray],
    values: Sequence[FloatArray],
    *,
    warnings: tuple[str, ...] = (),
) -> Points:
    if envelope.result_type != "matrix":
        raise NotTheApiError("answered a range query with something else than a matrix")
    return Points(
        labels=tuple(labels),
        counts=np.array([one.size for one in times], dtype=np.int64),
        timestamps_ms=as_ms(_end_to_end(times)),
        values=_end_to_end(values),
        envelope=envelope,
        warnings=(*envelope.warnings, *warnings),
    )


def labels_of(metric: Json) -> Labels:
    """Return the label set of a series; raises NotTheApiError where it is not text to text."""
    if not isinstance(metric, dict):
        raise NotTheApiError("answered with a series that has no label set")
    try:
        return Labels({name: _as_text(value) for name, value in metric.items()})
    except TypeError:
        raise NotTheApiError("answered with a label that is not text") from None


def pairs_as_arrays(pairs: Json) -> tuple[FloatArray, FloatArray]:
    """Return times in seconds and values of a list of `[seconds, "value"]`, each shape (points,)."""
    if not isinstance(pairs, list):
        raise NotTheApiError(_BAD_SAMPLE)
    try:
        times, values = zip(*pairs, strict=True) if pairs else ((), ())
        return np.array(times, dtype=np.float64), _floats(values)
    except (TypeError, ValueError):
        raise NotTheApiError(_BAD_SAMPLE) from None


def joined(parts: Sequence[Points], grid: Grid) -> tuple[SeriesSet, tuple[str, ...]]:
    """Return all points on one grid, and warnings.

    A source that moves the points to a grid of its own (VictoriaMetrics does for cached answers) keeps it, provided
    that its distance is the one asked for.

    Raises:
        RefusedError: More series and steps than fit a matrix.
        NotTheApiError: The points are on no such grid.
    """
    kept, moved = _grid_of(parts, grid)
    rows: dict[Labels, int] = {}
    for part in parts:
        for labels in part.labels:
            rows.setdefault(labels, len(rows))
    if len(rows) * kept.count > MAX_CELLS:
        raise RefusedError(
            f"The answer has {len(rows)} series at {kept.count} steps, more than is held at once.",
            next_steps=NARROWER,
        )
    values = np.full((len(rows), kept.count), np.nan)
    present = np.zeros((len(rows), kept.count), dtype=np.bool_)
    for part in parts:
        _place(part, rows, kept, values=values, present=present)
    return SeriesSet(kept, tuple(rows), values, present), moved


def _place(part: Points, rows: dict[Labels, int], grid: Grid, *, values: FloatArray, present: BoolArray) -> None:
    row = np.repeat(np.array([rows[labels] for labels in part.labels], dtype=np.int64), part.counts)
    column = (part.timestamps_ms - grid.start_ms) // grid.step_ms
    values[row, column] = part.values
    present[row, column] = True


def _grid_of(parts: Sequence[Points], grid: Grid) -> tuple[Grid, tuple[str, ...]]:
    """Return the grid the points are really on, with a warning if it is not the one asked for."""
    filled = [part.timestamps_ms for part in parts if part.timestamps_ms.size]
    if not filled:
        return grid, ()
    first = min(int(times.min()) for times in filled)
    last = max(int(times.max()) for times in filled)
    if any(np.any((times - first) % grid.step_ms) for times in filled):
        raise NotTheApiError("answered with points that are not at the steps asked for")
    if first < grid.start_ms - grid.step_ms or last > grid.end_ms + grid.step_ms:
        raise NotTheApiError("answered with points outside the window asked for")
    shift = (first - grid.start_ms) % grid.step_ms
    if shift == 0 and first >= grid.start_ms and last <= grid.end_ms:
        return grid, ()
    return _moved(grid, shift=shift, first=first, last=last)


def _moved(grid: Grid, *, shift: int, first: int, last: int) -> tuple[Grid, tuple[str, ...]]:
    start = min(grid.start_ms + shift, first)
    count = (max(grid.end_ms, last) - start) // grid.step_ms + 1
    seconds = (start - grid.start_ms) / 1000
    warning = f"The source moved the points to its own grid, {seconds:g} s from the one asked for."
    return Grid(start, grid.step_ms, count), (warning,)


class _Collected:
    """Takes one series at a time and keeps it as arrays."""

    def __init__(self) -> None:
        self.labels: list[Labels] = []
        self.times: list[FloatArray] = []
        self.values: list[FloatArray] = []
        self.has_histograms = False

    def take(self, element: Json) -> None:
        """Keep one series of `result`."""
        if not isinstance(element, dict):
            raise NotTheApiError("answered a range query with something else than a matrix")
        if "histograms" in element:
            self.has_histograms = True
            if "values" not in element:
                return
        times, values = pairs_as_arrays(element.get("values"))
        self.labels.append(labels_of(element.get("metric")))
        self.times.append(times)
        self.values.append(values)


def _floats(texts: Sequence[str | float]) -> FloatArray:
    return np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))


def _end_to_end(arrays: Sequence[FloatArray]) -> FloatArray:
    return np.concatenate(arrays) if arrays else np.empty(0)


def as_ms(seconds: FloatArray) -> IntArray:
    """Return whole milliseconds, the resolution Prometheus stores; raises NotTheApiError."""
    if not np.all(np.isfinite(seconds)) or np.any(np.abs(seconds) > 1e12):
        raise NotTheApiError(_BAD_SAMPLE)
    return np.rint(seconds * 1000).astype(np.int64)


def _as_text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
