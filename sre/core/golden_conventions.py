"""The naming conventions of `golden_signals.yaml`, read once and checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

MetricKind = Literal["gauge", "counter"]
_TABLE = Path(__file__).with_name("golden_signals.yaml")


@dataclass(frozen=True, slots=True)
class StatusRule:
    """Labels that tell how a request ended, and the values that mean the server failed (RE2, whole value)."""

    labels: tuple[str, ...]
    error_numbers: str
    error_words: str

    def errors_among(self, values: frozenset[str]) -> str:
        """Return the pattern of failures for a label that has these values: numbers, or words in their spelling."""
        if all(value.isdigit() for value in values):
            return self.error_numbers
        is_upper = all(value == value.upper() for value in values)
        words = self.error_words.split("|")
        return "|".join(word for word in words if word[0].isdigit() or (word == word.upper()) == is_upper)


@dataclass(frozen=True, slots=True)
class RequestConvention:
    """A counter of requests.

    Attributes:
        error_metric: Where failures are counted in a metric of their own, its name; empty otherwise.
        only: Labels that must have these values where the metric has the label at all.
    """

    name: str
    metric: re.Pattern[str]
    status: StatusRule
    error_metric: str = ""
    error_labels: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LatencyConvention:
    """A histogram or summary of durations; `to_seconds` turns its unit into seconds."""

    name: str
    metric: re.Pattern[str]
    to_seconds: float = 1.0
    only: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SaturationConvention:
    """A resource: what is used, and how much there is.

    Attributes:
        limit: Name of the limit metric; `{group}` stands for a named group of `used`.
        is_free: `used` counts what is left, so saturation is 1 - used / limit.
        is_host: A metric of the machine and not of the service.
    """

    resource: str
    name: str
    used: re.Pattern[str]
    limit: str
    kind: MetricKind = "gauge"
    limit_kind: MetricKind = "gauge"
    only: Mapping[str, str] = field(default_factory=dict)
    limit_only: Mapping[str, str] = field(default_factory=dict)
    is_free: bool = False
    is_host: bool = False


@dataclass(frozen=True, slots=True)
class Conventions:
    """All conventions, each list in order of priority."""

    service_labels: tuple[str, ...]
    requests: tuple[RequestConvention, ...]
    latency: tuple[LatencyConvention, ...]
    saturation: tuple[SaturationConvention, ...]
    error_counters: re.Pattern[str]
    excluded: re.Pattern[str]


@cache
def conventions() -> Conventions:
    """Return the conventions this product knows."""
    import yaml  # start-up cannot afford it

    table = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    status, grpc = (
        StatusRule(tuple(table[key]["labels"]), table[key]["error_numbers"], table[key]["error_words"])
        for key in ("status", "grpc_status")
    )
    return Conventions(
        service_labels=tuple(table["service_labels"]),
        requests=tuple(_request(row, grpc if row.get("status") == "grpc" else status) for row in table["requests"]),
        latency=tuple(_latency(row) for row in table["latency"]),
        saturation=tuple(_saturation(row) for row in table["saturation"]),
        error_counters=re.compile(table["error_counters"]),
        excluded=re.compile(table["excluded"]),
    )


def _request(row: Mapping[str, object], status: StatusRule) -> RequestConvention:
    return RequestConvention(
        name=_text(row, "name"),
        metric=re.compile(_text(row, "metric")),
        status=status,
        error_metric=_text(row, "error_metric"),
        error_labels=_pairs(row, "error_labels"),
        only=_pairs(row, "only"),
    )


def _latency(row: Mapping[str, object]) -> LatencyConvention:
    scale = row.get("to_seconds", 1.0)
    return LatencyConvention(
        name=_text(row, "name"),
        metric=re.compile(_text(row, "metric")),
        to_seconds=float(scale) if isinstance(scale, (int, float)) else 1.0,
        only=_pairs(row, "only"),
    )


def _saturation(row: Mapping[str, object]) -> SaturationConvention:
    return SaturationConvention(
        resource=_text(row, "resource"),
        name=_text(row, "name"),
        used=re.compile(_text(row, "used")),
        limit=_text(row, "limit"),
        kind=_kind(row, "kind"),
        limit_kind=_kind(row, "limit_kind"),
        only=_pairs(row, "only"),
        limit_only=_pairs(row, "limit_only"),
        is_free=row.get("free") is True,
        is_host=row.get("host") is True,
    )


def _kind(row: Mapping[str, object], key: str) -> MetricKind:
    return "counter" if row.get(key) == "counter" else "gauge"


def _text(row: Mapping[str, object], key: str) -> str:
    return str(row.get(key, ""))


def _pairs(row: Mapping[str, object], key: str) -> Mapping[str, str]:
    pairs = row.get(key, {})
    return {str(name): str(value) for name, value in pairs.items()} if isinstance(pairs, Mapping) else {}
