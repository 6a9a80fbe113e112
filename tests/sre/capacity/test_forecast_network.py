"""Forecasts by trained networks: what the layers compute, and what holds for every network that is shipped."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity import network
from sre.capacity.model import DAY_SECONDS, MONTH_SECONDS, Step
from sre.capacity.network import MAX_RUNS, Network, has_network, least_history, network_quantiles
from sre.core.series import FloatArray
from training.kinds import SHAPES

STEPS = {
    "hour": Step(3600.0),
    "day": Step(DAY_SECONDS),
    "week": Step(7 * DAY_SECONDS),
    "month": Step(MONTH_SECONDS, is_month=True),
}
SHIPPED = tuple(name for name, step in STEPS.items() if has_network(step))
FILES = Path(network.__file__).parent / "networks"


def test_without_weights_the_answer_is_half_way_to_the_last_season_and_ln_2_scales_wide() -> None:
    """By hand: level (5 + 9) / 2 = 7, moves 4 and 6, distances 6, 4, 2, 2, so a scale of 5 / 2 + 3.5 / 2 = 4.25."""
    low, middle, high = _silent().quantiles(np.array([[1.0, 3.0, 5.0, 9.0]]))[:, 0]
    # Half of the last season's -2 and +2 around the level of 7, repeated; softplus(0) is ln 2.
    assert middle == pytest.approx([6.0, 8.0, 6.0], rel=1e-6)
    assert middle - low == pytest.approx([4.25 * math.log(2)] * 3, rel=1e-6)
    assert high - middle == pytest.approx([4.25 * math.log(2)] * 3, rel=1e-6)


def test_what_is_not_known_counts_neither_for_the_level_nor_for_the_scale() -> None:
    """By hand: one move is left, 6, and distances 4, 2, 2, so a scale of 6 / 2 + (8 / 3) / 2 = 13 / 3."""
    low, middle, _ = _silent().quantiles(np.array([[np.nan, 3.0, 5.0, 9.0]]))[:, 0]
    assert middle == pytest.approx([6.0, 8.0, 6.0], rel=1e-6)
    assert middle - low == pytest.approx([13 / 3 * math.log(2)] * 3, rel=1e-6)


def test_the_layers_compute_what_plain_loops_compute() -> None:
    """Independent: the same network written out number by number."""
    random = np.random.default_rng(11)
    made = _made(lambda *shape: random.normal(0, 0.5, shape).astype(np.float32), reads=40)
    # The spike is further than 12 scales from the level, and cut.
    past = [math.nan, math.nan, math.nan, 900.0, *random.normal(5, 1, 36)]
    assert made.quantiles(np.array([past]))[:, 0] == pytest.approx(np.array(_by_loops(made, past)), rel=1e-4)


def test_every_step_with_a_network_has_its_file_and_there_are_no_others() -> None:
    assert {path.stem for path in FILES.iterdir()} == set(SHIPPED)
    assert {"hour", "week", "month"} <= set(SHIPPED)


def test_no_other_step_has_a_network() -> None:
    assert not any(has_network(Step(seconds)) for seconds in (60.0, 300.0, 2 * 3600.0, 30 * DAY_SECONDS))


def test_the_shipped_files_are_small() -> None:
    """Our choice: 6 MB, so that the wheel stays a quick download."""
    assert sum(path.stat().st_size for path in FILES.iterdir()) < 6_000_000


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_networks_have_the_shapes_that_training_gives_them(name: str) -> None:
    shape = SHAPES[name]
    for made in network._networks(name):
        assert (made.reads, made.season, made.span, made.known_each) == (
            shape.reads,
            shape.season,
            shape.span,
            shape.known_each,
        )
        assert made.horizon == shape.horizon
        width = made.first[1].size
        assert made.first[0].shape == (shape.told, width)
        assert made.last[0].shape == (width, made.last[1].size) == (width, 3 * shape.horizon)
        assert made.straight[0].shape == (shape.told, shape.horizon)
        assert all([part.shape for part in block] == [(width, width), (width,)] * 2 for block in made.blocks)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_file_holds_networks_of_both_halves_of_the_series(name: str) -> None:
    """Each learnt from one half: fewer than two would know but that, and equal ones would be one counted twice."""
    made = network._networks(name)
    assert len(made) >= 2
    assert len({one.first[0].tobytes() for one in made}) == len(made)


@pytest.mark.parametrize("name", SHIPPED)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-3, 1e6), shift=st.floats(-100.0, 100.0))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_another_unit_or_zero_gives_the_same_forecast(name: str, seed: int, factor: float, shift: float) -> None:
    for made in network._networks(name):
        past = _past(made, seed=seed)
        plain = made.quantiles(past)
        other = (made.quantiles(factor * (past + shift)) / factor) - shift
        assert np.abs(other - plain).max() < 1e-3 * np.nanstd(past)


@pytest.mark.parametrize("name", SHIPPED)
@given(seed=st.integers(0, 10_000), missing=st.floats(0.0, 1.0))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_quantiles_are_finite_and_in_order_also_where_the_start_is_missing(
    name: str, seed: int, missing: float
) -> None:
    for made in network._networks(name):
        past = _past(made, seed=seed)
        past[:, : round(missing * (made.reads - least_history(STEPS[name])))] = np.nan
        answer = made.quantiles(past)
        assert answer.shape == (3, past.shape[0], made.horizon)
        assert np.isfinite(answer).all()
        assert (np.diff(answer, axis=0) >= 0).all()


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("level", [0.0, 7.0, -3e9])
def test_what_never_moved_is_forecast_to_stay(name: str, level: float) -> None:
    for made in network._networks(name):
        answer = made.quantiles(np.full((1, made.reads), level))
        assert answer == pytest.approx(np.full(answer.shape, level), rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("name", SHIPPED)
def test_leads_end_where_the_networks_cannot_say_more(name: str) -> None:
    horizon = network._networks(name)[0].horizon
    values, origins = _values(name), np.array([least_history(STEPS[name]), 400])
    for asked, answered in ((1, 1), (horizon, horizon), (horizon + 1, horizon + 1), (10_000, MAX_RUNS * horizon)):
        made = network_quantiles(values, origins, step=STEPS[name], horizon=asked)
        assert made.shape == (3, 2, answered)
        assert np.isfinite(made).all()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_networks_are_averaged_and_then_read_their_own_answer(name: str) -> None:
    networks = network._networks(name)
    values, horizon = _values(name), networks[0].horizon
    made = network_quantiles(values, np.array([values.size]), step=STEPS[name], horizon=2 * horizon)[:, 0]
    near = sum(one.quantiles(values[None, -one.reads :]) for one in networks)[:, 0] / len(networks)
    longer = np.append(values, near[1])
    far = sum(one.quantiles(longer[None, -one.reads :]) for one in networks)[:, 0] / len(networks)
    assert made == pytest.approx(np.concatenate([near, far], axis=1))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_forecast_knows_nothing_of_what_came_after_its_origin(name: str) -> None:
    values, origin = _values(name), 300
    told = network_quantiles(values, np.array([origin]), step=STEPS[name], horizon=5)
    values[origin:] = 1e6
    assert np.array_equal(network_quantiles(values, np.array([origin]), step=STEPS[name], horizon=5), told)


@pytest.mark.parametrize("name", [name for name in SHIPPED if SHAPES[name].season > 1])
def test_a_daily_or_yearly_shape_is_seen(name: str) -> None:
    """Our choice: of a wave that repeats each season with a little noise, nine tenths are foreseen."""
    made = network._networks(name)[0]
    wave = 100 + 30 * np.sin(2 * np.pi * np.arange(600) / made.season)
    values = wave[:500] + np.random.default_rng(3).normal(0, 1, 500)
    middle = network_quantiles(values, np.array([500]), step=STEPS[name], horizon=made.horizon)[1, 0]
    assert np.abs(middle - wave[500 : 500 + made.horizon]).mean() < 0.1 * np.abs(wave - 100).mean()


def _silent() -> Network:
    """Return a network that reads 4 steps, answers 3, and has nothing to add."""
    return _made(lambda *shape: np.zeros(shape, dtype=np.float32), reads=4)


def _made(weights: Callable[..., FloatArray], *, reads: int) -> Network:
    told, width, horizon = reads + reads // 2, 5, 3
    return Network(
        reads,
        season=2,
        span=2,
        known_each=2,
        first=(weights(told, width), weights(width)),
        blocks=tuple((weights(width, width), weights(width), weights(width, width), weights(width)) for _ in range(2)),
        last=(weights(width, 3 * horizon), weights(3 * horizon)),
        straight=(weights(told, horizon), weights(horizon)),
    )


def _by_loops(made: Network, past: list[float]) -> list[list[float]]:
    def layer(inputs: list[float], weights: FloatArray, bias: FloatArray) -> list[float]:
        return [
            float(bias[out]) + sum(value * float(weights[place, out]) for place, value in enumerate(inputs))
            for out in range(len(bias))
        ]

    def rectified(values: list[float]) -> list[float]:
        return [max(value, 0.0) for value in values]

    is_known = [not math.isnan(value) for value in past]
    span = [value for value in past[-2:] if not math.isnan(value)]
    level = sum(span) / len(span)
    moves = [abs(past[at] - past[at - 2]) for at in range(2, len(past)) if is_known[at] and is_known[at - 2]]
    apart = [abs(value - level) for value in past if not math.isnan(value)]
    scale = sum(moves) / len(moves) / 2 + sum(apart) / len(apart) / 2
    inputs = [
        min(max((value - level) / scale, -12.0), 12.0) if ok else 0.0 for value, ok in zip(past, is_known, strict=True)
    ]
    told = [*inputs, *(float(is_known[at]) for at in range(0, len(past), 2))]
    hidden = rectified(layer(told, *made.first))
    for inner, inner_bias, outer, outer_bias in made.blocks:
        added = layer(rectified(layer(hidden, inner, inner_bias)), outer, outer_bias)
        hidden = [one + other for one, other in zip(hidden, added, strict=True)]
    last, straight = layer(rectified(hidden), *made.last), layer(told, *made.straight)
    answer: list[list[float]] = [[], [], []]
    for lead in range(3):
        middle = last[3 + lead] + straight[lead] + inputs[lead % 2 - 2] / 2
        below, above = math.log1p(math.exp(last[lead])), math.log1p(math.exp(last[6 + lead]))
        for quantile, value in enumerate((middle - below, middle, middle + above)):
            answer[quantile].append(level + scale * value)
    return answer


def _past(made: Network, *, seed: int) -> FloatArray:
    """Return four pasts of unlike kinds: a walk, a season with growth, counts with zeros, and one with a far spike."""
    random = np.random.default_rng(seed)
    steps = np.arange(made.reads)
    spiked = random.normal(50, 1, made.reads)
    spiked[random.integers(made.reads)] *= 1e3
    return np.stack(
        [
            random.normal(0, 1, made.reads).cumsum(),
            0.1 * steps + 5 * np.sin(2 * np.pi * steps / 12) + random.normal(0, 1, made.reads),
            random.poisson(0.7, made.reads).astype(float) + 0.01 * steps,
            spiked,
        ]
    )


def _values(name: str) -> FloatArray:
    random = np.random.default_rng(7)
    return 100 + random.normal(0, 3, 500).cumsum() + 10 * np.sin(2 * np.pi * np.arange(500) / SHAPES[name].season)
