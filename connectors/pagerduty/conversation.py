"""Asking one of PagerDuty's APIs, and what its answers mean beyond what HTTP says."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread

from connectors.http import Answer, ByteBudget, Endpoint, HttpClient, Pacing, Request
from sre.core.errors import AuthDeniedError, BadResponseError, ConfigError, InputError, RefusedError, SreError
from sre.core.text import cleaned, quoted

if TYPE_CHECKING:
    import httpx

    from connectors.pagerduty.wire import WireProblem

Read = TypeVar("Read")

_REASON_LIMIT = 300
# Some 10 ms of decoding: below that the event loop can wait.
_THREAD_ABOVE_BYTES = 512 * 1024
_NOT_HERE = (
    "Check the address: https://api.pagerduty.com, or https://api.eu.pagerduty.com for an account in the EU region.",
)
# PagerDuty, "Errors": codes that mean something of their own.
REQUESTER_NOT_FOUND = 1008
_CONSIDERED = frozenset({400, 404, 409, 422})


class Conversation:
    """Sends requests to one API and reads the answers.

    Args:
        sign_in: What to do where it does not let us in.
        pacing, transport: Replaced in tests.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        system: str,
        sign_in: tuple[str, ...],
        narrower: tuple[str, ...] = (),
        pacing: Pacing | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self.http = HttpClient(endpoint, system=system, narrower=narrower, pacing=pacing, transport=transport)
        self.system = system
        self._sign_in = sign_in

    async def told(
        self, request: Request, read: Callable[[bytearray], Read], *, budget: ByteBudget | None = None
    ) -> Read:
        """Return what `read` makes of the answer; raises the errors of `sre.core.errors`."""
        return await self.decoded(await self.http.send(request, budget=budget), read)

    async def decoded(self, answer: Answer, read: Callable[[bytearray], Read]) -> Read:
        """Return what `read` makes of the body, worked out in a thread where the body is large."""
        from connectors.pagerduty.wire import NotTheApiError

        if (failure := self._failure(answer)) is not None:
            raise failure
        try:
            if len(answer.body) > _THREAD_ABOVE_BYTES:
                return await anyio.to_thread.run_sync(read, answer.body, abandon_on_cancel=True)
            return read(answer.body)
        except NotTheApiError as error:
            problem = error.problem
        raise self._misunderstood(answer, problem)

    def problem_in(self, answer: Answer) -> "WireProblem | None":
        """Return what PagerDuty says is wrong with a request that it considered, or None for any other answer."""
        from connectors.pagerduty.wire import problem_in

        return problem_in(answer.body) if answer.status in _CONSIDERED else None

    def refused(self, answer: Answer, problem: "WireProblem", *, what: str, field: str) -> SreError:
        """Return the error for a request that was considered and not carried out.

        Args:
            what: Finishes "does not".
            field: The argument to mend.
        """
        reason = self._quoted(answer, problem.told)
        if problem.code == REQUESTER_NOT_FOUND:
            return ConfigError(
                f"{self.system} knows no user with the address of PAGERDUTY_FROM: {reason}.",
                setting="PAGERDUTY_FROM",
                next_steps=("Set PAGERDUTY_FROM to the e-mail address of a user of the account.",),
            )
        return InputError(f"{self.system} does not {what}: {reason}.", field=field)

    def _quoted(self, answer: Answer, text: str) -> str:
        return quoted(answer.credentials.masked(cleaned(text, limit=4 * _REASON_LIMIT)), limit=_REASON_LIMIT)

    def _failure(self, answer: Answer) -> SreError | None:
        if answer.status == 404:
            return self._bad(f"{self.system} has nothing at this path (HTTP 404).", answer, next_steps=_NOT_HERE)
        if answer.status == 402:
            return RefusedError(
                f"The plan of this {self.system} account does not include what was asked for (HTTP 402).",
                next_steps=("Ask the owner of the account which plan has it.",),
            )
        failure = self.http.failure_of(answer)
        if isinstance(failure, AuthDeniedError):
            return AuthDeniedError(failure.message, system=self.system, status=failure.status, next_steps=self._sign_in)
        if isinstance(failure, BadResponseError):
            return self._bad(failure.message, answer, next_steps=_NOT_HERE)
        return failure

    def _misunderstood(self, answer: Answer, problem: str) -> SreError:
        steps: tuple[str, ...] = _NOT_HERE
        if answer.is_html:
            problem = "sent an HTML page instead of JSON: a sign-in page, a proxy, or not the address of the API"
        return self._bad(f"{self.system} {problem}.", answer, next_steps=steps)

    def _bad(self, message: str, answer: Answer, *, next_steps: tuple[str, ...]) -> BadResponseError:
        return self.http.narrator.bad(message, status=answer.status, next_steps=next_steps)
