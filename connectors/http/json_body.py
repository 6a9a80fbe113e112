"""Bodies as JSON, and what to say of one that is none."""

import json
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


class NotTheApiError(Exception):
    """The body is not an answer of the API that was asked; `problem` finishes a sentence about the system."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def decoded_json(body: str | bytes | bytearray) -> Json:
    """Return the JSON of a body; raises NotTheApiError."""
    if not body or body.isspace():
        raise NotTheApiError("answered with an empty body")
    try:
        document: Json = json.loads(body)
    except json.JSONDecodeError as error:
        raise broken_json(error) from None
    except UnicodeDecodeError:
        raise NotTheApiError("answered with something that is not UTF-8 text") from None
    except (ValueError, RecursionError):
        raise NotTheApiError("answered with JSON that cannot be read") from None
    return document


def broken_json(error: json.JSONDecodeError) -> NotTheApiError:
    """Return what to say of text that is no JSON, cut, or wrong within."""
    text = error.doc
    if not text.lstrip().startswith(("{", "[")):
        return NotTheApiError("answered with text that is not JSON")
    # Of a string that never ends the decoder names the beginning.
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return NotTheApiError(f"sent JSON that breaks off after {len(text)} characters")
    return NotTheApiError(f"sent broken JSON (wrong at character {error.pos} of {len(text)})")
