"""How futures spread around the forecast: chance keeps its sides, what lasts does not, networks are put right."""

from dataclasses import replace

import numpy as np
import pytest

from bench.forecast_laws import LAWS, held
from sre.capacity.backtest import Backtest, NetworkSay
from sre.capacity.blending import respread
from sre.capacity.groups import Pool, Rows
from sre.capacity.paths import error_model, simulated

PAST, HORIZON = 36, 48


def test_chance_near_a_bound_keeps_its_long_side() -> None:
    """Independent: of beta(8, 1) less its median, 1 % lie 0.355 or more below, 1 % 0.082 or more above, none 0.083.

    What lasts, a little of it by chance, adds to either side.
    """
    errors = np.random.default_rng(1).beta(8, 1, (PAST, HORIZON)) - 0.5 ** (1 / 8)
    paths = simulated(error_model(errors, independent_count=20.0), seed=1)
    assert np.quantile(paths, 0.01) == pytest.approx(0.01 ** (1 / 8) - 0.5 ** (1 / 8), rel=0.15)
    assert 0.08 < np.quantile(paths, 0.99) < 0.16
    assert np.median(paths) == pytest.approx(0, abs=0.01)


def test_what_lasts_goes_either_way() -> None:
    """All past stretches drifted up, which says nothing of which way the next one goes."""
    drifts = np.random.default_rng(2).uniform(0.5, 1.5, (PAST, 1)) * np.arange(1, HORIZON + 1)
    paths = simulated(error_model(drifts, independent_count=3.0), seed=1)
    assert np.quantile(paths, 0.1, axis=0) == pytest.approx(-np.quantile(paths, 0.9, axis=0))


@pytest.mark.parametrize("out", [0.5, 1.0, 2.0])
def test_networks_that_say_too_little_or_too_much_width_are_put_right_by_the_past(out: float) -> None:
    """After many separate stretches their width, as a scale, does not matter any more: errors are normal of sd 1."""
    edge = np.full((PAST + 1, HORIZON), out * 1.2816)
    random = np.random.default_rng(3)
    actual = random.standard_normal((PAST, HORIZON))
    backtest = replace(_flat(actual), network=NetworkSay(0.5, edge, edge))
    model = error_model(actual, independent_count=300.0)
    spread, _ = respread(random.standard_normal((4000, HORIZON)), backtest, errors=model)
    low, high = np.quantile(spread, (0.1, 0.9))
    assert (low, high) == pytest.approx((-1.2816, 1.2816), rel=0.06)


@pytest.mark.parametrize("law", list(LAWS))
def test_the_interval_holds_what_it_says_under_every_law(law: str) -> None:
    """80 % is asked and 75 to 87 % our aim; three standard errors of 12 draws on either side."""
    found = held(law, draws=12)
    assert 0.75 - 3 * found.coverage_se < found.coverage < 0.87 + 3 * found.coverage_se


@pytest.mark.parametrize("law", ["white noise", "random walk", "season and noise", "counts of 1.5 (Poisson)"])
def test_a_limit_just_above_the_highest_value_is_met_about_as_often_as_said(law: str) -> None:
    """Simulated laws; the band is our choice, above three standard errors of a share of 30 draws near 0.2."""
    found = held(law, draws=30)
    assert abs(found.said - found.seen) < 0.22


def _flat(actual: np.ndarray) -> Backtest:
    origins = np.arange(100, 100 + PAST * 10, 10)
    pool = Pool((Rows(("a",), ("flat",), np.zeros((1, PAST + 1, HORIZON))),))
    return Backtest(origins, np.zeros_like(actual), np.zeros(HORIZON), actual, np.ones(1), pool)
