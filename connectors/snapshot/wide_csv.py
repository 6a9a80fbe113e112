"""A wide CSV table: the first column is time, every other column one series, named in the header.

A header cell is a metric name or a series such as `http_requests_total{job="api"}`; a cell with commas or quotes is
quoted in the CSV way. Times are RFC 3339 or epoch seconds, or milliseconds where the numbers are that large; an empty
cell is a missing sample.
"""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from connectors.snapshot.files import MAX_LINE_CHARACTERS, text_of, unreadable
from connectors.snapshot.recording import RecordingBuilder
from connectors.snapshot.series_text import NotASeriesError, series_labels
from sre.core.labels import Labels

_TIME_NAMES: Final = frozenset({"time", "timestamp", "date", "datetime", "ts", "t"})
_MISSING: Final = frozenset({"", "null"})
_DELIMITERS: Final = (",", ";", "\t")
# The same border as in exposition text: larger numbers are milliseconds.
_UNIT_BORDER: Final = 1e11
_FLUSH_ROWS: Final = 20_000
_HEADER_HELP: Final = (
    'Write the header as: time,up,"http_requests_total{job=""api""}" - metric names, or series in CSV quotes.',
)


def read_wide_csv(path: Path, builder: RecordingBuilder) -> None:
    """Read one CSV file into `builder`.

    Raises:
        ConfigError: The header does not name series, or a cell is not a number; file and line are named.
    """
    with text_of(path) as text:
        header = text.readline()
        columns, delimiter = _header(path, header)
        table = _Table(path, columns, builder)
        rows = csv.reader(text, delimiter=delimiter)
        try:
            for cells in rows:
                table.add(cells, line=rows.line_num + 1)
        except csv.Error as error:
            raise unreadable(path, f"is not CSV ({error})", line=rows.line_num + 1) from error
        table.flush()


class _Table:
    """Rows on their way into the builder."""

    def __init__(self, path: Path, columns: Sequence[Labels], builder: RecordingBuilder) -> None:
        self._path = path
        self._columns = columns
        self._builder = builder
        self._times: list[float] = []
        self._rows: list[list[float]] = []
        # A missing sample and one that is NaN are told apart.
        self._holes: list[tuple[int, int]] = []

    def add(self, cells: Sequence[str], *, line: int) -> None:
        if not any(cell.strip() for cell in cells):
            return
        if len(cells) != len(self._columns) + 1:
            raise unreadable(
                self._path, f"has {len(cells)} cells where the header has {len(self._columns) + 1}", line=line
            )
        self._times.append(self._time(cells[0], line=line))
        self._rows.append([self._value(cell, column, line=line) for column, cell in enumerate(cells[1:])])
        if len(self._rows) >= _FLUSH_ROWS:
            self.flush()

    def flush(self) -> None:
        if not self._rows:
            return
        times = np.rint(np.array(self._times) * 1000.0).astype(np.int64)
        values = np.array(self._rows, dtype=np.float64)
        is_there = np.ones(values.shape, dtype=np.bool_)
        if self._holes:
            is_there[tuple(np.array(self._holes).T)] = False
        for column, labels in enumerate(self._columns):
            rows = is_there[:, column]
            if rows.any():
                self._builder.add(labels, times[rows], values[rows, column])
        self._times, self._rows, self._holes = [], [], []

    def _time(self, cell: str, *, line: int) -> float:
        text = cell.strip()
        try:
            number = float(text)
        except ValueError:
            return self._calendar_time(text, line=line)
        seconds = number / 1000.0 if abs(number) > _UNIT_BORDER else number
        if not abs(seconds) < _UNIT_BORDER or "_" in text:
            raise unreadable(self._path, "has a time that is none", line=line, text=cell)
        return seconds

    def _calendar_time(self, text: str, *, line: int) -> float:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise unreadable(
                self._path, "has a time that is neither RFC 3339 nor epoch seconds", line=line, text=text
            ) from None
        if at.tzinfo is None:
            self._builder.warn("Times without a zone in CSV files were read as UTC.")
            at = at.replace(tzinfo=UTC)
        return at.timestamp()

    def _value(self, cell: str, column: int, *, line: int) -> float:
        text = cell.strip()
        if text.lower() in _MISSING:
            self._holes.append((len(self._rows), column))
            return 0.0
        try:
            if "_" in text:
                raise ValueError
            return float(text)
        except ValueError:
            raise unreadable(self._path, "has a value that is not a number", line=line, text=cell) from None


def _header(path: Path, line: str) -> tuple[tuple[Labels, ...], str]:
    if len(line) > MAX_LINE_CHARACTERS:
        raise unreadable(path, f"has a header longer than {MAX_LINE_CHARACTERS:,} characters", line=1)
    for delimiter in _DELIMITERS:
        cells = _split(line, delimiter)
        if len(cells) > 1 and cells[0].strip().lower() in _TIME_NAMES:
            return _columns(path, cells[1:]), delimiter
    raise unreadable(
        path, "does not begin with a header whose first cell is time", line=1, text=line, next_steps=_HEADER_HELP
    )


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _columns(path: Path, cells: Sequence[str]) -> tuple[Labels, ...]:
    columns: list[Labels] = []
    for cell in cells:
        try:
            labels = series_labels(cell)
        except NotASeriesError as error:
            raise unreadable(
                path, f"has a header cell that {error}", line=1, text=cell, next_steps=_HEADER_HELP
            ) from error
        if labels in columns:
            raise unreadable(path, "has the same series twice in the header", line=1, text=cell)
        columns.append(labels)
    return tuple(columns)
