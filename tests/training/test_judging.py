"""What networks gain on the series they have not seen: who judges whom, and the table."""

from pathlib import Path

import numpy as np

from sre.core.series import FloatArray
from training.judging import Errors, judged, table
from training.kinds import SHAPES
from training.series import PublicSeries


def test_each_series_is_judged_by_the_networks_of_its_own_fold(tmp_path: Path) -> None:
    """Networks of fold 0 that say nonsense change what is said of the series of fold 0, and of no other."""
    series = [PublicSeries("month", "made", f"M{number}", _month(number)) for number in range(8)]
    assert {one.fold for one in series} == {0, 1}
    for folder, bias in (("calm", 0.0), ("wild", 0.4)):
        _write(tmp_path / folder / "month-0-0.npz", bias=bias)
        _write(tmp_path / folder / "month-1-0.npz", bias=0.0)
    calm, wild = (
        {one.name: one for one in judged(series, "month", trained=tmp_path / folder, origins=1)}
        for folder in ("calm", "wild")
    )
    assert set(calm) == {one.name for one in series}
    for one in series:
        assert calm[one.name].without == wild[one.name].without
        assert (calm[one.name].with_networks == wild[one.name].with_networks) == (one.fold == 1)


def test_a_series_too_short_for_an_earlier_origin_is_judged_at_the_later_ones(tmp_path: Path) -> None:
    for fold in (0, 1):
        _write(tmp_path / f"month-{fold}-0.npz", bias=0.0)
    # Four years must be left before an origin, and each horizon is 18 months.
    lengths = {"none": 65, "one": 67, "two": 85}
    series = [PublicSeries("month", "made", name, _month(1)[:length]) for name, length in lengths.items()]
    names = [one.name for one in judged(series, "month", trained=tmp_path, origins=3)]
    assert sorted(names) == ["one", "two", "two"]


def test_the_table_adds_errors_up_before_it_divides() -> None:
    """By hand: (1 + 2) / (2 + 4) is 0.5, (1 + 1.4) / 6 is 0.4, a change of -20 %.

    Leaving one out, the changes are -30 % and 0: their standard deviation is 0.15, times the root of 2 - 1.
    """
    errors = [Errors("a", "one", 2.0, 1.0, 1.0), Errors("a", "two", 4.0, 2.0, 1.4), Errors("b", "x", 1.0, 0.5, 0.55)]
    rows = table(errors).splitlines()[2:]
    assert rows[0] == "| a | 2 | 0.500 | 0.400 | -20.0 ± 15.0 % |"
    assert rows[1].startswith("| b | 1 | 0.500 | 0.550 | +10.0 ±")


def _month(number: int) -> FloatArray:
    random = np.random.default_rng(number)
    months = np.arange(120)
    return np.asarray(100 + 10 * np.sin(months / 12 * 2 * np.pi) + random.normal(0, 4, 120))


def _write(path: Path, *, bias: float) -> None:
    """Write a network without weights; it answers half of the last season, and `bias` scales more."""
    shape, width = SHAPES["month"], 4
    zeros = {
        "first": (width, shape.told),
        "0.inner": (width, width),
        "0.outer": (width, width),
        "last": (3 * shape.horizon, width),
        "straight": (shape.horizon, shape.told),
    }
    arrays = {f"{name}.weight": np.zeros(size, np.float32) for name, size in zeros.items()}
    biases = {f"{name}.bias": np.zeros(size[0], np.float32) for name, size in zeros.items()}
    biases["straight.bias"] += np.float32(bias)
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = np.array([shape.reads, shape.season, shape.span, shape.known_each, 1])
    np.savez(path, allow_pickle=False, shape=numbers, **arrays, **biases)
