"""The bad release: checkout v2.4.0 does not give its database connections back.

From the release on each pod leaks connections at a steady pace until its pool is full. From then on a request waits for
a connection and, more and more often, waits in vain. The rollback restarts the pods, and the pool is empty again.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from connectors.demo.noise import drifting
from connectors.demo.schedule import CHECKOUT_ROLLBACK, LEAKY_CHECKOUT, MINUTES, minute_of
from sre.core.series import BoolArray, FloatArray

POOL_SIZE: Final = 20
POOL_TIMEOUT_SECONDS: Final = 3.0
CAUSE: Final = "checkout v2.4.0 leaks database connections until the pool is exhausted"
_LEAKED_PER_MINUTE: Final = 1.7
_BUSY_WITHOUT_LEAK: Final = 3.0
_WORST_FAILURE_RATIO: Final = 0.62
_WORST_WAIT_RATIO: Final = 0.85
# Callers pile up behind a full pool: the share of requests that fail nears its worst with this time constant.
_PILE_UP_MINUTES: Final = 6.0
# Share of failures that ran into the pool's time limit; the rest were turned away because the queue was full.
TIMED_OUT_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class PoolLaw:
    """What the leak does to checkout, by the minute; arrays of shape (minutes,).

    Attributes:
        leaked: Connections of one pod held for nothing, 0..POOL_SIZE.
        wait_ratio: Share of successful requests that had to wait for a connection.
        failure_ratio: Share of requests that fail for lack of a connection.
        is_full: Whether no connection is free.
        full_minute: The first such minute.
    """

    leaked: FloatArray
    wait_ratio: FloatArray
    failure_ratio: FloatArray
    is_full: BoolArray
    full_minute: int


def pool_law(generator: np.random.Generator) -> PoolLaw:
    """Return the course of the leak."""
    release, rollback = minute_of(LEAKY_CHECKOUT.at), minute_of(CHECKOUT_ROLLBACK.at)
    minutes = np.arange(MINUTES)
    is_leaking = (minutes >= release) & (minutes <= rollback)
    room = POOL_SIZE - _BUSY_WITHOUT_LEAK
    leaked = np.where(is_leaking, np.minimum(room, _LEAKED_PER_MINUTE * (minutes - release + 1)), 0.0)
    full_minute = int(np.argmax(leaked >= room))
    since_full = np.maximum(0.0, minutes - full_minute + 1.0)
    pile_up = np.where(is_leaking, 1.0 - np.exp(-since_full / _PILE_UP_MINUTES), 0.0)
    unrest = np.clip(1.0 + drifting(generator, spread=0.04, knot_minutes=2), 0.85, 1.1)
    crowding = np.clip((leaked / room - 0.6) / 0.4, 0.0, 1.0)
    return PoolLaw(
        leaked=leaked,
        wait_ratio=_WORST_WAIT_RATIO * np.maximum(0.3 * crowding**2, pile_up),
        failure_ratio=np.clip(_WORST_FAILURE_RATIO * pile_up * unrest, 0.0, 0.9),
        is_full=leaked >= room,
        full_minute=full_minute,
    )
