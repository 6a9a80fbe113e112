"""Samples as a file that `promtool tsdb create-blocks-from openmetrics` reads."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sre.core.labels import METRIC_NAME
from sre.core.series import Samples
from sre.core.times import epoch_ms

# promtool reads a file once for every two hours it spans.
_FILE_SPAN = timedelta(hours=6)
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


def written_in_parts(series: Sequence[Samples], folder: Path, *, first: datetime, last: datetime) -> list[Path]:
    """Write what lies from `first` to the end of the part that holds the moment before `last`, a file every six hours."""
    paths = []
    start = first
    while start < last:
        parts = (between(one, epoch_ms(start), epoch_ms(start + _FILE_SPAN)) for one in series)
        paths.append(folder / f"{start:%d-%H}.om")
        written([part for part in parts if part], paths[-1])
        start += _FILE_SPAN
    return paths


def between(one: Samples, first_ms: int, end_ms: int) -> Samples | None:
    """Return the samples from `first_ms` on and before `end_ms`; None where there are none."""
    kept = (one.timestamps_ms >= first_ms) & (one.timestamps_ms < end_ms)
    return Samples(one.labels, one.timestamps_ms[kept], one.values[kept]) if kept.any() else None
