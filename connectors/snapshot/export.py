"""Writing samples as OpenMetrics text: what `promtool tsdb create-blocks-from openmetrics` reads, and we do."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sre.core.labels import METRIC_NAME, Labels
from sre.core.series import Samples
from sre.core.telemetry import MetricMetadata

_CHUNK_SAMPLES = 100_000
_NOT_FINITE = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}


def write_openmetrics(path: Path, samples: Sequence[Samples], *, metadata: Mapping[str, MetricMetadata]) -> None:
    """Write series with all their samples to a file, ended by `# EOF`.

    Series of one family stand together, as the format asks. Staleness markers become plain NaN, which the text cannot
    tell apart.

    Args:
        metadata: By metric family; families without any are written as unknown.
    """
    with path.open("w", encoding="utf-8", newline="\n") as text:
        for family, members in _by_family(samples, metadata).items():
            text.write(_description(family, metadata.get(family, MetricMetadata())))
            for series in members:
                text.writelines(_lines(series))
        text.write("# EOF\n")


def _by_family(samples: Iterable[Samples], metadata: Mapping[str, MetricMetadata]) -> dict[str, list[Samples]]:
    families: dict[str, list[Samples]] = {}
    for series in samples:
        families.setdefault(_family_of(series.labels.metric, metadata), []).append(series)
    return families


def _family_of(metric: str, metadata: Mapping[str, MetricMetadata]) -> str:
    for suffix in ("_bucket", "_count", "_sum"):
        family = metric.removesuffix(suffix)
        if family != metric and metadata.get(family, MetricMetadata()).type in {"histogram", "summary"}:
            return family
    return metric


def _description(family: str, metadata: MetricMetadata) -> str:
    kind, name = metadata.type, family
    if kind == "counter":
        # OpenMetrics names the family without the suffix that its samples must have.
        name = family.removesuffix("_total")
        kind = "counter" if name != family else "unknown"
    if kind in {"info", "stateset"}:
        kind = "unknown"
    help_text = metadata.help.replace("\\", "\\\\").replace("\n", "\\n")
    return f"# TYPE {name} {kind}\n" + (f"# HELP {name} {help_text}\n" if help_text else "")


def _lines(series: Samples) -> Iterable[str]:
    name = _spelt(series.labels)
    for start in range(0, series.values.size, _CHUNK_SAMPLES):
        part = slice(start, start + _CHUNK_SAMPLES)
        values, times = series.values[part].tolist(), series.timestamps_ms[part].tolist()
        yield "".join(
            f"{name} {_number(value)} {time // 1000}.{time % 1000:03d}\n"
            for value, time in zip(values, times, strict=True)
        )


def _number(value: float) -> str:
    """Return the shortest text that reads back to the same float."""
    text = repr(value)
    return _NOT_FINITE.get(text, text.removesuffix(".0"))


def _spelt(labels: Labels) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items() if name != METRIC_NAME)
    return f"{labels.metric}{{{pairs}}}" if pairs else labels.metric


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
