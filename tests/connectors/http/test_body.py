"""Reading a body within a bound."""

import gzip
import zlib
from collections.abc import AsyncIterator

import pytest

from connectors.http import ByteBudget
from connectors.http.body import Inflater, NotDecodableError, TooLargeError, read_into

pytestmark = pytest.mark.anyio
TEXT = b'{"status":"success"}' * 500


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
@pytest.mark.parametrize(
    ("encoding", "sent"),
    [("", TEXT), ("identity", TEXT), ("gzip", gzip.compress(TEXT)), ("GZIP ", gzip.compress(TEXT)),
     ("deflate", zlib.compress(TEXT))],
)  # fmt: skip
async def test_a_body_comes_out_as_it_was_whatever_the_pieces(encoding: str, sent: bytes, size: int) -> None:
    """Source: RFC 9110, 8.4.1."""
    body = bytearray()
    await read_into(body, pieces(sent, size), encoding=encoding, budget=ByteBudget(len(TEXT)))
    assert body == TEXT


@pytest.mark.parametrize(("encoding", "sent"), [("", TEXT), ("gzip", gzip.compress(TEXT))])
async def test_one_byte_above_the_budget_is_too_large(encoding: str, sent: bytes) -> None:
    """Our choice: the bound counts bytes after decompression."""
    with pytest.raises(TooLargeError):
        await read_into(bytearray(), pieces(sent, 100), encoding=encoding, budget=ByteBudget(len(TEXT) - 1))


def test_a_bomb_is_never_inflated_past_the_room_left() -> None:
    """Our choice: 100 MB of zeros in one piece of 100 kB yield the room and one byte that shows the excess."""
    bomb = gzip.compress(b"\x00" * 100_000_000, compresslevel=9)
    assert len(Inflater("gzip").fed(bomb, room=5000)) == 5001


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [("gzip", b"not gzip at all"), ("gzip", gzip.compress(TEXT)[:-12]), ("br", TEXT), ("gzip, gzip", TEXT)],
    ids=["other bytes", "cut", "never asked for", "twice"],
)
async def test_a_body_that_is_not_in_its_encoding_is_refused(encoding: str, sent: bytes) -> None:
    """Source: RFC 9110, 8.4; we ask for gzip alone."""
    with pytest.raises(NotDecodableError):
        await read_into(bytearray(), pieces(sent, 50), encoding=encoding, budget=ByteBudget(10**6))


async def test_requests_of_one_call_share_a_budget() -> None:
    """Our choice: a window asked in pieces costs no more memory than one that is not."""
    budget = ByteBudget(len(TEXT) + 10)
    await read_into(bytearray(), pieces(TEXT, 100), encoding="", budget=budget)
    assert budget.left == 10
    with pytest.raises(TooLargeError):
        await read_into(bytearray(), pieces(TEXT, 100), encoding="", budget=budget)
