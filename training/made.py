"""Made-up series, which networks learn from beside the public ones, or alone where there are none.

What public collections of days hold is narrow (cash machines, loads, a few counters), and of five-minute steps there is
no public collection to speak of: a network learns such a collection by heart and helps nowhere else. A made-up
series has what series from operations have, in any mixture and any size: ranges are far wider than what is usual, so
that a real series is likely somewhere in the middle of what was seen. A part that is left out or is too small to see is
as much a lesson as one that is large.
"""

from collections.abc import Callable, Sequence

import numpy as np

from sre.core.series import FloatArray
from training.kinds import Kind
from training.parts import (
    WEEK_DAYS,
    Random,
    Range,
    any_size,
    bends,
    bursts,
    capped,
    chance,
    counted,
    days_of_weeks,
    floored,
    grown,
    holidays,
    jobs,
    line,
    louder_where_high,
    noise,
    outliers,
    profile,
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
_YEAR_WEEKS = 52
_DAY_STEPS = 1100
_WEEK_STEPS = 420
_DAYS_OF_HOURS = 46
_DAYS_OF_FIVE_MINUTES = 16
_DAY_HOURS = 24
_DAY_FIVE_MINUTES = 288


def made_up(kind: Kind, random: Random) -> FloatArray:
    """Return one series, shape (steps,), finite and not constant.

    Args:
        kind: One of `MADE_UP`.
    """
    while True:
        values = MADE_UP[kind](random)
        if np.isfinite(values).all() and np.ptp(values) > 0:
            return values


def made_up_series(kind: Kind, *, count: int, seed: int) -> list[FloatArray]:
    """Return so many series, the same ones for the same seed; none of a kind that is not in `MADE_UP`."""
    random = np.random.default_rng(seed)
    return [made_up(kind, random) for _ in range(count)] if kind in MADE_UP else []


def balanced(public: Sequence[FloatArray], made: Sequence[FloatArray]) -> list[FloatArray]:
    """Return both, the public series so many times over that neither kind is drawn much more often than the other."""
    times = max(1, len(made) // max(1, len(public)))
    return [*public] * times + [*made]


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


def _hours(random: Random) -> FloatArray:
    """Six and a half weeks."""
    return _parts_of_days(random, phases=_DAY_HOURS, days=_DAYS_OF_HOURS)


def _five_minutes(random: Random) -> FloatArray:
    """Sixteen days."""
    return _parts_of_days(random, phases=_DAY_FIVE_MINUTES, days=_DAYS_OF_FIVE_MINUTES)


def _weeks(random: Random) -> FloatArray:
    """Eight years: level, bends, year, noise."""
    steps = _WEEK_STEPS
    values = _level(steps, random, walks=0.5, move=(0.018, 0.6), returns=0.3, memory=(1, 150), size=(0.135, 1.35))
    if chance(0.7, random):
        values += bends(steps, random, slope=(9e-4, 0.018))
    if chance(0.7, random):
        year = profile(_YEAR_WEEKS, random, most=5, decay=(0.5, 1.6), bumps=2)
        strong = strength(steps, random, ratio=0.4, memory=(60, 60), size=0.3)
        values += any_size((0.135, 1.65), random) * strong * repeated(year, steps=steps)
    if chance(0.2, random):
        values += shifts(steps, random, size=(0.37, 1.65))
    values += noise(steps, random, size=(0.03, 0.6), memory_ratio=0.4)
    return grown(values, spread=any_size((0.135, 1.0), random)) if chance(0.5, random) else values


def _parts_of_days(random: Random, *, phases: int, days: int) -> FloatArray:
    """Level, trend, days of the week, jobs, noise, bursts, days off; then powers, counts, floors and ceilings."""
    steps = phases * days
    # However fine the steps are, a day moves the level as much.
    move = (0.0067 * np.sqrt(_DAY_HOURS / phases), 0.37 * np.sqrt(_DAY_HOURS / phases))
    memory = (1.0, float(phases * WEEK_DAYS))
    values = _level(steps, random, walks=0.3, move=move, returns=0.45, memory=memory, size=(0.08, 1.2))
    if chance(0.3, random):
        values += line(steps, random, rise=(0.22, 1.65))
    if chance(0.25, random):
        values += shifts(steps, random, size=(0.22, 1.65))
    if chance(0.85, random):
        values += any_size((0.135, 2.0), random) * days_of_weeks(days, random, phases=phases).ravel()
    if chance(0.15, random):
        every = max(2, phases // _DAY_HOURS * int(random.choice((1, 1, 2, 6))))
        values += jobs(steps, random, every=every, size=(0.37, 2.7))
    unforeseen = noise(steps, random, size=(0.03, 1.1), memory_ratio=0.5)
    values += louder_where_high(unforeseen, values) if chance(0.4, random) else unforeseen
    if chance(0.35, random):
        values += bursts(steps, random, ratio=(9e-4, 0.05), size=(0.6, 8), memory=(0.37, phases / 4))
    if chance(0.15, random):
        values += np.repeat(holidays(days, random, year=days, most=2, size=(0.37, 2.7)), phases)
    return _bounded(values, random)


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


def _bounded(values: FloatArray, random: Random) -> FloatArray:
    """Return what is never below 0, or never above a ceiling, more often than not."""
    if chance(0.55, random):
        values = grown(values, spread=any_size((0.27, 1.2), random))
        if chance(0.3, random):
            values = counted(values, random, mean=(1, 400))
    elif chance(0.3, random):
        values = floored(values, ratio=random.uniform(0, 0.3))
    return capped(values, ratio=random.uniform(0.8, 1)) if chance(0.1, random) else values


# Months are not made up: public series by the month are many and various, and networks gain nothing from more.
MADE_UP: dict[Kind, Callable[[Random], FloatArray]] = {
    "week": _weeks,
    "day": _days,
    "hour": _hours,
    "five_minutes": _five_minutes,
}
