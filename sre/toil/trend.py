"""Hours of toil by week, and whether they grow."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from statistics import median
from typing import Final, Literal, TypeAlias

from sre.core.times import Window

WEEK: Final = timedelta(weeks=1)
# The normal form of the test is not trusted below (Gilbert, Statistical Methods for Environmental Pollution
# Monitoring, 1987, ch. 16, asks for more than ten for it; eight weeks of real work are rarely had: our choice).
LEAST_WEEKS: Final = 8
_Z_95: Final = 1.959963984540054
Direction: TypeAlias = Literal["rising", "falling", "no_clear_trend", "too_few_weeks"]


@dataclass(frozen=True, slots=True)
class WeekOfToil:
    """Hours of seven days that end with the window, or seven days before each other."""

    start: datetime
    end: datetime
    hours: float
    times: int


@dataclass(frozen=True, slots=True)
class Trend:
    """Whether hours a week change.

    Attributes:
        hours_a_week: Change of the hours from one week to the next; None where not judged.
    """

    direction: Direction
    hours_a_week: float | None


def weeks_of(window: Window) -> tuple[Window, ...]:
    """Return the whole weeks of a window, counted back from its end, the oldest first."""
    count = int(window.seconds // WEEK.total_seconds())
    ends = [window.end - WEEK * place for place in range(count)]
    return tuple(Window(end - WEEK, end) for end in reversed(ends))


def trend_of(hours: Sequence[float]) -> Trend:
    """Return whether weekly hours rise or fall, oldest first.

    Source:
        Mann, "Nonparametric tests against trend", Econometrica 13 (1945); Sen's slope (1968). Two-sided at 5 %, with
        the correction for ties.
    """
    if len(hours) < LEAST_WEEKS:
        return Trend("too_few_weeks", None)
    pairs = list(combinations(range(len(hours)), 2))
    slope = median((hours[later] - hours[earlier]) / (later - earlier) for earlier, later in pairs)
    score = sum(_sign(hours[later] - hours[earlier]) for earlier, later in pairs)
    if abs(_z(score, hours)) <= _Z_95:
        return Trend("no_clear_trend", slope)
    return Trend("rising" if score > 0 else "falling", slope)


def _z(score: int, hours: Sequence[float]) -> float:
    count = len(hours)
    ties = sum(size * (size - 1) * (2 * size + 5) for size in Counter(hours).values())
    variance = (count * (count - 1) * (2 * count + 5) - ties) / 18
    return 0.0 if score == 0 or variance <= 0 else (score - _sign(score)) / math.sqrt(variance)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
