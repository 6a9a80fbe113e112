"""The usual spelling of a range answer, read several times faster than a JSON decoder reads any spelling.

Go writes a series without white space as `{"metric":{...},"values":[[1700000000,"1.5"],...]}`. The pairs of one series
become a flat list of numbers by dropping quotes and brackets, and that list is read by the decoder of pydantic, whose
floats are as exact as Python's. Whatever is spelt in another way is left to `read_elements`, which also finds the words
for what is wrong with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from pydantic_core import from_json

from sre.core.labels import Labels
from sre.core.series import FloatArray

_RESULT, _METRIC, _VALUES, _LAST_PAIR = b'"result":[', b'{"metric":', b'},"values":[[', b'"]]}'
_AROUND_NUMBERS = b'"[]'
# Digits, signs, exponents, NaN and Inf: with `true` or `null` between them the list would still be JSON.
_OF_NUMBERS = b"0123456789+-.eE,NaInf"


@dataclass(slots=True)
class CompactSeries:
    """What was read.

    Attributes:
        times, values: An array a series, seconds and numbers.
        rest: The text around the elements of `result`.
    """

    labels: list[Labels] = field(default_factory=list)
    times: list[FloatArray] = field(default_factory=list)
    values: list[FloatArray] = field(default_factory=list)
    rest: bytes = b""


def read_compact(body: bytearray) -> CompactSeries | None:
    """Return all series of a matrix answer, or None where it is spelt in another way."""
    start = body.find(_RESULT)
    if start < 0:
        return None
    found = CompactSeries()
    try:
        end = _read_series(body, start + len(_RESULT), found)
    except (ValueError, TypeError, IndexError):
        return None
    found.rest = bytes(body[: start + len(_RESULT)]) + bytes(body[end:])
    return found


def _read_series(body: bytearray, position: int, found: CompactSeries) -> int:
    """Read series after series; return the position of the closing bracket, or raise ValueError."""
    spelt_times: list[float] = []
    while body[position] != ord("]"):
        if not body.startswith(_METRIC, position):
            raise ValueError
        # A quote inside a JSON string is escaped, so these marks cannot be part of a label.
        metric_end = body.index(_VALUES, position) + 1
        first = metric_end + len(_VALUES) - 1
        last = body.index(_LAST_PAIR, first)
        times, values = _pairs(body[first:last])
        if times == spelt_times:
            found.times.append(found.times[-1])
        else:
            spelt_times = times
            found.times.append(np.array(times, dtype=np.float64))
        found.values.append(np.array(values, dtype=np.float64))
        found.labels.append(_labels(body[position + len(_METRIC) : metric_end]))
        position = last + len(_LAST_PAIR)
        if body.startswith(b",{", position):
            position += 1
        elif body[position] != ord("]"):
            raise ValueError
    return position


def _pairs(text: bytearray) -> tuple[list[float], list[float]]:
    numbers = text.translate(None, _AROUND_NUMBERS)
    if numbers.translate(None, _OF_NUMBERS):
        raise ValueError
    if b"Inf" in numbers:
        numbers = numbers.replace(b"+Inf", b"Infinity").replace(b"-Inf", b"-Infinity")
    flat: Sequence[float] = from_json(b"[" + numbers + b"]")
    times, values = list(flat[0::2]), list(flat[1::2])
    # Each pair has an opening bracket but the first, whose bracket is the mark before it.
    if not len(times) == len(values) == text.count(b"[") + 1:
        raise ValueError
    return times, values


def _labels(text: bytearray) -> Labels:
    metric = from_json(bytes(text))
    if not isinstance(metric, dict) or not all(isinstance(value, str) for value in metric.values()):
        raise TypeError
    return Labels(metric)
