"""What if: growth faster or slower, growth on top, and changes on given days, applied to forecast futures."""

import math

import numpy as np

from sre.capacity.model import DAY_SECONDS, MAX_HORIZON_STEPS, MONTH_SECONDS, Change, Request, Scenario, Step
from sre.core.errors import InputError
from sre.core.series import FloatArray, IntArray
from sre.core.times import format_instant, instant_from_ms

_MAX_GROWTH_RATIO = 10.0
_MAX_FACTOR = 1000.0
_MAX_ADDED = 1e30
# A quadrillionfold is no plan any more.
_MAX_LOG_GROWTH = math.log(1e15)


def months_ahead(times_ms: IntArray, last_ms: int) -> FloatArray:
    """Return the distance of each time from the last known point in months, shape (horizon,)."""
    return np.asarray((times_ms - last_ms) / 1000 / MONTH_SECONDS)


def growth_factors(ratio_per_month: float, months: FloatArray) -> FloatArray:
    """Return growth compounded over so many months, never so large or small that products overflow."""
    return np.asarray(np.exp(np.clip(months * np.log1p(ratio_per_month), -_MAX_LOG_GROWTH, _MAX_LOG_GROWTH)))


def applied(
    paths: FloatArray,
    scenario: Scenario,
    *,
    times_ms: IntArray,
    last_ms: int,
    last_value: float,
    is_stock: bool,
    drift_per_month: float = 0.0,
) -> FloatArray:
    """Return the futures under the scenario.

    A level (requests, utilisation) is multiplied. Of a stock (a disk that fills or drains) the movement of each step
    is multiplied, since that is what more load changes. Additions come last and are not multiplied. More growth never
    meets a limit later: values and movements keep their order whatever is asked.

    Args:
        paths: shape (..., horizon), the plain futures.
        last_value: The last known value, the unit of the metric.
        drift_per_month: By how much a level is forecast to grow, unit a month; where it does not grow, there is no
            growth to be faster. A stock brings its own.
    """
    if scenario.is_plain:
        return paths
    months = months_ahead(times_ms, last_ms)
    if is_stock:
        moved = _moved(paths, scenario, times_ms=times_ms, last_ms=last_ms, last_value=last_value)
    else:
        drift = (scenario.growth_factor - 1) * max(drift_per_month, 0.0)
        moved = _grown(paths + drift * months, growth_factors(scenario.extra_growth_ratio_per_month, months))
        for change in scenario.changes:
            moved = moved * np.where(_active(change, times_ms), change.factor, 1.0)
    for change in scenario.changes:
        moved = moved + np.where(_active(change, times_ms), change.added, 0.0)
    return np.asarray(moved)


def _grown(paths: FloatArray, factor: FloatArray) -> FloatArray:
    """Return values grown by a factor; one below zero grows towards zero, so that more is always higher."""
    return np.where(paths >= 0, paths * factor, paths / factor)


def _moved(paths: FloatArray, scenario: Scenario, *, times_ms: IntArray, last_ms: int, last_value: float) -> FloatArray:
    starts = np.concatenate(([last_ms], times_ms[:-1]))
    middles = np.asarray((starts + times_ms) / 2)
    months = np.asarray((middles - last_ms) / 1000 / MONTH_SECONDS)
    factor = scenario.growth_factor * growth_factors(scenario.extra_growth_ratio_per_month, months)
    for change in scenario.changes:
        factor = factor * (1 + (change.factor - 1) * _share(change, starts, times_ms))
    steps = np.diff(paths, axis=-1, prepend=np.full((*paths.shape[:-1], 1), last_value))
    return np.asarray(last_value + np.cumsum(steps * factor, axis=-1))


def _active(change: Change, times_ms: IntArray) -> FloatArray:
    """Return at which times a change holds, shape (horizon,); one shorter than a step holds for the next step."""
    active = times_ms >= change.start_ms
    if change.end_ms is not None:
        inside = active & (times_ms < change.end_ms)
        first = int(active.argmax())
        active = inside if inside.any() or not active.any() else np.arange(times_ms.size) == first
    return np.asarray(active)


