"""Questions to the Prometheus HTTP API, and the envelope around its answers."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from connectors.http import Answer, ByteBudget, Conversation, Endpoint, HttpClient, Manner, Pacing, Request
from connectors.prometheus.advice import NARROWER
from connectors.prometheus.refusals import refusal_of
from sre.core.errors import BadResponseError, InputError, SreError

if TYPE_CHECKING:
    import httpx

    from connectors.prometheus.envelope import Envelope

Decoded = TypeVar("Decoded")

# Some 10 ms of decoding: below that the event loop can wait.
_THREAD_ABOVE_BYTES = 1024 * 1024
_NOT_HERE = (
    "Check the address: a path prefix such as /prometheus or /api/prom may be missing or too much.",
    "Thanos, Mimir, Cortex and VictoriaMetrics may serve this part of the API at another address, or not at all.",
)


@dataclass(frozen=True, slots=True)
class Question:
    """One call of the API.

    Attributes:
        path: Below `/api/v1`, starting with `/`.
        may_post: Whether Prometheus takes this call as a form too.
    """

    path: str
    params: tuple[tuple[str, str], ...] = ()
    may_post: bool = False


class PrometheusApi:
    """Asks questions and unpacks answers; knows envelopes and errors, not what the data means."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str,
        pacing: Pacing | None,
        transport: "httpx.AsyncBaseTransport | None",
    ) -> None:
        http = HttpClient(
            endpoint, system=name, narrower=NARROWER, is_final=_is_considered, pacing=pacing, transport=transport
        )
        self._asked = Conversation(
            http, _manner(endpoint.origin), explained=self._refusal, thread_above_bytes=_THREAD_ABOVE_BYTES
        )

    @property
    def endpoint(self) -> Endpoint:
        """Where the questions go."""
        return self._asked.http.endpoint

    async def ask(self, question: Question, *, budget: ByteBudget | None = None) -> "Envelope":
        """Return the envelope with its data as plain JSON."""
        from connectors.prometheus.envelope import read_envelope

        return await self.ask_decoded(question, decode=read_envelope, budget=budget)

    async def ask_decoded(
        self, question: Question, *, decode: Callable[[bytearray], Decoded], budget: ByteBudget | None = None
    ) -> Decoded:
        """Return what `decode` makes of the body, worked out in a thread where the body is large.

        Raises:
            InputError, RefusedError, UpstreamError: As promised by `connectors.base.MetricSource`.
        """
        return await self._asked.told(_request(question), decode, budget=budget)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._asked.http.aclose()

    def bad(self, message: str) -> BadResponseError:
        """Return the error for an answer with content that makes no sense."""
        return self._asked.http.narrator.bad(message)

    def _refusal(self, answer: Answer) -> SreError | None:
        said = _error_in(answer)
        return None if said is None else refusal_of(self._asked.http, answer, error_type=said[0], error=said[1])


def _manner(origin: str) -> Manner:
    return Manner(
        not_here=_NOT_HERE,
        wrong_address=(f"Check that the address is that of a Prometheus API: {origin} answered.",),
        address="the Prometheus address",
        page_steps=("If it needs a sign-in, set a token or password for this source.",),
    )


def _request(question: Question) -> Request:
    try:
        for _, value in question.params:
            value.encode()
    except UnicodeEncodeError:
        raise InputError("The text holds half a character (a lone surrogate).", field="query") from None
    return Request("/api/v1" + question.path, question.params, may_post=question.may_post)


def _is_considered(answer: Answer) -> bool:
    # Prometheus says 503 when a query ran into its time limit; repeating it would only cost again.
    return answer.status == 503 and _error_in(answer) is not None


def _error_in(answer: Answer) -> tuple[str, str] | None:
    """Return error type and text of an error envelope, or None for any other body."""
    if len(answer.body) > _THREAD_ABOVE_BYTES or not answer.body.lstrip().startswith(b"{"):
        return None
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("status") != "error":
        return None
    return str(document.get("errorType", "")), str(document.get("error", ""))


def repeated(name: str, values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return one parameter given several times."""
    return tuple((name, value) for value in values)
