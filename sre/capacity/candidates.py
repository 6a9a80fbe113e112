"""The pool of forecasts that compete on a series' own past."""

from dataclasses import dataclass

import numpy as np

from sre.capacity.autoregression import fitted, lag_sets
from sre.capacity.levels import Kernel, carried, kernels, rate_kernels, reverting
from sre.capacity.profiles import deseasoned, filled_back, flat_profile, repeated, season_profile
from sre.core.series import FloatArray, IntArray

# Enough past for the slowest smoother; more only costs time.
_MAX_WIDTH = 1200
_MAX_CYCLES = 12
# How fast older cycles are forgotten: the last one alone, the last few, many.
_CYCLE_MEMORIES = (1e-4, 0.6, 0.9)
_FIT_WIDTH = 3000
# A forecast on the log scale may not leave the seen maximum by more than this factor (e^3 is 20 times).
_LOG_HEADROOM = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Competing forecasts.

    Attributes:
        families: One name a candidate; candidates of a family are variations of one idea.
        names: What each does, for people.
        forecasts: shape (candidates, origins, horizon), in the series' unit.
    """

    families: tuple[str, ...]
    names: tuple[str, ...]
    forecasts: FloatArray


@dataclass(slots=True)
class _Gathered:
    families: list[str]
    names: list[str]
    parts: list[FloatArray]

    def add(self, family: str, name: str, forecast: FloatArray) -> None:
        self.families.append(family)
        self.names.append(name)
        self.parts.append(forecast[None])

    def add_kernels(self, prefix: str, suffix: str, chosen: list[Kernel], forecasts: FloatArray) -> None:
        self.families += [f"{prefix}{kernel.family}" for kernel in chosen]
        self.names += [f"{kernel.name}{suffix}" for kernel in chosen]
        self.parts.append(forecasts)


def level_pool(values: FloatArray, origins: IntArray, *, horizon: int, periods: tuple[int, ...]) -> Pool:
    """Return the candidates for a series that goes up and down, on its own scale and, where it helps, as a logarithm.

    Args:
        values: shape (steps,), no NaN.
        origins: Indices of first points to forecast, increasing; the last may be the end of the series.
    """
    plain = _scale_pool(values, origins, horizon=horizon, periods=periods)
    shift = _log_shift(values)
    if shift is None:
        return plain
    logs = _scale_pool(np.log(values + shift), origins, horizon=horizon, periods=periods)
    ceiling = np.log(values.max() + shift) + _LOG_HEADROOM
    back = np.exp(np.minimum(logs.forecasts, ceiling)) - shift
    return Pool(
        plain.families + logs.families,
        plain.names + tuple(f"{name}, as ratios" for name in logs.names),
        np.concatenate([plain.forecasts, back]),
    )


def stock_pool(values: FloatArray, origins: IntArray, *, horizon: int, periods: tuple[int, ...]) -> Pool:
    """Return the candidates for a series that accumulates: its increments are forecast and added up."""
    increments = np.diff(values, prepend=values[0])
    width = _width(origins)
    pool = _scale_pool(
        increments, origins, horizon=horizon, periods=periods, chosen=rate_kernels(width, horizon), is_stock=True
    )
    added = np.cumsum(np.maximum(pool.forecasts, 0.0), axis=2)
    return Pool(pool.families, pool.names, values[origins - 1][None, :, None] + added)


def _log_shift(values: FloatArray) -> float | None:
    low, high = float(values.min()), float(values.max())
    if low > 0:
        return 0.0 if high > 1.5 * low else None
    if low < 0 or high == 0:
        return None
    return 0.1 * float(values.mean())


def _width(origins: IntArray) -> int:
    return int(min(max(origins[0], 4), _MAX_WIDTH))


def _scale_pool(
    values: FloatArray,
    origins: IntArray,
    *,
    horizon: int,
    periods: tuple[int, ...],
    chosen: list[Kernel] | None = None,
    is_stock: bool = False,
) -> Pool:
    width = _width(origins)
    gathered = _Gathered([], [], [])
    chosen = chosen or kernels(width, horizon)
    for period in (1, *periods):
        cycles = int(np.clip(origins[-1] // period, 1, _MAX_CYCLES))
        memories = (None,) if period == 1 else _CYCLE_MEMORIES if cycles > 1 else _CYCLE_MEMORIES[:1]
        for memory in memories:
            profile = (
                flat_profile(origins)
                if memory is None
                else season_profile(
                    values, origins, period=period, cycles=1 if memory < 0.01 else cycles, keep_ratio=memory
                )
            )
            past = filled_back(deseasoned(values, origins, profile=profile, width=width))
            _add_levels(gathered, past, profile, chosen, horizon=horizon, period=period)
            if not is_stock and (memory is None or memory == _CYCLE_MEMORIES[-1]):
                _add_reverting(gathered, past, profile, horizon=horizon, period=period)
                _add_autoregressions(gathered, values, origins, profile, horizon=horizon, periods=periods)
    return Pool(tuple(gathered.families), tuple(gathered.names), np.concatenate(gathered.parts))


def _suffix(period: int) -> str:
    return "" if period == 1 else f" with a season of {period} steps"


def _add_levels(
    gathered: _Gathered, past: FloatArray, profile: FloatArray, chosen: list[Kernel], *, horizon: int, period: int
) -> None:
    forecasts = carried(past, chosen, horizon) + repeated(profile, horizon)[None]
    gathered.add_kernels(f"{period}/", _suffix(period), chosen, forecasts)
    if period > 1:
        mean = past[:, -min(period, past.shape[1]) :].mean(axis=1)
        gathered.add(
            f"{period}/level", f"mean of the last season{_suffix(period)}", mean[:, None] + repeated(profile, horizon)
        )


def _add_reverting(gathered: _Gathered, past: FloatArray, profile: FloatArray, *, horizon: int, period: int) -> None:
    for name, forecast in reverting(past, horizon, typical_width=max(7 * period, 50)):
        gathered.add(f"{period}/return", f"{name}{_suffix(period)}", forecast + repeated(profile, horizon))


def _add_autoregressions(
    gathered: _Gathered,
    values: FloatArray,
    origins: IntArray,
    profile: FloatArray,
    *,
    horizon: int,
    periods: tuple[int, ...],
) -> None:
    """Fit once on what lies before the first origin, for all past origins, and once on everything for the last."""
    first, last = int(origins[0]), int(origins[-1])
    # An autoregression wins on short leads and falls back to the mean on long ones, against any trend: where the past
    # is too short to check it at the horizon, its good marks would be for something else.
    if horizon > last - first:
        return
    ends = deseasoned(values, origins[[0]], profile=profile[:1], width=min(first, _FIT_WIDTH))[0]
    whole = deseasoned(values, origins[[-1]], profile=profile[-1:], width=min(last, _FIT_WIDTH))[0]
    for lags in lag_sets(periods, longest=int(0.6 * min(first, _MAX_WIDTH))):
        early, late = fitted(ends, lags), fitted(whole, lags)
        if early is None or late is None:
            continue
        past = filled_back(deseasoned(values, origins, profile=profile, width=max(lags)))
        forecast = np.concatenate([early.run(past[:-1], horizon), late.run(past[-1:], horizon)])
        gathered.add("autoregression", f"autoregression of {len(lags)} lags", forecast + repeated(profile, horizon))
