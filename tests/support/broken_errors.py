"""What a broken server becomes, whatever system was asked; each connector's tests add what is its own."""

from sre.core.errors import (
    AuthDeniedError,
    BadResponseError,
    RateLimitedError,
    SreError,
    TimedOutError,
    UnavailableError,
)
from tests.support.broken_server import Mode

EVERYWHERE: dict[Mode, tuple[type[SreError], str]] = {
    "refused": (UnavailableError, "refused the connection"),
    "silent": (TimedOutError, "did not answer within"),
    "slow": (TimedOutError, "still sending"),
    "hangup": (UnavailableError, "without an answer"),
    "not_http": (BadResponseError, "does not speak HTTP"),
    "401": (AuthDeniedError, "a bearer token was sent"),
    "403": (AuthDeniedError, "does not let us"),
    "429": (RateLimitedError, "asks to wait 1h"),
    "500": (UnavailableError, "boom"),
    "502": (UnavailableError, "an HTML page"),
    "503": (UnavailableError, "no healthy upstream"),
    "504": (TimedOutError, "gave up waiting"),
    "html": (BadResponseError, "HTML page instead of JSON"),
    "text": (BadResponseError, "not JSON"),
    "empty": (BadResponseError, "empty body"),
    "truncated": (BadResponseError, "breaks off after"),
    "cut": (BadResponseError, "in the middle of its answer"),
    "redirect": (BadResponseError, "sign-in page"),
    "circle": (BadResponseError, "circle"),
    "echo_secrets": (BadResponseError, "HTTP 400"),
}
