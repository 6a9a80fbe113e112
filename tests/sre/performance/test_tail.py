"""Planted bursts: a share of the values is ten times the typical one."""

import numpy as np
import pytest

from sre.core.series import FloatArray
from sre.performance.model import Standard
from sre.performance.tail import changed_tail
from sre.performance.verdict import compare

LATENCY = Standard(bad="up")


def bursts(rng: np.random.Generator, count: int, share: float) -> FloatArray:
    return np.exp(rng.normal(0, 0.1, count)) * np.where(rng.random(count) < share, 10, 1)


def test_every_third_value_ten_times_as_slow_is_a_regression_with_its_share() -> None:
    rng = np.random.default_rng(1)
    found = compare(bursts(rng, 200, 0), bursts(rng, 200, 0.33), LATENCY)
    assert found.verdict == "regression"
    assert found.tail is not None
    assert found.tail.before_ratio < 0.05
    assert found.tail.after_ratio == pytest.approx(0.33, abs=0.08)
    assert found.tail.typical == pytest.approx(10, rel=0.1)


def test_their_end_is_an_improvement() -> None:
    rng = np.random.default_rng(2)
    found = compare(bursts(rng, 200, 0.33), bursts(rng, 200, 0), LATENCY)
    assert found.verdict == "improvement"
    assert found.tail is not None
    assert found.tail.after_ratio < found.tail.before_ratio


def test_throughput_that_often_breaks_down_is_a_regression() -> None:
    rng = np.random.default_rng(3)
    before, after = 1 / bursts(rng, 200, 0), 1 / bursts(rng, 200, 0.3)
    assert compare(before, after, Standard(bad="down")).verdict == "regression"


def test_bursts_that_were_there_before_are_no_change() -> None:
    """Promise: one in a thousand; of 300 none is expected, three would come by chance once in 270 times."""
    rng = np.random.default_rng(4)
    found = [changed_tail(bursts(rng, 100, 0.1), bursts(rng, 100, 0.1), side="up") for _ in range(300)]
    assert sum(one is not None for one in found) <= 2


def test_few_bursts_are_no_verdict() -> None:
    rng = np.random.default_rng(5)
    assert changed_tail(bursts(rng, 15, 0), bursts(rng, 15, 0.5), side="up") is None
    assert changed_tail(bursts(rng, 200, 0), bursts(rng, 200, 0.02), side="up") is None
