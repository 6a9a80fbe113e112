"""The JSON around every answer, read without ever holding the whole answer as Python objects.

A body of 32 MiB is about a million samples; as lists, floats and strings they take six times the room of the text and
the decoder would hold the interpreter for half a second. Here the elements of `result` are decoded one at a time and
handed on, so that only one series exists in that form.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from connectors.http import Json, NotTheApiError, broken_json, decoded_json

# Inside a JSON string a quote is escaped, so an unescaped `"result": [` can only be the list itself.
_RESULT = re.compile(r'"result"\s*:\s*\[')
_UNREADABLE = "answered with JSON that cannot be read"
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Envelope:
    """What surrounds the result.

    Attributes:
        data: The `data` of the answer; its `result` is empty if the elements were handed on.
        warnings: Warnings and infos of the source.
    """

    data: Json
    warnings: tuple[str, ...]

    @property
    def result_type(self) -> str:
        """`vector`, `matrix`, `scalar` or `string`; empty where the answer has none."""
        kind = self.data.get("resultType") if isinstance(self.data, dict) else None
        return kind if isinstance(kind, str) else ""

    @property
    def samples_read(self) -> int | None:
        """Samples the engine looked at, where the source says so."""
        at: Json = self.data
        for key in ("stats", "samples", "totalQueryableSamples"):
            at = at.get(key) if isinstance(at, dict) else None
        return at if isinstance(at, int) else None


def read_envelope(body: bytearray) -> Envelope:
    """Return the envelope of `body` with its data; raises NotTheApiError."""
    return _envelope(decoded_json(body))


def read_elements(body: bytearray, take: Callable[[Json], None]) -> Envelope:
    """Call `take` with each element of `data.result`, then return the envelope without them.

    Raises:
        NotTheApiError: Not JSON, cut, an error answer, or not of the API.
    """
    text = _text(body)
    start = _RESULT.search(text)
    if start is None:
        return _without_elements(_envelope(decoded_json(text)))
    # The bytes are not needed any more; a large body must not exist twice.
    body.clear()
    end = _each_element(text, start.end(), take)
    return _envelope(decoded_json(text[: start.end()] + text[end:]))


def _without_elements(envelope: Envelope) -> Envelope:
    # Go writes an empty list that was never filled as null.
    if isinstance(envelope.data, dict) and envelope.data.get("result", "") is None:
        return envelope
    raise NotTheApiError("answered with a result that is not a list")


def _each_element(text: str, position: int, take: Callable[[Json], None]) -> int:
    """Return the position of the bracket that closes the list."""
    position = _skipped(text, position)
    if text[position : position + 1] == "]":
        return position
    while True:
        element, after = _decoded_at(text, position)
        take(element)
        position = _skipped(text, after)
        if text[position : position + 1] == "]":
            return position
        if text[position : position + 1] != ",":
            raise _broken(text, position)
        position = _skipped(text, position + 1)


def _decoded_at(text: str, position: int) -> tuple[Json, int]:
    try:
        return _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        raise broken_json(error) from None
    except (ValueError, RecursionError):
        raise NotTheApiError(_UNREADABLE) from None


def _skipped(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _text(body: bytearray) -> str:
    if not body or body.isspace():
        raise NotTheApiError("answered with an empty body")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise NotTheApiError("answered with something that is not UTF-8 text") from None


def _broken(text: str, position: int) -> NotTheApiError:
    return broken_json(json.JSONDecodeError("", text, position))


def _envelope(document: Json) -> Envelope:
    if not isinstance(document, dict) or document.get("status") != "success":
        raise NotTheApiError("answered with JSON that is not of the Prometheus API")
    said = [document.get(key) or [] for key in ("warnings", "infos")]
    texts = [text for group in said if isinstance(group, list) for text in group if isinstance(text, str)]
    return Envelope(document.get("data"), tuple(texts))
