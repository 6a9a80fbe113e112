"""Instant answers: from JSON to a vector, a scalar, a string or raw samples."""

from dataclasses import replace

import numpy as np

from connectors.http import Json, NotTheApiError
from connectors.prometheus.advice import NATIVE_HISTOGRAMS
from connectors.prometheus.envelope import read_elements
from connectors.prometheus.matrix import as_ms, labels_of, pairs_as_arrays
from sre.core.labels import Labels
from sre.core.series import InstantResult, Samples

_NOT_A_NUMBER = "answered with a value that is not a number"


def read_instant(body: bytearray, *, query: str, at_ms: int) -> InstantResult:
    """Return the result of an instant query; raises NotTheApiError."""
    collected = _Collected()
    envelope = read_elements(body, collected.take)
    ours = (NATIVE_HISTOGRAMS,) if collected.has_histograms else ()
    warnings = (*envelope.warnings, *ours)
    result = InstantResult(query, at_ms, "vector", samples_read=envelope.samples_read, warnings=warnings)
    match envelope.result_type:
        case "vector":
            return replace(result, labels=tuple(collected.labels), values=np.array(collected.values, dtype=np.float64))
        case "matrix":
            return replace(result, kind="matrix", samples=tuple(collected.samples))
        case "scalar" if len(collected.bare) == 2:
            return replace(result, kind="scalar", values=np.array([_number(collected.bare[1])]))
        case "string" if len(collected.bare) == 2:
            return replace(result, kind="string", text=str(collected.bare[1]))
    raise NotTheApiError("answered an instant query with a result of no known kind")


class _Collected:
    """Takes the elements of any result type: series, or the time and value of a scalar or string."""

    def __init__(self) -> None:
        self.labels: list[Labels] = []
        self.values: list[float] = []
        self.samples: list[Samples] = []
        self.bare: list[Json] = []
        self.has_histograms = False

    def take(self, element: Json) -> None:
        """Keep one element of `result`."""
        if not isinstance(element, dict):
            self.bare.append(element)
            return
        if "value" in element:
            self.values.append(_value(element["value"]))
            self.labels.append(labels_of(element.get("metric")))
        elif "values" in element:
            times, values = pairs_as_arrays(element["values"])
            self.samples.append(Samples(labels_of(element.get("metric")), as_ms(times), values))
        elif not {"histogram", "histograms"} & element.keys():
            raise NotTheApiError("answered with a series that has no value")
        self.has_histograms |= bool({"histogram", "histograms"} & element.keys())


def _value(pair: Json) -> float:
    if not isinstance(pair, list) or len(pair) != 2:
        raise NotTheApiError("answered with a sample that is not a pair of time and number")
    return _number(pair[1])


def _number(value: Json) -> float:
    if not isinstance(value, str | int | float):
        raise NotTheApiError(_NOT_A_NUMBER)
    try:
        return float(value)
    except ValueError:
        raise NotTheApiError(_NOT_A_NUMBER) from None
