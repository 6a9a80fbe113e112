"""Growth that is assumed, not measured: `15 % a month, from 1,200 requests a second`."""

import numpy as np

from sre.capacity.crossing import inferred_direction
from sre.capacity.model import CapacityForecast, Exhaustion, Growth, Judgement, Request, Step
from sre.capacity.scenario import applied, checked, crossing_seconds, months_ahead
from sre.core.errors import InputError


def assumed_growth(*, start_value: float, start_ms: int, step: Step, request: Request) -> CapacityForecast:
    """Return the path of a value that compounds every month, with no interval: nothing was measured.

    Args:
        start_value: The value at `start_ms`, > 0.
        request: Its scenario holds the growth a month and a one-off factor.

    Raises:
        InputError: The value is not positive.
    """
    checked(request.scenario)
    if not start_value > 0:
        raise InputError("start_value must be above 0.", field="start_value")
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
    if (start_value >= threshold) if direction == "up" else (start_value <= threshold):
        return Exhaustion(threshold, direction, "already_crossed", 1.0, start_ms, start_ms, start_ms)
    at = _crossing_ms(start_value, start_ms, request)
    if at is None or at > end_ms:
        return Exhaustion(threshold, direction, "does_not_cross", 0.0)
    return Exhaustion(threshold, direction, "crosses", 1.0, at, at, at)


def _crossing_ms(start_value: float, start_ms: int, request: Request) -> int | None:
    """Return the first instant at which the value meets the threshold, before or after the one-off step."""
    scenario, threshold = request.scenario, request.threshold
    if threshold is None:
        return None
    step_ms = start_ms if scenario.one_off_ms is None else max(scenario.one_off_ms, start_ms)
    growth = scenario.extra_growth_ratio_per_month
    before = crossing_seconds(start_value=start_value, growth_ratio_per_month=growth, threshold=threshold)
    if before is not None and start_ms + before * 1000 < step_ms:
        return round(start_ms + before * 1000)
    if scenario.one_off_factor == 1:
        return None if before is None else round(start_ms + before * 1000)
    stepped = start_value * scenario.one_off_factor
    after = crossing_seconds(start_value=stepped, growth_ratio_per_month=growth, threshold=threshold)
    at_step = stepped * (1 + growth) ** float(months_ahead(np.array([step_ms]), start_ms)[0])
    if (at_step >= threshold) == (start_value < threshold):
        return step_ms
    return None if after is None else max(step_ms, round(start_ms + after * 1000))
