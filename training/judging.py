"""Measures what trained networks gain on the public series that they have not seen.

`python -m training.judging FOLDER --kind hour --trained TRAINED`

Each series is forecast twice from the same moments, by the mixture alone and with the networks of its own fold, which
did not learn from it. Errors are over those of the last season repeated, as in docs/concepts/forecast-networks.md.
"""

import argparse
import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np

from sre.capacity import blending, network
from sre.capacity.forecast import forecast
from sre.capacity.model import DAY_SECONDS, MONTH_SECONDS, History, Request, Step
from sre.capacity.network import Network, read_networks
from sre.core.errors import SreError
from sre.core.series import FloatArray
from training.kinds import SHAPES, Kind
from training.packing import pack
from training.series import FOLDS, PublicSeries

_STEPS: dict[Kind, Step] = {
    "month": Step(MONTH_SECONDS, is_month=True),
    "week": Step(7 * DAY_SECONDS),
    "day": Step(DAY_SECONDS),
    "hour": Step(3600.0),
}
# Of longer pasts only so many steps are learnt from: about what a server of metrics keeps.
_LONGEST_PAST = 1200
# Any instant: neither mixture nor networks know a calendar.
_LAST_MS = 1_600_000_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Errors:
    """Mean absolute errors of one forecast, each over the past's mean move from one season to the next."""

    source: str
    name: str
    naive: float
    without: float
    with_networks: float


def judged(series: Sequence[PublicSeries], kind: Kind, *, trained: Path, origins: int) -> Iterator[Errors]:
    """Yield the errors on each series at its last origins, one horizon apart.

    Args:
        series: Of this kind; one that is too short for an origin is passed over.
        trained: Folder that `training.networks` wrote to.
    """
    for fold in range(FOLDS):
        networks = _packed(sorted(trained.glob(f"{kind}-{fold}-*.npz")))
        for one in series:
            if one.fold == fold:
                yield from _errors(one, kind, networks, origins)


def _packed(trained: Sequence[Path]) -> tuple[Network, ...]:
    """Return networks as the product would read them, weights rounded to bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "packed.npz"
        pack(trained, path)
        return read_networks(path)


def _errors(series: PublicSeries, kind: Kind, networks: tuple[Network, ...], origins: int) -> Iterator[Errors]:
    shape = SHAPES[kind]
    for number in range(1, origins + 1):
        at = series.values.size - number * shape.horizon
        past, ahead = series.values[max(0, at - _LONGEST_PAST) : max(0, at)], series.values[at : at + shape.horizon]
        if past.size < max(4 * shape.season, 2 * shape.horizon) or np.ptp(past) == 0:
            return
        scale = np.abs(past[shape.season :] - past[: -shape.season]).mean()
        if scale == 0:
            return
        naive = np.resize(past[-shape.season :], shape.horizon)
        try:
            with patch.object(blending, "has_network", lambda _step: False):
                without = _expected(past, kind)
            with patch.object(network, "_networks", lambda _name: networks):
                found = (naive, without, _expected(past, kind))
        except SreError:
            return
        yield Errors(series.source, series.name, *(float(np.abs(one - ahead).mean() / scale) for one in found))


def _expected(past: FloatArray, kind: Kind) -> FloatArray:
    return forecast(History(_STEPS[kind], _LAST_MS, past), Request(SHAPES[kind].horizon)).expected


def table(errors: Sequence[Errors]) -> str:
    """Return one row a source: cases, error without and with networks over the naive's, change with its error."""
    lines = ["| Series | Cases | Without | With | Change |", "|---|---|---|---|---|"]
    for source in sorted({one.source for one in errors}):
        found = [one for one in errors if one.source == source]
        sums = np.array([_sums([one for one in found if one.name == name]) for name in {one.name for one in found}])
        naive, without, with_networks = sums.sum(axis=0)
        lines.append(
            f"| {source} | {len(found):,} | {without / naive:.3f} | {with_networks / naive:.3f} | "
            f"{100 * (with_networks / without - 1):+.1f} ± {100 * _spread(sums):.1f} % |"
        )
    return "\n".join(lines)


def _sums(errors: Sequence[Errors]) -> tuple[float, float, float]:
    return sum(e.naive for e in errors), sum(e.without for e in errors), sum(e.with_networks for e in errors)


def _spread(sums: FloatArray) -> float:
    """Return the standard error of the change, by leaving out one series at a time.

    Source:
        Efron and Stein, The Jackknife Estimate of Variance, Annals of Statistics 9 (1981).
    """
    rest = sums.sum(axis=0) - sums
    change = rest[:, 2] / np.maximum(rest[:, 1], 1e-300)
    return float(np.sqrt((sums.shape[0] - 1) * change.var()))


def main() -> None:
    """Print the table of one kind."""
    parser = argparse.ArgumentParser(description="Measure trained networks on the series they have not seen.")
    parser.add_argument("folder", type=Path, help="where the files of training/README.md are")
    parser.add_argument("--kind", choices=list(SHAPES), required=True)
    parser.add_argument("--trained", type=Path, required=True, help="folder that training.networks wrote to")
    parser.add_argument("--origins", type=int, default=2, help="moments to forecast from in each series, the last ones")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # Only here: tests judge series of their own, and need not have what reads the collections.
    from training.sources import corpus

    series = [one for one in corpus(asked.folder) if one.kind == asked.kind]
    _log.info("%s", table(list(judged(series, asked.kind, trained=asked.trained, origins=asked.origins))))


if __name__ == "__main__":
    main()
