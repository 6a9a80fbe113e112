"""Demand forecast from measured history: peaks of days or quarters of days, as far ahead as the history carries."""

from dataclasses import replace

import numpy as np

from sre.capacity.forecast import MAX_REACH, forecast
from sre.capacity.history import regular_history
from sre.capacity.model import DAY_SECONDS, MAX_HORIZON_STEPS, CapacityForecast, History, Request, Scenario
from sre.capacity.plan.demand import forecast_demand
from sre.capacity.plan.model import DAY_MS, Demand
from sre.core.errors import NoDataError
from sre.core.series import FloatArray, IntArray

# From so many days on, one peak a day is history enough; below, four a day tell more of how it moves within one.
LEAST_DAYS_OF_DAILY_PEAKS = 56
SHORT_STEP_SECONDS = DAY_SECONDS / 4
_LEAST_AHEAD_DAYS = 7
# Two weeks tell weeks apart from growth only badly; four do (our choice).
_LEAST_DAYS_OF_GROWTH = 28


def measured_demand(
    timestamps_ms: IntArray,
    values: FloatArray,
    *,
    step_seconds: float | None,
    start_ms: int,
    days: int,
    scenario: Scenario | None = None,
) -> Demand:
    """Return the forecast demand for as many of the days as the history carries.

    Args:
        timestamps_ms: shape (samples,), epoch milliseconds.
        values: shape (samples,), peaks in the unit of the resource, NaN where missing.
        step_seconds: Distance of two peaks; None infers it.
        start_ms: The present.

    Raises:
        NoDataError: Too few values, or they carry less than a week ahead.
    """
    history = regular_history(timestamps_ms, values, step_seconds=step_seconds)
    return _forecast(history, start_ms=start_ms, days=days, scenario=scenario or Scenario())


def peaks(timestamps_ms: IntArray, values: FloatArray, *, end_ms: int) -> tuple[IntArray, FloatArray, float | None]:
    """Return the peaks of raw samples with their spacing: of days, or of quarters of days where they are few.

    Samples a day or more apart stay as they are; their spacing is then None. A part of a day at the beginning is left
    out: its peak may not have been seen.

    Args:
        timestamps_ms: shape (samples,), in any order.
        values: shape (samples,), NaN where missing.
        end_ms: Where the last day ends, at or after the last sample.
    """
    usable = np.isfinite(values)
    times, kept = timestamps_ms[usable], values[usable]
    distinct = np.unique(times)
    if distinct.size < 2 or float(np.median(np.diff(distinct))) >= DAY_MS:
        return timestamps_ms, values, None
    span_days = (end_ms - int(distinct[0])) / DAY_MS
    step_seconds = DAY_SECONDS if span_days >= LEAST_DAYS_OF_DAILY_PEAKS else SHORT_STEP_SECONDS
    step_seconds = max(step_seconds, float(np.median(np.diff(distinct))) / 1000)
    step_ms = round(step_seconds * 1000)
    back = (end_ms - times) // step_ms
    whole = (end_ms - int(distinct[0])) // step_ms
    inside = back < whole
    count = int(whole)
    found = np.full(count, -np.inf)
    np.maximum.at(found, count - 1 - back[inside].astype(np.int64), kept[inside])
    ends = end_ms - step_ms * np.arange(count - 1, -1, -1, dtype=np.int64)
    return ends, np.where(np.isfinite(found), found, np.nan), step_seconds


def _forecast(history: History, *, start_ms: int, days: int, scenario: Scenario) -> Demand:
    step_ms = history.step.seconds * 1000
    # One step more, since calendar months differ from the mean one.
    wanted = int(np.ceil((start_ms + days * DAY_MS - history.last_ms) / step_ms)) + 1
    steps = min(wanted, int(MAX_REACH * len(history)), MAX_HORIZON_STEPS)
    reach_days = (history.last_ms + steps * step_ms - start_ms) / DAY_MS
    if reach_days < min(_LEAST_AHEAD_DAYS, days):
        raise NoDataError(
            f"{len(history)} values of history carry only {max(reach_days, 0):.0f} days of a plan.",
            causes=("the history is too short, or ended long ago",),
            next_steps=("state the demand: `1200 rps growing 15 % a month`",),
        )
    made = forecast(history, Request(horizon_steps=max(1, steps), scenario=scenario, now_ms=start_ms))
    demand = forecast_demand(made, start_ms=start_ms, words=_words(made))
    return replace(demand, paths=demand.paths[:, :days], expected=demand.expected[:days])


def _words(made: CapacityForecast) -> str:
    history, growth = made.history, made.growth
    days = 0.0 if history is None else len(history) * history.step.seconds / DAY_SECONDS
    parts = [f"forecast of daily peaks from {days:.0f} days of history"]
    if growth.ratio_per_month is not None and days >= _LEAST_DAYS_OF_GROWTH:
        parts.append(f"level {100 * growth.ratio_per_month:+.3g} % a month so far")
    if made.accuracy is not None and made.accuracy.coverage_ratio is not None:
        parts.append(f"{100 * made.accuracy.coverage_ratio:.0f} % of held-back values within its interval")
    return ", ".join(parts)
