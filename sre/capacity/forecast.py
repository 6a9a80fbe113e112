"""The forecast of one series, as a recipe: prepare, find seasons, compete on the past, simulate, judge."""

from dataclasses import dataclass, replace

import numpy as np

from sre.capacity.accuracy import calibration_factor, measured_accuracy
from sre.capacity.backtest import Backtest, actuals, mixed, past_origins
from sre.capacity.blending import blended, respread
from sre.capacity.candidates import level_pool, stock_pool
from sre.capacity.cleaning import Shift, calmed, evened, filled, level_shift, never_falling
from sre.capacity.crossing import exhaustion, inferred_direction
from sre.capacity.error_scale import PLAIN, likeliest_scale
from sre.capacity.growth import measured_growth, present_level
from sre.capacity.model import (
    DAY_SECONDS,
    MAX_HORIZON_STEPS,
    Accuracy,
    CapacityForecast,
    Exhaustion,
    Growth,
    History,
    Judgement,
    Request,
    Season,
)
from sre.capacity.nature import Prepared, prepared
from sre.capacity.paths import (
    ErrorModel,
    error_model,
    independent_stretches,
    seed_of,
    simulated,
    simulated_stock,
    widening,
)
from sre.capacity.scenario import applied, checked
from sre.capacity.seasons import detected_periods, named_seasons, tried_periods
from sre.capacity.trust import Evidence, judged
from sre.capacity.words import method_words
from sre.core.errors import InputError, NoDataError
from sre.core.series import FloatArray, IntArray
from sre.core.times import format_duration, format_instant, instant_from_ms

