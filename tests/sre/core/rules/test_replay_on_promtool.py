"""The replay against the rules engine of Prometheus itself: the same rules and samples, every minute compared."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest

from connectors.programs import ProgramRun
from connectors.promtool import Promtool
from sre.core.promql import EvaluationOptions, evaluate_instant
from sre.core.rules import AlertRule, RecordingRule, RuleFile, RuleGroup, rule_file_yaml, yaml_document
from sre.core.rules.replay import Replay, ReplayOptions, replay
from sre.core.series import Grid
from tests.support.memory_store import MemoryStore, samples
from tests.support.real_prometheus import require_program

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]
MINUTE = 60_000
MINUTES = 60
WATCHED = ("ALERTS", "ALERTS_FOR_STATE", "host:t:max", "t:max5m", "job:slow:copy")
RULES = (
    RecordingRule("host:t:max", 'max by (host) (t{host!="c"}) > 2', labels={"team": "x"}),
    AlertRule("Now", "t > 5"),
    AlertRule(
        "Held", "t > 5", for_seconds=180, labels={"severity": "page", "at": "{{ $labels.host }}-{{ $labels.no }}"}
    ),
    AlertRule("Kept", "t > 6", keep_firing_for_seconds=240),
    AlertRule("HeldAndKept", "t > 4", for_seconds=120, keep_firing_for_seconds=150),
    AlertRule("Odd", "t < 3", for_seconds=90, keep_firing_for_seconds=60),
    AlertRule("OnRecord", 'host:t:max{team="x"} > 6', for_seconds=60),
    AlertRule("Gone", "absent(t)", for_seconds=60),
    AlertRule("Valued", "t > 6", for_seconds=60, labels={"v": "{{ $value }}"}),
    AlertRule("TooSoon", "job:slow:copy > 6", for_seconds=60),
    RecordingRule("t:max5m", "max_over_time(t[5m])"),
    RecordingRule("job:slow:copy", "t:max5m * 1.5"),
    AlertRule("Many", 'count by (host) (ALERTS{alertstate="firing",alertname=~"Now|Held"}) > 1', for_seconds=60),
    AlertRule("Scalar", "vector(1)", for_seconds=600),
)


def _series(seed: int) -> dict[str, str]:
    """Return series that hover about the thresholds, with gaps and ends."""
    random = Random(seed)
    return {f't{{host="{host}"}}': " ".join(_spelt(random)) for host in "abc"}


def _spelt(random: Random) -> list[str]:
    words, value = [], 5.0
    for _ in range(MINUTES + 1):
        value = min(9.0, max(0.0, value + random.choice((-3, -1, 0, 0, 1, 3))))
        words.append(random.choices((f"{value:g}", "_", "stale"), weights=(85, 12, 3))[0])
    return words


def _replayed(series: Mapping[str, str]) -> Replay:
    return replay(
        [RuleGroup("g", RULES)],
        store=MemoryStore([samples(selector, values) for selector, values in series.items()]),
        grid=Grid(0, MINUTE, MINUTES + 1),
        options=ReplayOptions(EvaluationOptions(left_open=False)),
    )


def _expectations(result: Replay) -> list[dict[str, Any]]:
    """Return what promtool must find at every minute if it agrees with us."""
    tests: list[dict[str, Any]] = []
    for minute in range(MINUTES + 1):
        for name in WATCHED:
            found = evaluate_instant(
                name, store=result.recorded, at_ms=minute * MINUTE, options=EvaluationOptions(left_open=False)
            )
            wanted = [
                {"labels": str(labels), "value": float(value)}
                for labels, value in zip(found.labels, found.values, strict=True)
            ]
            tests.append({"expr": name, "eval_time": f"{minute}m", "exp_samples": wanted})
    return tests


@pytest.mark.parametrize("seed", range(6))
async def test_alerts_and_records_are_those_of_prometheus_at_every_minute(seed: int) -> None:
    """*Source*: promtool 2.42 evaluates the rules with the code of the server."""
    require_program("promtool")
    series = _series(seed)
    result = _replayed(series)
    assert not result.problems
    assert {one.alert for one in result.episodes if one.firing_ms is not None} >= {"Now", "Held", "Kept", "OnRecord"}
    tests = _expectations(result)
    run = await _run(series, tests)
    assert run.is_ok, run.output[:3000]


async def test_the_comparison_notices_a_single_minute() -> None:
    """A test of the test: one minute of one alert changed, and promtool disagrees."""
    require_program("promtool")
    series = _series(0)
    tests = [test for test in _expectations(_replayed(series)) if test["expr"] == "ALERTS" and test["exp_samples"]]
    tests[7] = {**tests[7], "exp_samples": tests[7]["exp_samples"][1:]}
    run = await _run(series, tests)
    assert not run.is_ok
    assert "ALERTS" in run.output


async def _run(series: Mapping[str, str], tests: Sequence[Any]) -> ProgramRun:
    files = {
        "rules.yml": rule_file_yaml(RuleFile((RuleGroup("g", RULES),))),
        "test.yml": yaml_document(
            {
                "rule_files": ["rules.yml"],
                "evaluation_interval": "1m",
                "tests": [
                    {
                        "interval": "1m",
                        "input_series": [{"series": name, "values": values} for name, values in series.items()],
                        "promql_expr_test": list(tests),
                    }
                ],
            }
        ),
    }
    return await Promtool().test_rules(files, tests=["test.yml"])
