"""What if: growth on top of the forecast and one-off steps, and growth assumed where there is no history."""

import numpy as np

from sre.capacity.model import DAY_SECONDS, MONTH_SECONDS, Scenario
from sre.core.errors import InputError
from sre.core.series import FloatArray, IntArray


def months_ahead(times_ms: IntArray, last_ms: int) -> FloatArray:
    """Return the distance of each time from the last known point in months, shape (horizon,)."""
    return np.asarray((times_ms - last_ms) / 1000 / MONTH_SECONDS)


def applied(
    paths: FloatArray, scenario: Scenario, *, times_ms: IntArray, last_ms: int, last_value: float, is_stock: bool
) -> FloatArray:
    """Return the futures under the scenario.

    A level (requests, utilisation) is multiplied. Of a stock (a disk that fills or drains) the movement since the
    last known value is multiplied, since that is what more load changes. Both grow with the growth: a faster scenario
    never meets a limit later.

    Args:
        paths: shape (..., horizon), the plain futures.
        last_value: The last known value, the unit of the metric.
    """
    if scenario.is_plain:
        return paths
    months = months_ahead(times_ms, last_ms)
    factor = (1 + scenario.extra_growth_ratio_per_month) ** months
    after = times_ms >= (scenario.one_off_ms if scenario.one_off_ms is not None else times_ms[0])
    if not is_stock:
        return np.asarray(paths * factor * np.where(after, scenario.one_off_factor, 1.0))
    moved = (paths - last_value) * factor
    if not after.any():
        return np.asarray(last_value + moved)
    start = int(after.argmax())
    before = moved[..., [start - 1]] if start > 0 else np.zeros_like(moved[..., :1])
    stepped = before + (moved - before) * scenario.one_off_factor
    return np.asarray(last_value + np.where(after, stepped, moved))


def checked(scenario: Scenario) -> Scenario:
    """Return the scenario.

    Raises:
        InputError: It shrinks by all there is, or multiplies by nothing.
    """
    if not -1 < scenario.extra_growth_ratio_per_month <= 10:
        raise InputError(
            "growth_ratio_per_month must be above -1 and at most 10; 0.15 means 15 % a month.",
            field="growth_ratio_per_month",
        )
    if not 0 < scenario.one_off_factor <= 1000:
        raise InputError(
            "one_off_factor must be above 0 and at most 1000; 3 means three times.", field="one_off_factor"
        )
    return scenario


def crossing_seconds(*, start_value: float, growth_ratio_per_month: float, threshold: float) -> float | None:
    """Return seconds until a compounding value meets a threshold, or None where it never does.

    Args:
        start_value: > 0.
        threshold: > 0, the unit of start_value.
    """
    if start_value <= 0 or threshold <= 0 or growth_ratio_per_month == 0:
        return None
    months = np.log(threshold / start_value) / np.log1p(growth_ratio_per_month)
    return float(months * MONTH_SECONDS) if months > 0 else None


def assumed_step_seconds(horizon_seconds: float) -> float:
    """Return a step of whole days that gives about a row a week or a month, depending on the horizon."""
    for days in (1, 7, 30):
        if horizon_seconds <= 60 * days * DAY_SECONDS:
            return days * DAY_SECONDS
    return 30 * DAY_SECONDS
