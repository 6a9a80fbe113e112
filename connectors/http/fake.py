"""What the doubles of all systems share: they remember what they were asked, and fail when they are told to."""

from collections import deque
from typing import TypeAlias

import httpx

Fault: TypeAlias = httpx.Response | Exception


class FakeSystem:
    """Answers `httpx` requests in the place of a network.

    Attributes:
        requests: All requests so far.
        faults: What happens to the next requests instead of an answer, first come first.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.faults: deque[Fault] = deque()

    def transport(self) -> httpx.MockTransport:
        """Return what goes in the place of the network."""
        return httpx.MockTransport(self._handled)

    def _handled(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            fault = self.faults.popleft()
            if isinstance(fault, Exception):
                raise fault
            return fault
        return self._response(request)

    def _response(self, request: httpx.Request) -> httpx.Response:
        """Answer as the system would."""
        raise NotImplementedError
