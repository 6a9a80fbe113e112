"""The real promtool, and what happens without it."""

import sys

import anyio
import pytest

from connectors.programs import Program
from connectors.promtool import Promtool
from sre.core.errors import ConfigError, RefusedError, TimedOutError
from sre.core.rules import AlertRule, RecordingRule, RuleFile, RuleGroup, rule_file_yaml
from tests.support.real_prometheus import require_program

pytestmark = pytest.mark.anyio
RULES = rule_file_yaml(
    RuleFile(
        (
            RuleGroup(
                "a",
                (
                    RecordingRule("job:up:sum", "sum by (job) (up)"),
                    AlertRule(
                        "Down", "job:up:sum == 0", for_seconds=60, keep_firing_for_seconds=30, labels={"a": "true"}
                    ),
                ),
            ),
        )
    )
)
TESTS = """
rule_files: [rules/a.yml]
tests:
  - interval: 1m
    input_series: [{series: 'up{job="x"}', values: '0x10'}]
    alert_rule_test:
      - {eval_time: 5m, alertname: Down, exp_alerts: [{exp_labels: {job: x, a: "true"}}]}
"""


@pytest.fixture
def promtool() -> Promtool:
    require_program("promtool")
    return Promtool()


@pytest.mark.real_prometheus
async def test_rules_that_we_write_are_what_promtool_reads(promtool: Promtool) -> None:
    run = await promtool.check_rules({"rules/a.yml": RULES})
    assert run.is_ok, run.output
    assert "2 rules found" in run.output


@pytest.mark.real_prometheus
async def test_wrong_rules_are_told_without_the_folder_they_were_tried_in(promtool: Promtool) -> None:
    run = await promtool.check_rules({"rules/a.yml": RULES.replace("sum by", "sum by by")})
    assert not run.is_ok
    assert "rules/a.yml" in run.output
    assert "/sre-mcp-" not in run.output


@pytest.mark.real_prometheus
@pytest.mark.parametrize(("value", "is_ok"), [("0x10", True), ("1x10", False)])
async def test_rule_tests_run(promtool: Promtool, value: str, is_ok: bool) -> None:
    files = {"rules/a.yml": RULES, "a_test.yml": TESTS.replace("0x10", value)}
    run = await promtool.test_rules(files, tests=["a_test.yml"])
    assert run.is_ok == is_ok, run.output


@pytest.mark.real_prometheus
async def test_a_configuration_is_checked_with_its_rules(promtool: Promtool) -> None:
    config = "rule_files: [rules/*.yml]\n"
    assert (await promtool.check_config({"prometheus.yml": config, "rules/a.yml": RULES})).is_ok
    assert not (await promtool.check_config({"prometheus.yml": config, "rules/a.yml": "groups: 1"})).is_ok


@pytest.mark.real_prometheus
async def test_the_version_is_a_version(promtool: Promtool) -> None:
    assert (await promtool.version())[0].isdigit()


@pytest.mark.parametrize("command", ["", "no-such-program-anywhere"])
async def test_without_the_program_it_is_not_available_and_says_so(command: str) -> None:
    tool = Promtool(command)
    assert not tool.is_available
    with pytest.raises(ConfigError):
        await tool.check_rules({})


async def test_files_stay_in_their_folder() -> None:
    with pytest.raises(RefusedError):
        await Program(sys.executable).run(["-c", ""], files={"../escaped.yml": "x"})


async def test_a_program_that_hangs_is_ended_and_one_that_babbles_is_cut() -> None:
    program = Program(sys.executable)
    with pytest.raises(TimedOutError), anyio.fail_after(20):
        await program.run(["-c", "import time; time.sleep(60)"], files={}, seconds=0.3)
    run = await program.run(["-c", "print('x' * 3_000_000)"], files={})
    assert run.is_ok
    assert len(run.output) <= 256 * 1024


async def test_a_program_sees_none_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_TOKEN", "s3cret")
    run = await Program(sys.executable).run(["-c", "import os; print(dict(os.environ))"], files={})
    assert "s3cret" not in run.output
