"""Demand ahead, day by day: from a forecast, from an assumed growth, from another resource's demand."""

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from sre.capacity.model import DAY_SECONDS, MONTH_SECONDS, CapacityForecast, Scenario
from sre.capacity.plan.model import DAY_MS, FUTURE_COUNT, Demand
from sre.capacity.scenario import applied
from sre.core.series import FloatArray, IntArray

_MONTH_DAYS = MONTH_SECONDS / DAY_SECONDS
# A range of growth is read as the middle four fifths of what may come, as intervals are here by default.
_RANGE_SHARE = 0.8
_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Growth:
    """How an assumed demand moves from its start.

    Attributes:
        ratio_per_month: 0.15 adds 15 % a month, compounded; > -1.
        low_ratio, high_ratio: The same at the edges of an 80 % range; None where none was given.
        added_per_month: Unit of the demand a month, on top and not compounded.
    """

    ratio_per_month: float = 0.0
    low_ratio: float | None = None
    high_ratio: float | None = None
    added_per_month: float = 0.0

    def times(self, factor: float) -> "Growth":
        """Return growth faster by a factor, >= 0; a shrinking stays as it is, so that faster is never less."""
        low, high = self.low_ratio, self.high_ratio
        return Growth(
            _faster(self.ratio_per_month, factor),
            None if low is None else _faster(low, factor),
            None if high is None else _faster(high, factor),
            _faster(self.added_per_month, factor),
        )


def assumed_demand(*, start_value: float, growth: Growth, start_ms: int, days: int, words: str) -> Demand:
    """Return a demand that grows as stated; with a range of growth in as many futures as a forecast has.

    The peak of a day is the larger of its value at the start and at the end of the day.

    Args:
        start_value: At `start_ms`, >= 0.
    """
    ends = np.arange(days + 1) / _MONTH_DAYS
    middle = _grown(start_value, np.array([growth.ratio_per_month]), growth.added_per_month, ends)
    paths = middle
    if growth.low_ratio is not None and growth.high_ratio is not None:
        paths = _grown(start_value, _drawn(growth), growth.added_per_month, ends)
    return Demand(
        start_ms=start_ms,
        paths=_peaks(paths),
        expected=_peaks(middle)[0],
        basis="assumed",
        words=words,
        present_peak=start_value,
        highest_seen=start_value,
    )


def forecast_demand(forecast: CapacityForecast, *, start_ms: int, words: str) -> Demand:
    """Return the daily peaks of a forecast's futures, for every day that it covers whole.

    Where its steps are longer than a day, each day takes the value of the step it lies in.

    Args:
        forecast: A step ends at its time; its first one begins at or before `start_ms`.
    """
    history = forecast.history
    paths = forecast.paths if forecast.paths is not None else forecast.expected[None, :]
    seen = forecast.expected[:0] if history is None else history.values
    last_week = 1 if history is None else max(1, round(_WEEK_DAYS * DAY_SECONDS / history.step.seconds))
    daily = _daily_peaks(paths, forecast.times_ms, start_ms)
    return Demand(
        start_ms=start_ms,
        paths=as_futures(daily) if daily.shape[0] > 1 else daily,
        # The middle of the peaks: the peak of the middle leaves out that one of several steps comes out high.
        expected=np.median(daily, axis=0),
        basis="forecast",
        words=words,
        trust=forecast.judgement.trust,
        history_days=0.0 if history is None else len(history) * history.step.seconds / DAY_SECONDS,
        present_peak=float(seen[-last_week:].max()) if seen.size else 0.0,
        highest_seen=float(seen.max()) if seen.size else 0.0,
        warnings=forecast.warnings,
    )