def _share(change: Change, starts_ms: IntArray, ends_ms: IntArray) -> FloatArray:
    """Return which share of each step a change covers, shape (horizon,), 0..1."""
    end = float(ends_ms[-1]) if change.end_ms is None else float(change.end_ms)
    covered = np.minimum(ends_ms, end) - np.maximum(starts_ms, change.start_ms)
    return np.asarray(np.clip(covered, 0, None) / (ends_ms - starts_ms))


def checked(scenario: Scenario) -> Scenario:
    """Return the scenario.

    Raises:
        InputError: It shrinks by all there is, or multiplies by nothing; every fault is named.
    """
    faults = []
    if not -1 < scenario.extra_growth_ratio_per_month <= _MAX_GROWTH_RATIO:
        faults.append(f"growth a month must be above -100 % and at most {100 * _MAX_GROWTH_RATIO:,.0f} %")
    if not 0 <= scenario.growth_factor <= _MAX_FACTOR:
        faults.append(f"growth must be multiplied by 0 to {_MAX_FACTOR:,.0f}, that is by -100 % or more")
    if not all(0 < change.factor <= _MAX_FACTOR for change in scenario.changes):
        faults.append(f"a factor must be above 0 and at most {_MAX_FACTOR:,.0f}")
    if not all(abs(change.added) <= _MAX_ADDED for change in scenario.changes):
        faults.append("what is added is too large")
    if not all(change.end_ms is None or change.end_ms > change.start_ms for change in scenario.changes):
        faults.append("a change must end after it starts")
    if faults:
        raise InputError(f"scenario: {'; '.join(faults)}.", field="scenario")
    return scenario


def check_reach(request: Request, *, last_ms: int, step: Step) -> None:
    """Check that every change falls into the forecast.

    Args:
        last_ms: Epoch milliseconds of the last known value.

    Raises:
        InputError: One lies in the past, where the history already holds it, or beyond the horizon.
    """
    scenario, faults = request.scenario, []
    now_ms = last_ms if request.now_ms is None else request.now_ms
    end_ms = int(step.times_after(last_ms, min(request.horizon_steps, MAX_HORIZON_STEPS))[-1])
    months = (end_ms - last_ms) / 1000 / MONTH_SECONDS
    if months * math.log1p(scenario.extra_growth_ratio_per_month) > _MAX_LOG_GROWTH:
        faults.append(
            f"{100 * scenario.extra_growth_ratio_per_month:,.4g} % a month over {months:,.0f} months is no plan"
        )
    for change in scenario.changes:
        start = format_instant(instant_from_ms(change.start_ms))
        if change.start_ms > end_ms:
            faults.append(f"{start} lies beyond the horizon, which ends {format_instant(instant_from_ms(end_ms))}")
        elif change.end_ms is not None and change.end_ms <= last_ms:
            faults.append(f"what starts {start} is over before the forecast begins")
        elif change.end_ms is None and change.start_ms < min(now_ms, last_ms):
            faults.append(f"what starts {start} lies in the past: the history already holds it")
    if faults:
        begins = format_instant(instant_from_ms(last_ms))
        raise InputError(
            f"scenario: {'; '.join(faults)}.",
            field="scenario",
            next_steps=(f"use times after {begins}, or a longer horizon",),
        )


def short_changes(scenario: Scenario, *, times_ms: IntArray) -> tuple[Change, ...]:
    """Return the changes that end before any of these times is reached: they hold for the whole next step."""
    return tuple(
        change
        for change in scenario.changes
        if change.end_ms is not None and not ((times_ms >= change.start_ms) & (times_ms < change.end_ms)).any()
    )


def assumed_step_seconds(horizon_seconds: float) -> float:
    """Return a step of whole days that gives about a row a week or a month, depending on the horizon."""
    for days in (1, 7, 30):
        if horizon_seconds <= 60 * days * DAY_SECONDS:
            return days * DAY_SECONDS
    return 30 * DAY_SECONDS
