"""What is said of a body that is no JSON."""

import pytest

from connectors.http import NotTheApiError, decoded_json


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "answered with an empty body"),
        (b" \n", "answered with an empty body"),
        (b"OK", "answered with text that is not JSON"),
        (b'{"a": [1, 2', "sent JSON that breaks off after 11 characters"),
        (b'{"a": "half a sen', "sent JSON that breaks off after 17 characters"),
        (b'{"a": 1,, "b": 2}', "sent broken JSON (wrong at character 8 of 17)"),
        (b'{"a": "\xff"}', "answered with something that is not UTF-8 text"),
        (b"[" * 200_000, "answered with JSON that cannot be read"),
    ],
)
def test_a_body_that_is_no_json_is_described(body: bytes, problem: str) -> None:
    """Our choice: cut, broken and other text are told apart; of a string that never ends the decoder names the start."""
    with pytest.raises(NotTheApiError) as raised:
        decoded_json(body)
    assert raised.value.problem == problem


def test_a_body_in_json_is_its_document() -> None:
    """Source: RFC 8259."""
    assert decoded_json(bytearray(b'{"a": [1, null, "x"]}')) == {"a": [1, None, "x"]}
