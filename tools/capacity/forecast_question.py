"""What was asked of `forecast_capacity`, resolved: which history, which step, how far ahead, under which scenario."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sre.core.errors import InputError, RefusedError
from sre.core.steps import FRIENDLY_STEPS_SECONDS
from sre.core.text import quoted
from sre.core.times import Duration, Window, epoch_ms, format_duration, parse_duration, parse_instant

if TYPE_CHECKING:
    from sre.capacity.model import Direction, Request
    from tools.arguments import InlineSeries

_DAY = 86_400.0
# Enough history to see weeks; for long horizons four times the horizon, at most two years.
_LEAST_HISTORY_SECONDS, _MOST_HISTORY_SECONDS = 28 * _DAY, 730 * _DAY
_HISTORY_TO_HORIZON = 4.0
_HISTORY_STEPS, _HORIZON_STEPS = 1500, 1000
_LEAST_HORIZON_STEPS = 12
_MOST_HISTORY_STEPS = 8000
_STEP_OF_COUNTED_HORIZON = 3600.0
# A date, with or without a time of day, and nothing behind it that would be a zone.
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.,]+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far ahead: a length of time, or a number of steps."""

    seconds: float | None
    steps: int | None

    def in_steps(self, step_seconds: float) -> int:
        """Return the horizon as whole steps, at least one."""
        if self.steps is not None:
            return self.steps
        assert self.seconds is not None
        # A little slack, so that a month of 30 d is one monthly step and not two.
        return max(1, round(self.seconds / step_seconds))

    def in_seconds(self, step_seconds: float) -> float:
        """Return the horizon as a length of time."""
        return self.seconds if self.seconds is not None else (self.steps or 1) * step_seconds


@dataclass(frozen=True, slots=True)
class Question:
    """Everything but the data."""

    horizon: Horizon
    threshold: float | None
    direction: Direction | None
    interval_ratio: float
    scenario: str = ""

    def request(self, *, step_seconds: float, now: datetime) -> Request:
        """Return the request to the forecast for data of this step.

        Raises:
            InputError: The scenario is not understood.
        """
        from sre.capacity.model import Request
        from sre.capacity.scenario_text import parsed_scenario

        return Request(
            horizon_steps=self.horizon.in_steps(step_seconds),
            interval_ratio=self.interval_ratio,
            threshold=self.threshold,
            direction=self.direction,
            scenario=parsed_scenario(self.scenario, now=now),
            now_ms=epoch_ms(now),
        )


def check_scenario(scenario: str, *, now: datetime) -> None:
    """Check that a scenario is understood, before anything is read.

    Raises:
        InputError: It is not; all faults are named.
    """
    if scenario:
        from sre.capacity.scenario_text import parsed_scenario

        parsed_scenario(scenario, now=now)


def parsed_horizon(value: str | int) -> Horizon:
    """Return the horizon that `30d`, `48` or 48 spells.

    Raises:
        InputError: Neither a duration nor a whole number of steps above zero.
    """
    text = str(value).strip()
    if text.isdecimal():
        steps = int(text) if len(text) <= 9 else 10**9
        if steps < 1:
            raise InputError("horizon must be at least one step.", field="horizon", valid=("30d", "48"))
        return Horizon(None, steps)
    try:
        return Horizon(parse_duration(text, field="horizon").seconds, None)
    except InputError as error:
        raise InputError(
            f"horizon is neither a duration nor a whole number of steps: {quoted(text)}.",
            field="horizon",
            valid=("6h", "30d", "12w", "48 (steps)"),
        ) from error


def history_window(
    horizon: Horizon, *, start: str, end: str, step: str, now: datetime, coverage: Window | None
) -> tuple[Window, Duration]:
    """Return which history to read and at which step.

    Raises:
        InputError: A time or the step does not parse, or the window is empty.
        RefusedError: The step makes too many points.
    """
    last = parse_instant(end, now=now, field="end").at
    given_step = parse_duration(step, field="step").seconds if step else None
    ahead = horizon.in_seconds(given_step or _STEP_OF_COUNTED_HORIZON)
    if start:
        first = parse_instant(start, now=now, field="start").at
        if first >= last:
            raise InputError("start is not before end.", field="start", valid=("now-28d", "now-90d"))
    else:
        first = _default_start(last, ahead, given_step=given_step, coverage=coverage)
    span = (last - first).total_seconds()
    if given_step is not None and span / given_step > _MOST_HISTORY_STEPS:
        raise RefusedError(
            f"step={format_duration(given_step)} makes {span / given_step:,.0f} points of history; "
            f"at most {_MOST_HISTORY_STEPS:,} are read.",
            next_steps=("a larger step, a later start, or no step at all",),
        )
    chosen = given_step or _default_step(span, ahead, horizon)
    # Whole steps back from the end, so that the last value is the freshest.
    steps = int(span // chosen)
    first = last - timedelta(seconds=steps * chosen) if steps >= 1 else first
    return Window(first, last), Duration(chosen)


def naive_time_note(series: InlineSeries) -> tuple[str, ...]:
    """Return that times without a zone were read as UTC, where there are any."""
    naive = sum(isinstance(item, str) and _NAIVE.fullmatch(item.strip()) is not None for item in series.timestamps)
    if not naive:
        return ()
    return (f"{naive} of {len(series.timestamps)} timestamps have no time zone and were read as UTC.",)


def _default_start(
    last: datetime, ahead_seconds: float, *, given_step: float | None, coverage: Window | None
) -> datetime:
    span = min(max(_HISTORY_TO_HORIZON * ahead_seconds, _LEAST_HISTORY_SECONDS), _MOST_HISTORY_SECONDS)
    step = given_step or _short_step(ahead_seconds)
    first = last - timedelta(seconds=min(span, _MOST_HISTORY_STEPS / 2 * step) if step else span)
    return max(first, coverage.start) if coverage is not None and coverage.start < last else first


def _short_step(ahead_seconds: float) -> float | None:
    """Return the step that a short horizon forces, or None where the history decides."""
    wanted = ahead_seconds / _LEAST_HORIZON_STEPS
    if wanted >= _LEAST_HISTORY_SECONDS / _HISTORY_STEPS:
        return None
    return max((step for step in FRIENDLY_STEPS_SECONDS if step <= wanted), default=FRIENDLY_STEPS_SECONDS[0])


def _default_step(span_seconds: float, ahead_seconds: float, horizon: Horizon) -> float:
    if horizon.steps is not None:
        return _STEP_OF_COUNTED_HORIZON
    short = _short_step(ahead_seconds)
    if short is not None:
        return max(short, 1.0)
    wanted = max(span_seconds / _HISTORY_STEPS, ahead_seconds / _HORIZON_STEPS)
    return float(next((step for step in FRIENDLY_STEPS_SECONDS if step >= wanted), FRIENDLY_STEPS_SECONDS[-1]))
