"""Packed networks are the trained ones, but for the rounding of weights to bytes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sre.capacity.network import read_networks
from training.packing import pack


def test_packed_weights_are_the_trained_ones_within_half_a_byte(tmp_path: Path) -> None:
    trained = [_trained(number) for number in range(3)]
    paths = [tmp_path / f"month-{number}.npz" for number in range(3)]
    for path, arrays in zip(paths, trained, strict=True):
        np.savez(path, allow_pickle=False, **arrays)
    pack(paths, tmp_path / "packed.npz")
    read = read_networks(tmp_path / "packed.npz")
    assert len(read) == 3
    for one, arrays in zip(read, trained, strict=True):
        assert (one.reads, one.season, one.span, one.known_each, len(one.blocks)) == (4, 2, 2, 2, 1)
        inner, inner_bias, outer, outer_bias = one.blocks[0]
        layers = {"first": one.first, "0.inner": (inner, inner_bias), "0.outer": (outer, outer_bias)}
        for name, (weights, bias) in {**layers, "last": one.last, "straight": one.straight}.items():
            whole = arrays[f"{name}.weight"]
            assert (np.abs(weights.T - whole) <= np.abs(whole).max(axis=1, keepdims=True) / 127 * 0.501).all()
            assert np.array_equal(bias, arrays[f"{name}.bias"])


def _trained(seed: int) -> dict[str, NDArray[np.generic]]:
    random = np.random.default_rng(seed)
    shapes = {"first": (5, 6), "0.inner": (5, 5), "0.outer": (5, 5), "last": (9, 5), "straight": (3, 6)}
    arrays: dict[str, NDArray[np.generic]] = {"shape": np.array([4, 2, 2, 2, 1])}
    for name, shape in shapes.items():
        arrays[f"{name}.weight"] = random.normal(0, 1, shape).astype(np.float32)
        arrays[f"{name}.bias"] = random.normal(0, 1, shape[0]).astype(np.float32)
    # A row of zeros has no largest weight to be scaled by.
    arrays["first.weight"][0] = 0
    return arrays
