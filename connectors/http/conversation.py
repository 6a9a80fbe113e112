"""Asking one system's API: a request, what its answer means, and what to say where it means nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio.to_thread

from connectors.http.answer import Answer
from connectors.http.body import ByteBudget
from connectors.http.client import HttpClient
from connectors.http.json_body import NotTheApiError
from connectors.http.request import Request
from sre.core.errors import AuthDeniedError, BadResponseError, SreError

Read = TypeVar("Read")

# Some 10 ms of decoding: below that the event loop can wait.
_THREAD_ABOVE_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Manner:
    """What to say and advise about one kind of system.

    Attributes:
        not_here: Next steps where there is nothing at a path.
        wrong_address: Next steps where something else than the system answered.
        address: Its address, as in "not the Grafana address".
        page_steps: Further next steps where a page for people came instead.
        sign_in: Next steps where it does not let us in; None leaves what holds for any system.
    """

    not_here: tuple[str, ...]
    wrong_address: tuple[str, ...]
    address: str
    page_steps: tuple[str, ...] = ()
    sign_in: tuple[str, ...] | None = None


def _nothing(_answer: Answer) -> SreError | None:
    return None


class Conversation:
    """Sends requests to one API and reads the answers.

    Args:
        explained: The error that the system explains in an answer by its own rules, or None; asked before the status
            is looked at, and where a body cannot be read.
        thread_above_bytes: Bodies larger than this are read in a thread.
    """

    def __init__(
        self,
        http: HttpClient,
        manner: Manner,
        *,
        explained: Callable[[Answer], SreError | None] = _nothing,
        thread_above_bytes: int = _THREAD_ABOVE_BYTES,
    ) -> None:
        self.http = http
        self._manner = manner
        self._explained = explained
        self._thread_above_bytes = thread_above_bytes

    async def told(
        self, request: Request, read: Callable[[bytearray], Read], *, budget: ByteBudget | None = None
    ) -> Read:
        """Return what `read` makes of the answer; raises the errors of `sre.core.errors`."""
        return await self.decoded(await self.http.send(request, budget=budget), read)

    async def decoded(self, answer: Answer, read: Callable[[bytearray], Read]) -> Read:
        """Return what `read` makes of the body, worked out in a thread where the body is large."""
        if (failure := self._failure(answer)) is not None:
            raise failure
        try:
            if len(answer.body) > self._thread_above_bytes:
                return await anyio.to_thread.run_sync(read, answer.body, abandon_on_cancel=True)
            return read(answer.body)
        except NotTheApiError as error:
            problem = error.problem
        # Outside, so that no error carries another one with text of the body in it.
        raise self._explained(answer) or self._misunderstood(answer, problem)

    def _failure(self, answer: Answer) -> SreError | None:
        if 200 <= answer.status < 300:
            return None
        if (explained := self._explained(answer)) is not None:
            return explained
        system = self.http.narrator.system
        if answer.status == 404:
            return self._bad(f"{system} has nothing at this path (HTTP 404).", answer, steps=self._manner.not_here)
        failure = self.http.failure_of(answer)
        if isinstance(failure, AuthDeniedError) and self._manner.sign_in is not None:
            return AuthDeniedError(
                failure.message, system=system, status=failure.status, next_steps=self._manner.sign_in
            )
        return failure

    def _misunderstood(self, answer: Answer, problem: str) -> SreError:
        steps = self._manner.wrong_address
        if answer.is_html:
            problem = f"sent an HTML page instead of JSON: a sign-in page, a proxy, or not {self._manner.address}"
            steps = (*steps, *self._manner.page_steps)
        return self._bad(f"{self.http.narrator.system} {problem}.", answer, steps=steps)

    def _bad(self, message: str, answer: Answer, *, steps: tuple[str, ...]) -> BadResponseError:
        return self.http.narrator.bad(message, status=answer.status, next_steps=steps)
