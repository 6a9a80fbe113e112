"""Reading a body piece by piece, never past a bound, decompressed by ourselves.

An ordinary client inflates each piece it receives in one go, so 64 kB from the wire can become 64 MB in memory before
anyone counts. Here the inflater is told how much it may still produce.
"""

import zlib
from collections.abc import AsyncIterator, Iterator

# zlib: 15 bits of window, plus 32 to recognise the gzip or zlib header by itself.
_GZIP_OR_ZLIB = 15 + 32
# zlib doubles its buffer and then copies it, so a large block would cost three times its size for a moment.
_BLOCK_BYTES = 256 * 1024
_PLAIN = frozenset({"", "identity"})
_DEFLATED = frozenset({"gzip", "x-gzip", "deflate"})


class TooLargeError(Exception):
    """The body is larger than the budget."""


class NotDecodableError(Exception):
    """The body is not in the encoding that it claims, or in one that was never asked for."""


class ByteBudget:
    """How many bytes may still be read; several requests of one call can share it."""

    __slots__ = ("left", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.left = limit

    def spend(self, count: int) -> None:
        """Take `count` bytes; raises TooLargeError where fewer are left."""
        self.left -= count
        if self.left < 0:
            raise TooLargeError

    def require(self, count: int) -> None:
        """Raise TooLargeError where `count` bytes would not fit, without taking them."""
        if count > self.left:
            raise TooLargeError


class Inflater:
    """Turns the bytes of the wire into those of the body."""

    __slots__ = ("_stream",)

    def __init__(self, encoding: str) -> None:
        name = encoding.strip().lower()
        if name not in _PLAIN | _DEFLATED:
            raise NotDecodableError
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB) if name in _DEFLATED else None

    def fed(self, piece: bytes) -> Iterator[bytes]:
        """Yield what `piece` becomes, in blocks that are small however much it is; stop asking to stop the work."""
        if self._stream is None:
            yield piece
            return
        is_full = True
        # A full block can leave output inside zlib even when all input is used.
        while piece or is_full:
            try:
                block = self._stream.decompress(piece, _BLOCK_BYTES)
            except zlib.error:
                raise NotDecodableError from None
            piece, is_full = self._stream.unconsumed_tail, len(block) == _BLOCK_BYTES
            yield block

    @property
    def is_cut(self) -> bool:
        """Whether the compressed stream ended early."""
        return self._stream is not None and not self._stream.eof


async def read_into(collected: bytearray, pieces: AsyncIterator[bytes], *, encoding: str, budget: ByteBudget) -> None:
    """Append the decoded body to `collected`.

    Raises:
        TooLargeError: More than the budget allows; what was read so far is in `collected`.
        NotDecodableError: Not in the encoding `encoding`, or cut.
    """
    inflater = Inflater(encoding)
    async for piece in pieces:
        for block in inflater.fed(piece):
            collected += block[: max(budget.left, 0)]
            budget.spend(len(block))
    if inflater.is_cut and collected:
        raise NotDecodableError
