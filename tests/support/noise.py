"""Series of known nature, without and with planted changes."""

from collections.abc import Callable, Mapping

import numpy as np


def autoregression(rng: np.random.Generator, memory: float, count: int) -> np.ndarray:
    """Return first-order autoregressive noise of unit innovations."""
    values = np.zeros(count + 200)
    for index, shock in enumerate(rng.standard_normal(count + 200)):
        values[index] = memory * values[index - 1] + shock
    return values[200:]


def _daily(rng: np.random.Generator, count: int) -> np.ndarray:
    return 100 + 30 * np.sin(2 * np.pi * np.arange(count) / 48) + 5 * rng.standard_normal(count)


def _daily_factor(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.exp(0.8 * np.sin(2 * np.pi * np.arange(count) / 48) + 0.1 * autoregression(rng, 0.6, count))


def _with_outliers(rng: np.random.Generator, count: int) -> np.ndarray:
    return 10 + rng.standard_normal(count) + np.where(rng.random(count) < 0.02, 30 * rng.standard_normal(count), 0)


def _with_gaps(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.where(rng.random(count) < 0.2, np.nan, rng.standard_normal(count))


# Nothing ever changes in these.
UNCHANGED: Mapping[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "independent": lambda rng, count: 10 + rng.standard_normal(count),
    "autoregression 0.5": lambda rng, count: 50 + autoregression(rng, 0.5, count),
    "autoregression 0.8": lambda rng, count: 50 + autoregression(rng, 0.8, count),
    "autoregression 0.95": lambda rng, count: 50 + autoregression(rng, 0.95, count),
    "random walk": lambda rng, count: np.cumsum(rng.standard_normal(count)),
    "skewed": lambda rng, count: np.exp(0.7 * rng.standard_normal(count)),
    "heavy tails": lambda rng, count: 100 + rng.standard_t(3, count),
    "no variance": lambda rng, count: rng.standard_cauchy(count),
    "two modes": lambda rng, count: 100 + 8 * (rng.random(count) < 0.3) + 0.3 * rng.standard_normal(count),
    "outliers": _with_outliers,
    "gaps": _with_gaps,
    "counts": lambda rng, count: rng.poisson(2, count).astype(float),
    "rare counts": lambda rng, count: rng.poisson(0.1, count).astype(float),
    "quantised": lambda rng, count: 5 + np.round(0.6 * rng.standard_normal(count)),
    "ramp": lambda rng, count: 10 * np.arange(count) / count + rng.standard_normal(count),
    "gentle ramp": lambda rng, count: 3 * np.arange(count) / count + rng.standard_normal(count),
    "steep ramp": lambda rng, count: 100 * np.arange(count) / count + rng.standard_normal(count),
    "sawtooth": lambda rng, count: np.arange(count) % 60 + rng.standard_normal(count),
    "daily sum": _daily,
    "daily factor": _daily_factor,
}
