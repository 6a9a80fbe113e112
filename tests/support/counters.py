"""Counting what counters say, in plain arithmetic: the judge of numbers that PromQL or a generator computed."""

import numpy as np

from sre.core.labels import Labels
from sre.core.series import FloatArray, Samples


def matching(samples: tuple[Samples, ...], metric: str, **labels: str) -> list[Samples]:
    """Return the series of a metric whose labels have these values."""
    return [
        series
        for series in samples
        if series.labels.metric == metric
        and all(series.labels.get(name, "") == value for name, value in labels.items())
    ]


def grown(series: Samples) -> FloatArray:
    """Return what a counter grew by between each two samples, a fall being a fresh start from 0."""
    steps = np.diff(series.values)
    return np.where(steps < 0, series.values[1:], steps)


def grown_together(several: list[Samples]) -> FloatArray:
    """Return the sum of what counters with samples at the same steps grew by."""
    return np.sum([grown(series) for series in several], axis=0)


def by_labels(several: list[Samples]) -> dict[Labels, Samples]:
    """Return series by their labels."""
    return {series.labels: series for series in several}
