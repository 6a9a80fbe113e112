"""The mixture is weighted by the past, and no held-back value judges itself."""

import numpy as np

from sre.capacity.backtest import actuals, checked_leads, mixed, past_origins
from sre.capacity.groups import Pool, Rows
from tests.support.capacity_series import law

HORIZON, COUNT = 10, 200


def _pool(rows: np.ndarray) -> Pool:
    return Pool((Rows(("a", "b"), ("first", "second"), rows),))


def _two_candidates() -> tuple[Pool, np.ndarray, np.ndarray]:
    values = law(COUNT, lambda i: 2.0 * i)
    origins = past_origins(COUNT, horizon=HORIZON, longest_period=1)
    every = np.append(origins, COUNT)
    right = 2.0 * (every[:, None] + np.arange(HORIZON))
    wrong = np.repeat(2.0 * (every[:, None] - 1), HORIZON, axis=1)
    pool = _pool(np.stack([right + 0.01, wrong]))
    return pool, origins, actuals(values, origins, HORIZON)


def test_the_candidate_that_was_right_gets_the_weight() -> None:
    pool, origins, actual = _two_candidates()
    backtest = mixed(pool, origins, actual)
    assert backtest.weights[0] > 0.99
    assert np.allclose(backtest.future, 2.0 * (COUNT + np.arange(HORIZON)) + 0.01)


def test_the_values_of_a_stretch_do_not_change_the_forecast_that_is_checked_on_them() -> None:
    _, origins, actual = _two_candidates()
    ahead = 2.0 * (np.append(origins, COUNT)[:, None] + np.arange(HORIZON))
    pool = _pool(np.stack([ahead + 1.0, ahead - 1.05]))
    plain = mixed(pool, origins, actual)
    row = 10
    own = np.arange(origins[row], origins[row] + checked_leads(COUNT, HORIZON))
    spoilt = actual.copy()
    at = origins[:, None] + np.arange(HORIZON)
    spoilt[np.isin(at, own)] += 1.0
    assert np.array_equal(plain.past[row], mixed(pool, origins, spoilt).past[row])
    assert mixed(pool, origins, spoilt).weights[0] > plain.weights[0] + 0.01


def test_origins_leave_something_to_check_and_something_to_learn_from() -> None:
    for count, horizon in ((12, 1), (40, 100), (400, 28), (4000, 288), (357, 308)):
        origins = past_origins(count, horizon=horizon, longest_period=7)
        assert 4 <= origins[0] <= origins[-1] < count
        assert np.all(np.diff(origins) > 0)


def test_the_last_origin_is_so_late_that_only_the_first_leads_are_checked() -> None:
    """A quarter of the horizon; but a fifth of the history where the horizon is longer than that."""
    assert past_origins(400, horizon=40, longest_period=7)[-1] == 390
    assert past_origins(400, horizon=100, longest_period=7)[-1] == 320


def test_values_that_were_never_seen_are_not_counted() -> None:
    pool, origins, actual = _two_candidates()
    gappy = actual.copy()
    gappy[3:6, 2:5] = np.nan
    errors = mixed(pool, origins, gappy).errors
    assert np.isnan(errors[3:6, 2:5]).all()
    assert np.isfinite(mixed(pool, origins, gappy).future).all()
