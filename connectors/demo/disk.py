"""The disk that fills: the database's volume loses space in a straight line, with a daily ripple and a little noise."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from connectors.demo.noise import stream
from connectors.demo.schedule import END, MINUTE_SECONDS, minute_end_seconds
from sre.core.series import FloatArray
from sre.core.times import instant_from_ms

INSTANCE: Final = "db-1:9100"
MOUNTPOINT: Final = "/var/lib/postgresql"
SIZE_BYTES: Final = 400e9
LOST_BYTES_PER_DAY: Final = 4e9
_TREND_ENDS: Final = END + timedelta(days=19)
# Write-ahead log and temporary files come with the day's work and go at night.
_RIPPLE_BYTES: Final = 1.5e9
_RIPPLE_LOW_HOUR: Final = 20.0
_NOISE_BYTES: Final = 0.12e9
_DAY_SECONDS: Final = 86400.0
_BLOCK_BYTES: Final = 4096.0


def expected_free_bytes(epoch_seconds: FloatArray) -> FloatArray:
    """Return the law of free space, before noise; it goes below 0 where the disk is full."""
    days_left = (_TREND_ENDS.timestamp() - epoch_seconds) / _DAY_SECONDS
    hours = (epoch_seconds % _DAY_SECONDS) / 3600.0
    ripple = -_RIPPLE_BYTES * np.cos(2 * np.pi * (hours - _RIPPLE_LOW_HOUR) / 24)
    return np.asarray(LOST_BYTES_PER_DAY * days_left + ripple)


def free_bytes(seed: int) -> FloatArray:
    """Return free space as the node sees it, shape (minutes,)."""
    noise = stream(seed, "disk").normal(0.0, _NOISE_BYTES, minute_end_seconds().size)
    return np.asarray(np.floor((expected_free_bytes(minute_end_seconds()) + noise) / _BLOCK_BYTES) * _BLOCK_BYTES)


def full_at() -> datetime:
    """Return the first minute in which the law leaves nothing free."""
    ahead = END.timestamp() + MINUTE_SECONDS * np.arange(30 * 24 * 60, dtype=np.float64)
    first = ahead[np.argmax(expected_free_bytes(ahead) <= 0)]
    return instant_from_ms(int(first * 1000))
