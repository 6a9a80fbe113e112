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


def test_a_bomb_is_inflated_in_small_blocks_and_only_as_far_as_asked() -> None:
    """Our choice: 100 MB of zeros in one piece of 100 kB never exist at once."""
    bomb = gzip.compress(b"\x00" * 100_000_000, compresslevel=9)
    assert len(bomb) < 200_000
    blocks = Inflater("gzip").fed(bomb)
    assert [len(next(blocks)) for _ in range(3)] == [262_144] * 3


@pytest.mark.parametrize("length", [block * 262_144 + extra for block in (1, 2) for extra in (-1, 0, 1, 258)])
async def test_nothing_is_lost_where_a_block_ends(length: int) -> None:
    """Our choice: zlib may hold output back when a block is full and the input used up."""
    body = bytearray()
    sent = gzip.compress(b"\x00" * length)
    await read_into(body, pieces(sent, 1), encoding="gzip", budget=ByteBudget(length))
    assert len(body) == length


async def test_a_bomb_is_too_large_after_the_budget_is_spent() -> None:
    """Our choice: what fitted is kept, and no more."""
    body = bytearray()
    bomb = gzip.compress(b"\x00" * 10_000_000)
    with pytest.raises(TooLargeError):
        await read_into(body, pieces(bomb, 10**6), encoding="gzip", budget=ByteBudget(5000))
    assert body == b"\x00" * 5000


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
