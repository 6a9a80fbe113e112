"""The pool of forecasts that compete on a series' own past: ways to carry a level on, times readings of its seasons."""

import numpy as np

from sre.capacity.autoregression import fitted, lag_sets
from sre.capacity.groups import Group, Lines, Pool, Rows, Scale
from sre.capacity.levels import Kernel, kernels, rate_kernels, reversions
from sre.capacity.patterns import Pattern, patterns, plain_patterns
from sre.capacity.profiles import deseasoned, filled_back, repeated
from sre.core.series import FloatArray, IntArray

# Enough past for the slowest smoother; more only costs time.
_MAX_WIDTH = 1200
_FIT_WIDTH = 3000
# A forecast on the log scale may not leave the seen maximum by more than this factor (e^3 is 20 times).
_LOG_HEADROOM = 3.0
# Below this ratio of the highest to the lowest value a logarithm is nearly a straight line, and costs as much again.
_LEAST_SPREAD = 2.5
# A typical level is the median over these shares of a season; without one, over shares of the horizon.
_TYPICAL_SHARES = (0.25, 1.0, 3.0)
# The longest median, in seasons and steps at least.
_LONG_SEASONS, _LONG_STEPS = 7, 50
# Readings of the season to which straight drifts and autoregressions are added; elsewhere a drift is damped.
_PLAIN_READINGS = ("flat", "last", "few", "many")
_AUTOREGRESSED = ("flat", "many")
# Readings that gain nothing on logarithms beside the plain scale.
_NOT_ON_LOGS = ("very smooth", "shrunk")


def level_pool(values: FloatArray, origins: IntArray, *, horizon: int, periods: tuple[int, ...]) -> Pool:
    """Return the candidates for a series that goes up and down, on its own scale and, where it helps, as a logarithm.

    Args:
        values: shape (steps,), no NaN.
        origins: Indices of first points to forecast, increasing; the last may be the end of the series.
    """
    shift = _log_shift(values)
    scales = [Scale()]
    if shift is not None:
        scales.append(Scale(shift, float(np.log(values.max() + shift)) + _LOG_HEADROOM))
    ways = kernels(_width(origins), horizon)
    groups: list[Group] = []
    for scale in scales:
        on = scale.on(values)
        for pattern in patterns(on, origins, periods=periods):
            if scale.shift is not None and pattern.reading in _NOT_ON_LOGS:
                continue
            groups += _pattern_groups(on, origins, pattern, scale, ways=ways, horizon=horizon, periods=periods)
    return Pool(tuple(groups))


def stock_pool(values: FloatArray, origins: IntArray, *, horizon: int, periods: tuple[int, ...]) -> Pool:
    """Return the candidates for a series that accumulates: its increments are forecast and added up."""
    increments = np.diff(values, prepend=values[0])
    width = _width(origins)
    leads, base = np.arange(1, horizon + 1), values[origins - 1][None, :, None]
    groups = []
    for pattern in plain_patterns(increments, origins, periods=periods):
        past = filled_back(deseasoned(increments, origins, profile=pattern.profile, width=width))
        lines = _lines(past, pattern, Scale(), rate_kernels(width, horizon))
        rates = lines.at(leads, np.arange(len(lines.names)))
        groups.append(Rows(lines.families, lines.names, base + np.cumsum(np.maximum(rates, 0.0), axis=2)))
    return Pool(tuple(groups))


def _log_shift(values: FloatArray) -> float | None:
    low, high = float(values.min()), float(values.max())
    if low > 0:
        return 0.0 if high > _LEAST_SPREAD * low else None
    if low < 0 or high == 0:
        return None
    return 0.1 * float(values.mean())


def _width(origins: IntArray) -> int:
    return int(min(max(origins[0], 4), _MAX_WIDTH))


def _pattern_groups(
    values: FloatArray,
    origins: IntArray,
    pattern: Pattern,
    scale: Scale,
    *,
    ways: list[Kernel],
    horizon: int,
    periods: tuple[int, ...],
) -> list[Group]:
    past = filled_back(deseasoned(values, origins, profile=pattern.profile, width=_width(origins)))
    chosen = [
        kernel for kernel in ways if pattern.reading in _PLAIN_READINGS or kernel.family not in ("drift", "theta")
    ]
    groups: list[Group] = [
        _lines(past, pattern, scale, chosen),
        _returns(past, pattern, scale, horizon=horizon),
        _typical(past, pattern, scale, horizon=horizon),
    ]
    if pattern.reading in _AUTOREGRESSED:
        groups += _autoregressions(values, origins, pattern, scale, horizon=horizon, periods=periods)
    return groups


