"""Our rules beside the shapes other generators give the same SLO, on the same series: the same minutes fire.

Written by hand after what the projects document, not copied: Sloth (one page and one ticket alert, each of two window
pairs joined by `or`; 14.4, 6, 3, 1 at 30 d) and Pyrra (an alert a pair, with a `for`). Where minutes differ, the test
says by how much and why.
"""

from dataclasses import replace

import numpy as np
import pytest

from sre.core.labels import Labels
from sre.core.promql import EvaluationOptions
from sre.core.rules import AlertRule, RecordingRule, RuleGroup
from sre.core.rules.replay import Replay, ReplayOptions, replay
from sre.core.series import Grid, Samples
from sre.slo.rules import slo_rules
from tests.support.memory_store import MemoryStore
from tests.support.slo_shapes import AT, SHAPES

MINUTE_MS = 60_000
MINUTES = 36 * 60
STEP = 2
PAIRS = {
    "fast": ("1h", "5m", 14.4),
    "medium": ("6h", "30m", 6.0),
    "slow": ("1d", "2h", 3.0),
    "steady": ("3d", "6h", 1.0),
}
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
# Documented by Pyrra for its four pairs, in minutes.
PYRRA_FOR = {"fast": 2, "medium": 15, "slow": 60, "steady": 180}


def _store() -> MemoryStore:
    """A day and a half: a short full outage, a long half-hearted one, a slow leak, and quiet between."""
    share = np.zeros(MINUTES)
    share[300:312] = 1.0
    share[700:820] = 0.02
    share[1200:1900] = 0.002
    traffic = np.full(MINUTES, 6000.0)
    bad = np.round(share * traffic)
    times = MINUTE_MS * np.arange(MINUTES + 1, dtype=np.int64)
    return MemoryStore(
        [
            Samples(Labels({"__name__": "reqs_total", "code": code}), times, np.concatenate([[0.0], np.cumsum(counts)]))
            for code, counts in (("500", bad), ("200", traffic - bad))
        ]
    )


def _replayed(*groups: RuleGroup) -> Replay:
    grid = Grid(0, STEP * MINUTE_MS, MINUTES // STEP + 1)
    options = ReplayOptions(EvaluationOptions(left_open=False))
    done = replay(
        [replace(group, interval_seconds=None) for group in groups], store=_store(), grid=grid, options=options
    )
    assert done.problems == ()
    return done


def _firing(done: Replay, **labels: str) -> set[int]:
    last = MINUTES + STEP
    return {
        minute
        for one in done.episodes
        if one.firing_ms is not None and all(one.labels.get(name) == value for name, value in labels.items())
        for minute in range(
            one.firing_ms // MINUTE_MS, one.resolved_ms // MINUTE_MS if one.resolved_ms is not None else last, STEP
        )
    }


def _ratios(name: str) -> list[RecordingRule]:
    return [
        RecordingRule(
            f"{name}{window}", f'sum(rate(reqs_total{{code=~"5.."}}[{window}])) / sum(rate(reqs_total[{window}]))'
        )
        for window in WINDOWS
    ]


def _both(name: str, tier: str) -> str:
    long, short, factor = PAIRS[tier]
    return f"(max({name}{short}) > ({factor} * 0.001) and max({name}{long}) > ({factor} * 0.001))"


@pytest.fixture(scope="module")
def ours() -> Replay:
    return _replayed(*slo_rules(SHAPES["ratio"], at=AT).file.groups)


@pytest.fixture(scope="module")
def sloth() -> Replay:
    alerts = [
        AlertRule("Sloth", f"{_both('slo:x:', first)} or {_both('slo:x:', second)}", labels={"severity": severity})
        for severity, first, second in (("page", "fast", "medium"), ("ticket", "slow", "steady"))
    ]
    return _replayed(RuleGroup("sloth", (*_ratios("slo:x:"), *alerts)))


@pytest.fixture(scope="module")
def pyrra() -> Replay:
    alerts = [
        AlertRule("Pyrra", _both("burn:", tier), for_seconds=60.0 * PYRRA_FOR[tier], labels={"tier": tier})
        for tier in PAIRS
    ]
    return _replayed(RuleGroup("pyrra", (*_ratios("burn:"), *alerts)))


@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_the_same_minutes_fire_as_in_the_shape_of_sloth(ours: Replay, sloth: Replay, severity: str) -> None:
    expected = _firing(sloth, severity=severity)
    assert expected
    mine = {minute for tier in PAIRS for minute in _firing(ours, severity=severity, tier=tier)}
    assert mine == expected


@pytest.mark.parametrize("tier", PAIRS)
def test_against_the_shape_of_pyrra_only_its_waiting_time_differs(ours: Replay, pyrra: Replay, tier: str) -> None:
    """Reason: a `for` on top of two windows; ours has none, since the windows are the waiting time."""
    mine, others = _firing(ours, tier=tier), _firing(pyrra, tier=tier)
    assert others <= mine
    waiting = _firing(ours, tier=tier) - others
    begins = [minute for minute in sorted(mine) if minute - STEP not in mine]
    assert mine
    for minute in waiting:
        begun = max(begin for begin in begins if begin <= minute)
        assert minute - begun < PYRRA_FOR[tier]
