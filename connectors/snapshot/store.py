"""A recording, indexed: what PromQL selects from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from connectors.snapshot.recording import Recording
from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql import Matcher
from sre.core.series import Samples
from sre.core.telemetry import MetricMetadata
from sre.core.times import Window, instant_from_ms

_FAMILY_SUFFIXES: Final = ("_bucket", "_count", "_sum", "_total", "_info", "_created")
# Enough to know the usual distance of samples, few enough for a load of 300,000 series not to notice.
_SPACING_SERIES: Final = 1_000
_SPACING_SAMPLES: Final = 1_000
# Where series differ, a quarter of them being finer decides: points too fine repeat, points too coarse lose.
_FINER_SHARE: Final = 0.25


class SnapshotStore:
    """The series of a recording by metric name; implements `SampleStore`. Never changes, so threads may share it."""

    def __init__(self, recording: Recording) -> None:
        if not recording.samples:
            raise ValueError("a recording has samples")
        by_name: dict[str, list[Samples]] = {}
        for series in recording.samples:
            by_name.setdefault(series.labels.metric, []).append(series)
        self._by_name = {name: tuple(members) for name, members in sorted(by_name.items())}
        self._metadata = recording.metadata
        self.first_ms = min(int(series.timestamps_ms[0]) for series in recording.samples)
        self.last_ms = max(int(series.timestamps_ms[-1]) for series in recording.samples)
        self.spacing_seconds = _usual_spacing(recording.samples)
        self.warnings = recording.warnings

    @property
    def series_count(self) -> int:
        """Number of series."""
        return sum(len(members) for members in self._by_name.values())

    @property
    def sample_count(self) -> int:
        """Number of samples of all series."""
        return sum(series.values.size for members in self._by_name.values() for series in members)

    def coverage(self) -> Window:
        """Return the window from the first to the last sample, a millisecond long at least."""
        return Window(instant_from_ms(self.first_ms), instant_from_ms(max(self.last_ms, self.first_ms + 1)))

    def select(self, matchers: Sequence[Matcher], *, start_ms: int, end_ms: int) -> Sequence[Samples]:
        """Return whole series that pass all matchers and live at some time between `start_ms` and `end_ms`."""
        on_labels = tuple(matcher for matcher in matchers if matcher.name != METRIC_NAME)
        return [
            series
            for name in self._names(matchers)
            for series in self._by_name[name]
            if series.timestamps_ms[0] <= end_ms
            and series.timestamps_ms[-1] >= start_ms
            and all(matcher.matches(series.labels) for matcher in on_labels)
        ]

    def label_sets(self, selectors: Sequence[Sequence[Matcher]], *, start_ms: int, end_ms: int) -> tuple[Labels, ...]:
        """Return the label sets, in a fixed order, that pass one of the selectors and have samples in the window.

        Args:
            selectors: Matchers of each selector; none at all means every series.
        """
        chosen: dict[Labels, None] = {}
        for matchers in selectors or ((),):
            for series in self.select(matchers, start_ms=start_ms, end_ms=end_ms):
                if _has_samples(series, start_ms=start_ms, end_ms=end_ms):
                    chosen[series.labels] = None
        return tuple(sorted(chosen, key=_sort_key))

    def metadata(self, metric: str | None) -> Mapping[str, MetricMetadata]:
        """Return metadata of all families, or of the one that `metric` belongs to, by family name."""
        if metric is None:
            return dict(self._metadata)
        families = (metric, *(metric.removesuffix(suffix) for suffix in _FAMILY_SUFFIXES if metric.endswith(suffix)))
        return {family: self._metadata[family] for family in families if family in self._metadata}

    def _names(self, matchers: Sequence[Matcher]) -> Iterable[str]:
        on_name = [matcher for matcher in matchers if matcher.name == METRIC_NAME]
        exact = next((matcher.value for matcher in on_name if matcher.op == "="), None)
        names: Iterable[str] = self._by_name
        if exact is not None:
            names = (exact,) if exact in self._by_name else ()
        return [name for name in names if all(matcher.matches_value(name) for matcher in on_name)]


def _has_samples(series: Samples, *, start_ms: int, end_ms: int) -> bool:
    first, after = np.searchsorted(series.timestamps_ms, (start_ms, end_ms + 1))
    return bool(after > first)


def _usual_spacing(samples: Sequence[Samples]) -> float | None:
    """Return the usual distance of samples in seconds, or None where no series has two."""
    some = samples[:: -(-len(samples) // _SPACING_SERIES)]
    apart = [np.median(np.diff(one.timestamps_ms[:_SPACING_SAMPLES])) for one in some if one.timestamps_ms.size > 1]
    return float(np.quantile(apart, _FINER_SHARE, method="lower")) / 1000 if apart else None


def _sort_key(labels: Labels) -> tuple[str, tuple[tuple[str, str], ...]]:
    return labels.metric, tuple(labels.items())
