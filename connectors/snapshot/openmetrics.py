"""OpenMetrics text and the older Prometheus text, with timestamps.

Which of the two a file is decides what its timestamps mean: OpenMetrics ends with `# EOF` and counts seconds, the
Prometheus text format has no end mark and counts milliseconds. A file named `.om` or `.openmetrics` must have the mark,
or it was cut off. Times that only make sense in the other unit are refused, never guessed at.

Speed comes from reading a series' name once: every further line of it is found by its text.

Source:
    OpenMetrics 1.0 (prometheus.io/docs/specs/om/open_metrics_spec), "Text format"; Prometheus, "Exposition formats".
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from connectors.snapshot.files import MAX_LINE_CHARACTERS, format_suffix, text_of, unreadable
from connectors.snapshot.recording import RecordingBuilder
from connectors.snapshot.series_text import LABELS_PATTERN, METRIC_PATTERN, NotASeriesError, labels_of
from sre.core.labels import Labels
from sre.core.promql.select import STALE_BITS
from sre.core.series import FloatArray
from sre.core.telemetry import MetricMetadata, MetricType

_END: Final = "# EOF"
_LINE: Final = re.compile(
    rf"[ \t]*({METRIC_PATTERN})?[ \t]*({LABELS_PATTERN})?[ \t]*(?<=[ \t}}])([^\s#{{}}]+)(?:[ \t]+([^\s#{{}}]+))?"
    r"[ \t]*(?:[ \t]#[ \t].*)?"
)
_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[iI]nf(?:inity)?)|[nN]a[nN]")
_DESCRIPTION: Final = re.compile(r"#[ \t]+(TYPE|HELP|UNIT)[ \t]+(?:\"([^\"]+)\"|(\S+))(?:[ \t]+(.*))?")
_TYPES: Final[dict[str, MetricType]] = {
    "counter": "counter",
    "gauge": "gauge",
    "histogram": "histogram",
    "gaugehistogram": "gaugehistogram",
    "summary": "summary",
    "info": "info",
    "stateset": "stateset",
    "unknown": "unknown",
    "untyped": "unknown",
}
# Names of samples differ from the family's by these; metadata is kept under the name people query.
_SAMPLE_SUFFIX: Final[dict[str, str]] = {"counter": "_total", "info": "_info"}
# 1e11 is the year 5138 in seconds and 1973 in milliseconds: no recording lies on the wrong side of it.
_UNIT_BORDER: Final = 1e11
# Counters are never NaN by themselves (OpenMetrics 1.0, "Counter"). In a dump of `promtool tsdb dump`, whose text has
# one spelling for all NaN, such a value is the marker that the series ended; kept as NaN it would spoil every sum.
_COUNTER_SUFFIXES: Final = ("_total", "_count", "_bucket")
_FLUSH_AT: Final = 500_000
_NEED_HISTORY: Final = (
    "Export with timestamps: promtool tsdb dump DATA_FOLDER > x.prom, or the JSON of /api/v1/query_range."
)


def read_openmetrics(path: Path, builder: RecordingBuilder) -> None:
    """Read one file of exposition text into `builder`.

    Raises:
        ConfigError: The file cannot be read, or a line of it; the line is named and quoted.
    """
    reader = _Reader(path, builder)
    with text_of(path) as text:
        reader.read(text)
    reader.finish()


@dataclass(slots=True)
class _Column:
    """Samples of one series: those still text, and those already numbers, times in the file's own unit."""

    labels: Labels
    values: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    done: list[tuple[FloatArray, FloatArray]] = field(default_factory=list)


