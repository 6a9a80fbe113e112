"""Metric families: the one name behind `_bucket`, `_sum`, `_count` and `_total`."""

from typing import Final

_SUFFIXES: Final = ("_bucket", "_sum", "_count", "_total", "_created", "_info", "_gsum", "_gcount")


def family_candidates(metric: str) -> tuple[str, ...]:
    """Return the names metadata may be kept under: the metric's own, and without the suffix of its type.

    Source: OpenMetrics 1.0, "Suffixes"; the Prometheus text format keeps `_total` in the family's name.
    """
    shorter = [metric.removesuffix(suffix) for suffix in _SUFFIXES if metric.endswith(suffix)]
    return (metric, *shorter)
