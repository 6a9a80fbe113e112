"""Answers of the Prometheus API, saved as JSON: range queries (matrix), instant queries (vector), and metadata.

The result of an expression has no metric name; its series get the name of the file, so that they can be asked for.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias, get_args

import numpy as np

from connectors.snapshot.files import MAX_JSON_BYTES, stem, text_of, unreadable
from connectors.snapshot.recording import RecordingBuilder
from sre.core.labels import METRIC_NAME, Labels
from sre.core.telemetry import MetricMetadata, MetricType

Json: TypeAlias = "str | float | int | bool | Sequence[Json] | Mapping[str, Json] | None"
_TYPES: Final[dict[str, MetricType]] = {name: name for name in get_args(MetricType)}
_HOW: Final = ("Save the whole answer of /api/v1/query_range, or of /api/v1/metadata.",)
_NOT_IN_NAME: Final = re.compile(r"[^a-zA-Z0-9_:]")


class _ShapeError(ValueError):
    """The JSON is not an answer of the API; says what is wrong."""


def read_range_json(path: Path, builder: RecordingBuilder) -> None:
    """Read one JSON file into `builder`.

    Raises:
        ConfigError: Not JSON, not an answer of the API, an error answer, or native histograms.
    """
    with text_of(path, max_bytes=MAX_JSON_BYTES) as text:
        try:
            answer: Json = json.load(text)
        except json.JSONDecodeError as error:
            raise unreadable(path, f"is not JSON ({error.msg})", line=error.lineno) from error
        except RecursionError as error:
            raise unreadable(path, "is nested too deeply to be an answer of Prometheus") from error
    try:
        _read_answer(answer, builder, fallback_name=_as_metric_name(stem(path)))
    except _ShapeError as error:
        raise unreadable(path, str(error), next_steps=_HOW) from error


def _read_answer(answer: Json, builder: RecordingBuilder, *, fallback_name: str) -> None:
    if isinstance(answer, list):
        for part in answer:
            _read_answer(part, builder, fallback_name=fallback_name)
        return
    whole = _mapping(answer)
    if whole.get("status") == "error":
        raise _ShapeError("is an error answer of Prometheus, not data")
    data = _mapping(whole.get("data", whole))
    if "resultType" in data:
        _read_result(data, builder, fallback_name=fallback_name)
    elif data and all(isinstance(entries, list) for entries in data.values()):
        _read_metadata(data, builder)
    else:
        raise _ShapeError("is not an answer of the Prometheus API")


def _read_result(data: Mapping[str, Json], builder: RecordingBuilder, *, fallback_name: str) -> None:
    kind = data["resultType"]
    if kind not in {"matrix", "vector"}:
        raise _ShapeError("has a result that is neither a matrix nor a vector")
    for entry in _sequence(data.get("result")):
        series = _mapping(entry)
        if "histograms" in series or "histogram" in series:
            raise _ShapeError("holds native histograms, which a snapshot cannot hold")
        points = _sequence(series.get("values")) if kind == "matrix" else [series.get("value")]
        labels = _labels(series.get("metric"))
        if not labels.metric:
            builder.warn(f"Series without a name were called after their file: {fallback_name}.")
            labels = labels.replaced(**{METRIC_NAME: fallback_name})
        times, values = _points(points)
        builder.add(labels, np.rint(np.array(times) * 1000.0).astype(np.int64), np.array(values, dtype=np.float64))


def _points(points: Sequence[Json]) -> tuple[list[float], list[float]]:
    try:
        pairs = [_point(point) for point in points]
    except ValueError:
        raise _ShapeError('has points that are not [seconds, "value"]') from None
    if not pairs:
        raise _ShapeError("has a series without points")
    times, values = [time for time, _ in pairs], [value for _, value in pairs]
    if not all(math.isfinite(time) and abs(time) < 1e11 for time in times):
        raise _ShapeError("has times that are not epoch seconds")
    return times, values


def _point(point: Json) -> tuple[float, float]:
    match point:
        case [int() | float() as time, str() as value]:
            return float(time), float(value)
    raise ValueError("not a point")


def _read_metadata(data: Mapping[str, Json], builder: RecordingBuilder) -> None:
    for family, entries in data.items():
        for entry in _sequence(entries):
            known = _mapping(entry)
            kind = _TYPES.get(str(known.get("type")), "unknown")
            builder.describe(family, MetricMetadata(kind, str(known.get("help") or ""), str(known.get("unit") or "")))


def _labels(metric: Json) -> Labels:
    pairs = _mapping(metric if metric is not None else {})
    if not all(isinstance(value, str) for value in pairs.values()):
        raise _ShapeError("has labels that are not text")
    return Labels({name: str(value) for name, value in pairs.items()})


def _mapping(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise _ShapeError("is not an answer of the Prometheus API")
    return value


def _sequence(value: Json) -> Sequence[Json]:
    if not isinstance(value, list):
        raise _ShapeError("is not an answer of the Prometheus API")
    return value


def _as_metric_name(text: str) -> str:
    name = _NOT_IN_NAME.sub("_", text)
    return name if name[:1] not in "0123456789" else f"_{name}"
