"""Series boiled down to figures, ranked, with exact totals of those that are not shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre.core.labels import Labels
from sre.core.series import BoolArray, FloatArray, IntArray, Samples, SeriesSet
from sre.metrics.model import RankKey


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Series as measured.

    Attributes:
        times_ms: shape (series, steps), epoch milliseconds.
        values: shape (series, steps), in the unit of the query.
        present: shape (series, steps), whether there is a value; it may be NaN.
    """

    labels: tuple[Labels, ...]
    times_ms: IntArray
    values: FloatArray
    present: BoolArray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def usable(self) -> BoolArray:
        """Where there is a finite value, shape (series, steps)."""
        usable: BoolArray = self.present & np.isfinite(self.values)
        return usable

    @property
    def point_count(self) -> int:
        """How many values there are in all."""
        return int(self.present.sum())


@dataclass(frozen=True, slots=True)
class SeriesFigures:
    """One series in a few numbers, in the unit of the query; None where no finite value exists."""

    labels: Labels
    last: float | None
    last_ms: int | None
    minimum: float | None
    mean: float | None
    maximum: float | None
    p95: float | None
    point_count: int
    row: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What a group of series amounts to, exactly; sums leave out series without a finite value."""

    series_count: int
    last_sum: float | None
    mean: float | None
    minimum: float | None
    maximum: float | None


def measured_on_grid(series: SeriesSet) -> Measured:
    """Return series that were evaluated on a grid of steps."""
    times = np.broadcast_to(series.grid.times_ms(), series.values.shape)
    return Measured(series.labels, times, series.values, series.present)


def measured_samples(samples: Sequence[Samples]) -> Measured:
    """Return raw samples, side by side although each series has its own times."""
    width = max((one.values.size for one in samples), default=0)
    times = np.zeros((len(samples), width), dtype=np.int64)
    values = np.full((len(samples), width), np.nan)
    present = np.zeros((len(samples), width), dtype=np.bool_)
    for row, one in enumerate(samples):
        times[row, : one.values.size] = one.timestamps_ms
        values[row, : one.values.size] = one.values
        present[row, : one.values.size] = True
    return Measured(tuple(one.labels for one in samples), times, values, present)


def ranking(measured: Measured, key: RankKey) -> tuple[int, ...]:
    """Return row numbers in order of rank; series without a finite value come last.

    Of equals the one that moved most comes first (of fifteen `up` that end at 1, the one that was 0), then labels.
    """
    keys, spreads = _rank_values(measured, key), _spreads(measured)
    texts = [str(labels) for labels in measured.labels]
    return tuple(sorted(range(len(measured)), key=lambda row: (-keys[row], -spreads[row], texts[row])))


def figures_of(measured: Measured, row: int) -> SeriesFigures:
    """Return the figures of one series."""
    usable = np.flatnonzero(measured.present[row] & np.isfinite(measured.values[row]))
    count = int(measured.present[row].sum())
    labels = measured.labels[row]
    if usable.size == 0:
        return SeriesFigures(labels, None, None, None, None, None, None, count, row)
    values = measured.values[row, usable]
    return SeriesFigures(
        labels=labels,
        last=float(values[-1]),
        last_ms=int(measured.times_ms[row, usable[-1]]),
        minimum=float(values.min()),
        mean=float(values.mean()),
        maximum=float(values.max()),
        p95=_percentile(values, 0.95),
        point_count=count,
        row=row,
    )


def _percentile(values: FloatArray, ratio: float) -> float:
    """Return the value below which a share of the values lies, linear between neighbours (Hyndman and Fan, type 7).

    The same as `numpy.percentile`, whose general form costs more than all other figures of a series together.
    """
    ordered = np.sort(values)
    place = ratio * (ordered.size - 1)
    below = int(place)
    above = min(below + 1, ordered.size - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))


def totals_of(measured: Measured, rows: Sequence[int]) -> Totals:
    """Return what these series amount to; `mean` is over all their points."""
    picked = np.asarray(rows, dtype=np.int64)
    values, usable = measured.values[picked], measured.usable[picked]
    if not usable.any():
        return Totals(len(rows), None, None, None, None)
    some = usable.any(axis=1)
    last_columns = usable.shape[1] - 1 - np.argmax(usable[:, ::-1], axis=1)
    lasts = values[np.arange(len(picked)), last_columns][some]
    finite = values[usable]
    return Totals(len(rows), float(lasts.sum()), float(finite.mean()), float(finite.min()), float(finite.max()))


def shared_labels(labels: Sequence[Labels]) -> Labels:
    """Return the labels that all series have with the same value; of a single series, none but its name."""
    if not labels:
        return Labels()
    if len(labels) == 1:
        return labels[0].only(("__name__",))
    first, rest = labels[0], labels[1:]
    return first.only(name for name, value in first.items() if all(one.get(name) == value for one in rest))


def points_of(measured: Measured, row: int, *, limit: int) -> list[tuple[float, float | None]]:
    """Return `(epoch seconds, value)` of one series, at most `limit` points.

    Where there are more, each slice of time keeps the point furthest from the series' mean, at its own time, so that
    peaks and dips survive.
    """
    columns = np.flatnonzero(measured.present[row])
    if columns.size > limit:
        columns = _extremes(measured.values[row], columns, limit)
    times, values = measured.times_ms[row, columns] / 1000, measured.values[row, columns]
    return [(float(at), float(value) if np.isfinite(value) else None) for at, value in zip(times, values, strict=True)]


def _extremes(values: FloatArray, columns: IntArray, limit: int) -> IntArray:
    finite = np.isfinite(values[columns])
    centre = values[columns][finite].mean() if finite.any() else 0.0
    distance = np.where(finite, np.abs(values[columns] - centre), -1.0)
    slices = np.array_split(np.arange(columns.size), limit)
    return columns[[part[int(np.argmax(distance[part]))] for part in slices]]


def _spreads(measured: Measured) -> FloatArray:
    """Return the highest less the lowest value of each series, 0 without a finite value; shape (series,)."""
    usable = measured.usable
    if not usable.size:
        return np.zeros(len(measured))
    highest = np.where(usable, measured.values, -np.inf).max(axis=1)
    lowest = np.where(usable, measured.values, np.inf).min(axis=1)
    spreads: FloatArray = np.where(usable.any(axis=1), highest, 0.0) - np.where(usable.any(axis=1), lowest, 0.0)
    return spreads


def _rank_values(measured: Measured, key: RankKey) -> FloatArray:
    """Return one number a series, larger is earlier, -inf where there is nothing to rank; shape (series,)."""
    usable = measured.usable
    some = usable.any(axis=1)
    values = measured.values
    keys: FloatArray = np.full(len(measured), -np.inf)
    if not some.any():
        return keys
    if key == "max":
        ranked = np.where(usable, np.abs(values), -np.inf).max(axis=1)
    elif key == "min":
        ranked = -np.where(usable, values, np.inf).min(axis=1)
    elif key == "mean":
        ranked = np.where(usable, values, 0.0).sum(axis=1) / np.maximum(usable.sum(axis=1), 1)
    else:
        rows = np.arange(len(measured))
        last = values[rows, usable.shape[1] - 1 - np.argmax(usable[:, ::-1], axis=1)]
        ranked = last if key == "last" else np.abs(last - values[rows, np.argmax(usable, axis=1)])
    keys[some] = ranked[some]
    return keys


def single_line(measured: Measured, *, steps: int) -> list[float | None]:
    """Return one value a step, the highest where a query that should give one series gives several."""
    if len(measured) == 0:
        return [None] * steps
    usable = measured.usable
    highest = np.where(usable, measured.values, -np.inf).max(axis=0)
    return [float(value) if np.isfinite(value) else None for value in highest]
