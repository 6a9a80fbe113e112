"""Counter, stock or level; and bounds."""

import numpy as np

from sre.capacity.nature import prepared
from tests.support.capacity_series import HOUR, history_of


def test_a_counter_with_resets_becomes_the_rate_it_had() -> None:
    """Worked example: 7,200 an hour is 2 a second, a restart from zero included (convention of PromQL rate())."""
    counted = np.cumsum(np.full(40, 7200.0))
    counted[25:] -= counted[24]
    ready = prepared(history_of(counted))
    assert ready.nature == "counter"
    assert np.allclose(ready.values, 2.0)
    assert "1 reset taken" in ready.notes[0]


def test_a_named_counter_without_resets_is_a_rate_too() -> None:
    ready = prepared(history_of(np.cumsum(np.full(40, 7200.0)), is_counter_name=True))
    assert ready.nature == "counter"
    assert np.allclose(ready.values, 7200 / HOUR)


def test_what_only_grows_is_a_stock() -> None:
    rng = np.random.default_rng(3)
    assert prepared(history_of(np.cumsum(rng.exponential(5.0, 100)))).nature == "stock"


def test_rare_jumps_of_a_limit_do_not_make_a_stock() -> None:
    assert prepared(history_of([10.0] * 50 + [20.0] * 50)).nature == "level"


def test_a_cleaned_disk_is_not_taken_for_a_counter() -> None:
    """Clean-ups fall to a third, not to zero."""
    filling = np.concatenate([np.linspace(30, 90, 60), np.linspace(30, 90, 60), np.linspace(30, 80, 50)])
    ready = prepared(history_of(filling))
    assert ready.nature == "level"
    assert any("falls back" in note for note in ready.notes)


def test_bounds_come_from_the_data() -> None:
    rng = np.random.default_rng(4)
    share = np.clip(rng.normal(0.9, 0.2, 200), 0, 1)
    assert (prepared(history_of(share)).lower_bound, prepared(history_of(share)).upper_bound) == (0.0, 1.0)
    assert prepared(history_of(rng.normal(0, 1, 200))).lower_bound is None
    assert prepared(history_of(rng.uniform(0, 0.6, 200))).upper_bound is None
