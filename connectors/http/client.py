"""The one client that all connectors send through."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode, urlsplit

import anyio

from connectors.http.answer import Answer
from connectors.http.body import ByteBudget, NotDecodableError, TooLargeError, read_into
from connectors.http.credentials import credentials_for
from connectors.http.endpoint import Endpoint
from connectors.http.failures import Narrator, disconnected_unanswered
from connectors.http.pacing import RETRYABLE_STATUSES, Pacing, http_date, rate_limit_reset_seconds, retry_after_seconds
from connectors.http.request import Call, Request, absolute, is_same_origin, target_of
from connectors.http.trust import tls_context
from sre.core.errors import UpstreamError
from sre.core.text import quoted

if TYPE_CHECKING:
    import httpx

# Servers and proxies commonly stop reading a request line at 8 kB, some at 4; a form has no such bound.
_MAX_QUERY_CHARACTERS = 2000
_MAX_REDIRECTS = 3
# Too many requests (RFC 6585, 4): the only answer after which a write has surely not been carried out.
_NOT_TAKEN_STATUS = 429
_MAX_ERROR_BYTES = 64 * 1024
_MAX_CONNECT_SECONDS = 10.0
# So that a connection that never comes is told from an answer that never comes.
_CONNECT_SHARE = 0.8

Phase = Literal["queue", "answer", "body", "retry"]


@dataclass(slots=True)
class _Progress:
    """How far a call has come, for the message when its time is up."""

    phase: Phase = "queue"
    body: bytearray = field(default_factory=bytearray)


def _never(_answer: Answer) -> bool:
    return False


class HttpClient:
    """Sends requests to one endpoint, a bounded number at a time, and reads bounded answers.

    Args:
        system: Name of the source, for messages.
        narrower: How to ask this system for less, for messages.
        is_final: Whether a 429 or 503 is the system's considered answer, which a repetition would not change.
        transport: Replaces the network; for fakes.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        system: str,
        narrower: tuple[str, ...] = (),
        is_final: Callable[[Answer], bool] = _never,
        pacing: Pacing | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self.endpoint = endpoint
        self._uses_proxy = endpoint.proxy_from_environment and not endpoint.is_loopback
        self.narrator = Narrator(
            system=system, origin=endpoint.origin, narrower=narrower, is_maybe_proxied=self._uses_proxy
        )
        self._is_final = is_final
        self._pacing = pacing or Pacing()
        self._transport = transport
        self._places = anyio.Semaphore(endpoint.concurrency)
        self._opened: httpx.AsyncClient | None = None
        self._posts = True

    async def send(self, request: Request, *, budget: ByteBudget | None = None) -> Answer:
        """Return the answer, whatever its status; 429 and 503 only after repeating the request.

        Args:
            budget: Bytes that may be read, shared by the requests of one call; None gives this one its own.

        Raises:
            UpstreamError: No whole answer came.
            ConfigError: A file with a token, certificate or authority cannot be read.
        """
        progress = _Progress()
        with anyio.move_on_after(self.endpoint.timeout_seconds):
            return await self._patiently(request, budget or ByteBudget(self.endpoint.max_body_bytes), progress)
        raise self.narrator.timed_out(
            seconds=self.endpoint.timeout_seconds, phase=progress.phase, received=len(progress.body)
        )

    async def checked(self, request: Request, *, budget: ByteBudget | None = None) -> Answer:
        """Return the answer if its status is 2xx; raises the error that stands for any other."""
        answer = await self.send(request, budget=budget)
        if failure := self.failure_of(answer):
            raise failure
        return answer

    def failure_of(self, answer: Answer) -> UpstreamError | None:
        """Return the error that the status of `answer` stands for, or None for 2xx."""
        return self.narrator.status(answer, asked_seconds=self._asked_seconds(answer))

    async def aclose(self) -> None:
        """Close all connections."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    async def _patiently(self, request: Request, budget: ByteBudget, progress: _Progress) -> Answer:
        waited, attempt = 0.0, 1
        while True:
            progress.phase = "queue"
            async with self._places:
                outcome = await self._followed(request, budget, progress)
            pause = self._pause_after(outcome, attempt=attempt, is_write=request.is_write)
            waited += pause or 0.0
            if pause is None or waited > self._pacing.max_wait_seconds:
                break
            progress.phase = "retry"
            await self._pacing.sleep(pause)
            attempt += 1
        if isinstance(outcome, Answer):
            return outcome
        raise outcome.error

    def _pause_after(self, outcome: "Answer | _Failed", *, attempt: int, is_write: bool) -> float | None:
        if attempt >= self._pacing.attempts:
            return None
        if is_write and (isinstance(outcome, _Failed) or outcome.status != _NOT_TAKEN_STATUS):
            return None
        if isinstance(outcome, _Failed):
            # Only once: a kept connection that had gone stale. A server that hangs up again means it.
            return 0.0 if outcome.hung_up and attempt == 1 else None
        if outcome.status not in RETRYABLE_STATUSES:
            return None
        asked = self._asked_seconds(outcome)
        if asked is None and self._is_final(outcome):
            return None
        return self._pacing.pause_seconds(attempt=attempt, asked_seconds=asked)

    def _asked_seconds(self, answer: Answer) -> float | None:
        value = answer.headers.get("retry-after")
        if value is None:
            limited = answer.status == _NOT_TAKEN_STATUS
            return rate_limit_reset_seconds(answer.headers.get("ratelimit-reset", "")) if limited else None
        there = http_date(answer.headers.get("date", ""))
        return retry_after_seconds(value, now=there or self._pacing.now())

    async def _followed(self, request: Request, budget: ByteBudget, progress: _Progress) -> "Answer | _Failed":
        credentials = (await credentials_for(self.endpoint)).guarding(request.secrets)
        query = urlencode(request.params)
        posts = request.may_post and self._posts and len(query) > _MAX_QUERY_CHARACTERS
        url = self.endpoint.base_url + request.path
        if request.is_write:
            written = Call(url, query, False, credentials, request.headers, request.method, request.json_body)
            return self._unredirected(await self._exchanged(written, budget, progress))
        outcome = await self._exchanged(Call(url, query, posts, credentials, request.headers), budget, progress)
        for _ in range(_MAX_REDIRECTS):
            if isinstance(outcome, _Failed):
                break
            if outcome.status == 405 and posts:
                self._posts = posts = False
            elif outcome.redirected_to:
                url, query, posts = target_of(outcome, query=query, posts=posts)
            else:
                break
            outcome = await self._exchanged(Call(url, query, posts, credentials, request.headers), budget, progress)
        return self._unredirected(outcome)

    def _unredirected(self, outcome: "Answer | _Failed") -> "Answer | _Failed":
        if isinstance(outcome, _Failed) or not outcome.redirected_to:
            return outcome
        message = f"{self.endpoint.origin} redirects in a circle, or redirects what is written to it."
        steps = ("Check the path of the address, and the proxy in front of the system.",)
        return _Failed(self.narrator.bad(message, status=outcome.status, next_steps=steps))

    async def _exchanged(self, call: Call, budget: ByteBudget, progress: _Progress) -> "Answer | _Failed":
        """Send once and read; errors are returned, so that none carries the library's exception with it."""
        import httpx

        progress.phase = "answer"
        progress.body = body = bytearray()
        try:
            async with self._client().stream(
                "POST" if call.posts else call.method, call.address, content=call.content, headers=call.headers
            ) as response:
                progress.phase = "body"
                is_error = response.status_code >= 300
                await self._read(response, body, ByteBudget(_MAX_ERROR_BYTES) if is_error else budget, lenient=is_error)
                return self._answered(response, call, body)
        except TooLargeError:
            return _Failed(self.narrator.too_large(limit=budget.limit))
        except NotDecodableError:
            return _Failed(self.narrator.bad(f"{self.narrator.system} sent a body that cannot be decompressed."))
        except (httpx.HTTPError, OSError) as error:
            failure = self.narrator.transport(error, received=len(body))
            return _Failed(failure, hung_up=not body and disconnected_unanswered(error))

    async def _read(self, response: "httpx.Response", body: bytearray, budget: ByteBudget, *, lenient: bool) -> None:
        import httpx

        # The stream itself: `aiter_raw` would refuse a response that a test has built whole.
        assert isinstance(response.stream, httpx.AsyncByteStream)
        encoding = response.headers.get("content-encoding", "")
        announced = response.headers.get("content-length", "")
        try:
            if announced.isdigit() and not lenient:
                budget.require(int(announced))
            await read_into(body, aiter(response.stream), encoding=encoding, budget=budget)
        except (TooLargeError, NotDecodableError):
            # The beginning of an error page is enough.
            if not lenient:
                raise

    def _answered(self, response: "httpx.Response", call: Call, body: bytearray) -> "Answer | _Failed":
        headers = {name.lower(): value for name, value in response.headers.items()}
        target = ""
        if response.status_code in {301, 302, 303, 307, 308}:
            target = absolute(headers.get("location", ""), base=call.url)
            if not is_same_origin(target, self.endpoint.origin):
                return _Failed(self._redirect_refused(response.status_code, target))
        return Answer(response.status_code, headers, body, call.credentials, target)

    def _redirect_refused(self, status: int, target: str) -> UpstreamError:
        try:
            parts = urlsplit(target)
            place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        except ValueError:
            place = "an address that cannot be read"
        return self.narrator.bad(
            f"{self.endpoint.origin} redirects to {quoted(place)}; credentials are not taken to another address.",
            status=status,
            next_steps=(
                "If that is a sign-in page, set a token or password for this source, or an address behind the proxy.",
                "If the system has moved, set its new address.",
            ),
        )

    def _client(self) -> "httpx.AsyncClient":
        if self._opened is None:
            self._opened = self._new_client()
        return self._opened

    def _new_client(self) -> "httpx.AsyncClient":
        import httpx

        endpoint = self.endpoint
        # Authorities take long to load, and a double speaks no TLS.
        is_tls = endpoint.base_url.startswith("https:") and self._transport is None
        verify: ssl.SSLContext | bool = tls_context(endpoint.tls) if is_tls else False
        # The whole call has a deadline of its own; the library's limits start anew with each byte.
        connect = min(_MAX_CONNECT_SECONDS, endpoint.timeout_seconds * _CONNECT_SHARE)
        return httpx.AsyncClient(
            verify=verify,
            timeout=httpx.Timeout(None, connect=connect),
            limits=httpx.Limits(max_connections=endpoint.concurrency, max_keepalive_connections=endpoint.concurrency),
            trust_env=self._uses_proxy,
            follow_redirects=False,
            transport=self._transport,
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "sre-mcp"},
        )


@dataclass(frozen=True, slots=True)
class _Failed:
    """No answer; `hung_up` where the connection ended before a first byte came."""

    error: UpstreamError
    hung_up: bool = False
