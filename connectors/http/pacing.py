"""When to try again, and how long to wait first."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import anyio

RETRYABLE_STATUSES = frozenset({429, 503})
# Full jitter over a doubling ceiling: clients that were refused together do not come back together
# (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
_FIRST_CEILING_SECONDS = 0.5
_CEILING_SECONDS = 4.0
# Added on top of Retry-After for the same reason.
_SPREAD_SECONDS = 0.25
_LONGEST_RESET_SECONDS = 86400.0


def _system_now() -> datetime:
    return datetime.now(tz=UTC)


@dataclass(frozen=True, slots=True)
class Pacing:
    """How often and how patiently a refused request is repeated.

    Attributes:
        attempts: How often a request is sent at most.
        max_wait_seconds: Bound on all waiting between the attempts of one call; a server that asks for more is not
            waited for.
        sleep, uniform, now: Waiting, a number in 0..1, and the time; replaced in tests.
    """

    attempts: int = 3
    max_wait_seconds: float = 10.0
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    uniform: Callable[[], float] = random.random
    now: Callable[[], datetime] = _system_now

    def pause_seconds(self, *, attempt: int, asked_seconds: float | None) -> float:
        """Return how long to wait after attempt number `attempt` (1, 2, ...).

        Args:
            asked_seconds: What the server asked for, or None where it did not say.
        """
        if asked_seconds is not None:
            return asked_seconds + _SPREAD_SECONDS * self.uniform()
        ceiling = min(_CEILING_SECONDS, _FIRST_CEILING_SECONDS * 2 ** (attempt - 1))
        return float(ceiling * self.uniform())


def retry_after_seconds(value: str, *, now: datetime) -> float | None:
    """Return what a Retry-After header asks for, >= 0, or None where it cannot be read.

    Args:
        value: Seconds or an HTTP date.
        now: What a date is compared with: the server's own `Date` where it sent one.

    Source:
        RFC 9110, 10.2.3.
    """
    spelt = value.strip()
    if spelt.isascii() and spelt.isdigit():
        return float(spelt[:9])
    at = http_date(spelt)
    return None if at is None else max(0.0, (at - now).total_seconds())


def rate_limit_reset_seconds(value: str) -> float | None:
    """Return in how many seconds requests are counted anew, as a RateLimit-Reset header says, or None.

    Source:
        PagerDuty, "REST API Rate Limits": seconds. Others write the epoch of that moment, which no wait is as long as.
    """
    spelt = value.strip()
    seconds = float(spelt[:9]) if spelt.isascii() and spelt.isdigit() else None
    return seconds if seconds is not None and seconds <= _LONGEST_RESET_SECONDS else None


def http_date(value: str) -> datetime | None:
    """Return the instant of an HTTP date (RFC 9110, 5.6.7), aware UTC, or None."""
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