class _Reader:
    def __init__(self, path: Path, builder: RecordingBuilder) -> None:
        self._path = path
        self._builder = builder
        self._by_text: dict[str, _Column] = {}
        self._by_labels: dict[Labels, _Column] = {}
        self._families: dict[str, MetricMetadata] = {}
        self._pending = 0
        self._total = 0
        self._has_end = False

    def read(self, lines: Iterable[str]) -> None:
        by_text = self._by_text
        for number, line in enumerate(lines, start=1):
            parts = line.rsplit(" ", 2)
            column = by_text.get(parts[0]) if len(parts) == 3 and not self._has_end else None
            if column is None:
                self._read_other(line.rstrip("\r\n"), number)
                continue
            column.values.append(parts[1])
            column.times.append(parts[2])
            self._pending += 1
            if self._pending >= _FLUSH_AT:
                self._flush()
        self._flush()

    def finish(self) -> None:
        """Turn times into milliseconds, now that the unit is known, and hand everything over."""
        if not self._has_end and format_suffix(self._path) in {".om", ".openmetrics"}:
            raise unreadable(
                self._path, 'does not end with "# EOF": it was cut off, or is not OpenMetrics',
                next_steps=("Export it again; a file in the older Prometheus text format is named .prom.",),
            )  # fmt: skip
        self._check_unit()
        for column in self._by_labels.values():
            times = np.concatenate([times for times, _ in column.done])
            values = np.concatenate([values for _, values in column.done])
            if self._has_end:
                times = times * 1000.0
            elif column.labels.metric.endswith(_COUNTER_SUFFIXES):
                values = _with_staleness(values)
            self._builder.add(column.labels, np.rint(times).astype(np.int64), values)
        for family, metadata in self._families.items():
            self._builder.describe(self._sample_name(family, metadata.type), metadata)

    def _sample_name(self, family: str, kind: MetricType) -> str:
        suffix = _SAMPLE_SUFFIX.get(kind, "")
        return family + suffix if self._has_end and not family.endswith(suffix) else family

    def _check_unit(self) -> None:
        ends = [float(np.max(np.abs(times))) for column in self._by_labels.values() for times, _ in column.done]
        if not ends:
            return
        if self._has_end and max(ends) > _UNIT_BORDER:
            raise unreadable(
                self._path, 'ends with "# EOF", so its times are seconds, but they are as large as milliseconds'
            )
        if max(ends) > _UNIT_BORDER * 1000:
            raise unreadable(self._path, "has times after the year 5138")
        if not self._has_end and max(ends) < _UNIT_BORDER:
            raise unreadable(
                self._path, 'has no "# EOF" at its end, so its times are milliseconds, but they look like seconds',
                next_steps=('If it is OpenMetrics, end the file with the line "# EOF".',),
            )  # fmt: skip

    def _read_other(self, line: str, number: int) -> None:
        """Read a line that is not one more sample of a known series."""
        if self._has_end and line.strip():
            raise unreadable(self._path, 'has text after "# EOF"', line=number, text=line)
        if len(line) > MAX_LINE_CHARACTERS:
            raise unreadable(self._path, f"is longer than {MAX_LINE_CHARACTERS:,} characters", line=number)
        stripped = line.strip()
        if stripped.startswith("#"):
            self._has_end = stripped == _END
            self._describe(stripped, number)
        elif stripped:
            self._read_sample(line, number)

    def _read_sample(self, line: str, number: int) -> None:
        match = _LINE.fullmatch(line)
        if match is None:
            raise unreadable(self._path, "is not a sample", line=number, text=line)
        metric, braces, value, time = match.groups()
        if time is None:
            raise unreadable(
                self._path, "has a sample without a timestamp", line=number, text=line, next_steps=(_NEED_HISTORY,)
            )
        if not _is_number(value) or not _is_time(time):
            raise unreadable(self._path, "has a value or time that is not a number", line=number, text=line)
        column = self._column(metric, braces, number=number, line=line)
        column.values.append(value)
        column.times.append(time)
        self._pending += 1
        key = (metric or "") + (braces or "")
        if line == f"{key} {value} {time}":
            self._by_text[key] = column

    def _column(self, metric: str | None, braces: str | None, *, number: int, line: str) -> _Column:
        try:
            labels = labels_of(metric, braces)
        except NotASeriesError as error:
            raise unreadable(self._path, str(error), line=number, text=line) from error
        if labels not in self._by_labels:
            self._by_labels[labels] = _Column(labels)
        return self._by_labels[labels]

    def _describe(self, line: str, number: int) -> None:
        match = _DESCRIPTION.fullmatch(line)
        if match is None:
            return
        keyword, family, text = match[1], match[2] or match[3], match[4] or ""
        known = self._families.get(family, MetricMetadata())
        if keyword == "TYPE" and text.strip().lower() not in _TYPES:
            raise unreadable(self._path, "has an unknown metric type", line=number, text=line)
        self._families[family] = _with(known, keyword, text)

    def _flush(self) -> None:
        """Turn text into numbers, so that memory holds 16 bytes a sample and not two strings."""
        self._total += self._pending
        self._builder.room_for(self._total)
        self._pending = 0
        for column in self._by_labels.values():
            if not column.values:
                continue
            values, times = _numbers(column.values), _numbers(column.times)
            if values is None or times is None or not self._are_times(times):
                raise self._first_bad_line()
            column.done.append((times, values))
            column.values, column.times = [], []

    def _are_times(self, times: FloatArray) -> bool:
        return bool(np.all(np.isfinite(times)))

    def _first_bad_line(self) -> Exception:
        """Return the error for the first line whose numbers are not; read again, because only the text knows lines."""
        with text_of(self._path) as text:
            for number, line in enumerate(text, start=1):
                parts = line.rstrip("\r\n").rsplit(" ", 2)
                if parts[0] in self._by_text and len(parts) == 3 and not (_is_number(parts[1]) and _is_time(parts[2])):
                    return unreadable(self._path, "has a value or time that is not a number", line=number, text=line)
        return unreadable(self._path, "has a value or time that is not a number")


def _with_staleness(values: FloatArray) -> FloatArray:
    """Return counter values with the staleness marker of Prometheus where they are NaN."""
    marked = values.copy()
    marked.view(np.int64)[np.isnan(values)] = STALE_BITS
    return marked


def _with(known: MetricMetadata, keyword: str, text: str) -> MetricMetadata:
    match keyword:
        case "TYPE":
            return MetricMetadata(_TYPES[text.strip().lower()], known.help, known.unit)
        case "HELP":
            return MetricMetadata(known.type, text.replace("\\n", "\n").replace("\\\\", "\\"), known.unit)
        case _:
            return MetricMetadata(known.type, known.help, text.strip())


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and text.isascii()


def _is_time(text: str) -> bool:
    return _is_number(text) and math.isfinite(float(text))


def _numbers(texts: list[str]) -> FloatArray | None:
    """Return the numbers, or None if one is none; Python reads more than the formats allow, such as `1_000`."""
    together = "".join(texts)
    if "_" in together or not together.isascii():
        return None
    try:
        return np.array(list(map(float, texts)), dtype=np.float64)
    except ValueError:
        return None
