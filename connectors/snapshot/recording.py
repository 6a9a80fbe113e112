"""Recorded metrics in memory, and how they are put together from pieces of files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from sre.core.errors import ConfigError
from sre.core.labels import Labels
from sre.core.series import FloatArray, IntArray, Samples
from sre.core.telemetry import MetricMetadata

SETTING: Final = "SRE_MCP_SNAPSHOT"
# 16 bytes a sample: about half a gigabyte at the limit, twice that while it is put together.
MAX_SAMPLES: Final = 30_000_000
MAX_SERIES: Final = 300_000
USE_PROMETHEUS: Final = (
    "Export a shorter window or fewer series, or",
    "load the data into a Prometheus (promtool tsdb create-blocks-from openmetrics) and set PROMETHEUS_URL.",
)


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Every series of a snapshot.

    Attributes:
        samples: One entry a series, in the order of first appearance, none empty.
        metadata: By metric family; a counter is listed under the name of its samples.
        warnings: What had to be put right while reading.
    """

    samples: tuple[Samples, ...]
    metadata: Mapping[str, MetricMetadata] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class RecordingBuilder:
    """Collects samples from any number of files, in any order."""

    def __init__(self, *, max_samples: int = MAX_SAMPLES, max_series: int = MAX_SERIES) -> None:
        self._pieces: dict[Labels, list[tuple[IntArray, FloatArray]]] = {}
        self._metadata: dict[str, MetricMetadata] = {}
        self._warnings: dict[str, None] = {}
        self._count = 0
        self._max_samples = max_samples
        self._max_series = max_series

    @property
    def sample_count(self) -> int:
        """Samples collected so far, duplicates included."""
        return self._count

    def room_for(self, pending: int) -> None:
        """Check that `pending` more samples would fit.

        Raises:
            ConfigError: They would not.
        """
        if self._count + pending > self._max_samples:
            raise ConfigError(
                f"The snapshot holds more than {self._max_samples:,} samples.",
                setting=SETTING,
                next_steps=USE_PROMETHEUS,
            )

    def add(self, labels: Labels, timestamps_ms: IntArray, values: FloatArray) -> None:
        """Add samples of one series, shape (samples,) each, in any order.

        Raises:
            ConfigError: More samples or series than a snapshot may have.
        """
        self.room_for(timestamps_ms.size)
        if labels not in self._pieces and len(self._pieces) >= self._max_series:
            raise ConfigError(
                f"The snapshot holds more than {self._max_series:,} series.", setting=SETTING, next_steps=USE_PROMETHEUS
            )
        self._pieces.setdefault(labels, []).append((timestamps_ms, values))
        self._count += timestamps_ms.size

    def describe(self, family: str, metadata: MetricMetadata) -> None:
        """Keep metadata of a family; what comes first stays, what it lacks is filled in."""
        known = self._metadata.get(family, MetricMetadata())
        self._metadata[family] = MetricMetadata(
            known.type if known.type != "unknown" else metadata.type,
            known.help or metadata.help,
            known.unit or metadata.unit,
        )

    def warn(self, sentence: str) -> None:
        """Keep a sentence for the reader, once."""
        self._warnings[sentence] = None

    def built(self) -> Recording:
        """Return the recording: each series sorted, one value an instant."""
        merged = {labels: _merged(pieces) for labels, pieces in self._pieces.items()}
        samples = tuple(Samples(labels, part.timestamps_ms, part.values) for labels, part in merged.items())
        return Recording(samples, dict(self._metadata), (*self._warnings, *_remarks(merged)))


@dataclass(frozen=True, slots=True, eq=False)
class _Merged:
    timestamps_ms: IntArray
    values: FloatArray
    was_unsorted: bool
    duplicate_count: int


def _merged(pieces: list[tuple[IntArray, FloatArray]]) -> _Merged:
    times = np.concatenate([times for times, _ in pieces]) if len(pieces) > 1 else pieces[0][0]
    values = np.concatenate([values for _, values in pieces]) if len(pieces) > 1 else pieces[0][1]
    was_unsorted = bool(np.any(np.diff(times) < 0))
    if was_unsorted:
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
    is_last = np.append(np.diff(times) != 0, True)
    dropped = int(times.size - is_last.sum())
    if dropped:
        times, values = times[is_last], values[is_last]
    return _Merged(times, values, was_unsorted, dropped)


def _remarks(merged: Mapping[Labels, _Merged]) -> list[str]:
    unsorted = sum(part.was_unsorted for part in merged.values())
    duplicates = sum(part.duplicate_count for part in merged.values())
    affected = sum(part.duplicate_count > 0 for part in merged.values())
    remarks = []
    if unsorted:
        remarks.append(f"The snapshot had samples out of order in {unsorted} series; they were sorted by time.")
    if duplicates:
        remarks.append(
            f"The snapshot had {duplicates} samples with the time of another one, in {affected} series; "
            "of each time the one read last was kept."
        )
    return remarks
