"""Filling gaps and evening out level shifts before the fit."""

from dataclasses import dataclass

import numpy as np

from sre.core.series import BoolArray, FloatArray

# Gaps up to this many steps are bridged by a line; longer ones take their shape from the season before or after.
_SHORT_GAP_STEPS = 3
# A jump of the level counts as a shift when it is this many times the typical movement between stretches as long.
_SHIFT_SIZE = 8.0
_SHIFT_MIN_STEPS = 12
_STRETCHES = 40


# A spike is this many times as far from its surroundings as nine in ten values are; more than one in two hundred such
# values are no accident.
_SPIKE_SIZE, _CALM_SHARE, _SPIKE_SHARE = 8.0, 0.9, 0.005
# The median of seven holds against spikes of up to three steps.
_SPIKE_WINDOW = 7


@dataclass(frozen=True, slots=True)
class Shift:
    """A sudden and lasting change of level before `index`, by `size` (unit of the metric)."""

    index: int
    size: float


def filled(values: FloatArray, *, period: int = 1) -> FloatArray:
    """Return the values with gaps filled: short ones by a line, long ones by the nearest season with data.

    Args:
        values: shape (steps,), NaN in gaps, first and last known.
        period: Steps of a season, 1 for none.
    """
    missing = np.isnan(values)
    if not missing.any():
        return values
    known = np.flatnonzero(~missing)
    line = np.interp(np.arange(values.size), known, values[known])
    if period <= 1:
        return np.asarray(line)
    out = np.where(missing & _in_long_gap(missing), np.nan, line)
    for shift in (period, -period, 2 * period, -2 * period):
        source = np.arange(values.size) - shift
        inside = (source >= 0) & (source < values.size)
        borrowed = np.where(inside, out[np.clip(source, 0, values.size - 1)], np.nan)
        out = np.where(np.isnan(out), borrowed, out)
    return np.where(np.isnan(out), line, out)


def level_shift(values: FloatArray, *, period: int) -> Shift | None:
    """Return the last sudden and lasting jump of the level, or None.

    A jump is sudden when the median of a stretch differs from that of the stretch before by many times what is usual
    on this series, and lasting when all stretches after it stay on the new side.
    """
    length = max(period, values.size // _STRETCHES, _SHIFT_MIN_STEPS)
    count = values.size // length
    if count < 6:
        return None
    medians = np.median(values[values.size - count * length :].reshape(count, length), axis=1)
    moves = np.abs(np.diff(medians))
    usual = float(np.median(moves)) + 1e-9 * float(np.abs(medians).max())
    within = _typical_spread(values, length=length, count=count, period=period)
    at = int(np.argmax(moves)) + 1
    size = float(np.median(medians[at:]) - np.median(medians[:at]))
    if count - at < 2 or at < 2 or moves[at - 1] < _SHIFT_SIZE * usual or abs(size) < 2 * within:
        return None
    middle = (np.median(medians[:at]) + np.median(medians[at:])) / 2
    # Lasting and sudden: at most one stretch on either side may lie on the wrong side of the middle.
    wrong = ((medians[:at] > middle) == (size > 0)).sum() + ((medians[at:] < middle) == (size > 0)).sum()
    if wrong > 0 or abs(size) < 0.5 * float(np.ptp(medians)):
        return None
    return Shift(_exact_index(values, values.size - (count - at) * length, length=length, middle=float(middle)), size)


def calmed(values: FloatArray, *, periods: tuple[int, ...]) -> tuple[FloatArray, int]:
    """Return the values with lone spikes put back to their surroundings, and how many there were.

    Spikes that come often, last, or come back a season later belong to the series and stay.

    Args:
        values: shape (steps,), no NaN.
        periods: Steps of the seasons.
    """
    if values.size < 2 * _SPIKE_WINDOW:
        return values, 0
    around = _running_median(values)
    rest = np.abs(values - around)
    spread = float(np.quantile(rest, _CALM_SHARE))
    if spread <= 0:
        return values, 0
    spikes = (rest > _SPIKE_SIZE * spread) & _is_far_outside(values)
    lone = spikes & ~_recurring(spikes, periods)
    if not lone.any() or lone.sum() > max(1, _SPIKE_SHARE * values.size):
        return values, 0
    return np.where(lone, around, values), int(lone.sum())


def never_falling(values: FloatArray) -> FloatArray:
    """Return a stock with its few falls taken out, ending where it ends: what a fall took was not growth undone."""
    gained = np.cumsum(np.maximum(np.diff(values, prepend=values[0]), 0.0))
    return np.asarray(values[-1] - gained[-1] + gained)


def evened(values: FloatArray, shift: Shift | None) -> FloatArray:
    """Return the values with what lies before the shift moved to the level after it."""
    if shift is None:
        return values
    return np.concatenate([values[: shift.index] + shift.size, values[shift.index :]])


def _in_long_gap(missing: BoolArray) -> BoolArray:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], missing.astype(np.int8), [0]))))
    long = np.zeros(missing.size, dtype=np.bool_)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        long[start:end] = end - start > _SHORT_GAP_STEPS
    return long


def _running_median(values: FloatArray) -> FloatArray:
    padded = np.pad(values, _SPIKE_WINDOW // 2, mode="reflect")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, _SPIKE_WINDOW), axis=1))


def _is_far_outside(values: FloatArray) -> BoolArray:
    """Return which values lie outside the usual range by more than its width: a sharp peak of a season does not."""
    low, high = np.quantile(values, [_SPIKE_SHARE, 1 - _SPIKE_SHARE])
    return np.asarray((values > 2 * high - low) | (values < 2 * low - high))


def _recurring(spikes: BoolArray, periods: tuple[int, ...]) -> BoolArray:
    """Return where a spike has another one about a season before or after it."""
    wide = spikes | np.roll(spikes, 1) | np.roll(spikes, -1)
    out = np.zeros(spikes.size, dtype=np.bool_)
    for period in periods:
        out[period:] |= wide[:-period]
        out[:-period] |= wide[period:]
    return out & spikes


def _typical_spread(values: FloatArray, *, length: int, count: int, period: int) -> float:
    rows = values[values.size - count * length :].reshape(count, length)
    if period > 1:
        return float(np.median(np.abs(np.diff(np.median(rows, axis=1)))))
    return float(np.median(np.abs(rows - np.median(rows, axis=1)[:, None])))


def _exact_index(values: FloatArray, near: int, *, length: int, middle: float) -> int:
    """Return the split near the found stretch that best tells low from high."""
    start, end = max(near - length, 0), min(near + length, values.size)
    sides = np.sign(values[start:end] - middle)
    scores = np.concatenate(([0.0], np.cumsum(sides)))
    turning = scores if sides[-1] > 0 else -scores
    return start + int(np.argmin(turning))
