"""The series of a situation as samples that PromQL can read."""

from collections.abc import Sequence

import numpy as np

from sre.core.promql import Matcher, selects
from sre.core.rules.scenarios import InputSeries, Scenario
from sre.core.series import Samples


class ScenarioStore:
    """Holds the series of one situation; it begins at the epoch, as promtool's tests do."""

    def __init__(self, scenario: Scenario) -> None:
        self._series = [_samples(one, sample_seconds=scenario.sample_seconds) for one in scenario.inputs]

    def select(self, matchers: Sequence[Matcher], *, start_ms: int, end_ms: int) -> Sequence[Samples]:  # noqa: ARG002
        """Return the whole series that pass all matchers."""
        return [one for one in self._series if selects(tuple(matchers), one.labels)]


def _samples(series: InputSeries, *, sample_seconds: float) -> Samples:
    values = [value for stretch in series.stretches for value in stretch.values()]
    kept = [index for index, value in enumerate(values) if value is not None]
    times_ms = np.array(kept, dtype=np.int64) * round(sample_seconds * 1000)
    return Samples(series.labels, times_ms, np.array([values[index] for index in kept], dtype=np.float64))
