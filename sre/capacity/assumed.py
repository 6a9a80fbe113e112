"""Growth that is assumed, not measured: `15 % a month, from 1,200 requests a second`."""

import numpy as np

from sre.capacity.crossing import inferred_direction
from sre.capacity.model import (
    MAX_HORIZON_STEPS,
    MONTH_SECONDS,
    CapacityForecast,
    Exhaustion,
    Growth,
    Judgement,
    Request,
    Scenario,
    Step,
)
from sre.capacity.scenario import applied, checked, months_ahead
from sre.core.errors import InputError


def assumed_growth(*, start_value: float, start_ms: int, step: Step, request: Request) -> CapacityForecast:
    """Return the path of a value that compounds every month, with no interval: nothing was measured.

    Args:
        start_value: The value at `start_ms`, > 0.
        request: Its scenario holds the growth a month and the changes.

    Raises:
        InputError: The value is not positive, or the scenario needs a history.
    """
    checked(request.scenario)
    if not start_value > 0:
        raise InputError("start_value must be above 0.", field="start_value")
    if request.scenario.growth_factor != 1:
        raise InputError(
            "scenario: without a history there is no growth to be faster or slower.",
            field="scenario",
            valid=("+15%/month",),
        )
    if request.horizon_steps > MAX_HORIZON_STEPS:
        raise InputError(f"horizon is more than {MAX_HORIZON_STEPS} steps.", field="horizon", valid=("365d",))
    times = step.times_after(start_ms, request.horizon_steps)
    flat = np.full(times.size, start_value)
    path = applied(flat, request.scenario, times_ms=times, last_ms=start_ms, last_value=start_value, is_stock=False)
    ratio = request.scenario.extra_growth_ratio_per_month
    months = float(months_ahead(times, start_ms)[-1])
    return CapacityForecast(
        times_ms=times,
        expected=path,
        lower=None,
        upper=None,
        nature="level",
        history=None,
        present_level=start_value,
        growth=Growth(ratio * start_value, ratio, float(path[-1] - start_value) / months),
        judgement=Judgement("none", ("the growth was given, not measured: this is arithmetic, not a forecast",)),
        method="the start value compounded by the given growth a month; a month is 30.44 days",
        exhaustion=_exhaustion(start_value, start_ms, int(times[-1]), request),
    )


def _exhaustion(start_value: float, start_ms: int, end_ms: int, request: Request) -> Exhaustion | None:
    threshold = request.threshold
    if threshold is None:
        return None
    direction = request.direction or inferred_direction(threshold=threshold, last_value=start_value)
    sign = 1 if direction == "up" else -1
    at = _crossing_ms(sign, threshold, request.scenario, start_value=start_value, start_ms=start_ms)
    if at == start_ms:
        return Exhaustion(threshold, direction, "already_crossed", 1.0, start_ms, start_ms, start_ms)
    if at is None or at > end_ms:
        return Exhaustion(threshold, direction, "does_not_cross", 0.0)
    return Exhaustion(threshold, direction, "crosses", 1.0, at, at, at)


def _crossing_ms(sign: int, threshold: float, scenario: Scenario, *, start_value: float, start_ms: int) -> int | None:
    """Return the first instant at which the value meets the threshold, exact between the changes.

    Args:
        sign: 1 where the threshold is met from below, -1 from above.
    """
    edges = {edge for change in scenario.changes for edge in (change.start_ms, change.end_ms) if edge is not None}
    starts = [start_ms, *sorted(edge for edge in edges if edge > start_ms)]
    growth = scenario.extra_growth_ratio_per_month
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        held = [one for one in scenario.changes if one.start_ms <= start and (one.end_ms is None or start < one.end_ms)]
        base = start_value * float(np.prod([one.factor for one in held]))
        wanted = threshold - sum(one.added for one in held)
        at_start = base * (1 + growth) ** ((start - start_ms) / 1000 / MONTH_SECONDS)
        if sign * (at_start - wanted) >= 0:
            return start
        seconds = crossing_seconds(start_value=base, growth_ratio_per_month=growth, threshold=wanted)
        at = None if seconds is None else round(start_ms + seconds * 1000)
        if at is not None and start <= at and (end is None or at < end):
            return at
    return None


def crossing_seconds(*, start_value: float, growth_ratio_per_month: float, threshold: float) -> float | None:
    """Return seconds until a compounding value meets a threshold, or None where it never does.

    Args:
        start_value: > 0.
        threshold: The unit of start_value.
    """
    if start_value <= 0 or threshold <= 0 or growth_ratio_per_month == 0:
        return None
    months = np.log(threshold / start_value) / np.log1p(growth_ratio_per_month)
    return float(months * MONTH_SECONDS) if months > 0 else None
