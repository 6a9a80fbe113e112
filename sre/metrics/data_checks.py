"""What can be wrong with series, seen from their values."""

import math
from dataclasses import dataclass

import numpy as np

from sre.core.figures import seconds_text
from sre.core.series import FloatArray
from sre.core.text import listed
from sre.core.times import format_duration, format_instant, instant_from_ms
from sre.metrics.series_figures import Measured
from sre.metrics.series_names import sentence_name

# Prometheus' own lookback: a series this long without a sample is gone from instant answers.
STALE_SECONDS = 300.0
# Our choice: fewer rises than this do not tell a counter from a gauge that happened to grow.
_MIN_RISES = 5
_NAMED = 3
# So many returns after a gap, evenly spaced, are a rhythm and not an outage (our choice).
_MIN_REAPPEARANCES = 3
_EVEN_RATIO = 0.1


@dataclass(frozen=True, slots=True)
class Gaps:
    """Missing steps inside series, between their first and their last value."""

    series_count: int
    worst_missing: int
    worst_steps: int


def data_warnings(
    measured: Measured, *, step_seconds: float, end_ms: int, filters_points: bool, is_raw_counter: bool
) -> tuple[str, ...]:
    """Return what the values say against trusting them.

    Args:
        filters_points: The query drops points on purpose, so missing ones mean nothing.
        is_raw_counter: The values are those of a counter as it was scraped.
    """
    found = [*_not_numbers(measured)]
    if not filters_points:
        found += [*_gap_warnings(measured), *_ended_warnings(measured, step_seconds=step_seconds, end_ms=end_ms)]
    if is_raw_counter:
        found += _reset_warnings(measured)
    return tuple(found)


def gaps_of(measured: Measured) -> Gaps:
    """Return how many steps are missing inside the series."""
    if len(measured) == 0 or measured.present.shape[1] == 0:
        return Gaps(0, 0, 0)
    present = measured.present
    some = present.any(axis=1)
    first = np.argmax(present, axis=1)
    last = present.shape[1] - 1 - np.argmax(present[:, ::-1], axis=1)
    spans = np.where(some, last - first + 1, 0)
    missing = spans - present.sum(axis=1)
    worst = int(np.argmax(missing))
    return Gaps(int((missing > 0).sum()), int(missing[worst]), int(spans[worst]))


def sparse_seconds(measured: Measured) -> float | None:
    """Return the even distance of samples that come too seldom to be seen at every step, or None for other gaps."""
    present = measured.present
    if len(measured) == 0:
        return None
    row = int(np.argmax((~present).sum(axis=1)))
    begins = np.flatnonzero(present[row, 1:] & ~present[row, :-1]) + 1
    times = measured.times_ms[row, begins]
    if times.size < _MIN_REAPPEARANCES:
        return None
    apart = np.diff(times) / 1000
    usual = float(np.median(apart))
    is_even = bool((np.abs(apart - usual) <= _EVEN_RATIO * usual).all())
    return usual if is_even and usual > STALE_SECONDS else None


def resets_of(measured: Measured) -> tuple[int, ...]:
    """Return how often each series falls from one value to the next."""
    return tuple(int((np.diff(measured.values[row][usable]) < 0).sum()) for row, usable in enumerate(measured.usable))


def grows_like_counter(measured: Measured) -> bool:
    """Return whether the series only grow, except for falls close to nothing, as counters do at a restart."""
    usable = measured.usable
    if usable.all():
        return _grows(measured.values, minimum_rises=_MIN_RISES)
    lines = [measured.values[row][shown][np.newaxis, :] for row, shown in enumerate(usable)]
    rises = sum(int((np.diff(line) > 0).sum()) for line in lines)
    return rises >= _MIN_RISES and all(_grows(line, minimum_rises=0) for line in lines)


def _grows(values: FloatArray, *, minimum_rises: int) -> bool:
    """Return the same for values without gaps, shape (series, steps)."""
    before, after = values[:, :-1], values[:, 1:]
    falls = (after < before) & (after > 0.1 * before)
    return bool((after > before).sum() >= minimum_rises and not falls.any() and not (values < 0).any())


def _not_numbers(measured: Measured) -> list[str]:
    odd = measured.present & ~np.isfinite(measured.values)
    if not odd.any():
        return []
    series = int(odd.any(axis=1).sum())
    return [
        f"{int(odd.sum())} points in {series} of {len(measured)} series are NaN or infinite (often 0 / 0: nothing "
        "happened); they are null here and left out of the figures."
    ]


def _gap_warnings(measured: Measured) -> list[str]:
    gaps = gaps_of(measured)
    if gaps.series_count == 0:
        return []
    apart = sparse_seconds(measured)
    if apart is not None:
        reach = format_duration(math.ceil((apart + apart * _EVEN_RATIO) / 60) * 60)
        return [
            f"Sparse: samples come about every {format_duration(round(apart))}, and an instant looks back only "
            f"{format_duration(STALE_SECONDS)}: between them there is no value. Put last_over_time(...[{reach}]) "
            "around the metric."
        ]
    return [
        f"Gaps: {gaps.series_count} of {len(measured)} series miss steps; the worst misses {gaps.worst_missing} of "
        f"{gaps.worst_steps} ({gaps.worst_missing / gaps.worst_steps:.0%}). A gap is no data, not zero."
    ]


def _ended_warnings(measured: Measured, *, step_seconds: float, end_ms: int) -> list[str]:
    if len(measured) == 0:
        return []
    allowed_ms = max(STALE_SECONDS, 2 * step_seconds) * 1000
    last_ms = np.where(measured.present, measured.times_ms, -1).max(axis=1)
    ended = np.flatnonzero((last_ms >= 0) & (end_ms - last_ms > allowed_ms))
    if ended.size == 0:
        return []
    latest = int(last_ms[ended].max())
    names = [sentence_name(measured.labels[row]) for row in ended]
    named = listed([name for name in names if name], limit=_NAMED)
    return [
        f"Stale: {ended.size} of {len(measured)} series have no value at the end of the window"
        f"{f' ({named})' if named else ''}; "
        f"the last is of {format_instant(instant_from_ms(latest))}, {seconds_text((end_ms - latest) / 1000)} before it."
    ]


def _reset_warnings(measured: Measured) -> list[str]:
    resets = resets_of(measured)
    if not any(resets):
        return []
    touched = sum(1 for count in resets if count)
    return [f"Resets: the counter falls {_times(sum(resets))} in {touched} of {len(measured)} series (restarts)."]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
