"""Small recordings written by hand, so that a test can compute every expected number itself."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from connectors.snapshot.recording import Recording
from connectors.snapshot.source import RecordedSource
from sre.core.labels import Labels
from sre.core.series import Samples
from sre.core.telemetry import MetricMetadata
from sre.metrics.series_figures import Measured

# 2026-11-02T12:00:00Z, the instant at which the fixed clock of the tests stands.
END_MS = 1_793_620_800_000


def series(
    labels: Mapping[str, str], values: Sequence[float], *, every_seconds: float = 15.0, end_ms: int = END_MS
) -> Samples:
    """Return a series whose last value is at `end_ms`."""
    step_ms = round(every_seconds * 1000)
    times = end_ms - step_ms * np.arange(len(values) - 1, -1, -1, dtype=np.int64)
    return Samples(Labels(labels), times, np.asarray(values, dtype=np.float64))


def source_of(
    samples: Sequence[Samples], *, metadata: Mapping[str, MetricMetadata] | None = None, name: str = "hand"
) -> RecordedSource:
    """Return a source that holds exactly these series."""
    return RecordedSource(name=name, load=lambda: Recording(tuple(samples), dict(metadata or {})))


def measured(*rows: list[float | None]) -> Measured:
    """Series named a, b, c ... with one value a second; None is no value."""
    steps = len(rows[0])
    values = np.array([[math.nan if value is None else value for value in row] for row in rows], dtype=np.float64)
    present = np.array([[value is not None for value in row] for row in rows], dtype=np.bool_)
    times = np.broadcast_to(1000 * np.arange(steps, dtype=np.int64), values.shape)
    return Measured(tuple(Labels({"pod": chr(97 + row)}) for row in range(len(rows))), times, values, present)
