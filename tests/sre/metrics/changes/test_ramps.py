"""Moves that take their time: planted ramps in noise, with and without memory; steps are never called ramps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.series import FloatArray
from sre.metrics.changes.ramps import ramp_in


def ramped(begins_after: int, width: int, *, count: int = 240, noise: FloatArray | float = 0.0) -> FloatArray:
    """Return a level of 10 up to `begins_after`, of 16 from `begins_after + width` on, straight in between."""
    return 10.0 + 6.0 * np.clip((np.arange(count) - begins_after) / width, 0, 1) + noise


def autoregressive(rng: np.random.Generator, count: int, *, memory: float) -> FloatArray:
    shocks = rng.normal(size=count)
    for place in range(1, count):
        shocks[place] += memory * shocks[place - 1]
    return shocks


def test_a_ramp_without_noise_is_known_exactly() -> None:
    found = ramp_in(ramped(100, 40))
    assert found is not None
    assert (found.begins, found.earliest, found.latest, found.full) == (101, 101, 101, 140)


@pytest.mark.parametrize(("memory", "width", "least"), [(0.0, 20, 0.95), (0.0, 60, 0.95), (0.5, 60, 0.90)])
def test_its_beginning_lies_in_the_interval(memory: float, width: int, least: float) -> None:
    """95 % is promised (Hansen 2000) for independent noise; with memory of one half nine in ten are held to."""
    rng = np.random.default_rng(11)
    found = [ramp_in(ramped(100, width, noise=autoregressive(rng, 240, memory=memory))) for _ in range(60)]
    shown = [one for one in found if one is not None]
    assert len(shown) >= 0.6 * len(found)
    assert sum(one.earliest <= 101 <= one.latest for one in shown) >= least * len(shown)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8])
def test_a_step_is_no_ramp(memory: float) -> None:
    rng = np.random.default_rng(12)
    found = [ramp_in(ramped(100, 1, noise=autoregressive(rng, 240, memory=memory))) for _ in range(60)]
    assert sum(one is not None for one in found) <= 1


def test_a_step_blurred_by_the_range_of_a_rate_is_no_ramp() -> None:
    noise = np.random.default_rng(13).normal(scale=0.2, size=240)
    assert ramp_in(ramped(100, 5, noise=noise)) is not None
    assert ramp_in(ramped(100, 5, noise=noise), least_steps=7.0) is None


@pytest.mark.parametrize("values", [np.full(100, 3.0), np.full(100, np.nan), np.arange(9.0)])
def test_nothing_is_found_where_nothing_moves_or_little_is_known(values: FloatArray) -> None:
    assert ramp_in(values) is None


def test_a_long_stretch_is_thinned_and_still_right() -> None:
    values = ramped(1_000, 400, count=2_000, noise=np.random.default_rng(14).normal(scale=0.5, size=2_000))
    found = ramp_in(values)
    assert found is not None
    assert found.earliest <= 1_001 <= found.latest
    assert abs(found.full - 1_400) <= 40


@given(factor=st.floats(1e-6, 1e9), shift=st.floats(-1e5, 1e5), seed=st.integers(0, 50))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_scale_and_shift_do_not_matter(factor: float, shift: float, seed: int) -> None:
    values = ramped(100, 50, noise=np.random.default_rng(seed).normal(scale=0.5, size=240))
    plain, moved = ramp_in(values), ramp_in(factor * (values + shift))
    assert plain is not None
    assert moved is not None
    assert (plain.begins, plain.full) == (moved.begins, moved.full)
