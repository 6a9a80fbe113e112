"""Puts the trained networks of each kind into the one file that `sre.capacity.network` reads: bytes, not floats.

`python -m training.packing TRAINED --out sre/capacity/networks`
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sre.capacity.network import NetworkArray
from training.kinds import SHAPES

_LARGEST_BYTE = 127


def pack(trained: Sequence[Path], out: Path) -> None:
    """Write networks of the same kind, each as `training.networks` wrote it, into one file."""
    packed: dict[str, NDArray[np.generic]] = {"count": np.array(len(trained))}
    for number, path in enumerate(trained):
        with np.load(path) as network:
            packed["shape"] = network["shape"]
            for name in (key for key in network.files if key.endswith((".weight", ".bias"))):
                packed.update(_layer(f"{number}.{name}", network[name]))
    np.savez(out, allow_pickle=False, **packed)


def _layer(key: str, values: NetworkArray) -> dict[str, NDArray[np.generic]]:
    """Return weights as bytes with one scale a row, shape (outputs, inputs) and (outputs,); a bias as it is."""
    if key.endswith(".bias"):
        return {key: values}
    scale = np.maximum(np.abs(values).max(axis=1) / _LARGEST_BYTE, 1e-12).astype(np.float32)
    return {key: np.round(values / scale[:, None]).astype(np.int8), key.removesuffix("weight") + "scale": scale}


def main() -> None:
    """Pack all networks in a folder, by kind."""
    parser = argparse.ArgumentParser(description="Pack trained networks into the files that forecasts read.")
    parser.add_argument("trained", type=Path, help="folder that training.networks wrote to")
    parser.add_argument("--out", type=Path, required=True, help="folder for month.npz, week.npz ...")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for kind in SHAPES:
        trained = sorted(asked.trained.glob(f"{kind}-*.npz"))
        if trained:
            pack(trained, asked.out / f"{kind}.npz")


if __name__ == "__main__":
    main()
