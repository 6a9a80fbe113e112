"""Metric data in memory: raw samples, and series evaluated on a grid of steps.

Times are integer epoch milliseconds, as Prometheus stores them, so that grids compare exactly.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sre.core.labels import Labels
from sre.core.times import Window, epoch_ms

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The raw samples of one series.

    Attributes:
        timestamps_ms: shape (samples,), strictly increasing epoch milliseconds.
        values: shape (samples,), in the metric's own unit; may hold NaN that was scraped as NaN.
    """

    labels: Labels
    timestamps_ms: IntArray
    values: FloatArray


@dataclass(frozen=True, slots=True)
class Grid:
    """Evenly spaced instants: `count` steps from `start_ms`, `step_ms` apart (count >= 1, step_ms >= 1)."""

    start_ms: int
    step_ms: int
    count: int

    @classmethod
    def covering(cls, window: Window, *, step_seconds: float) -> "Grid":
        """Return the steps start, start + step, ... that are not after the window's end."""
        step_ms = max(1, round(step_seconds * 1000))
        start_ms = epoch_ms(window.start)
        return cls(start_ms, step_ms, (epoch_ms(window.end) - start_ms) // step_ms + 1)

    @property
    def end_ms(self) -> int:
        """The last instant."""
        return self.start_ms + self.step_ms * (self.count - 1)

    def times_ms(self) -> IntArray:
        """Return the instants, shape (steps,)."""
        return self.start_ms + self.step_ms * np.arange(self.count, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class SeriesSet:
    """Series evaluated on one grid.

    Attributes:
        labels: One label set a series, in the order of `values`.
        values: shape (series, steps), NaN where `present` is false; a present NaN is the source's own answer (0/0).
        present: shape (series, steps), whether the series has a value at that step.
    """

    grid: Grid
    labels: tuple[Labels, ...]
    values: FloatArray
    present: BoolArray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def point_count(self) -> int:
        """How many values there are in all."""
        return int(self.present.sum())


@dataclass(frozen=True, slots=True, eq=False)
class RangeResult:
    """The answer of a source to a range query.

    Attributes:
        samples_read: Raw samples the source looked at, or None where it does not say.
        warnings: What the source itself warned about; text from outside.
    """

    query: str
    window: Window
    series: SeriesSet
    samples_read: int | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class InstantResult:
    """The answer of a source to an instant query.

    Attributes:
        kind: `vector` (labels and values), `scalar` (one value, no labels), `string` (text) or `matrix` (samples).
        values: shape (series,); one value for a scalar.
    """

    query: str
    at_ms: int
    kind: Literal["vector", "scalar", "string", "matrix"]
    labels: tuple[Labels, ...] = ()
    values: FloatArray = field(default_factory=lambda: np.empty(0))
    samples: tuple[Samples, ...] = ()
    text: str = ""
    samples_read: int | None = None
    warnings: tuple[str, ...] = ()