def _daily_peaks(paths: FloatArray, times_ms: IntArray, start_ms: int) -> FloatArray:
    """Return the largest value of the steps that end within each day, shape (futures, days), none below zero."""
    days = max(1, int((times_ms[-1] - start_ms) // DAY_MS))
    ends = start_ms + DAY_MS * np.arange(1, days + 1, dtype=np.int64)
    last = np.minimum(np.searchsorted(times_ms, ends, side="left"), times_ms.size - 1)
    first = np.minimum(np.searchsorted(times_ms, ends - DAY_MS, side="right"), last)
    # Steps that end after a day's own end belong to it only where none ends within it.
    stop = np.where(times_ms[last] > ends, np.maximum(first, last - 1), last)
    peaks = [paths[:, low : high + 1].max(axis=1) for low, high in zip(first, stop, strict=True)]
    return np.asarray(np.maximum(np.stack(peaks, axis=1), 0.0))


def derived_demand(demand: Demand, *, factor: float, offset: float = 0.0, words: str) -> Demand:
    """Return a demand that follows another one: `factor` times it plus `offset`.

    By Little's law a rate becomes what is in use at once when `factor` is the mean time each request holds it.

    Args:
        factor, offset: >= 0.

    Source:
        Little, "A Proof for the Queuing Formula: L = lambda W", Operations Research 9 (1961).
    """
    return replace(
        demand,
        paths=demand.paths * factor + offset,
        expected=demand.expected * factor + offset,
        basis="derived",
        words=words,
        present_peak=demand.present_peak * factor + offset,
        highest_seen=demand.highest_seen * factor + offset,
        queries=(),
        selector="",
        warnings=(),
    )


def under_scenario(demand: Demand, scenario: Scenario) -> Demand:
    """Return a demand that is no stock with the growth on top and the changes of a scenario, as peaks of days."""
    ends = demand.start_ms + DAY_MS * np.arange(1, demand.days + 1, dtype=np.int64)

    def changed(paths: FloatArray) -> FloatArray:
        moved = applied(
            paths, scenario, times_ms=ends, last_ms=demand.start_ms, last_value=demand.present_peak, is_stock=False
        )
        return np.asarray(np.maximum(moved, 0.0))

    return replace(demand, paths=changed(demand.paths), expected=changed(demand.expected))


def faster(demand: Demand, *, extra_ratio_per_month: float) -> Demand:
    """Return the demand with growth on top of its own, compounded monthly; 0 changes nothing.

    Args:
        extra_ratio_per_month: > -1.
    """
    factor = (1 + extra_ratio_per_month) ** (np.arange(1, demand.days + 1) / _MONTH_DAYS)
    return replace(demand, paths=demand.paths * factor, expected=demand.expected * factor)


def as_futures(paths: FloatArray, count: int = FUTURE_COUNT) -> FloatArray:
    """Return exactly `count` futures: repeated in turn where there are fewer, evenly chosen where there are more."""
    have = paths.shape[0]
    if have == count:
        return paths
    chosen = np.arange(count) % have if have < count else np.arange(count) * have // count
    return np.asarray(paths[chosen])


def _faster(growth: float, factor: float) -> float:
    return growth * factor if growth > 0 else growth


def _grown(start_value: float, ratios: FloatArray, added: float, months: FloatArray) -> FloatArray:
    compounded = start_value * (1 + ratios[:, None]) ** months
    return np.asarray(np.maximum(compounded + added * months, 0.0))


def _peaks(values: FloatArray) -> FloatArray:
    return np.asarray(np.maximum(values[:, :-1], values[:, 1:]))


def _drawn(growth: Growth) -> FloatArray:
    """Return growths, spread evenly over the probabilities of a distribution with the stated middle and edges.

    Logarithms of growth factors are normal on either side of the middle, each side with its own width.
    """
    assert growth.low_ratio is not None
    assert growth.high_ratio is not None
    shares = (np.arange(FUTURE_COUNT) + 0.5) / FUTURE_COUNT
    deviates = np.array([NormalDist().inv_cdf(float(share)) for share in shares])
    edge = NormalDist().inv_cdf(0.5 + _RANGE_SHARE / 2)
    low, middle, high = np.log1p([growth.low_ratio, growth.ratio_per_month, growth.high_ratio])
    width = np.where(deviates < 0, middle - low, high - middle) / edge
    return np.asarray(np.expm1(middle + deviates * width))
