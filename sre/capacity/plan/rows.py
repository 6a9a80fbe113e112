"""A forecast that was made before, as rows of time, expected, lower and upper: read, and turned into futures."""

from statistics import NormalDist

import numpy as np

from sre.capacity.model import DAY_SECONDS
from sre.capacity.plan.amounts import share
from sre.capacity.plan.model import DAY_MS, FUTURE_COUNT, Demand
from sre.capacity.plan.request import RowsDemand
from sre.core.errors import NoDataError
from sre.core.fields import Fields
from sre.core.series import FloatArray, IntArray
from sre.core.times import epoch_ms, instant_from_ms, parse_instant

_MAX_ROWS = 5_000
# Squares of anything larger overflow; what is no number is not below it either.
_LARGEST = 1e100
# Rows are looked at so often a day, so that a peak within one is not missed.
_LOOKS_A_DAY = 24
_A_ROW = "give rows [time, expected, lower, upper] with rising times, lower and upper null where there are none"


def read_rows(fields: Fields) -> RowsDemand:
    """Return the rows of `forecast`; problems go to the findings of `fields`."""
    rows = fields.items("forecast")
    interval = share(fields, "interval", default=0.8, low=0.05, high=0.999)
    good = [row for row in rows if _is_row(row)]
    if len(rows) < 2 or len(rows) > _MAX_ROWS or len(good) < len(rows):
        fields.problem("forecast", f"is no list of 2 to {_MAX_ROWS} rows", _A_ROW)
        return RowsDemand((), ())
    edges = [tuple(_numbers(row)[column] for row in good) for column in (1, 2)]
    lower, upper = (tuple(value for value in edge if value is not None) for edge in edges)
    has_edges = len(lower) == len(upper) == len(good)
    expected = tuple(value for value in (_numbers(row)[0] for row in good) if value is not None)
    if len(expected) < len(good) or (not has_edges and (lower or upper)):
        fields.problem("forecast", "has rows without a value", _A_ROW)
        return RowsDemand((), ())
    if has_edges and not all(low <= mid <= up for low, mid, up in zip(lower, expected, upper, strict=True)):
        fields.problem("forecast", "has an expected value outside of its interval", _A_ROW)
    times = tuple(_time(row) for row in good)
    return RowsDemand(times, expected, lower if has_edges else (), upper if has_edges else (), interval)


def demand_of_rows(rows: RowsDemand, *, start_ms: int, days: int) -> Demand:
    """Return the daily peaks of a forecast between its rows, as far as they reach.

    Every future keeps its place in the interval all along: the one at the upper edge stays there. Distances from the
    middle are those of a normal law on either side, each with its own width.

    Raises:
        InputError: A time does not parse.
        NoDataError: The rows end before the present.
    """
    now = instant_from_ms(start_ms)
    times = np.array([epoch_ms(parse_instant(at, now=now, field="forecast").at) for at in rows.times], dtype=np.int64)
    order = np.argsort(times, kind="stable")
    reach = min(days, int((times.max() - start_ms) // DAY_MS))
    if reach < 1:
        raise NoDataError(
            "The rows of the forecast end before the first day of the plan.",
            next_steps=("make a newer forecast with forecast_capacity",),
        )
    expected = _daily(times[order], np.array(rows.expected)[order], start_ms=start_ms, days=reach)
    paths = expected[None, :]
    if rows.lower and rows.upper:
        lower, upper = (
            _daily(times[order], np.array(edge)[order], start_ms=start_ms, days=reach)
            for edge in (rows.lower, rows.upper)
        )
        paths = _futures(expected, lower, upper, rows.interval_ratio)
    return Demand(
        start_ms=start_ms,
        paths=np.maximum(paths, 0.0),
        expected=np.maximum(expected, 0.0),
        basis="assumed",
        words=f"the forecast given, {len(rows.times)} rows",
        present_peak=float(max(expected[0], 0.0)),
        highest_seen=float(max(expected[0], 0.0)),
    )


def _daily(times_ms: IntArray, values: FloatArray, *, start_ms: int, days: int) -> FloatArray:
    """Return the highest value of each day, shape (days,), in a straight line from row to row."""
    looks = start_ms + np.round(np.arange(1, days * _LOOKS_A_DAY + 1) * (DAY_SECONDS * 1000 / _LOOKS_A_DAY))
    return np.asarray(np.interp(looks, times_ms, values).reshape(days, _LOOKS_A_DAY).max(axis=1))


def _futures(expected: FloatArray, lower: FloatArray, upper: FloatArray, interval_ratio: float) -> FloatArray:
    shares = (np.arange(FUTURE_COUNT) + 0.5) / FUTURE_COUNT
    edge = NormalDist().inv_cdf(0.5 + interval_ratio / 2)
    away = np.array([NormalDist().inv_cdf(float(one)) for one in shares])[:, None] / edge
    return np.asarray(expected + np.where(away < 0, expected - lower, upper - expected) * away)


def _is_row(row: object) -> bool:
    if not isinstance(row, (list, tuple)) or not 2 <= len(row) <= 4:
        return False
    time, *numbers = row
    is_time = isinstance(time, (str, int, float)) and not isinstance(time, bool)
    return is_time and all(one is None or (isinstance(one, (int, float)) and abs(one) < _LARGEST) for one in numbers)


def _time(row: object) -> str | int | float:
    assert isinstance(row, (list, tuple))
    first = row[0]
    assert isinstance(first, (str, int, float))
    return first


def _numbers(row: object) -> tuple[float | None, float | None, float | None]:
    assert isinstance(row, (list, tuple))
    found = [None if one is None else float(one) for one in row[1:]]
    first, second, third = (*found, None, None)[:3]
    return first, second, third
