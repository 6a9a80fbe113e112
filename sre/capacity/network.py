"""Forecasts by small networks that learnt from other series, where the step is an hour, a day, a week or a month.

A network reads the last part of the past, divided by how much it moves, and says the steps ahead with their 10 %, 50 %
and 90 % quantiles. It sees neither name, date nor unit: scale and level are taken out before and put back after. How
the networks were made is in docs/concepts/forecast-networks.md.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sre.capacity.model import DAY_SECONDS, Step
from sre.core.series import FloatArray, IntArray

# Inside a network four bytes a number are enough.
NetworkArray: TypeAlias = NDArray[np.float32]
Layer: TypeAlias = tuple[NetworkArray, NetworkArray]

QUANTILES = (0.1, 0.5, 0.9)
# A network's own answer is fed back to it where the horizon is longer than its own, this many times at most.
MAX_RUNS = 2
# Inputs further than this many scales from the level are cut: a network was not shown more.
_WIDEST_INPUT = 12.0
_FOLDER = Path(__file__).parent / "networks"
_FILES = {3600.0: "hour", DAY_SECONDS: "day", 7 * DAY_SECONDS: "week"}


@dataclass(frozen=True, slots=True, eq=False)
class Normalised:
    """The past as a network reads it.

    Attributes:
        inputs: shape (rows, reads), departures from the level in scales, 0 where not known.
        known: shape (rows, reads), 1 where known, else 0.
        level: shape (rows,), the series' own unit.
        scale: shape (rows,), the series' own unit, > 0.
    """

    inputs: NetworkArray
    known: NetworkArray
    level: FloatArray
    scale: FloatArray

    def told(self, known_each: int) -> NetworkArray:
        """Return what the first layer reads: the inputs, then whether every so many steps were known."""
        return np.concatenate([self.inputs, self.known[:, ::known_each]], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Residual layers of rectified units.

    Attributes:
        reads: Steps of the past it reads.
        season: Steps of the season it scales by; it answers as departures from the last one repeated.
        span: Steps at the end whose mean is the level.
        known_each: Of every so many steps it is told whether they were known.
        first, blocks, last, straight: Weights and biases of the layers; `straight` leads from the inputs to the
            middle of the answer.
    """

    reads: int
    season: int
    span: int
    known_each: int
    first: Layer
    blocks: tuple[tuple[NetworkArray, NetworkArray, NetworkArray, NetworkArray], ...]
    last: Layer
    straight: Layer

    @property
    def horizon(self) -> int:
        """Steps it answers at once."""
        return int(self.straight[1].size)

    def quantiles(self, past: FloatArray) -> FloatArray:
        """Return the quantiles of the steps ahead, shape (3, rows, horizon).

        Args:
            past: shape (rows, reads), oldest first, NaN where not known (before the start only).
        """
        seen = normalised(past, season=self.season, span=self.span)
        made = self._run(seen.told(self.known_each))
        return np.asarray(made * seen.scale[None, :, None] + seen.level[None, :, None], dtype=np.float64)

    def _run(self, told: NetworkArray) -> NetworkArray:
        hidden = np.maximum(_through(told, self.first), 0.0)
        for inner, inner_bias, outer, outer_bias in self.blocks:
            rest = np.maximum(_through(hidden, (inner, inner_bias)), 0.0)
            hidden = hidden + _through(rest, (outer, outer_bias))
        low, middle, high = np.split(_through(np.maximum(hidden, 0.0), self.last), 3, axis=1)
        naive = np.resize(np.arange(self.reads - self.season, self.reads), self.horizon)
        middle = middle + _through(told, self.straight) + 0.5 * told[:, naive]
        return np.stack([middle - _softplus(low), middle, middle + _softplus(high)])


