"""When things happen in the demo world: its two weeks, minute by minute, and its releases.

The minutes are numbered 0..MINUTES-1; minute `k` is the half-open time (START + 60 k, START + 60 (k + 1)]. What
happened in it is what a scrape at its end sees.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from sre.core.series import FloatArray
from sre.core.times import Window

END: Final = datetime(2026, 11, 2, 12, tzinfo=UTC)
START: Final = END - timedelta(days=14)
WINDOW: Final = Window(START, END)
MINUTE_SECONDS: Final = 60
MINUTES: Final = 14 * 24 * 60


@dataclass(frozen=True, slots=True)
class Deploy:
    """A version of a service going live; its pods restart one minute after another."""

    service: str
    version: str
    at: datetime
    is_rollback: bool = False


def _october(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


FIRST_VERSIONS: Final = {
    "web": "v5.11.0",
    "catalog": "v3.2.1",
    "checkout": "v2.3.1",
    "payments": "v1.8.0",
    "inventory": "v0.9.4",
}
SLOW_CATALOG: Final = Deploy("catalog", "v3.3.0", _october(27, 10, 20))
LEAKY_CHECKOUT: Final = Deploy("checkout", "v2.4.0", _october(29, 14, 5))
CHECKOUT_ROLLBACK: Final = Deploy("checkout", "v2.3.2", _october(29, 14, 53), is_rollback=True)
DEPLOYS: Final = (
    Deploy("web", "v5.12.0", _october(21, 9, 40)),
    Deploy("checkout", "v2.3.2", _october(22, 13, 10)),
    SLOW_CATALOG,
    Deploy("inventory", "v0.9.5", _october(28, 15, 0)),
    # An innocent release on the morning of the incident, for whoever looks for suspects by date alone.
    Deploy("payments", "v1.8.1", _october(29, 11, 30)),
    LEAKY_CHECKOUT,
    CHECKOUT_ROLLBACK,
    Deploy("web", "v5.12.1", _october(30, 10, 15)),
)
# The postgres exporter cannot be reached for a few minutes: a gap in its series, and `up` at 0.
EXPORTER_OUTAGE: Final = (_october(31, 3, 12), _october(31, 3, 18))


def minute_of(at: datetime) -> int:
    """Return the number of the minute that begins at `at` (or holds it)."""
    return int((at - START).total_seconds() // MINUTE_SECONDS)


def minute_start(minute: int) -> datetime:
    """Return when a minute begins."""
    return START + timedelta(minutes=minute)


def minute_end_seconds() -> FloatArray:
    """Return the end of each minute in epoch seconds, shape (minutes,)."""
    return START.timestamp() + MINUTE_SECONDS * np.arange(1, MINUTES + 1, dtype=np.float64)


def restarts_of(service: str, *, replica: int) -> tuple[int, ...]:
    """Return the minutes in which a replica of a service starts anew; releases roll one replica a minute."""
    return tuple(minute_of(deploy.at) + replica for deploy in DEPLOYS if deploy.service == service)
