"""Made-up series of days, which networks learn from beside the public ones.

What public collections of days hold is narrow (cash machines, loads, a few counters): a network learns such a
collection by heart and helps nowhere else. A made-up series has what series from operations have, in any mixture and
any size: ranges are far wider than what is usual, so that a real series is likely somewhere in the middle of what was
seen. A part that is left out or is too small to see is as much a lesson as one that is large.

The other kinds need none: public series by the month, week and hour are many and various, and networks that learnt from
made-up ones as well were no better.
"""

from collections.abc import Sequence

import numpy as np

from sre.core.series import FloatArray
from training.kinds import Kind
from training.parts import (
    Random,
    Range,
    any_size,
    bends,
    chance,
    counted,
    grown,
    holidays,
    line,
    noise,
    outliers,
    repeated,
    shifts,
    strength,
    walk,
    wandering,
    waves,
    weekdays,
)

# Whole weeks, so that the weekdays of holidays and of seasons stay what they are.
_YEAR_DAYS = 364
_DAY_STEPS = 1100


def made_up_series(kind: Kind, *, count: int, seed: int) -> list[FloatArray]:
    """Return so many series, the same ones for the same seed, none for kinds that need none.

    Each has shape (steps,), is finite and not constant.
    """
    random = np.random.default_rng(seed)
    return [_made_up(random) for _ in range(count)] if kind == "day" else []


def balanced(public: Sequence[FloatArray], made: Sequence[FloatArray]) -> list[FloatArray]:
    """Return both, the public series so many times over that neither kind is drawn much more often than the other."""
    times = max(1, len(made) // max(1, len(public)))
    return [*public] * times + [*made]


def _made_up(random: Random) -> FloatArray:
    while True:
        values = _days(random)
        if np.isfinite(values).all() and np.ptp(values) > 0:
            return values


def _days(random: Random) -> FloatArray:
    """Three years: level, trend, year, weekdays, noise, incidents, holidays."""
    steps = _DAY_STEPS
    values = _level(steps, random, walks=0.35, move=(0.0067, 0.22), returns=0.35, memory=(2.7, 400), size=(0.135, 1.35))
    if chance(0.6, random):
        values += bends(steps, random, slope=(1.2e-4, 4e-3)) + line(steps, random, rise=(0.135, 1.65))
    if chance(0.25, random):
        values += shifts(steps, random, size=(0.22, 1.35))
    if chance(0.6, random):
        year = waves(_YEAR_DAYS, random, most=5, decay=(0.5, 1.5))
        values += any_size((0.1, 1.0), random) * repeated(year, steps=steps)
    if chance(0.88, random):
        strong = strength(steps, random, ratio=0.5, memory=(20, 400), size=0.4)
        values += any_size((0.08, 1.8), random) * strong * repeated(weekdays(random), steps=steps)
    values += noise(steps, random, size=(0.05, 0.74), memory_ratio=0.5)
    if chance(0.4, random):
        values += outliers(steps, random, ratio=(0.0025, 0.03), size=(0.6, 3.3))
    if chance(0.3, random):
        values += holidays(steps, random, year=_YEAR_DAYS, most=7, size=(0.37, 2.7))
    if chance(0.55, random):
        values = grown(values, spread=any_size((0.12, 0.9), random))
        if chance(0.3, random):
            values = counted(values, random, mean=(2.7, 400))
    return values


def _level(
    steps: int, random: Random, *, walks: float, move: Range, returns: float, memory: Range, size: Range
) -> FloatArray:
    """Return a level that goes anywhere, one that comes back, or, for the rest, one that stays at 0."""
    which = random.random()
    if which < walks:
        return walk(steps, random, move=move)
    if which < walks + returns:
        return wandering(steps, random, memory=any_size(memory, random), size=any_size(size, random))
    return np.zeros(steps)
