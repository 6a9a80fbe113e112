"""Where a level steps: planted steps in noise of several kinds; coverage of the interval is counted over many draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.series import FloatArray
from sre.metrics.changes.location import step_in


def stepped(before: int, after: int, *, size: float, noise: FloatArray) -> FloatArray:
    return 10.0 + size * (np.arange(before + after) >= before) + noise[: before + after]


def test_a_step_without_noise_is_known_exactly() -> None:
    found = step_in(stepped(20, 30, size=5.0, noise=np.zeros(50)))
    assert found is not None
    assert (found.index, found.earliest, found.latest, found.before, found.after) == (20, 20, 20, 10.0, 15.0)


def test_a_gap_at_the_step_leaves_its_place_open() -> None:
    values = stepped(20, 30, size=5.0, noise=np.zeros(50))
    values[17:24] = np.nan
    found = step_in(values)
    assert found is not None
    assert (found.earliest, found.index, found.latest) == (17, 24, 24)


def test_spikes_do_not_move_it() -> None:
    rng = np.random.default_rng(1)
    values = stepped(60, 60, size=4.0, noise=rng.normal(size=120))
    values[[5, 40, 100]] += 80
    found = step_in(values)
    assert found is not None
    assert abs(found.index - 60) <= 1


@pytest.mark.parametrize("values", [[1.0] * 7, [2.0] * 40, [np.nan] * 40, [1.0, np.nan] * 3])
def test_nothing_is_found_where_nothing_moves_or_is_known(values: list[float]) -> None:
    assert step_in(np.array(values)) is None


def autoregressive(rng: np.random.Generator, count: int, *, memory: float) -> FloatArray:
    shocks = rng.normal(size=count)
    for place in range(1, count):
        shocks[place] += memory * shocks[place - 1]
    return shocks


@pytest.mark.parametrize(("memory", "size", "least"), [(0.0, 2.0, 0.93), (0.0, 4.0, 0.95), (0.5, 4.0, 0.90)])
def test_the_interval_holds_the_true_place(memory: float, size: float, least: float) -> None:
    """95 % is promised (Hansen 2000) for independent noise; with memory of one half nine in ten are held to."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        before, after = (int(one) for one in rng.integers(30, 90, size=2))
        found = step_in(stepped(before, after, size=size, noise=autoregressive(rng, 180, memory=memory)))
        assert found is not None
        held += found.earliest <= before <= found.latest
    assert held / 400 >= least


@given(factor=st.floats(1e-6, 1e9), shift=st.floats(-1e6, 1e6), seed=st.integers(0, 50))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_scale_and_shift_do_not_matter(factor: float, shift: float, seed: int) -> None:
    values = stepped(40, 40, size=5.0, noise=np.random.default_rng(seed).normal(size=80))
    plain, moved = step_in(values), step_in(factor * (values + shift))
    assert plain is not None
    assert moved is not None
    assert (plain.index, plain.earliest, plain.latest) == (moved.index, moved.earliest, moved.latest)


@given(seed=st.integers(0, 100))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_time_runs_both_ways(seed: int) -> None:
    """The split of a series read backwards is the same split."""
    values = stepped(40, 50, size=6.0, noise=np.random.default_rng(seed).normal(size=90))
    forward, backward = step_in(values), step_in(values[::-1].copy())
    assert forward is not None
    assert backward is not None
    assert forward.index == 90 - backward.index