def normalised(past: FloatArray, *, season: int, span: int) -> Normalised:
    """Return the past with level and scale taken out, as networks read it where they learn and where they answer.

    The level is the mean of the last `span` steps. The scale is half the mean move from one season to the next and
    half the mean distance from the level.

    Args:
        past: shape (rows, reads), oldest first, NaN where not known.
    """
    known = np.isfinite(past).astype(np.float32)
    values = np.where(known > 0, past, 0.0)
    level = _mean(values[:, -span:], known[:, -span:])
    moves = np.abs(values[:, season:] - values[:, :-season])
    both = known[:, season:] * known[:, :-season]
    apart = np.abs(values - level[:, None])
    scale = 0.5 * _mean(moves, both) + 0.5 * _mean(apart, known)
    scale = np.maximum(scale, 1e-6 * np.abs(level) + 1e-300)
    inputs = np.clip((values - level[:, None]) / scale[:, None], -_WIDEST_INPUT, _WIDEST_INPUT) * known
    return Normalised(inputs.astype(np.float32), known, level, scale)


def has_network(step: Step) -> bool:
    """Return whether there are networks for series of this step."""
    return step.is_month or step.seconds in _FILES


def least_history(step: Step) -> int:
    """Return how many steps of the past a network needs at least, two seasons and never under 8."""
    return max(2 * _networks(_name(step))[0].season, 8)


def network_quantiles(values: FloatArray, origins: IntArray, *, step: Step, horizon: int) -> FloatArray:
    """Return the mean of the networks' quantiles at each origin, shape (3, origins, leads).

    Args:
        values: shape (steps,), no NaN.
        origins: Indices of the first points to forecast.

    Returns:
        As many leads as were asked for and the networks can say: at most `MAX_RUNS` times their own horizon.
    """
    networks = _networks(_name(step))
    reads = networks[0].reads
    index = origins[:, None] + np.arange(-reads, 0)
    past = np.where(index >= 0, values[np.maximum(index, 0)], np.nan)
    made: list[FloatArray] = []
    for _ in range(min(MAX_RUNS, -(-horizon // networks[0].horizon))):
        answer = np.mean([network.quantiles(past) for network in networks], axis=0)
        made.append(answer)
        past = np.concatenate([past, answer[1]], axis=1)[:, -reads:]
    return np.concatenate(made, axis=2)[:, :, :horizon]


def _name(step: Step) -> str:
    return "month" if step.is_month else _FILES[step.seconds]


@cache
def _networks(name: str) -> tuple[Network, ...]:
    return read_networks(_FOLDER / f"{name}.npz")


def read_networks(path: Path) -> tuple[Network, ...]:
    """Return the networks of a file that `training.packing` wrote."""
    with np.load(path) as told:
        return tuple(_read(told, number) for number in range(int(told["count"])))


def _read(told: "np.lib.npyio.NpzFile", number: int) -> Network:
    def layer(name: str) -> Layer:
        key = f"{number}.{name}"
        # Bytes, with one scale a row.
        weights = told[f"{key}.weight"].astype(np.float32) * told[f"{key}.scale"].astype(np.float32)[:, None]
        return weights.T, told[f"{key}.bias"].astype(np.float32)

    reads, season, span, known_each, blocks = (int(one) for one in told["shape"])
    return Network(
        reads,
        season,
        span,
        known_each,
        first=layer("first"),
        blocks=tuple((*layer(f"{index}.inner"), *layer(f"{index}.outer")) for index in range(blocks)),
        last=layer("last"),
        straight=layer("straight"),
    )


def _through(inputs: NetworkArray, layer: Layer) -> NetworkArray:
    weights, bias = layer
    return np.asarray(inputs @ weights + bias)


def _mean(values: FloatArray, known: NetworkArray) -> FloatArray:
    return np.asarray((values * known).sum(axis=1) / np.maximum(known.sum(axis=1), 1.0))


def _softplus(values: NetworkArray) -> NetworkArray:
    return np.asarray(np.logaddexp(values, 0.0))
