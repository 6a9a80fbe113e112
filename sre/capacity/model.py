"""What a forecast is made of: the history it learnt from, its rows, its measured accuracy, when a limit is met."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sre.core.series import FloatArray, IntArray
from sre.core.times import format_duration

Trust: TypeAlias = Literal["high", "medium", "low", "none"]
Direction: TypeAlias = Literal["up", "down"]
Nature: TypeAlias = Literal["level", "stock", "counter"]
Outcome: TypeAlias = Literal["crosses", "does_not_cross", "already_crossed", "cannot_cross"]

# A month is a twelfth of the Gregorian year of 365.2425 days.
MONTH_SECONDS = 365.2425 * 86400 / 12
DAY_SECONDS = 86400.0
_DAY_MS = 86_400_000
# Steps a forecast may have; further ahead a larger step says the same.
MAX_HORIZON_STEPS = 2000
# A series that has missed this many steps has stopped.
STOPPED_STEPS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """Distance of two points; `is_month` steps follow the calendar, `seconds` is then the mean month."""

    seconds: float
    is_month: bool = False

    def times_after(self, last_ms: int, count: int) -> IntArray:
        """Return the `count` instants after `last_ms`, epoch milliseconds, shape (count,)."""
        import numpy as np

        return self._times(last_ms, np.arange(1, count + 1))

    def times_until(self, last_ms: int, count: int) -> IntArray:
        """Return the `count` instants that end with `last_ms`, epoch milliseconds, shape (count,)."""
        import numpy as np

        return self._times(last_ms, np.arange(1 - count, 1))

    def _times(self, last_ms: int, steps: IntArray) -> IntArray:
        import numpy as np

        if not self.is_month:
            return last_ms + np.round(steps * self.seconds * 1000).astype(np.int64)
        last = np.datetime64(last_ms, "ms")
        month = last.astype("datetime64[M]")
        day, time_of_day = divmod(int((last - month.astype("datetime64[ms]")).astype(np.int64)), _DAY_MS)
        starts = (month + steps).astype("datetime64[D]")
        # Months that are too short take their last day, at the same time of day.
        days = (month + steps + 1).astype("datetime64[D]") - starts
        shifted = starts + np.minimum(np.timedelta64(day, "D"), days - np.timedelta64(1, "D"))
        return np.asarray(shifted.astype("datetime64[ms]").astype(np.int64) + time_of_day)

    def span(self, count: int) -> str:
        """Return how long `count` steps are, in words: `12 months`, `36h`."""
        if self.is_month:
            return "1 month" if count == 1 else f"{count} months"
        return format_duration(count * self.seconds)


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """A series on an even grid.

    Attributes:
        last_ms: Epoch milliseconds of the last point.
        values: shape (steps,), the metric's own unit, NaN where there was no sample.
        notes: What was found or done while reading the series, for people.
        is_counter_name: The metric's name says it is a counter.
        upper_bound: A value the metric cannot exceed, if its name says so.
    """

    step: Step
    last_ms: int
    values: FloatArray
    notes: tuple[str, ...] = ()
    is_counter_name: bool = False
    upper_bound: float | None = None

    def __len__(self) -> int:
        return int(self.values.size)

    def has_stopped(self, now_ms: int | None) -> bool:
        """Return whether the series ended well before the present, rather than being a little late."""
        return now_ms is not None and now_ms - self.last_ms > STOPPED_STEPS * self.step.seconds * 1000


@dataclass(frozen=True, slots=True)
class Change:
    """A factor or an addition that holds from one instant on, or up to another.

    Attributes:
        start_ms: Epoch milliseconds of its first moment.
        end_ms: Epoch milliseconds of the first moment after it; None means it stays.
        factor: Multiplies the load, or the rate at which a stock moves, > 0.
        added: Added to the value, the unit of the metric; what is added is not multiplied.
    """

    start_ms: int
    end_ms: int | None = None
    factor: float = 1.0
    added: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What if: growth faster or slower than forecast, growth on top of it, and changes on given days.

    Attributes:
        extra_growth_ratio_per_month: 0.05 adds five percent a month, compounded; 0 changes nothing.
        growth_factor: Multiplies the growth that is forecast: 1.2 is a fifth faster, 1 changes nothing.
    """

    extra_growth_ratio_per_month: float = 0.0
    growth_factor: float = 1.0
    changes: tuple[Change, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether nothing is changed."""
        return self == Scenario()


@dataclass(frozen=True, slots=True)
class Request:
    """What to forecast.

    Attributes:
        horizon_steps: How many steps ahead, >= 1.
        interval_ratio: Share of futures the interval should hold, 0 < x < 1.
        threshold: Value whose crossing is asked for.
        direction: Way of the crossing; None infers it from where the series stands.
        now_ms: Epoch milliseconds of the present; a series that ended well before has stopped. None: at its end.
    """

    horizon_steps: int
    interval_ratio: float = 0.8
    threshold: float | None = None
    direction: Direction | None = None
    scenario: Scenario = field(default_factory=Scenario)
    now_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Season:
    """A repeating pattern.

    Attributes:
        strength_ratio: Share of the variation around the trend that repeats, 0..1.
        words: The pattern for people, for example where it peaks.
    """

    period_steps: int
    name: str
    strength_ratio: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How forecasts made the same way fared on history they had not seen.

    Attributes:
        origin_count: How many past moments a forecast was made from.
        lead_steps: The longest lead that could be checked.
        mean_absolute_error: In the metric's unit.
        scaled_error: That error over the in-sample error of the seasonal naive (MASE); None where that is zero.
        naive_ratio: That error over the seasonal naive's error on the same held-back points.
        coverage_ratio: Share of held-back values inside the interval built without them; None below three origins.
        bias_ratio: Mean of (actual - forecast) over the mean absolute actual.

    Source:
        Hyndman and Koehler, "Another look at measures of forecast accuracy", Int. J. Forecasting 22 (2006), for MASE.
    """

    origin_count: int
    lead_steps: int
    mean_absolute_error: float
    scaled_error: float | None
    naive_ratio: float | None
    coverage_ratio: float | None
    bias_ratio: float | None


@dataclass(frozen=True, slots=True)
class Growth:
    """Movement of the level, seasons taken out.

    Attributes:
        per_month: Unit of the metric a month, over the history; None where that is too short to carry it.
        ratio_per_month: The same relative to the present level; None also where that is zero.
        forecast_per_month: The same over the horizon, as forecast (scenario included); None as for `per_month`.
        reason: Why there is no figure a month, empty where there is one.
    """

    per_month: float | None
    ratio_per_month: float | None
    forecast_per_month: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Exhaustion:
    """When a threshold is crossed, from the crossing times of simulated futures.

    Attributes:
        probability_ratio: Share of futures that cross within the horizon.
        expected_ms: Median crossing time; None where fewer than half of the futures cross.
        earliest_ms: Lower end of the interval of crossing times; None where even that lies beyond the horizon.
        latest_ms: Upper end; None where it lies beyond the horizon.
    """

    threshold: float
    direction: Direction
    outcome: Outcome
    probability_ratio: float
    expected_ms: int | None = None
    earliest_ms: int | None = None
    latest_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """How far to trust a forecast and why."""

    trust: Trust
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CapacityForecast:
    """A forecast with everything needed to judge it.

    Attributes:
        times_ms, expected, lower, upper: shape (horizon,); lower and upper are None where nothing was measured.
        nature: `level` (goes up and down), `stock` (accumulates), `counter` (was turned into a rate a second).
        history: What was learnt from, gaps filled, counters as rates; None for an assumed growth.
        present_level: Where the series stands, its season taken out.
        paths: shape (futures, horizon), the simulated futures behind interval and crossing; None for an assumed growth.
    """

    times_ms: IntArray
    expected: FloatArray
    lower: FloatArray | None
    upper: FloatArray | None
    nature: Nature
    history: History | None
    present_level: float
    growth: Growth
    judgement: Judgement
    method: str
    accuracy: Accuracy | None = None
    seasons: tuple[Season, ...] = ()
    exhaustion: Exhaustion | None = None
    warnings: tuple[str, ...] = ()
    paths: FloatArray | None = None
