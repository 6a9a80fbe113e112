"""Samples as a file that `promtool tsdb create-blocks-from openmetrics` reads."""

from collections.abc import Sequence
from pathlib import Path

from sre.core.labels import METRIC_NAME
from sre.core.series import Samples

_SPELT = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}


def written(series: Sequence[Samples], path: Path) -> None:
    """Write the series as OpenMetrics with timestamps in seconds."""
    with path.open("w", encoding="utf-8") as file:
        for one in series:
            # OpenMetrics allows no space between labels.
            inside = ",".join(f'{key}="{value}"' for key, value in one.labels.without(METRIC_NAME).items())
            name = f"{one.labels.metric}{{{inside}}}"
            lines = (
                f"{name} {_SPELT.get(repr(value), repr(value))} {at // 1000}.{at % 1000:03d}\n"
                for at, value in zip(one.timestamps_ms.tolist(), one.values.tolist(), strict=True)
            )
            file.writelines(lines)
        file.write("# EOF\n")
