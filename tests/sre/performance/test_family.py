"""Source: Holm (1979); the worked p-values 0.01, 0.02, 0.03, 0.04 at 5 % are a common example: only the first stands."""

from dataclasses import replace

import numpy as np
import pytest

from sre.performance.family import judged_together, worst_first
from sre.performance.model import Comparison, Standard
from sre.performance.verdict import compare


def called(p_value: float, **others: object) -> Comparison:
    base = compare(np.full(9, 1.0), np.full(9, 2.0), Standard("up"))
    return replace(base, p_value=p_value, **others)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("p_values", "standing"),
    [
        ([0.01, 0.02, 0.03, 0.04], [0.01]),
        ([0.012, 0.016, 0.024, 0.9], [0.012, 0.016, 0.024]),
        ([0.02, 0.001], [0.02, 0.001]),
        ([0.04], [0.04]),
    ],
)
def test_changes_stand_step_by_step(p_values: list[float], standing: list[float]) -> None:
    judged = judged_together([called(p) for p in p_values], confidence_ratio=0.95)
    assert [one.p_value for one in judged if one.verdict == "regression"] == standing


def test_one_that_falls_says_why() -> None:
    judged = judged_together([called(0.04), called(0.9, verdict="no_change")], confidence_ratio=0.95)
    assert judged[0].verdict == "no_change"
    assert "among 2 metrics" in judged[0].notes[-1]
    assert judged[1].notes == ()


def test_what_cannot_be_told_is_no_question() -> None:
    judged = judged_together([called(0.04), called(1.0, verdict="cannot_tell")], confidence_ratio=0.95)
    assert [one.verdict for one in judged] == ["regression", "cannot_tell"]


def test_regressions_come_first_the_largest_before_all() -> None:
    ones = [
        called(0.1, verdict="no_change"), called(0, effect_ratio=0.2), called(0, verdict="improvement"),
        called(0, effect_ratio=0.9),
    ]  # fmt: skip
    ranked = sorted(ones, key=worst_first)
    assert [one.effect_ratio for one in ranked[:2]] == [0.9, 0.2]
    assert [one.verdict for one in ranked[2:]] == ["improvement", "no_change"]
