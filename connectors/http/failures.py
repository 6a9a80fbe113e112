"""What went wrong on the wire, said in our own words.

Nothing of an exception's own text is used: it can hold header values and addresses with credentials. The facts are read
from types, error numbers and verification codes instead.
"""

import socket
import ssl
from collections.abc import Iterable, Iterator

from connectors.http.answer import Answer
from sre.core.errors import (
    AuthDeniedError,
    BadResponseError,
    RateLimitedError,
    TimedOutError,
    UnavailableError,
    UpstreamError,
)
from sre.core.text import quoted
from sre.core.times import format_duration

# X509_V_ERR_* of OpenSSL (x509_vfy.h).
_EXPIRED, _NOT_YET_VALID, _HOSTNAME, _IP_ADDRESS = 10, 9, 62, 64
_CHECK_ADDRESS = "Check that the address and port are right and that the system is running."
_CHECK_PROXY = "If HTTPS_PROXY or HTTP_PROXY is set, the connection went there: check it, or name the host in NO_PROXY."
_AGAIN = "Try again in a moment."
_EXCERPT = 160


class Narrator:
    """Makes the errors of one system.

    Args:
        system: Name of the source as configured.
        origin: Scheme, host and port, without credentials.
        narrower: How to ask this system for less, as next steps.
        is_maybe_proxied: Whether a proxy of the environment is used, where one is set.
    """

    def __init__(
        self, *, system: str, origin: str, narrower: tuple[str, ...] = (), is_maybe_proxied: bool = False
    ) -> None:
        self.system = system
        self.origin = origin
        self.narrower = narrower
        self._connecting = (_CHECK_ADDRESS, *((_CHECK_PROXY,) if is_maybe_proxied else ()))

    def timed_out(self, *, seconds: float, phase: str, received: int) -> TimedOutError:
        """Return the error for a call that used up its time in `phase`."""
        spent = format_duration(seconds)
        told = {
            "queue": f"No request to {self.system} could start within {spent}: all places are taken by slower ones.",
            "retry": f"{self.system} kept refusing for now, and the {spent} for this call are used up.",
            "answer": f"{self.system} took the request but did not answer within {spent}.",
            "body": f"{self.system} was still sending after {spent} ({received} bytes so far).",
        }[phase]
        return TimedOutError(told, system=self.system, retryable=True, next_steps=(*self.narrower, _AGAIN))

    def transport(self, error: BaseException, *, received: int) -> UpstreamError:
        """Return the error for an exception of the HTTP library or of the operating system."""
        import httpx

        causes = list(_causes(error))
        if isinstance(error, httpx.ProxyError):
            return self._unavailable("The proxy set in the environment refused to connect.", _CHECK_PROXY)
        if isinstance(error, httpx.ConnectTimeout):
            return TimedOutError(
                f"{self.origin} did not accept a connection in time.",
                system=self.system,
                retryable=True,
                next_steps=(*self._connecting, "Check that no firewall drops packets on the way."),
            )
        if (tls := _tls_error(causes)) is not None:
            return self._tls(tls)
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            step = "Check the spelling and the DNS of this machine."
            return self._unavailable(f"The host name of {self.origin} does not resolve.", step, *self._connecting[1:])
        if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
            return self._unavailable(f"{self.origin} refused the connection: nothing listens there.", *self._connecting)
        if isinstance(error, httpx.ConnectError):
            return self._unavailable(f"{self.origin} cannot be reached.", *self._connecting)
        if received:
            return self.cut(received=received)
        if isinstance(error, httpx.RemoteProtocolError) and not disconnected_unanswered(error):
            return self.bad(f"{self.origin} does not speak HTTP.", next_steps=(_CHECK_ADDRESS,))
        step = _CHECK_ADDRESS
        if self.origin.startswith("https:"):
            step += " Some systems close like this when they miss a client certificate (client_cert_file)."
        return self._unavailable(f"{self.origin} closed the connection without an answer.", step)

    def cut(self, *, received: int) -> BadResponseError:
        """Return the error for a connection that ended in the middle of the body."""
        return self.bad(
            f"{self.system} closed the connection in the middle of its answer, after {received} bytes.",
            retryable=True,
            next_steps=("Try again; if it stays, look for a proxy or a memory limit that ends long answers.",),
        )

    def too_large(self, *, limit: int) -> BadResponseError:
        """Return the error for a body above the cap; reading stopped there."""
        return self.bad(
            f"{self.system} answered with more than {_size(limit)}; reading stopped there.", next_steps=self.narrower
        )

    def bad(
        self, message: str, *, status: int | None = None, retryable: bool = False, next_steps: tuple[str, ...] = ()
    ) -> BadResponseError:
        """Return the error for an answer that is not what the protocol says."""
        return BadResponseError(message, system=self.system, status=status, retryable=retryable, next_steps=next_steps)

    def status(self, answer: Answer, *, asked_seconds: float | None) -> UpstreamError | None:
        """Return the error that a status stands for in any HTTP system, or None for 2xx.

        Args:
            asked_seconds: What Retry-After asked for.
        """
        status = answer.status
        if 200 <= status < 300:
            return None
        if status in {401, 403, 407}:
            return self._denied(status, sent=answer.credentials.told)
        if status == 429:
            return self._limited(asked_seconds)
        if status in {408, 504}:
            return TimedOutError(
                f"{self.system} or a proxy before it gave up waiting (HTTP {status}).",
                system=self.system,
                status=status,
                retryable=True,
                next_steps=(*self.narrower, _AGAIN),
            )
        if status >= 500:
            return UnavailableError(
                f"{self.system} failed with HTTP {status}{_saying(answer)}.",
                system=self.system,
                status=status,
                retryable=status not in {501, 505},
                next_steps=("Try again in a moment; if it stays, read the log of that system.",),
            )
        return self._unexpected(answer)

    def _denied(self, status: int, *, sent: str) -> AuthDeniedError:
        meaning = "does not know who we are" if status == 401 else "does not let us do this"
        return AuthDeniedError(
            f"{self.system} {meaning} (HTTP {status}); {sent}.",
            system=self.system,
            status=status,
            next_steps=("Check the token, user and password, client certificate or tenant header of this source.",),
        )

    def _limited(self, asked_seconds: float | None) -> RateLimitedError:
        wait = f" and asks to wait {format_duration(asked_seconds)}" if asked_seconds else ""
        return RateLimitedError(
            f"{self.system} says there were too many requests{wait}.",
            system=self.system,
            status=429,
            retryable=True,
            next_steps=("Wait, then ask fewer or cheaper questions.", *self.narrower),
        )

    def _unexpected(self, answer: Answer) -> UpstreamError:
        if b"HTTP request to an HTTPS server" in answer.body[:512] or answer.status == 497:
            return self.bad(
                f"{self.origin} wants https.", status=answer.status, next_steps=("Write https:// in the address.",)
            )
        return self.bad(
            f"{self.system} answered HTTP {answer.status}{_saying(answer)}.",
            status=answer.status,
            next_steps=(
                "Check the address: a path prefix such as /prometheus or /api/prom may be missing or too much.",
            ),
        )

    def _tls(self, error: ssl.SSLError) -> UpstreamError:
        problem, step = _tls_problem(error)
        return self._unavailable(f"No trusted connection to {self.origin}: {problem}.", step, retryable=False)

    def _unavailable(self, message: str, *steps: str, retryable: bool = True) -> UnavailableError:
        return UnavailableError(message, system=self.system, retryable=retryable, next_steps=steps)


