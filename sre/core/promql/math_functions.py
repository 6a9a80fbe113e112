"""Functions that turn each value into another: abs, round, clamp, logarithms, trigonometry."""

from collections.abc import Callable, Mapping

import numpy as np

from sre.core.series import FloatArray

MATH_FUNCTIONS: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sgn": np.sign,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "rad": lambda values: values * np.pi / 180,
    "deg": lambda values: values * 180 / np.pi,
}


def rounded(values: FloatArray, nearest: FloatArray) -> FloatArray:
    """Return values rounded to the nearest multiple, ties upwards."""
    inverse = 1.0 / nearest
    return np.asarray(np.floor(values * inverse + 0.5) / inverse)


def not_above(values: FloatArray, limit: FloatArray) -> FloatArray:
    """Return the smaller of both; NaN wins, but for minus infinity."""
    return np.where(np.isneginf(values) | np.isneginf(limit), -np.inf, np.minimum(values, limit))


def not_below(values: FloatArray, limit: FloatArray) -> FloatArray:
    """Return the larger of both; NaN wins, but for plus infinity."""
    return np.where(np.isposinf(values) | np.isposinf(limit), np.inf, np.maximum(values, limit))
