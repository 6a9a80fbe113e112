"""Windows that networks learn from: pieces of the series, sums of two of them, and some upside down."""

import numpy as np
import pytest

from training.kinds import SHAPES, Kind
from training.windows import drawn


@pytest.mark.parametrize("kind", list(SHAPES))
def test_the_steps_ahead_go_on_where_the_past_ends(kind: Kind) -> None:
    """Of straight lines, sums and upside down too, each step is as far from the last as the last from the one before."""
    shape = SHAPES[kind]
    lines = [start + slope * np.arange(900.0) for start, slope in ((5, 1), (1e6, -3), (0, 0.01))]
    made = drawn(lines, shape, count=200, random=np.random.default_rng(1))
    past = made.told[:, : shape.reads].astype(float)
    whole = np.concatenate([past[:, -8:], made.ahead], axis=1)
    inside = (np.abs(past[:, -8:]) < 12).all(axis=1) & (np.abs(made.ahead) < 25).all(axis=1)
    assert inside.mean() > 0.5
    moves = np.diff(whole[inside], axis=1)
    assert moves == pytest.approx(np.repeat(moves[:, :1], moves.shape[1], axis=1), rel=1e-2, abs=1e-4)
    # Up and down both, as lines of both directions are there and some are turned.
    assert 0.2 < (moves[:, 0] > 0).mean() < 0.8


def test_short_series_are_shown_with_their_start_missing() -> None:
    shape = SHAPES["month"]
    short = [np.random.default_rng(2).normal(9, 1, shape.least_length)]
    made = drawn(short, shape, count=20, random=np.random.default_rng(3))
    # The least past is two years: of five flags, one a year, the last two are up.
    assert (made.told[:, shape.reads :] == [0, 0, 0, 1, 1]).all()
    assert (made.told[:, : shape.reads - shape.least_past] == 0).all()


def test_what_is_far_ahead_of_nothing_is_cut_and_finite() -> None:
    shape = SHAPES["week"]
    silent = [np.append(np.zeros(40), np.full(13, 5e9))]
    made = drawn(silent, shape, count=50, random=np.random.default_rng(4))
    assert np.isfinite(made.told).all()
    assert np.abs(made.ahead).max() == 25


def test_the_same_seed_draws_the_same_windows() -> None:
    shape = SHAPES["day"]
    series = [np.random.default_rng(seed).normal(0, 1, 300).cumsum() for seed in range(4)]
    one, same, other = (drawn(series, shape, count=30, random=np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(one.told, same.told)
    assert np.array_equal(one.ahead, same.ahead)
    assert not np.array_equal(one.ahead, other.ahead)


@pytest.mark.parametrize("kind", list(SHAPES))
def test_of_three_in_ten_windows_only_the_last_part_of_the_past_is_shown(kind: Kind) -> None:
    """The rest of them has as much past as is read: the series is so long that few windows end near its start."""
    shape = SHAPES[kind]
    long = [np.random.default_rng(7).normal(9, 1, 40 * shape.reads)]
    made = drawn(long, shape, count=300, random=np.random.default_rng(8))
    inputs, known = made.told[:, : shape.reads], made.told[:, shape.reads :]
    # Noise is never just at the level, so the first step that is not 0 is the first one shown.
    shown = shape.reads - (inputs != 0).argmax(axis=1)
    assert shown.min() >= shape.least_past
    assert 0.2 < (shown < shape.reads).mean() < 0.42
    assert shown.min() < shape.reads / 2
    told_of = np.arange(0, shape.reads, shape.known_each)
    assert np.array_equal(known, told_of[None, :] >= (shape.reads - shown)[:, None])
