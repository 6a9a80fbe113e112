"""Weights, leads, patterns and error scales of the mixture against worked examples."""

import numpy as np
import pytest

from sre.capacity.backtest import Backtest
from sre.capacity.error_scale import likeliest_scale
from sre.capacity.groups import Lines, Pool, Rows, Scale
from sre.capacity.model import MONTH_SECONDS, Step
from sre.capacity.patterns import patterns, smoothed
from sre.capacity.seasons import tried_periods
from sre.capacity.weighing import losses_elsewhere, sampled_leads, weights_of
from tests.support.capacity_series import DAY, HOUR, law


@pytest.mark.parametrize("horizon", [1, 2, 7, 48, 288, 2000])
def test_the_sampled_leads_stand_for_every_lead_once(horizon: int) -> None:
    sample = sampled_leads(horizon)
    assert sample.shares.sum() == pytest.approx(horizon)
    assert sample.leads[0] == 1
    assert sample.leads[-1] == horizon
    covered = [lead for start, end in sample.stages for lead in range(start, end)]
    assert covered == list(range(1, horizon + 1))
    for lead, stage in zip(sample.leads, sample.stage_of, strict=True):
        start, end = sample.stages[stage]
        assert start <= lead < end


def test_weights_sum_to_one_and_prefer_the_smaller_loss() -> None:
    weights = weights_of(np.array([[1.0, 2.0], [1.1, 1.0], [1.05, 1.5]]), ("a", "a", "b"))
    assert weights.sum(axis=0) == pytest.approx([1.0, 1.0])
    assert weights[0, 0] > weights[1, 0]
    assert weights[1, 1] > 0.99


def test_a_loss_in_another_unit_weighs_the_same() -> None:
    rng = np.random.default_rng(0)
    sample, origins = sampled_leads(12), np.array([40, 50, 60])
    errors = rng.random((5, 3, sample.leads.size))
    plain = losses_elsewhere(errors, origins, sample, checked=10)
    assert losses_elsewhere(errors * 1e6, origins, sample, checked=10) == pytest.approx(plain)


def test_a_part_of_the_pool_is_what_the_whole_says_there() -> None:
    rng = np.random.default_rng(1)
    lines = Lines(
        ("a", "b"), ("a", "b"), rng.random((2, 3)), rng.random((2, 3)), np.array([1.0, 0.9]), rng.random((2, 3)),
        np.array([4.0, 9.0]), rng.random((3, 5)), Scale(),
    )  # fmt: skip
    pool = Pool((lines, Rows(("c",), ("c",), rng.random((1, 3, 20)))))
    whole = pool.at(np.arange(1, 21))
    leads = np.array([2, 7, 20])
    assert pool.at(leads, np.array([1, 2])) == pytest.approx(whole[[1, 2]][:, :, leads - 1])


def test_a_line_is_level_slope_gap_and_season() -> None:
    """Worked example: 10 + 2 (0.5 + 0.25) + 4 / e + 3 at lead 2, the second phase of the season."""
    lines = Lines(
        ("a",), ("a",), np.array([[10.0]]), np.array([[2.0]]), np.array([0.5]), np.array([[4.0]]), np.array([2.0]),
        np.array([[-3.0, 3.0]]), Scale(),
    )  # fmt: skip
    assert lines.at(np.array([2]), np.array([0]))[0, 0, 0] == pytest.approx(14.5 + 4 / np.e)


def test_smoothing_keeps_the_mean_and_calms_the_rest() -> None:
    rough = np.random.default_rng(2).standard_normal((3, 48))
    calm = smoothed(rough, 5)
    assert calm.mean(axis=1) == pytest.approx(rough.mean(axis=1))
    assert calm.std() < 0.7 * rough.std()
    assert smoothed(rough, 1) is rough


def test_of_chance_no_season_is_believed_and_of_a_season_all() -> None:
    """James and Stein's share is near 0 where cycles share nothing, near 1 where they repeat."""
    origins = np.array([400])
    chance = law(400, lambda i: 0 * i, noise=1.0)
    season = law(400, lambda i: 20 * np.sin(2 * np.pi * i / 10), noise=1.0)
    sizes = [
        next(one.profile for one in patterns(values, origins, periods=(10,)) if one.reading == "shrunk").std()
        for values in (chance, season)
    ]
    assert sizes[0] < 0.2
    assert sizes[1] == pytest.approx(20 / np.sqrt(2), rel=0.05)


def test_no_pattern_reads_what_comes_after_its_origin() -> None:
    values = law(900, lambda i: 5 * np.sin(2 * np.pi * i / 7), noise=1.0)
    changed = values.copy()
    changed[500:] = 1e6
    origins = np.array([420, 500])
    first, second = (patterns(series, origins, periods=(7, 364)) for series in (values, changed))
    assert [one.reading for one in first] == [one.reading for one in second]
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.profile, other.profile)


@pytest.mark.parametrize(
    ("step", "count", "found"),
    [
        (Step(300.0), 4000, (288,)),
        (Step(HOUR), 40, ()),
        (Step(DAY), 100, (7,)),
        (Step(DAY), 500, (7, 364)),
        (Step(7 * DAY), 200, (52,)),
        (Step(MONTH_SECONDS, is_month=True), 40, (12,)),
    ],
)
def test_the_calendar_is_tried_even_where_nothing_is_seen(step: Step, count: int, found: tuple[int, ...]) -> None:
    assert tried_periods((), count=count, step=step) == found


def _backtest(actual: np.ndarray, past: np.ndarray, origins: np.ndarray) -> Backtest:
    return Backtest(origins, past, past[-1], actual, np.ones(1), Pool(()))


@pytest.mark.parametrize("is_ratio", [True, False])
def test_errors_are_compared_as_what_they_are(is_ratio: bool) -> None:
    """A simulated law: a level that grows twentyfold, with noise of a tenth of it, or of the same size all along."""
    rng = np.random.default_rng(3)
    level = 10 * 20 ** (np.arange(400) / 400)
    noise = rng.standard_normal(400)
    values = level * np.exp(0.1 * noise) if is_ratio else level + noise
    origins = np.arange(200, 380, 5)
    index = origins[:, None] + np.arange(20)
    scale = likeliest_scale(_backtest(values[index], level[index], origins), values, period=1)
    assert (scale.shift is not None) is is_ratio


def test_futures_on_a_scale_have_the_errors_they_were_made_from() -> None:
    """Worked example: no error gives the forecast; an error of ln 2 as a ratio gives twice as much."""
    values = 100 * np.exp(0.3 * np.random.default_rng(4).standard_normal(300))
    origins = np.arange(150, 280, 5)
    index = origins[:, None] + np.arange(20)
    scale = likeliest_scale(_backtest(values[index], np.full(index.shape, 100.0), origins), values, period=1)
    assert scale.shift == 0
    futures = scale.futures(np.full(3, 50.0), np.array([[0.0, np.log(2.0), 0.0]]), start=300)
    assert futures[0] == pytest.approx([50.0, 100.0, 50.0])
