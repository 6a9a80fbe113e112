"""What made-up series are sums of: levels, trends, seasons, noise, bursts and holidays, and what is done to the sum.

Each function returns one part, shape (steps,) unless it says otherwise, with no unit: 1 is about as much as a season
that is easy to see. Ranges are (least, most) of sizes, drawn so that each doubling is as likely as the next.
"""

from itertools import accumulate
from typing import TypeAlias

import numpy as np

from sre.core.series import FloatArray

Random: TypeAlias = np.random.Generator
Range: TypeAlias = tuple[float, float]

WEEK_DAYS = 7
_WORKING_DAYS = 5
# Degrees of freedom of Student's t: now and then far out, seldom so, nearly normal.
_TAILS = (2.5, 4, 30)
# Noise further out than this many times its size is cut: one value must not be all there is.
_FARTHEST_NOISE = 20.0
_LARGEST_POWER = 6.0
_LARGEST_COUNT = 1e7
_TINY = 1e-9


def chance(ratio: float, random: Random) -> bool:
    """Return true this often."""
    return random.random() < ratio


def any_size(between: Range, random: Random) -> float:
    """Return a size from the range, each doubling as likely as the next."""
    return float(np.exp(random.uniform(*np.log(between))))


def autoregression(shocks: FloatArray, *, kept: float) -> FloatArray:
    """Return the sum of all shocks so far, of which each step keeps this share, 0 <= kept < 1."""
    return np.array(list(accumulate(shocks.tolist(), lambda before, shock: kept * before + shock)))


def walk(steps: int, random: Random, *, move: Range) -> FloatArray:
    """Return a level that goes anywhere, and moves by this much a step: users, data stored, prices."""
    return np.asarray(random.standard_normal(steps).cumsum() * any_size(move, random))


def wandering(steps: int, random: Random, *, memory: float, size: float) -> FloatArray:
    """Return a level that strays by about this size and comes back in about `memory` steps: queues, caches, weather."""
    kept = float(np.exp(-1 / memory))
    shocks = random.standard_normal(steps)
    # The first value is as far out as any other.
    shocks[1:] *= np.sqrt(1 - kept * kept)
    return size * autoregression(shocks, kept=kept)


def line(steps: int, random: Random, *, rise: Range) -> FloatArray:
    """Return a straight line, up or down by about this much from end to end."""
    return np.linspace(0, random.standard_normal() * any_size(rise, random), steps)


def bends(steps: int, random: Random, *, slope: Range) -> FloatArray:
    """Return a line that bends up or down by about so much a step at one to four places: adoption, saturation."""
    slopes = np.zeros(steps)
    for place in random.integers(0, steps, random.integers(1, 5)):
        slopes[place:] += random.standard_normal() * any_size(slope, random)
    return np.asarray(slopes.cumsum())


def shifts(steps: int, random: Random, *, size: Range) -> FloatArray:
    """Return a level that jumps for good at one to three places: releases, moves, customers who come or go."""
    level = np.zeros(steps)
    for place in random.integers(0, steps, random.integers(1, 4)):
        level[place:] += random.standard_normal() * any_size(size, random)
    return level


def waves(phases: int, random: Random, *, most: int, decay: Range) -> FloatArray:
    """Return one turn of one to `most` waves, the shorter the flatter, shape (phases,), of standard deviation 1."""
    turn = np.arange(phases) / phases * 2 * np.pi
    power = random.uniform(*decay)
    made = np.zeros(phases)
    for number in range(1, int(random.integers(1, most + 1)) + 1):
        made += random.standard_normal() / number**power * np.cos(number * turn + random.uniform(0, 2 * np.pi))
    return np.asarray(made / max(made.std(), _TINY))


def weekdays(random: Random) -> FloatArray:
    """Return one week of days, shape (7,): all differ, or five are much alike and two are not. It starts anywhere."""
    week = random.standard_normal(WEEK_DAYS)
    if chance(0.5, random):
        week = np.where(np.arange(WEEK_DAYS) < _WORKING_DAYS, 0.3 * week, random.uniform(-2, 1) + 0.4 * week)
    return np.roll(week, random.integers(WEEK_DAYS))


def repeated(turn: FloatArray, *, steps: int) -> FloatArray:
    """Return turn after turn."""
    return np.resize(turn, steps)


def strength(steps: int, random: Random, *, ratio: float, memory: Range, size: float) -> FloatArray:
    """Return how strong a season is, 1, or this often about 1 and slowly changing."""
    if not chance(ratio, random):
        return np.ones(steps)
    return 1 + wandering(steps, random, memory=any_size(memory, random), size=size)


def noise(steps: int, random: Random, *, size: Range, memory_ratio: float) -> FloatArray:
    """Return what nobody can foretell; this often some of it stays for a while."""
    scale = any_size(size, random)
    made = np.clip(random.standard_t(random.choice(_TAILS), steps), -_FARTHEST_NOISE, _FARTHEST_NOISE) * scale
    return autoregression(made, kept=random.uniform(0.1, 0.9)) if chance(memory_ratio, random) else made


def outliers(steps: int, random: Random, *, ratio: Range, size: Range) -> FloatArray:
    """Return single steps far out, all to one side: incidents, campaigns, days without data."""
    hit = random.random(steps) < any_size(ratio, random)
    side = random.standard_normal() * any_size(size, random)
    return np.asarray(hit * side * np.exp(0.5 * random.standard_normal(steps)))


def holidays(steps: int, random: Random, *, year: int, most: int, size: Range) -> FloatArray:
    """Return falls on one to `most` steps of a year, each as deep in every year."""
    made = np.zeros(year)
    for place in random.integers(0, year, random.integers(1, most + 1)):
        made[place] -= any_size(size, random)
    return repeated(made, steps=steps)


def grown(values: FloatArray, *, spread: float) -> FloatArray:
    """Return the values as powers, > 0: what was added now multiplies, and high values stick out. 1 is the middle."""
    return np.exp(np.clip(spread * _standardised(values), -_LARGEST_POWER, _LARGEST_POWER))


def counted(values: FloatArray, random: Random, *, mean: Range) -> FloatArray:
    """Return whole numbers, on average the values times a number of this range: requests, errors, mostly 0 if small."""
    return random.poisson(np.minimum(values * any_size(mean, random), _LARGEST_COUNT)).astype(float)


def _standardised(values: FloatArray) -> FloatArray:
    return np.asarray((values - values.mean()) / max(values.std(), _TINY))
