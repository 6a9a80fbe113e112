"""What expressions evaluate to on a grid of steps, and the label rules they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sre.core.errors import InputError
from sre.core.labels import METRIC_NAME, Labels
from sre.core.series import BoolArray, FloatArray, IntArray
from sre.core.text import quoted


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """An instant vector at every step.

    Attributes:
        labels: One label set a row; a set may stand in several rows only inside the evaluator.
        values: shape (series, steps); meaningless where `present` is false.
        present: shape (series, steps).
    """

    labels: tuple[Labels, ...]
    values: FloatArray
    present: BoolArray

    def rows(self, chosen: IntArray | BoolArray) -> "Vector":
        """Return the chosen rows, in the order chosen."""
        indexes = np.arange(len(self.labels))[chosen]
        return Vector(tuple(self.labels[i] for i in indexes), self.values[indexes], self.present[indexes])

    def relabelled(self, labels: Sequence[Labels]) -> "Vector":
        """Return the same values under other labels, row by row."""
        return Vector(tuple(labels), self.values, self.present)

    def nameless(self) -> "Vector":
        """Return the same values without metric names."""
        return self.relabelled(without_names(self.labels))


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A scalar at every step; `values` has shape (steps,)."""

    values: FloatArray


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal."""

    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """A range vector at every step: which samples each series has in each step's window.

    Attributes:
        timestamps_ms: shape (samples + 1,), all series one after the other, then one element of padding.
        values: shape (samples + 1,), likewise.
        starts: shape (series,), index of each series' first sample.
        first: shape (series, steps), index of the first sample in the window.
        stop: shape (series, steps), index after the last; equal to `first` where the window is empty.
        end_ms: shape (steps,), where each window ends.
        range_ms: Length of the windows.
    """

    labels: tuple[Labels, ...]
    timestamps_ms: IntArray
    values: FloatArray
    starts: IntArray
    first: IntArray
    stop: IntArray
    end_ms: IntArray
    range_ms: int


Value: TypeAlias = Vector | Scalar | Text


def empty_vector(step_count: int) -> Vector:
    """Return a vector without series over so many steps."""
    return Vector((), np.empty((0, step_count)), np.empty((0, step_count), dtype=np.bool_))


def without_names(labels: Sequence[Labels]) -> tuple[Labels, ...]:
    """Return the label sets without metric names."""
    return tuple(one.without(METRIC_NAME) for one in labels)


def without_absent_rows(vector: Vector) -> Vector:
    """Return the vector without the rows that have no value at any step."""
    alive = np.asarray(vector.present.any(axis=1))
    return vector if alive.all() else vector.rows(alive)


def joined_rows(vector: Vector) -> Vector:
    """Return the vector with the rows of one label set joined into one.

    Raises:
        InputError: Two of them have a value at the same step.
    """
    if len(set(vector.labels)) == len(vector.labels):
        return vector
    groups: dict[Labels, list[int]] = {}
    for row, labels in enumerate(vector.labels):
        groups.setdefault(labels, []).append(row)
    values = np.empty((len(groups), vector.values.shape[1]))
    present = np.empty(values.shape, dtype=np.bool_)
    for index, (labels, rows) in enumerate(groups.items()):
        there = vector.present[rows]
        if len(rows) > 1 and (there.sum(axis=0) > 1).any():
            raise same_labelset(labels)
        chosen = np.argmax(there, axis=0)
        values[index] = np.take_along_axis(vector.values[rows], chosen[np.newaxis], axis=0)[0]
        present[index] = there.any(axis=0)
    return Vector(tuple(groups), values, present)


def distinct_rows(vector: Vector) -> Vector:
    """Return the vector without empty rows.

    Raises:
        InputError: Two rows have one label set, even when never at the same step (as Prometheus has it for
            functions of range vectors and for unary minus).
    """
    alive = without_absent_rows(vector)
    seen: set[Labels] = set()
    for labels in alive.labels:
        if labels in seen:
            raise same_labelset(labels)
        seen.add(labels)
    return alive


def same_labelset(labels: Labels) -> InputError:
    """Return the error for two series of one label set."""
    return InputError(
        f"two series of the result would have the same labels, {quoted(str(labels))}.",
        field="query",
        next_steps=(
            "Keep the labels apart: aggregate with `sum by (...)`, or select one metric name instead of several.",
        ),
    )
