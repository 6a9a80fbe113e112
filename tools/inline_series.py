"""A series passed in the call, as arrays: one reading for every tool that takes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.errors import InputError
from sre.core.times import epoch_ms, parse_instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sre.core.series import FloatArray, IntArray


def inline_arrays(
    timestamps: Sequence[str | int | float], values: Sequence[float | None], *, now: datetime
) -> tuple[IntArray, FloatArray, tuple[str, ...]]:
    """Return times in epoch milliseconds, values (NaN where missing), and what had to be assumed of the times.

    Raises:
        InputError: Lengths differ, or a time does not parse.
    """
    import numpy as np

    if len(timestamps) != len(values):
        raise InputError(f"series has {len(timestamps)} timestamps and {len(values)} values.", field="series")
    read = [parse_instant(item, now=now, field="series.timestamps") for item in timestamps]
    times = np.array([epoch_ms(one.at) for one in read], dtype=np.int64)
    numbers = np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
    return times, numbers, tuple(dict.fromkeys(note for one in read for note in one.notes))