def disconnected_unanswered(error: BaseException) -> bool:
    """Whether the other side hung up before the first byte, as happens to a connection kept alive too long."""
    import httpx

    if isinstance(error, httpx.ReadError | httpx.WriteError):
        return _tls_error(_causes(error)) is None
    # h11 and httpcore have one type for this and for broken HTTP; the fixed words tell them apart.
    return isinstance(error, httpx.RemoteProtocolError) and "without sending a response" in str(error)


def _tls_error(causes: Iterable[BaseException]) -> ssl.SSLError | None:
    # Wanting to read or write is how a TLS stream works, not a failure; it stays in the chain of a later one.
    working = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
    return next((one for one in causes if isinstance(one, ssl.SSLError) and not isinstance(one, working)), None)


def _tls_problem(error: ssl.SSLError) -> tuple[str, str]:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_problem(error.verify_code)
    reason = (error.reason or "").upper()
    if "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason:
        return "it asks for a client certificate", "Set client_cert_file and client_key_file."
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return "it does not accept our client certificate", "Check client_cert_file: issuer and expiry."
    if "WRONG_VERSION_NUMBER" in reason or "RECORD_LAYER" in reason:
        return "it does not speak TLS on this port", "Write http:// if the system has no TLS there."
    if "PROTOCOL_VERSION" in reason or "UNSUPPORTED_PROTOCOL" in reason:
        return "no TLS version is known to both sides", "It needs TLS 1.2 or newer."
    return "the TLS handshake failed", _CHECK_ADDRESS


def _certificate_problem(code: int) -> tuple[str, str]:
    if code in {_HOSTNAME, _IP_ADDRESS}:
        return "its certificate is for another host name", "Use the name that the certificate was issued for."
    if code == _EXPIRED:
        return "its certificate has expired", "Renew the certificate of that system."
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet", "Check the clock of this machine."
    return (
        "its certificate comes from an authority that is not trusted here",
        "Set ca_file to the certificate of that authority.",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
        waiting.extend(cause for cause in (current.__cause__, current.__context__) if cause is not None)


def _saying(answer: Answer) -> str:
    if answer.is_html:
        return " and an HTML page"
    text = answer.excerpt(_EXCERPT)
    return f", saying {quoted(text, limit=_EXCERPT)}" if text.strip() else ""


def _size(count: int) -> str:
    return f"{count / (1024 * 1024):.0f} MiB" if count >= 1024 * 1024 else f"{count} bytes"