def _family(pattern: Pattern, idea: str, scale: Scale) -> str:
    return f"{pattern.period}/{pattern.reading}/{'log' if scale.shift is not None else 'plain'}/{idea}"


def _named(pattern: Pattern, name: str, scale: Scale) -> str:
    season = "" if pattern.period == 1 else f" with a season of {pattern.period} steps ({pattern.reading})"
    return f"{name}{season}{', as ratios' if scale.shift is not None else ''}"


def _lines(past: FloatArray, pattern: Pattern, scale: Scale, chosen: list[Kernel]) -> Lines:
    level = past @ np.stack([kernel.level for kernel in chosen]).T
    slope = past @ np.stack([kernel.slope for kernel in chosen]).T
    return Lines(
        tuple(_family(pattern, kernel.family, scale) for kernel in chosen),
        tuple(_named(pattern, kernel.name, scale) for kernel in chosen),
        level.T,
        slope.T,
        np.array([kernel.damping for kernel in chosen]),
        np.zeros_like(level.T),
        np.ones(len(chosen)),
        pattern.profile,
        scale,
    )


def _returns(past: FloatArray, pattern: Pattern, scale: Scale, *, horizon: int) -> Lines:
    chosen = reversions(past.shape[1], horizon)
    near = past @ np.stack([one.near for one in chosen]).T
    far = past @ np.stack([one.far for one in chosen]).T
    return Lines(
        tuple(_family(pattern, "return", scale) for _ in chosen),
        tuple(_named(pattern, one.name, scale) for one in chosen),
        far.T,
        np.zeros_like(far.T),
        np.ones(len(chosen)),
        (near - far).T,
        np.array([one.back for one in chosen]),
        pattern.profile,
        scale,
    )


def _typical(past: FloatArray, pattern: Pattern, scale: Scale, *, horizon: int) -> Lines:
    """Return the medians of the recent past, and its mean over one season, as levels."""
    width = past.shape[1]
    season = pattern.period if pattern.period > 1 else max(horizon // 2, 8)
    lengths = [min(max(int(share * season), 3), width) for share in _TYPICAL_SHARES]
    lengths.append(min(width, max(_LONG_SEASONS * pattern.period, _LONG_STEPS)))
    levels = [np.median(past[:, -length:], axis=1) for length in lengths]
    names = [f"median of {length}" for length in lengths]
    families = ["typical"] * (len(lengths) - 1) + ["return"]
    if pattern.period > 1:
        levels.append(past[:, -min(pattern.period, width) :].mean(axis=1))
        names.append("mean of the last season")
        families.append("level")
    level = np.stack(levels)
    count = len(names)
    return Lines(
        tuple(_family(pattern, family, scale) for family in families),
        tuple(_named(pattern, name, scale) for name in names),
        level,
        np.zeros_like(level),
        np.ones(count),
        np.zeros_like(level),
        np.ones(count),
        pattern.profile,
        scale,
    )


def _autoregressions(
    values: FloatArray, origins: IntArray, pattern: Pattern, scale: Scale, *, horizon: int, periods: tuple[int, ...]
) -> list[Group]:
    """Fit once on what lies before the first origin, for all past origins, and once on everything for the last."""
    first, last = int(origins[0]), int(origins[-1])
    # An autoregression wins on short leads and falls back to the mean on long ones, against any trend: where the past
    # is too short to check it at the horizon, its good marks would be for something else.
    if horizon > last - first:
        return []
    profile = pattern.profile
    ends = deseasoned(values, origins[[0]], profile=profile[:1], width=min(first, _FIT_WIDTH))[0]
    whole = deseasoned(values, origins[[-1]], profile=profile[-1:], width=min(last, _FIT_WIDTH))[0]
    season = repeated(profile, horizon)
    groups: list[Group] = []
    # The richest set of lags alone: beside it the near ones by themselves gained nothing.
    for lags in lag_sets(periods, longest=int(0.6 * min(first, _MAX_WIDTH)))[-1:]:
        early, late = fitted(ends, lags), fitted(whole, lags)
        if early is None or late is None:
            continue
        past = filled_back(deseasoned(values, origins, profile=profile, width=max(lags)))
        made = np.concatenate([early.run(past[:-1], horizon), late.run(past[-1:], horizon)]) + season
        name = _named(pattern, f"autoregression of {len(lags)} lags", scale)
        groups.append(Rows(("autoregression",), (name,), scale.back(made)[None]))
    return groups
