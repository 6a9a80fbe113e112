"""Trains one forecast network on half of the public series, and by the day on made-up ones as well.

`python -m training.networks FOLDER --kind month --fold 0 --minutes 10 --out TRAINED`
"""

import argparse
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sre.capacity.network import QUANTILES
from sre.core.series import FloatArray
from training.kinds import SHAPES, Kind, Shape
from training.made import balanced, made_up_series
from training.series import FOLDS, PublicSeries
from training.sources import corpus
from training.windows import Windows, drawn

_BLOCKS = 3
_DROPPED_RATIO = 0.1
_LEARNING_RATE = 1.5e-3
_LEAST_RATE = 1e-5
_WARM_UP_STEPS = 200
_WEIGHT_DECAY = 1e-2
_BATCH = 256
# Windows cost more to draw than to learn from: each bank of them serves several batches.
_BANK = 2048
_BATCHES_A_BANK = 16
# The network that is kept is the mean of those on the way, each step counting for this much.
_AVERAGE_RATIO = 0.002
# Added to how much the steps ahead move, so that calm windows do not count without bound.
_LEAST_MOVE = 0.3
_LOG_EACH = 1000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """Which network to train, and how."""

    kind: Kind
    fold: int
    seed: int
    minutes: float
    width: int
    made_up_count: int

    @property
    def number(self) -> int:
        """A start of its own for each fold and seed, so that networks that are averaged differ in it too."""
        return self.fold + FOLDS * self.seed


class Block(nn.Module):  # type: ignore[misc]  # torch is not there where types are checked
    """Adds to what comes in what two layers make of it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, width)
        self.dropped = nn.Dropout(_DROPPED_RATIO)
        self.outer = nn.Linear(width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return shape (windows, width) for the same."""
        return hidden + self.outer(self.dropped(torch.relu(self.inner(hidden))))


class ForecastNetwork(nn.Module):  # type: ignore[misc]  # torch is not there where types are checked
    """What `sre.capacity.network.Network` computes, in a form that can learn."""

    def __init__(self, shape: Shape, *, width: int) -> None:
        super().__init__()
        self.shape = shape
        self.first = nn.Linear(shape.told, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(_BLOCKS))
        self.last = nn.Linear(width, len(QUANTILES) * shape.horizon)
        self.straight = nn.Linear(shape.told, shape.horizon)
        # It starts near half of the last season, not near noise.
        self.straight.weight.data.mul_(0.1)

    def forward(self, told: Tensor) -> Tensor:
        """Return the quantiles of the steps ahead in scales from the level, shape (windows, 3, horizon)."""
        hidden = torch.relu(self.first(told))
        for block in self.blocks:
            hidden = block(hidden)
        low, middle, high = self.last(torch.relu(hidden)).chunk(len(QUANTILES), dim=1)
        middle = middle + self.straight(told) + 0.5 * self._last_season(told)
        return torch.stack([middle - functional.softplus(low), middle, middle + functional.softplus(high)], dim=1)

    def _last_season(self, told: Tensor) -> Tensor:
        season = told[:, self.shape.reads - self.shape.season : self.shape.reads]
        return season.repeat(1, math.ceil(self.shape.horizon / self.shape.season))[:, : self.shape.horizon]


