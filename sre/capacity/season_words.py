"""A repeating pattern in words: `daily: peak 14:00 UTC (45 % above its mean), lowest 03:00 UTC (38 % below ...)`."""

from collections.abc import Callable

import numpy as np

from sre.capacity.model import Step
from sre.core.series import FloatArray, IntArray

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WORKDAYS = 5
_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000
# Cycles looked at, newest first: enough for a typical one, few enough that the pattern is today's.
_CYCLES = 8
# Times of day are told to the quarter of an hour at best, or in whole steps.
_FINEST_MS = 900_000
# Beyond ten times the mean the number says no more.
_MOST_RATIO = 10.0
_LEAST_RATIO = 0.005
# 1970-01-01 was a Thursday, the fourth day of the week counted from zero.
_FIRST_WEEKDAY = 3


def season_words(values: FloatArray, *, name: str, period_steps: int, step: Step, last_ms: int) -> str:
    """Return when the pattern is high and low, and by how much against its own mean; of a stock, how fast it grows.

    Args:
        values: shape (steps,), no NaN, the newest last.
        name: `hourly`, `daily`, `weekly`, `yearly`, or words for another cycle.
        last_ms: Epoch milliseconds of the newest value.
    """
    is_stock = bool((np.diff(values) >= 0).all() and values[-1] > values[0])
    moved = np.diff(values) if is_stock else values
    count = min(moved.size // period_steps, _CYCLES) * period_steps
    if count == 0:
        return name
    times = step.times_until(last_ms, count)
    wave = _waves(moved[-count:], period_steps)
    said = {"daily": _daily, "weekly": _weekly, "yearly": _yearly}.get(name, _other)(wave, times, step)
    return f"{name}{' growth' if is_stock else ''}: {said}"


def _waves(values: FloatArray, period: int) -> FloatArray:
    """Return each value over the mean of its cycle, less one, the trend taken out; 0 where the mean is nothing."""
    cycles = values.reshape(-1, period)
    means = cycles.mean(axis=1, keepdims=True)
    slope = float(np.median(np.diff(means[:, 0]))) / period if len(means) > 1 else 0.0
    around = cycles - means - slope * (np.arange(period) - (period - 1) / 2)
    size = np.abs(means)
    return np.asarray(np.where(size > 0, around / np.where(size > 0, size, 1.0), 0.0).ravel())


def _typical(wave: FloatArray, slot: IntArray) -> dict[int, float]:
    return {int(one): float(np.median(wave[slot == one])) for one in np.unique(slot)}


def _daily(wave: FloatArray, times: IntArray, step: Step) -> str:
    width = max(_FINEST_MS, round(step.seconds * 1000))
    found = _typical(wave, times % _DAY_MS // width)
    # Where a slot is longer than a step, its middle would promise more than is known: its start is told.
    offset = int(times[-1]) % width if step.seconds * 1000 >= _FINEST_MS else 0
    return _high_and_low(found, lambda slot: _clock(slot * width + offset))


def _weekly(wave: FloatArray, times: IntArray, step: Step) -> str:
    days = _typical_days(wave, times)
    work = [days[day] for day in range(_WORKDAYS) if day in days]
    rest = [days[day] for day in range(_WORKDAYS, 7) if day in days]
    if work and rest and (min(work) > max(rest) or max(work) < min(rest)):
        ratio = (1 + np.mean(work)) / (1 + np.mean(rest)) - 1 if np.mean(rest) > -1 else np.inf
        return f"weekdays {_against(float(ratio))} weekends{_peak_of_week(wave, times, step)}"
    return _high_and_low(days, lambda day: f"on {_WEEKDAYS[day]}s") + _peak_of_week(wave, times, step)


def _typical_days(wave: FloatArray, times: IntArray) -> dict[int, float]:
    day = (times // _DAY_MS + _FIRST_WEEKDAY) % 7
    return {int(one): float(np.mean(wave[day == one])) for one in np.unique(day)}


def _peak_of_week(wave: FloatArray, times: IntArray, step: Step) -> str:
    if step.seconds * 1000 >= _DAY_MS:
        return ""
    hour = (times // _HOUR_MS + 24 * _FIRST_WEEKDAY) % 168
    found = _typical(wave, hour)
    top = max(found, key=lambda one: found[one])
    return f"; peak {_WEEKDAYS[top // 24]} {top % 24:02d}:00 UTC"


def _yearly(wave: FloatArray, times: IntArray, _step: Step) -> str:
    month = times.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64) % 12
    return _high_and_low(_typical(wave, month), lambda one: f"in {_MONTHS[one]}")


def _other(wave: FloatArray, _times: IntArray, _step: Step) -> str:
    return f"{100 * float(np.quantile(wave, 0.95) - np.quantile(wave, 0.05)):.0f} % of its mean from low to high"


def _high_and_low(found: dict[int, float], spelt: Callable[[int], str]) -> str:
    high, low = max(found, key=lambda one: found[one]), min(found, key=lambda one: found[one])
    return (
        f"peak {spelt(high)} ({_against(found[high])} its mean), lowest {spelt(low)} ({_against(found[low])} its mean)"
    )


def _against(ratio: float) -> str:
    if ratio > _MOST_RATIO:
        return f"over {100 * _MOST_RATIO:,.0f} % above"
    size = f"{abs(100 * ratio):.0f} %" if abs(ratio) >= _LEAST_RATIO else "under 1 %"
    return f"{size} {'above' if ratio >= 0 else 'below'}"


def _clock(milliseconds: int) -> str:
    minutes = milliseconds // 60_000 % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d} UTC"
