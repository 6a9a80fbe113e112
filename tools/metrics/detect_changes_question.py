"""What was asked of `detect_changes`, resolved: the window that is judged, what is read before it, and how finely."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sre.core.errors import InputError, RefusedError
from sre.core.steps import FRIENDLY_STEPS_SECONDS
from sre.core.times import Duration, Window, format_duration, parse_duration

if TYPE_CHECKING:
    from tools.context import ReadWindow

_DAY: Final = 86_400.0
# A weekly pattern is seen from two weeks on, and known from three, whose median one odd week does not move; the step is
# as short as the search can do with: three weeks of ten minutes (our choice).
_LEARNT_SECONDS: Final = 21 * _DAY
MOST_POINTS: Final = 3_024
# The window itself keeps at least this share of the points, so short ones are not read coarsely for the sake of weeks.
_LEAST_SHARE: Final = 1 / 21
# Points of a series that a caller may ask for by a step of their own.
_MOST_STEPS: Final = 8_000
# Fewer say nothing (our choice).
_LEAST_STEPS: Final = 12


@dataclass(frozen=True, slots=True)
class ChangesQuestion:
    """The windows of a question.

    Attributes:
        asked: Changes are told that lie in it.
        read: With the time before it that teaches what a day and a week look like.
        now: What `now` meant.
        notes: What had to be assumed, for the answer's warnings.
    """

    asked: Window
    read: Window
    step: Duration
    now: datetime
    notes: tuple[str, ...] = ()

    @property
    def deploys(self) -> Window:
        """When a deploy may have been that is behind a change: from an hour before."""
        return Window(
            max(self.asked.start - timedelta(hours=1), min(self.read.start, self.asked.start)), self.asked.end
        )


def resolved(read: ReadWindow, *, step: str, coverage: Window | None, spacing: Duration | None) -> ChangesQuestion:
    """Return what to read for a window.

    Args:
        step: As the caller gave it; empty for one that suits.
        coverage: From when to when there are data, where known.
        spacing: Distance of the samples, where known: a finer step would only repeat them.

    Raises:
        InputError: The step does not parse, or leaves fewer than a dozen points.
        RefusedError: The step makes too many points.
    """
    asked = read.window
    given = parse_duration(step, field="step").seconds if step else None
    if given is not None:
        _check(given, asked)
    whole = max(asked.seconds, min(_LEARNT_SECONDS, asked.seconds / _LEAST_SHARE))
    if given is not None:
        whole = max(asked.seconds, min(whole, 2 * MOST_POINTS * given))
    first = asked.end - timedelta(seconds=whole)
    if coverage is not None:
        first = max(first, min(coverage.start, asked.start))
    seconds = given or _step_for((asked.end - first).total_seconds(), spacing)
    # From the minute on, times are round.
    end = asked.end - timedelta(seconds=asked.end.timestamp() % 60) if seconds >= 60 else asked.end
    steps = math.ceil((end - first).total_seconds() / seconds)
    if steps < _LEAST_STEPS:
        raise InputError(
            f"A window of {format_duration(asked.seconds)} has {steps} steps of {format_duration(seconds)}; "
            f"at least {_LEAST_STEPS} are needed to tell a change from noise.",
            field="start",
            valid=("now-6h", "now-7d"),
        )
    window = Window(end - timedelta(seconds=steps * seconds), end)
    return ChangesQuestion(asked, window, Duration(seconds), read.now, read.notes)


def _check(step_seconds: float, asked: Window) -> None:
    steps = asked.seconds / step_seconds
    if steps > _MOST_STEPS:
        raise RefusedError(
            f"step={format_duration(step_seconds)} makes {steps:,.0f} points; at most {_MOST_STEPS:,} are read.",
            next_steps=("no step at all: changes are found coarsely and then dated finely", "a shorter window"),
        )


def _step_for(seconds: float, spacing: Duration | None) -> float:
    # Samples jitter by some milliseconds; scraped every 15.004 s they suit steps of 15 s.
    wanted = max(seconds / MOST_POINTS, 0.9 * spacing.seconds if spacing else 0.0)
    day = FRIENDLY_STEPS_SECONDS[-1]
    return float(next((one for one in FRIENDLY_STEPS_SECONDS if one >= wanted), -(-wanted // day) * day))


def fine_step_for(seconds: float, *, spacing: Duration) -> float:
    """Return a step that dates a change in a short window, no finer than the samples."""
    wanted = max(seconds / MOST_POINTS, 0.9 * spacing.seconds)
    return float(next((one for one in FRIENDLY_STEPS_SECONDS if one >= wanted), FRIENDLY_STEPS_SECONDS[-1]))