def trained(series: list[FloatArray], run: Run) -> ForecastNetwork:
    """Return a network that learnt from these series for as long as the run says."""
    torch.manual_seed(run.number)
    shape = SHAPES[run.kind]
    network = ForecastNetwork(shape, width=run.width)
    average = {name: weights.clone() for name, weights in network.state_dict().items()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    batches = _batches(series, shape, np.random.default_rng(run.number))
    begun, step, loss = time.monotonic(), 0, math.nan
    while (passed := (time.monotonic() - begun) / (60 * run.minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = _learning_rate(step, passed)
        error = _learn(network, optimizer, *next(batches))
        loss = error if step == 0 else loss + 0.005 * (error - loss)
        for name, weights in network.state_dict().items():
            average[name].lerp_(weights, _AVERAGE_RATIO)
        step += 1
        if step % _LOG_EACH == 0:
            _log.info("%d steps, loss %.4f", step, loss)
    network.load_state_dict(average)
    network.eval()
    return network


def _batches(series: list[FloatArray], shape: Shape, random: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield what is told and what comes, for ever."""
    while True:
        bank = drawn(series, shape, count=_BANK, random=random)
        for _ in range(_BATCHES_A_BANK):
            chosen = random.integers(0, _BANK, _BATCH)
            yield torch.from_numpy(bank.told[chosen]), torch.from_numpy(bank.ahead[chosen])


def _learn(network: ForecastNetwork, optimizer: torch.optim.Optimizer, told: Tensor, ahead: Tensor) -> float:
    """Take one step, and return the loss before it."""
    loss = _loss(network, told, ahead)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return float(loss.item())


def _learning_rate(step: int, passed: float) -> float:
    """Return a rate that rises for a moment and then falls to nearly nothing, as half a cosine, until the end."""
    return (
        _LEARNING_RATE * min(1.0, step / _WARM_UP_STEPS + 0.02) * 0.5 * (1 + math.cos(math.pi * passed)) + _LEAST_RATE
    )


def _loss(network: ForecastNetwork, told: Tensor, ahead: Tensor) -> Tensor:
    """Return the mean pinball loss, of each window over how far its steps ahead are from its last one.

    Source:
        Koenker and Bassett, Regression Quantiles, Econometrica 46 (1978), the loss whose minimum is a quantile.
    """
    error = ahead[:, None] - network(told)
    quantile = torch.tensor(QUANTILES)[None, :, None]
    pinball = torch.maximum(quantile * error, (quantile - 1) * error).mean(dim=(1, 2))
    last = told[:, network.shape.reads - 1, None]
    return (pinball / (_LEAST_MOVE + (ahead - last).abs().mean(dim=1))).mean()


def loss_on(network: ForecastNetwork, windows: Windows) -> float:
    """Return the network's loss on windows, which is the lower the better."""
    with torch.no_grad():
        return float(_loss(network, torch.from_numpy(windows.told), torch.from_numpy(windows.ahead)).item())


def write(network: ForecastNetwork, path: Path) -> None:
    """Write shape and weights, floats of four bytes, for `training.packing`."""
    shape = network.shape
    arrays = {
        "shape": np.array([shape.reads, shape.season, shape.span, shape.known_each, _BLOCKS]),
        **{name.removeprefix("blocks."): weights.numpy() for name, weights in network.state_dict().items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, allow_pickle=False, **arrays)


def make(series: list[PublicSeries], run: Run) -> ForecastNetwork:
    """Return a network that learnt from all folds but its own and from made-up series, and log how it does on each."""
    shape = SHAPES[run.kind]
    usable = [one for one in series if one.kind == run.kind and one.values.size >= shape.least_length]
    seen = [one.values for one in usable if one.fold != run.fold]
    unseen = [one.values for one in usable if one.fold == run.fold]
    made = made_up_series(run.kind, count=run.made_up_count, seed=run.number)
    _log.info(
        "%s: learns from %d public series and %d made-up ones, %d are for judging it",
        *(run.kind, len(seen), len(made), len(unseen)),
    )
    network = trained(balanced(seen, made), run)
    for words, values in (("it learnt from", seen), ("it never saw", unseen), ("that were made up", made)):
        if values:
            windows = drawn(values, shape, count=_BANK, random=np.random.default_rng(run.number))
            _log.info("loss on windows of the series %s: %.4f", words, loss_on(network, windows))
    return network


def main() -> None:
    """Train one network and write it."""
    parser = argparse.ArgumentParser(description="Train one forecast network.")
    parser.add_argument("folder", type=Path, help="the public data, see training/README.md")
    parser.add_argument("--kind", choices=SHAPES, required=True, help="the step of the series")
    parser.add_argument("--fold", type=int, choices=range(FOLDS), required=True, help="the half that it does not see")
    parser.add_argument("--seed", type=int, default=0, help="another one gives another network of the same fold")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long it learns, on one core")
    parser.add_argument("--width", type=int, default=256, help="units of a layer")
    parser.add_argument("--made-up", type=int, default=5000, help="made-up series of days to learn from")
    parser.add_argument("--out", type=Path, required=True, help="folder for the trained network")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    run = Run(asked.kind, asked.fold, asked.seed, asked.minutes, asked.width, asked.made_up)
    write(make(corpus(asked.folder), run), asked.out / f"{run.kind}-{run.fold}-{run.seed}.npz")


if __name__ == "__main__":
    main()
