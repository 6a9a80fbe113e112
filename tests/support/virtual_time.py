"""An event loop whose clock jumps to the next timer when nothing else is left to do.

    @pytest.fixture
    def anyio_backend():
        return "asyncio", {"loop_factory": VirtualTimeLoop}

A source that takes 12 s for an answer is then tried with the real limits, in no time and always alike. While a worker
thread or a connection may still have something to say, time passes as it does for everybody.
"""

import asyncio
import selectors
import time
from collections.abc import Mapping
from typing import Any

import anyio.to_thread

# Long enough for a thread to report, short enough to be asked for often.
_LISTENING_SECONDS = 0.005


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that does not wait for timers."""

    def __init__(self) -> None:
        super().__init__(_JumpingSelector(self))
        self.skipped_seconds = 0.0

    def time(self) -> float:
        """Return the time of day in this loop: that of everybody, and what was skipped."""
        return time.monotonic() + self.skipped_seconds

    @property
    def has_threads(self) -> bool:
        """Whether a worker thread is busy, whose result comes when it comes."""
        try:
            return anyio.to_thread.current_default_thread_limiter().borrowed_tokens > 0
        except anyio.NoEventLoopError:
            return False


class _JumpingSelector(selectors.BaseSelector):
    """Listens for what has happened, and instead of waiting for what has not, moves the loop's clock on."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        self._loop = loop
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return self._real.select(timeout)
        ready = self._real.select(min(timeout, _LISTENING_SECONDS) if self._loop.has_threads else 0)
        if not ready and not self._loop.has_threads:
            self._loop.skipped_seconds += timeout
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()