# Beyond this multiple of the history a forecast would be invention.
MAX_REACH = 15.0
# More past than this says nothing more and only costs time.
_MAX_POINTS = 8192
_MIN_POINTS_FOR_SEASON = 16


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Everything known after the fit, before thresholds and judgement."""

    ready: Prepared
    values: FloatArray
    raw: FloatArray
    periods: tuple[int, ...]
    shift: Shift | None
    spike_count: int
    backtest: Backtest
    errors: ErrorModel
    independent_count: float
    paths: FloatArray
    widths: FloatArray


def forecast(history: History, request: Request) -> CapacityForecast:
    """Return the forecast of a series with interval, crossing times, growth, measured accuracy and trust.

    Raises:
        InputError: The request cannot be met by any history.
        NoDataError: The history is too short for the horizon.
    """
    _check(history, request)
    ready = prepared(history)
    raw = ready.values[-_MAX_POINTS:]
    known = np.flatnonzero(np.isfinite(raw))
    raw = raw[known[0] :]
    times = history.step.times_after(history.last_ms, request.horizon_steps)
    if request.now_ms is not None and times[-1] < request.now_ms:
        raise NoDataError(
            f"The series stopped at {format_instant(instant_from_ms(history.last_ms))}; the whole horizon is past.",
            causes=("the target is gone, or the series was renamed",),
            next_steps=("look for its successor with find_metrics", "ask with an end at the last value"),
        )
    if np.ptp(raw[known - known[0]]) == 0:
        return _constant(history, request, ready, raw, times)
    fit = _fitted(history, request, ready, raw)
    return _answered(history, request, fit, times)


def _check(history: History, request: Request) -> None:
    checked(request.scenario)
    if not 0 < request.interval_ratio < 1:
        raise InputError("interval must be between 0 and 1; 0.8 means 80 %.", field="interval")
    if not 1 <= request.horizon_steps <= MAX_HORIZON_STEPS:
        raise InputError(
            f"horizon is {request.horizon_steps} steps of {format_duration(history.step.seconds)}; "
            f"1 to {MAX_HORIZON_STEPS} can be forecast.",
            field="horizon",
            next_steps=("use a larger step",),
        )
    if request.horizon_steps > MAX_REACH * len(history):
        needed = int(np.ceil(request.horizon_steps / MAX_REACH))
        step = history.step.seconds
        raise NoDataError(
            f"{len(history)} steps of history ({format_duration(len(history) * step)}) cannot carry a forecast of "
            f"{request.horizon_steps} steps ({format_duration(request.horizon_steps * step)}); "
            f"at least {needed} steps are needed.",
            causes=("the history is too short",),
            next_steps=(
                f"ask for a horizon of at most {format_duration(MAX_REACH * len(history) * step)}",
                "widen the history with an earlier start",
            ),
        )


def _fitted(history: History, request: Request, ready: Prepared, raw: FloatArray) -> _Fit:
    is_stock = ready.nature == "stock"
    rough = filled(raw)
    periods: tuple[int, ...] = ()
    if raw.size >= _MIN_POINTS_FOR_SEASON:
        periods = detected_periods(np.diff(rough) if is_stock else rough, history.step)
    whole = rough if is_stock else filled(raw, period=max(periods, default=1))
    shift = None if is_stock else level_shift(whole, period=_stretch(periods, whole.size))
    settled = never_falling(whole) if is_stock else evened(whole, shift)
    tried = periods if is_stock else tried_periods(periods, count=raw.size, step=history.step)
    values, spike_count = (settled, 0) if is_stock else calmed(settled, periods=tried)
    horizon = request.horizon_steps
    origins = past_origins(values.size, horizon=horizon, longest_period=max(tried, default=1))
    make = stock_pool if is_stock else level_pool
    pool = make(values, np.append(origins, values.size), horizon=horizon, periods=tried)
    actual = actuals(np.where(np.isnan(raw), np.nan, settled), origins, horizon)
    backtest = mixed(pool, origins, actual)
    if not is_stock:
        backtest = blended(backtest, values, step=history.step)
    if not np.isfinite(backtest.errors).any():
        raise NoDataError(
            f"No past forecast could be checked: {int(np.isfinite(raw).sum())} values with gaps are too few.",
            causes=("the history is too short or has too many gaps",),
            next_steps=("widen the history with an earlier start",),
        )
    count = independent_stretches(backtest)
    widths = np.ones_like(backtest.past)
    scale = PLAIN if is_stock else likeliest_scale(backtest, settled, period=min(tried, default=1))
    compared = _stock_errors(backtest, values) if is_stock else scale.errors(backtest)
    model = error_model(compared, independent_count=count, may_shrink=is_stock)
    model = replace(model, factor=calibration_factor(model.standard, backtest.origins, independent_count=count))
    if is_stock:
        futures = values[-1] + _stock_futures(backtest, values, widening(count) * model.factor)
    else:
        futures = scale.futures(backtest.future, simulated(model, seed=seed_of(values)), start=values.size)
        futures, widths = respread(futures, backtest, errors=model)
    return _Fit(ready, values, whole, periods, shift, spike_count, backtest, model, count, futures, widths)


def _stretch(periods: tuple[int, ...], count: int) -> int:
    """Return the shortest season that fits often enough to compare levels by, 1 for none."""
    return min((period for period in periods if 8 * period <= count), default=1)


def _stock_errors(backtest: Backtest, values: FloatArray) -> FloatArray:
    """Return errors of a stock as log ratios of what was added."""
    base, small = values[backtest.origins - 1][:, None], _small_increment(values)
    return np.asarray(np.log((backtest.actual - base + small) / (backtest.past - base + small)))


def _stock_futures(backtest: Backtest, values: FloatArray, widened: float) -> FloatArray:
    base = values[backtest.origins - 1][:, None]
    return simulated_stock(
        np.diff(np.concatenate([base, backtest.actual], axis=1), axis=1),
        np.diff(np.concatenate([base, backtest.past], axis=1), axis=1),
        np.diff(backtest.future, prepend=values[-1]),
        seed=seed_of(np.diff(values)),
        widened=widened,
    )


def _small_increment(values: FloatArray) -> float:
    return 0.5 * float(np.abs(np.diff(values)).mean())


def _bounded(paths: FloatArray, ready: Prepared) -> FloatArray:
    low = -np.inf if ready.lower_bound is None else ready.lower_bound
    high = np.inf if ready.upper_bound is None else ready.upper_bound
    return np.clip(paths, low, high)


def _answered(history: History, request: Request, fit: _Fit, times: IntArray) -> CapacityForecast:
    last_value = float(fit.raw[-1])
    is_stock = fit.ready.nature == "stock" or _is_draining(request, last_value)
    seasons = named_seasons(fit.values, history.step, periods=fit.periods, last_ms=history.last_ms)
    period = seasons[0].period_steps if seasons else 1

    def growth_of(path: FloatArray) -> Growth:
        return measured_growth(
            fit.values, path, period=period, step_seconds=history.step.seconds, nature=fit.ready.nature
        )

    drift_per_month = 0.0 if request.scenario.is_plain else growth_of(fit.backtest.future).forecast_per_month or 0.0

    def under_scenario(paths: FloatArray) -> FloatArray:
        # What runs dry goes on falling until the scenario has been applied, or a slower fall would stay stuck at zero.
        floor = -np.inf if is_stock or fit.ready.lower_bound is None else fit.ready.lower_bound
        return applied(
            np.maximum(paths, floor),
            request.scenario,
            times_ms=times,
            last_ms=history.last_ms,
            last_value=last_value,
            is_stock=is_stock,
            drift_per_month=drift_per_month,
        )

    paths = _bounded(under_scenario(fit.paths), fit.ready)
    tail = (1 - request.interval_ratio) / 2
    lower, upper = np.quantile(paths, [tail, 1 - tail], axis=0)
    middle = under_scenario(fit.backtest.future)
    expected = np.clip(middle, lower, upper)
    accuracy = measured_accuracy(
        fit.backtest,
        fit.values,
        standard=fit.errors.standard,
        widths=fit.errors.factor * fit.widths,
        independent_count=fit.independent_count,
        period=period,
        interval_ratio=request.interval_ratio,
    )
    crossing = _exhaustion(request, paths, times=times, last_ms=history.last_ms, last_value=last_value, ready=fit.ready)
    return CapacityForecast(
        times_ms=times,
        expected=expected,
        lower=lower,
        upper=upper,
        nature=fit.ready.nature,
        history=History(history.step, history.last_ms, fit.raw),
        present_level=present_level(fit.values, period=period, nature=fit.ready.nature),
        # What has run full or dry stands still, which is not how fast it was getting there.
        growth=growth_of(middle),
        judgement=_judgement(history, request, fit, accuracy, reach_seconds=_reach_seconds(history, request, crossing)),
        method=method_words(fit.backtest, nature=fit.ready.nature, step=history.step),
        accuracy=accuracy,
        seasons=seasons,
        exhaustion=crossing,
        warnings=_warnings(history, request, fit, seasons),
        paths=paths,
    )


def _is_draining(request: Request, last_value: float) -> bool:
    """Return whether the question is about running empty: then the movement is what a scenario multiplies."""
    if request.threshold is None:
        return False
    direction = request.direction or inferred_direction(threshold=request.threshold, last_value=last_value)
    return direction == "down"


def _exhaustion(
    request: Request, paths: FloatArray, *, times: IntArray, last_ms: int, last_value: float, ready: Prepared
) -> Exhaustion | None:
    if request.threshold is None:
        return None
    return exhaustion(
        paths,
        threshold=request.threshold,
        direction=request.direction or inferred_direction(threshold=request.threshold, last_value=last_value),
        interval_ratio=request.interval_ratio,
        times_ms=times,
        last_ms=last_ms,
        last_value=last_value,
        bounds=(ready.lower_bound, ready.upper_bound),
    )


def _reach_seconds(history: History, request: Request, crossing: Exhaustion | None) -> float:
    """Return how far ahead the answer looks: to the latest crossing where one was asked for, else to the horizon."""
    if crossing is not None and crossing.outcome == "crosses" and crossing.latest_ms is not None:
        return (crossing.latest_ms - history.last_ms) / 1000
    return request.horizon_steps * history.step.seconds


def _judgement(history: History, request: Request, fit: _Fit, accuracy: Accuracy, *, reach_seconds: float) -> Judgement:
    size = float(np.abs(fit.values).mean())
    spread = max(size, float(np.ptp(fit.values)) / 2)
    return judged(
        Evidence(
            history_seconds=fit.values.size * history.step.seconds,
            horizon_seconds=reach_seconds,
            relative_error=accuracy.mean_absolute_error / spread if spread else None,
            independent_count=fit.independent_count * request.horizon_steps * history.step.seconds / reach_seconds,
            gap_ratio=float(np.isnan(fit.ready.values).mean()),
            interval_ratio=request.interval_ratio,
            accuracy=accuracy,
            is_shifted=fit.shift is not None,
            is_stopped=history.has_stopped(request.now_ms),
        )
    )


def _warnings(history: History, request: Request, fit: _Fit, seasons: tuple[Season, ...]) -> tuple[str, ...]:
    notes = [*history.notes, *fit.ready.notes]
    if history.has_stopped(request.now_ms):
        ended = format_instant(instant_from_ms(history.last_ms))
        notes.append(f"The series has stopped: its last value is from {ended}, and the forecast starts there.")
    if len(history) > _MAX_POINTS:
        notes.append(f"Only the last {_MAX_POINTS} of {len(history)} steps were used.")
    if fit.shift is not None:
        ago = format_duration((fit.values.size - fit.shift.index) * history.step.seconds)
        notes.append(f"The level jumped {ago} before the end; the earlier history was moved to the new level.")
    if fit.spike_count:
        notes.append(f"{fit.spike_count} lone spikes were left out of the fit, but count in the accuracy.")
    ahead, behind = request.horizon_steps * history.step.seconds, fit.values.size * history.step.seconds
    if not seasons and behind < 14 * DAY_SECONDS and history.step.seconds < DAY_SECONDS <= ahead:
        notes.append("The history is shorter than two weeks, so no weekly pattern could be found.")
    if request.horizon_steps > fit.values.size // 2:
        notes.append("Short history for this horizon: the interval was widened; do not read the far end closely.")
    return tuple(notes)


def _constant(
    history: History, request: Request, ready: Prepared, raw: FloatArray, times: IntArray
) -> CapacityForecast:
    """Answer for a series that never moved: it stays, unless a scenario moves it."""
    value = float(raw[np.isfinite(raw)][0])
    flat = np.full(times.size, value)
    expected = _bounded(
        applied(
            flat,
            request.scenario,
            times_ms=times,
            last_ms=history.last_ms,
            last_value=value,
            is_stock=_is_draining(request, value),
        ),
        ready,
    )
    return CapacityForecast(
        times_ms=times,
        expected=expected,
        lower=expected,
        upper=expected,
        nature=ready.nature,
        history=History(history.step, history.last_ms, filled(raw)),
        present_level=value,
        growth=measured_growth(filled(raw), expected, period=1, step_seconds=history.step.seconds, nature=ready.nature),
        judgement=Judgement("low", ("the series never moved, so its past says nothing about how it could move",)),
        method="the value has not changed and is carried forward",
        exhaustion=_exhaustion(
            request, expected[None, :], times=times, last_ms=history.last_ms, last_value=value, ready=ready
        ),
        warnings=(*history.notes, *ready.notes, f"All {raw.size} steps hold the same value."),
        paths=expected[None, :],
    )
