"""Randomness of the demo world: one stream for each concern, so that changing one leaves the others as they were."""

import zlib

import numpy as np

from connectors.demo.schedule import MINUTES
from sre.core.series import FloatArray


def stream(seed: int, concern: str) -> np.random.Generator:
    """Return the generator of one concern; the same seed and name always give the same numbers."""
    return np.random.default_rng([seed, zlib.crc32(concern.encode())])


def drifting(generator: np.random.Generator, *, spread: float, knot_minutes: int = 60) -> FloatArray:
    """Return smooth noise around 0, shape (minutes,): normal values every `knot_minutes`, joined by lines."""
    knots = np.arange(0, MINUTES + knot_minutes, knot_minutes)
    return np.interp(np.arange(MINUTES), knots, generator.normal(0.0, spread, knots.size))
